// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A line that is given back when the module goes.
 *
 * The next interrupt calls a handler whose text has been unmapped.
 *
 * From the description of request_irq(): free_irq() before the handler goes.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/module.h>

#define DEVICE_IRQ	4

static atomic_t events = ATOMIC_INIT(0);

static irqreturn_t device_irq(int irq, void *dev_id)
{
	atomic_inc(&events);
	return IRQ_HANDLED;
}

static int __init device_init(void)
{
	irq_set_affinity(DEVICE_IRQ, cpumask_of(0));
	return request_irq(DEVICE_IRQ, device_irq, 0, "device", &events);
}

static void __exit device_exit(void)
{
	free_irq(DEVICE_IRQ, &events);
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("A line and its end");
MODULE_LICENSE("Dual MIT/GPL");
