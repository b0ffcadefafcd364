// expect: violated hang
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * tasklet_kill() of a tasklet that is scheduled and disabled.
 *
 * tasklet_kill() waits until a scheduled tasklet has run. A disabled one stays
 * scheduled and does not run. If an interrupt has scheduled it before exit,
 * exit waits for ever.
 *
 * From the table of what tasklet_kill() does in which state. In the old
 * spelling: DECLARE_TASKLET_DISABLED.
 * Verdict: violated, hang.
 */
#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/module.h>

#define DEVICE_IRQ	4

static atomic_t events = ATOMIC_INIT(0);

static void device_event(unsigned long data)
{
	atomic_inc((atomic_t *)data);
}

static DECLARE_TASKLET_DISABLED(device_tasklet, device_event,
				(unsigned long)&events);

static irqreturn_t device_irq(int irq, void *dev_id)
{
	tasklet_schedule(&device_tasklet);
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
	tasklet_kill(&device_tasklet);
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("A disabled tasklet at exit");
MODULE_LICENSE("Dual MIT/GPL");
