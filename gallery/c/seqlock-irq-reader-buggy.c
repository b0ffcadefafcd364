// expect: violated irq-deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A writer of a seqlock that a reader on its own CPU interrupts.
 *
 * The writer has made the sequence odd when the chip's interrupt comes. The
 * handler reads the clock: it waits until the sequence is even, and the writer
 * goes on only after the handler has returned. Readers of a seqlock take no
 * lock, so it is easily forgotten that they wait for writers. What interrupts
 * read is written with write_seqlock_irqsave().
 *
 * From locking/seqlock.rst.
 * Verdict: violated, irq-deadlock.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/seqlock.h>

#define STAMP_IRQ	4

static DEFINE_SEQLOCK(clock_lock);
static unsigned long seconds, nanoseconds;
static struct task_struct *setter_task;

static irqreturn_t stamp_irq(int irq, void *dev_id)
{
	unsigned long s, ns;
	unsigned int seq;

	do {
		seq = read_seqbegin(&clock_lock);
		s = seconds;
		ns = nanoseconds;
	} while (read_seqretry(&clock_lock, seq));
	BUG_ON(s != ns);
	return IRQ_HANDLED;
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

	irq_set_affinity(STAMP_IRQ, cpumask_of(0));
	err = request_irq(STAMP_IRQ, stamp_irq, 0, "stamp", NULL);
	if (err)
		return err;
	setter_task = kthread_create(setter, NULL, "setter");
	if (IS_ERR(setter_task)) {
		free_irq(STAMP_IRQ, NULL);
		return PTR_ERR(setter_task);
	}
	kthread_bind(setter_task, 0);
	get_task_struct(setter_task);
	wake_up_process(setter_task);
	return 0;
}

static void __exit clock_exit(void)
{
	kthread_stop(setter_task);
	put_task_struct(setter_task);
	free_irq(STAMP_IRQ, NULL);
}

module_init(clock_init);
module_exit(clock_exit);
MODULE_DESCRIPTION("A clock that an interrupt reads");
MODULE_LICENSE("Dual MIT/GPL");
