// expect: violated irq-deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An NMI handler that takes a lock of the context it interrupts.
 *
 * spin_lock_irqsave() keeps interrupts away, but not this one: it enters
 * whatever is masked, and spins for a holder below it. An NMI handler may only
 * try, and has to have an answer if it does not get the lock.
 *
 * From the rules for execution contexts: nothing masks an NMI.
 * Verdict: violated, irq-deadlock.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

#define PERF_NMI	2

static DEFINE_SPINLOCK(log_lock);
static unsigned int logged;
static struct task_struct *writer_task;

static irqreturn_t perf_nmi(int irq, void *dev_id)
{
	spin_lock(&log_lock);
	logged++;
	spin_unlock(&log_lock);
	return IRQ_HANDLED;
}

static int writer(void *unused)
{
	unsigned long flags;

	spin_lock_irqsave(&log_lock, flags);
	logged++;
	spin_unlock_irqrestore(&log_lock, flags);
	return 0;
}

static int __init log_init(void)
{
	int err;

	irq_set_affinity(PERF_NMI, cpumask_of(0));
	err = request_nmi(PERF_NMI, perf_nmi, IRQF_PERCPU, "perf", NULL);
	if (err)
		return err;
	writer_task = kthread_create(writer, NULL, "writer");
	if (IS_ERR(writer_task)) {
		free_nmi(PERF_NMI, NULL);
		return PTR_ERR(writer_task);
	}
	kthread_bind(writer_task, 0);
	get_task_struct(writer_task);
	wake_up_process(writer_task);
	return 0;
}

static void __exit log_exit(void)
{
	kthread_stop(writer_task);
	put_task_struct(writer_task);
	free_nmi(PERF_NMI, NULL);
}

module_init(log_init);
module_exit(log_exit);
MODULE_DESCRIPTION("A lock and an NMI handler");
MODULE_LICENSE("Dual MIT/GPL");
