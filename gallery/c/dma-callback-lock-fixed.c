// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A DMA driver's tasklet calls the client's callback after the channel's lock.
 *
 * The transfer is done, and the tasklet tells the client so. The client has
 * more to send and prepares the next transfer from its callback, as clients
 * may. To do so takes the channel's lock, which the tasklet holds.
 *
 * Rebuilt small from the description of the fix in the pl08x DMA driver
 * (dmaengine, 2010, with the pl011 UART as the client). In the old spelling:
 * tasklet_init() with data.
 * Verdict: holds.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#define DMA_IRQ	4

struct dma_chan {
	spinlock_t lock;
	struct tasklet_struct tasklet;
	unsigned int prepared;
	void (*callback)(struct dma_chan *chan);
};

static struct dma_chan chan;

/* Called by clients to queue a transfer. */
static void dma_prepare(struct dma_chan *c, void (*callback)(struct dma_chan *))
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	c->prepared++;
	c->callback = callback;
	spin_unlock_irqrestore(&c->lock, flags);
}

static void dma_tasklet(unsigned long data)
{
	struct dma_chan *c = (struct dma_chan *)data;
	void (*callback)(struct dma_chan *);
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	callback = c->callback;
	c->callback = NULL;
	spin_unlock_irqrestore(&c->lock, flags);
	if (callback)
		callback(c);
}

static irqreturn_t dma_irq(int irq, void *dev_id)
{
	struct dma_chan *c = dev_id;

	tasklet_schedule(&c->tasklet);
	return IRQ_HANDLED;
}

/* The client's side: there is more to send. */
static void uart_sent(struct dma_chan *c)
{
	dma_prepare(c, uart_sent);
}

static int __init dma_init(void)
{
	spin_lock_init(&chan.lock);
	tasklet_init(&chan.tasklet, dma_tasklet, (unsigned long)&chan);
	dma_prepare(&chan, uart_sent);
	irq_set_affinity(DMA_IRQ, cpumask_of(0));
	return request_irq(DMA_IRQ, dma_irq, 0, "dma", &chan);
}

static void __exit dma_exit(void)
{
	free_irq(DMA_IRQ, &chan);
	tasklet_kill(&chan.tasklet);
}

module_init(dma_init);
module_exit(dma_exit);
MODULE_DESCRIPTION("A callback and the lock of its channel");
MODULE_LICENSE("Dual MIT/GPL");
