// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Counted by hand: a lock shared with a handler, taken with interrupts off.
 *
 *   CPU 0   T: off, lock l, w x, unlock l, on.  H: lock l, w x, unlock l
 *
 * The handler comes before, after, or not at all. 3 classes. (w writes a word,
 * marked. Each line may arrive once.)
 * Verdict: holds.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#define LINE	4

static int x;
static DEFINE_SPINLOCK(l);

static irqreturn_t h(int irq, void *dev_id)
{
	spin_lock(&l);
	WRITE_ONCE(x, 1);
	spin_unlock(&l);
	return IRQ_HANDLED;
}

static int t(void *unused)
{
	local_irq_disable();
	spin_lock(&l);
	WRITE_ONCE(x, 1);
	spin_unlock(&l);
	local_irq_enable();
	return 0;
}

static int __init count_init(void)
{
	int err;

	irq_set_affinity(LINE, cpumask_of(0));
	err = request_irq(LINE, h, 0, "H", NULL);
	if (err)
		return err;
	if (IS_ERR(kthread_run_on_cpu(t, NULL, 0, "T/%u")))
		pr_warn("T does not run\n");
	return 0;
}

/* No exit: the module stays, and its threads end by themselves. */
module_init(count_init);
MODULE_DESCRIPTION("A program whose classes are counted");
MODULE_LICENSE("Dual MIT/GPL");
