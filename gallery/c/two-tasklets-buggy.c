// expect: violated data-race
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two tasklets that share a word without a lock.
 *
 * A tasklet is serialised with itself only. Another one may run on another CPU
 * at the same time, and what the two share needs a spinlock.
 *
 * From the rules for tasklets in any text on deferred work. In the old
 * spelling: DECLARE_TASKLET with data.
 * Verdict: violated, data-race.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#define RX_IRQ	4
#define TX_IRQ	5

static unsigned long bytes;

static void count_bytes(unsigned long n)
{
	bytes += n;
}

static void rx(unsigned long data)
{
	count_bytes(data);
}

static void tx(unsigned long data)
{
	count_bytes(data);
}

static DECLARE_TASKLET(rx_tasklet, rx, 1500);
static DECLARE_TASKLET(tx_tasklet, tx, 64);

static irqreturn_t card_irq(int irq, void *dev_id)
{
	tasklet_schedule(dev_id);
	return IRQ_HANDLED;
}

static int __init card_init(void)
{
	int err;

	irq_set_affinity(RX_IRQ, cpumask_of(0));
	irq_set_affinity(TX_IRQ, cpumask_of(1));
	err = request_irq(RX_IRQ, card_irq, 0, "rx", &rx_tasklet);
	if (err)
		return err;
	err = request_irq(TX_IRQ, card_irq, 0, "tx", &tx_tasklet);
	if (err) {
		free_irq(RX_IRQ, &rx_tasklet);
		tasklet_kill(&rx_tasklet);
	}
	return err;
}

static void __exit card_exit(void)
{
	free_irq(RX_IRQ, &rx_tasklet);
	free_irq(TX_IRQ, &tx_tasklet);
	tasklet_kill(&rx_tasklet);
	tasklet_kill(&tx_tasklet);
}

module_init(card_init);
module_exit(card_exit);
MODULE_DESCRIPTION("Two tasklets and what they share");
MODULE_LICENSE("Dual MIT/GPL");
