// expect: violated bug
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A flag used as a lock: read, and if it is clear, set.
 *
 * Between the read and the write another CPU reads the same clear flag, and
 * both are inside. Reading and setting has to be one operation.
 *
 * From atomic_bitops.txt: a spinlock could be made of test_and_set_bit().
 * Verdict: violated, bug.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

#define RESETTING	0

static unsigned long flags;
static atomic_t inside = ATOMIC_INIT(0);

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

/* What only one may do at a time. */
static void reset_device(void)
{
	BUG_ON(atomic_inc_return(&inside) != 1);
	atomic_dec(&inside);
}

static int resetter(void *unused)
{
	if (test_bit(RESETTING, &flags))
		return 0;
	set_bit(RESETTING, &flags);
	reset_device();
	clear_bit_unlock(RESETTING, &flags);
	return 0;
}

static int __init reset_init(void)
{
	int err;

	err = start(0, resetter, "one");
	if (err)
		return err;
	err = start(1, resetter, "other");
	if (err)
		stop(0);
	return err;
}

static void __exit reset_exit(void)
{
	stop(0);
	stop(1);
}

module_init(reset_init);
module_exit(reset_exit);
MODULE_DESCRIPTION("A flag that keeps the second one out");
MODULE_LICENSE("Dual MIT/GPL");
