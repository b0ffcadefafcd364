// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Counted by hand: the same with interrupts off for two of the writes.
 *
 *   CPU 0   T: irqs off, w x, w x, irqs on, w x.  H: w x
 *
 * The handler cannot come between the first two writes. 4 classes. (w writes a
 * word, marked. Each line may arrive once.)
 * Verdict: holds.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>

#define LINE	4

static int x;

static irqreturn_t h(int irq, void *dev_id)
{
	WRITE_ONCE(x, 1);
	return IRQ_HANDLED;
}

static int t(void *unused)
{
	local_irq_disable();
	WRITE_ONCE(x, 1);
	WRITE_ONCE(x, 1);
	local_irq_enable();
	WRITE_ONCE(x, 1);
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
