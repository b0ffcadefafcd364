// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A lock that a hardirq handler takes too, taken with interrupts off.
 *
 * The reader holds the lock when the port's interrupt comes to the same CPU.
 * The handler spins for a lock whose holder goes on only after the handler has
 * returned: the CPU is dead. Whoever shares a lock with a handler takes it
 * with spin_lock_irqsave(), everywhere but in the handler.
 *
 * From the spinlock chapter of any kernel course, and the kernel's
 * locking/spinlocks.rst.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

#define SERIAL_IRQ	4

static DEFINE_SPINLOCK(serial_lock);
static unsigned int received;
static struct task_struct *reader_task;

static irqreturn_t serial_irq(int irq, void *dev_id)
{
	spin_lock(&serial_lock);
	received++;
	spin_unlock(&serial_lock);
	return IRQ_HANDLED;
}

static int reader(void *unused)
{
	unsigned long flags;

	spin_lock_irqsave(&serial_lock, flags);
	received = 0;
	spin_unlock_irqrestore(&serial_lock, flags);
	return 0;
}

static int __init serial_init(void)
{
	int err;

	irq_set_affinity(SERIAL_IRQ, cpumask_of(0));
	err = request_irq(SERIAL_IRQ, serial_irq, 0, "serial", NULL);
	if (err)
		return err;
	reader_task = kthread_create(reader, NULL, "reader");
	if (IS_ERR(reader_task)) {
		free_irq(SERIAL_IRQ, NULL);
		return PTR_ERR(reader_task);
	}
	kthread_bind(reader_task, 0);
	get_task_struct(reader_task);
	wake_up_process(reader_task);
	return 0;
}

static void __exit serial_exit(void)
{
	kthread_stop(reader_task);
	put_task_struct(reader_task);
	free_irq(SERIAL_IRQ, NULL);
}

module_init(serial_init);
module_exit(serial_exit);
MODULE_DESCRIPTION("A lock shared with a hardirq handler");
MODULE_LICENSE("Dual MIT/GPL");
