// expect: violated use-after-free
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Work cancelled while somebody can still queue it, then freed.
 *
 * Close waits for the transmit work and then takes the context away from the
 * socket. An acknowledgement comes between the two: the socket has room again,
 * and the work is queued once more. It runs in freed memory. First cut off
 * whoever queues, then cancel.
 *
 * Rebuilt small from the description of CVE-2026-23240 (kernel TLS). The fix
 * there is disable_delayed_work_sync(), which cancels and forbids queueing.
 * Verdict: violated, use-after-free.
 */
#include <linux/bitops.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define ACK_IRQ		4
#define TX_SCHEDULED	0

struct tls_context {
	struct work_struct tx_work;
	unsigned long bits;
};

static DEFINE_SPINLOCK(sock_lock);
static struct tls_context *sock_ctx;

static void tx_handler(struct work_struct *work)
{
	struct tls_context *ctx;

	ctx = container_of(work, struct tls_context, tx_work);
	clear_bit(TX_SCHEDULED, &ctx->bits);
}

/* An acknowledgement has come: there is room to send. */
static irqreturn_t ack_irq(int irq, void *dev_id)
{
	spin_lock(&sock_lock);
	if (sock_ctx && !test_and_set_bit(TX_SCHEDULED, &sock_ctx->bits))
		schedule_work(&sock_ctx->tx_work);
	spin_unlock(&sock_lock);
	return IRQ_HANDLED;
}

static void sock_detach(void)
{
	spin_lock_irq(&sock_lock);
	sock_ctx = NULL;
	spin_unlock_irq(&sock_lock);
}

static int __init tls_init(void)
{
	int err;

	sock_ctx = kzalloc(sizeof(*sock_ctx), GFP_KERNEL);
	if (!sock_ctx)
		return -ENOMEM;
	INIT_WORK(&sock_ctx->tx_work, tx_handler);
	irq_set_affinity(ACK_IRQ, cpumask_of(1));
	err = request_irq(ACK_IRQ, ack_irq, 0, "ack", NULL);
	if (err)
		kfree(sock_ctx);
	return err;
}

static void __exit tls_exit(void)
{
	struct tls_context *ctx = sock_ctx;

	cancel_work_sync(&ctx->tx_work);
	sock_detach();
	kfree(ctx);
	free_irq(ACK_IRQ, NULL);
}

module_init(tls_init);
module_exit(tls_exit);
MODULE_DESCRIPTION("Work queued again after it was cancelled");
MODULE_LICENSE("Dual MIT/GPL");
