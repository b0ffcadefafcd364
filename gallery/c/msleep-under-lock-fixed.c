// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * udelay() under a spinlock.
 *
 * The hardware needs a moment between two writes. msleep() gives the CPU away,
 * with the lock held and preemption off. A short delay under a lock spins.
 *
 * From timers/delay_sleep_functions.rst.
 * Verdict: holds.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(port_lock);
static u8 port;

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

static int strobe(void *unused)
{
	spin_lock(&port_lock);
	port |= 1;
	udelay(1);
	port &= ~1;
	spin_unlock(&port_lock);
	return 0;
}

static int __init port_init(void)
{
	int err;

	err = start(0, strobe, "one");
	if (err)
		return err;
	err = start(1, strobe, "other");
	if (err)
		stop(0);
	return err;
}

static void __exit port_exit(void)
{
	stop(0);
	stop(1);
}

module_init(port_init);
module_exit(port_exit);
MODULE_DESCRIPTION("A delay under a lock");
MODULE_LICENSE("Dual MIT/GPL");
