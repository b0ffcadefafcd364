// expect: violated sleep-in-atomic
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * mutex_lock() in a tasklet.
 *
 * A mutex may put its taker to sleep, and a tasklet is no task that could.
 * Work runs in a thread and may.
 *
 * From locking/mutex-design.rst: not in interrupt context.
 * Verdict: violated, sleep-in-atomic.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#define DEVICE_IRQ	4

static DEFINE_MUTEX(dev_mutex);
static unsigned int events;

static void event_fn(struct tasklet_struct *unused)
{
	mutex_lock(&dev_mutex);
	events++;
	mutex_unlock(&dev_mutex);
}

static DECLARE_TASKLET(event_tasklet, event_fn);

static irqreturn_t device_irq(int irq, void *dev_id)
{
	tasklet_schedule(&event_tasklet);
	return IRQ_HANDLED;
}

static int __init device_init(void)
{
	irq_set_affinity(DEVICE_IRQ, cpumask_of(1));
	return request_irq(DEVICE_IRQ, device_irq, 0, "device", NULL);
}

static void __exit device_exit(void)
{
	free_irq(DEVICE_IRQ, NULL);
	tasklet_kill(&event_tasklet);
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("A mutex and deferred work");
MODULE_LICENSE("Dual MIT/GPL");
