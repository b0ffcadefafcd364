// expect: violated divide-error
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A divisor tested in one section under the lock, and used in the next.
 *
 * The statistics are cleared between the test and the division: there are no
 * samples any more, and the processor raises an exception.
 *
 * Time of check, time of use, with an oops that says "divide error".
 * Verdict: violated, divide-error.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(stats_lock);
static unsigned int sum, samples;
static unsigned int average;

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

static void add_sample(unsigned int value)
{
	spin_lock(&stats_lock);
	sum += value;
	samples++;
	spin_unlock(&stats_lock);
}

static int reader(void *unused)
{
	spin_lock(&stats_lock);
	if (!samples) {
		spin_unlock(&stats_lock);
		return 0;
	}
	spin_unlock(&stats_lock);
	spin_lock(&stats_lock);
	average = sum / samples;
	spin_unlock(&stats_lock);
	return 0;
}

static int resetter(void *unused)
{
	spin_lock(&stats_lock);
	sum = 0;
	samples = 0;
	spin_unlock(&stats_lock);
	return 0;
}

static int __init stats_init(void)
{
	int err;

	add_sample(12);
	err = start(0, reader, "reader");
	if (err)
		return err;
	err = start(1, resetter, "resetter");
	if (err)
		stop(0);
	return err;
}

static void __exit stats_exit(void)
{
	stop(0);
	stop(1);
	pr_info("average %u\n", average);
}

module_init(stats_init);
module_exit(stats_exit);
MODULE_DESCRIPTION("An average and its divisor");
MODULE_LICENSE("Dual MIT/GPL");
