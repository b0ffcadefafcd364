// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two bit-fields of one word, under one lock.
 *
 * To the programmer they are two variables. To the machine they are one word,
 * which is read, changed and written back as a whole: the one who writes "up"
 * writes back the "busy" that he has read.
 *
 * From core-api/wrappers/memory-barriers.rst: bit-fields in one word need one
 * lock.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

static struct {
	unsigned int up : 1;
	unsigned int busy : 1;
} state;

static DEFINE_SPINLOCK(up_lock);

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

static int set_up(void *unused)
{
	spin_lock(&up_lock);
	state.up = 1;
	spin_unlock(&up_lock);
	return 0;
}

static int set_busy(void *unused)
{
	spin_lock(&up_lock);
	state.busy = 1;
	spin_unlock(&up_lock);
	return 0;
}

static int __init state_init(void)
{
	int err;

	err = start(0, set_up, "up");
	if (err)
		return err;
	err = start(1, set_busy, "busy");
	if (err)
		stop(0);
	return err;
}

static void __exit state_exit(void)
{
	stop(0);
	stop(1);
	pr_info("up %u, busy %u\n", state.up, state.busy);
}

module_init(state_init);
module_exit(state_exit);
MODULE_DESCRIPTION("Two bit-fields of one word");
MODULE_LICENSE("Dual MIT/GPL");
