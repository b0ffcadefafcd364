// expect: violated use-after-free
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A network card freed while its tasklet may still run.
 *
 * The interrupt schedules the tasklet, and free_irq() waits for the handler:
 * not for the tasklet. It is still on its way on another CPU when the card's
 * memory is freed. tasklet_kill() waits for it.
 *
 * Rebuilt small from the description of the fix in the fore200e ATM driver,
 * whose shutdown missed tasklet_kill() from the beginning.
 * Verdict: violated, use-after-free.
 */
#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>

#define ATM_IRQ	4

struct atm_card {
	struct tasklet_struct rx_tasklet;
	atomic_t received;
};

static struct atm_card *card;

static void atm_rx(struct tasklet_struct *t)
{
	struct atm_card *c = from_tasklet(c, t, rx_tasklet);

	atomic_inc(&c->received);
}

static irqreturn_t atm_irq(int irq, void *dev_id)
{
	struct atm_card *c = dev_id;

	tasklet_schedule(&c->rx_tasklet);
	return IRQ_HANDLED;
}

static int __init atm_init(void)
{
	int err;

	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	tasklet_setup(&card->rx_tasklet, atm_rx);
	irq_set_affinity(ATM_IRQ, cpumask_of(1));
	err = request_irq(ATM_IRQ, atm_irq, 0, "atm", card);
	if (err)
		kfree(card);
	return err;
}

static void __exit atm_exit(void)
{
	free_irq(ATM_IRQ, card);
	kfree(card);
}

module_init(atm_init);
module_exit(atm_exit);
MODULE_DESCRIPTION("A card and its tasklet");
MODULE_LICENSE("Dual MIT/GPL");
