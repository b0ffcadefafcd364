// expect: violated deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * del_timer_sync() under a lock that an interrupt takes.
 *
 *   CPU 0                             CPU 1
 *                                     timer softirq: the callback runs
 *   spin_lock_irq(&somelock)
 *                                     hardirq above the callback:
 *                                       spin_lock(&somelock) waits for CPU 0
 *   del_timer_sync(&mytimer) waits for the callback, on CPU 1
 *
 * The callback does not take the lock. It is enough that an interrupt takes
 * it, which may come above the callback.
 *
 * From the comment that del_timer_sync() carries in the kernel.
 * Verdict: violated, deadlock.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#define DEVICE_IRQ	4

static DEFINE_SPINLOCK(somelock);
static unsigned int state;
static atomic_t expired = ATOMIC_INIT(0);
static struct task_struct *remover_task;

static void expire(struct timer_list *unused)
{
	atomic_inc(&expired);
}

static DEFINE_TIMER(mytimer, expire);

static irqreturn_t device_irq(int irq, void *dev_id)
{
	spin_lock(&somelock);
	state++;
	spin_unlock(&somelock);
	return IRQ_HANDLED;
}

static int remover(void *unused)
{
	spin_lock_irq(&somelock);
	state = 0;
	del_timer_sync(&mytimer);
	spin_unlock_irq(&somelock);
	return 0;
}

static int __init some_init(void)
{
	int err;

	irq_set_affinity(DEVICE_IRQ, cpumask_of(1));
	err = request_irq(DEVICE_IRQ, device_irq, 0, "device", NULL);
	if (err)
		return err;
	remover_task = kthread_create(remover, NULL, "remover");
	if (IS_ERR(remover_task)) {
		free_irq(DEVICE_IRQ, NULL);
		return PTR_ERR(remover_task);
	}
	mytimer.expires = jiffies + 1;
	add_timer_on(&mytimer, 1);
	kthread_bind(remover_task, 0);
	get_task_struct(remover_task);
	wake_up_process(remover_task);
	return 0;
}

static void __exit some_exit(void)
{
	kthread_stop(remover_task);
	put_task_struct(remover_task);
	free_irq(DEVICE_IRQ, NULL);
	/* In case that the thread was stopped before it ran. */
	del_timer_sync(&mytimer);
}

module_init(some_init);
module_exit(some_exit);
MODULE_DESCRIPTION("A timer deleted under a lock");
MODULE_LICENSE("Dual MIT/GPL");
