// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A handler requested after what it uses is there.
 *
 * The line may come as soon as request_irq() has returned, and even before:
 * the boot loader may have left the device running. The handler finds a NULL
 * pointer.
 *
 * From a rule of every driver's probe: request the interrupt last.
 * Verdict: holds.
 */
#include <linux/compiler.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>

#define DEVICE_IRQ	4

static u32 *fifo;

static irqreturn_t device_irq(int irq, void *dev_id)
{
	u32 *to = smp_load_acquire(&fifo);

	*to = 1;
	return IRQ_HANDLED;
}

static int __init device_init(void)
{
	u32 *buf;
	int err;

	irq_set_affinity(DEVICE_IRQ, cpumask_of(0));
	buf = kzalloc(sizeof(*buf), GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	smp_store_release(&fifo, buf);
	err = request_irq(DEVICE_IRQ, device_irq, 0, "device", NULL);
	if (err) {
		kfree(buf);
		return err;
	}
	return 0;
}

static void __exit device_exit(void)
{
	free_irq(DEVICE_IRQ, NULL);
	kfree(fifo);
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("A handler and what it uses");
MODULE_LICENSE("Dual MIT/GPL");
