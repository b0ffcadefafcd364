// expect: violated bug
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A reader of a seqlock that does not read again.
 *
 * Beginning to read waits until nobody writes, and keeps no writer out: one may
 * begin at once, and what is read is torn. Only the retry at the end tells. The
 * accesses race by design, and are no data race; what comes of them is the bug.
 *
 * From locking/seqlock.rst.
 * Verdict: violated, bug.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/seqlock.h>

static DEFINE_SEQLOCK(clock_lock);
static unsigned long seconds, nanoseconds;

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

static int reader(void *unused)
{
	unsigned long s, ns;
	read_seqbegin(&clock_lock);
	s = seconds;
	ns = nanoseconds;
	BUG_ON(s != ns);
	return 0;
}

static int setter(void *unused)
{
	write_seqlock(&clock_lock);
	seconds++;
	nanoseconds++;
	write_sequnlock(&clock_lock);
	return 0;
}

static int __init clock_init(void)
{
	int err;

	err = start(0, reader, "reader");
	if (err)
		return err;
	err = start(1, setter, "setter");
	if (err)
		stop(0);
	return err;
}

static void __exit clock_exit(void)
{
	stop(0);
	stop(1);
}

module_init(clock_init);
module_exit(clock_exit);
MODULE_DESCRIPTION("A clock of two words");
MODULE_LICENSE("Dual MIT/GPL");
