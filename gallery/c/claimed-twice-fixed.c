// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A resource claimed if it is free, in one operation.
 *
 * Both owners find the watchdog without an owner, and both write their number
 * into it. The second check, which was to be paranoid, stops the machine.
 *
 * Compare and exchange, from every text on lockless code: atomic_t.txt.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/sched/task.h>

#define NOBODY	0

static atomic_t owner = ATOMIC_INIT(NOBODY);

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

static void claim(int me)
{
	if (atomic_cmpxchg(&owner, NOBODY, me) != NOBODY)
		return;
	if (atomic_read(&owner) != me)
		panic("watchdog: owner %d finds %d\n", me, atomic_read(&owner));
}

static int first(void *unused)
{
	claim(1);
	return 0;
}

static int second(void *unused)
{
	claim(2);
	return 0;
}

static int __init owner_init(void)
{
	int err;

	err = start(0, first, "first");
	if (err)
		return err;
	err = start(1, second, "second");
	if (err)
		stop(0);
	return err;
}

static void __exit owner_exit(void)
{
	stop(0);
	stop(1);
}

module_init(owner_init);
module_exit(owner_exit);
MODULE_DESCRIPTION("A resource and who owns it");
MODULE_LICENSE("Dual MIT/GPL");
