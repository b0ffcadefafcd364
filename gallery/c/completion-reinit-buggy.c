// expect: violated hang
// SPDX-License-Identifier: MIT OR Apache-2.0
// ringzero: arrivals 4 1
// ringzero: data-race off
/*
 * A completion made ready for use after the device was started.
 *
 * The device answers a command by one interrupt. If it comes before the
 * completion is set to "not done", the answer is wiped away, and init waits
 * for one that does not come. (That the completion is written without its lock
 * is a data race besides, which is not looked for here.)
 *
 * From scheduler/completion.rst. In the old spelling: INIT_COMPLETION().
 * Verdict: violated, hang.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/module.h>

#define DEVICE_IRQ	4

static DECLARE_COMPLETION(answered);

static irqreturn_t device_irq(int irq, void *dev_id)
{
	complete(&answered);
	return IRQ_HANDLED;
}

static void command(void)
{
	/* The device is started: it answers from here on. */
	enable_irq(DEVICE_IRQ);
	INIT_COMPLETION(answered);
	wait_for_completion(&answered);
}

static int __init device_init(void)
{
	int err;

	irq_set_affinity(DEVICE_IRQ, cpumask_of(1));
	err = request_irq(DEVICE_IRQ, device_irq, IRQF_NO_AUTOEN, "device",
			  NULL);
	if (!err)
		command();
	return err;
}

static void __exit device_exit(void)
{
	free_irq(DEVICE_IRQ, NULL);
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("A command and its answer");
MODULE_LICENSE("Dual MIT/GPL");
