// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A counter incremented by atomic_inc().
 *
 * Marking the accesses makes each of them whole. It does not make the two of
 * them one: both threads read the same value, and one increment is lost.
 *
 * From atomic_t.txt in the kernel's documentation.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static atomic_t count = ATOMIC_INIT(0);

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

static int stop(unsigned int cpu)
{
	int ret;

	if (!tasks[cpu])
		return -ESRCH;
	ret = kthread_stop(tasks[cpu]);
	put_task_struct(tasks[cpu]);
	return ret;
}

static int incrementer(void *unused)
{
	atomic_inc(&count);
	return 0;
}

static int __init counter_init(void)
{
	int err;

	err = start(0, incrementer, "one");
	if (err)
		return err;
	err = start(1, incrementer, "other");
	if (err)
		stop(0);
	return err;
}

static void __exit counter_exit(void)
{
	/* kthread_stop() tells whether the thread ever ran. */
	int counted = !stop(0) + !stop(1);

	BUG_ON(atomic_read(&count) != counted);
}

module_init(counter_init);
module_exit(counter_exit);
MODULE_DESCRIPTION("A counter with marked accesses");
MODULE_LICENSE("Dual MIT/GPL");
