// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A use count decremented unless it is zero.
 *
 * Close and hang-up both give back the one use there is. Both see the count
 * above zero, and both decrement it.
 *
 * The kernel's refcount_t warns about the same thing
 * (core-api/refcount-vs-atomic.rst).
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static atomic_t users = ATOMIC_INIT(1);

static struct task_struct *tasks[2];

/* One thread a CPU. The reference keeps the task_struct until exit. */
static int start(unsigned int cpu, int (*fn)(void *), const char *name)
{
	struct task_struct *task = kthread_create(fn, NULL, "%s", name);

	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	get_task_struct(task);
	wake_up_process(task);
	tasks[cpu] = task;
	return 0;
}

static void stop(unsigned int cpu)
{
	if (!tasks[cpu])
		return;
	kthread_stop(tasks[cpu]);
	put_task_struct(tasks[cpu]);
}

static int give_back(void *unused)
{
	WARN_ON(atomic_dec_if_positive(&users) < -1);
	return 0;
}

static int __init users_init(void)
{
	int err;

	err = start(0, give_back, "close");
	if (err)
		return err;
	err = start(1, give_back, "hangup");
	if (err)
		stop(0);
	return err;
}

static void __exit users_exit(void)
{
	stop(0);
	stop(1);
}

module_init(users_init);
module_exit(users_exit);
MODULE_DESCRIPTION("A use count and two who give back");
MODULE_LICENSE("Dual MIT/GPL");
