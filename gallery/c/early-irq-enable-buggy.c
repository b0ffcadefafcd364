// expect: violated irq-deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * spin_unlock_irq() inside a section that was entered with interrupts off.
 *
 * The function that counts takes its own lock and, with the _irq form,
 * switches interrupts on at the end, whatever they were. Its caller holds the
 * device's lock and relies on interrupts being off: from there on the handler
 * gets in and spins for the lock that its own CPU holds.
 *
 * From locking/spinlocks.rst: the _irq forms are for places where interrupts
 * are known to be on.
 * Verdict: violated, irq-deadlock.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

#define DEVICE_IRQ	4

static DEFINE_SPINLOCK(device_lock);
static DEFINE_SPINLOCK(stats_lock);
static unsigned int events, sent;
static struct task_struct *sender_task;

static irqreturn_t device_irq(int irq, void *dev_id)
{
	spin_lock(&device_lock);
	events++;
	spin_unlock(&device_lock);
	return IRQ_HANDLED;
}

static void count_sent(void)
{
	spin_lock_irq(&stats_lock);
	sent++;
	spin_unlock_irq(&stats_lock);
}

static int sender(void *unused)
{
	spin_lock_irq(&device_lock);
	count_sent();
	events = 0;
	spin_unlock_irq(&device_lock);
	return 0;
}

static int __init sender_init(void)
{
	int err;

	irq_set_affinity(DEVICE_IRQ, cpumask_of(0));
	err = request_irq(DEVICE_IRQ, device_irq, 0, "device", NULL);
	if (err)
		return err;
	sender_task = kthread_create(sender, NULL, "sender");
	if (IS_ERR(sender_task)) {
		free_irq(DEVICE_IRQ, NULL);
		return PTR_ERR(sender_task);
	}
	kthread_bind(sender_task, 0);
	get_task_struct(sender_task);
	wake_up_process(sender_task);
	return 0;
}

static void __exit sender_exit(void)
{
	kthread_stop(sender_task);
	put_task_struct(sender_task);
	free_irq(DEVICE_IRQ, NULL);
}

module_init(sender_init);
module_exit(sender_exit);
MODULE_DESCRIPTION("Interrupts switched on in the caller's section");
MODULE_LICENSE("Dual MIT/GPL");
