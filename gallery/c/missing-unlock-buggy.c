// expect: violated unbalanced-context
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A handler that returns without releasing its lock, on one of its paths.
 *
 * The lock stays held for good, and preemption stays disabled in whatever was
 * interrupted: a context leaves with counts that it did not enter with. It is
 * an early return between lock and unlock.
 *
 * From locking/spinlocks.rst. One exit, reached by goto, is the kernel's
 * answer (process/coding-style.rst, "Centralized exiting of functions").
 * Verdict: violated, unbalanced-context.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

#define DEVICE_IRQ	4

static DEFINE_SPINLOCK(device_lock);
static bool open;
static struct task_struct *opener_task;

static irqreturn_t device_irq(int irq, void *dev_id)
{
	irqreturn_t ret = IRQ_NONE;

	spin_lock(&device_lock);
	if (!open)
		return ret;
	ret = IRQ_HANDLED;
	spin_unlock(&device_lock);
	return ret;
}

static int opener(void *unused)
{
	spin_lock_irq(&device_lock);
	open = true;
	spin_unlock_irq(&device_lock);
	return 0;
}

static int __init device_init(void)
{
	int err;

	irq_set_affinity(DEVICE_IRQ, cpumask_of(0));
	err = request_irq(DEVICE_IRQ, device_irq, 0, "device", NULL);
	if (err)
		return err;
	opener_task = kthread_create(opener, NULL, "opener");
	if (IS_ERR(opener_task)) {
		free_irq(DEVICE_IRQ, NULL);
		return PTR_ERR(opener_task);
	}
	kthread_bind(opener_task, 0);
	get_task_struct(opener_task);
	wake_up_process(opener_task);
	return 0;
}

static void __exit device_exit(void)
{
	kthread_stop(opener_task);
	put_task_struct(opener_task);
	free_irq(DEVICE_IRQ, NULL);
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("A lock released on every path, or not");
MODULE_LICENSE("Dual MIT/GPL");
