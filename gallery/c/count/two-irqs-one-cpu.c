// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Counted by hand: two handlers and a task write one word.
 *
 *   CPU 0   T: w x.  H1: w x.  H2: w x
 *
 * All orders of the task and those handlers that come: 6 of three, 2 each of
 * two, 1 of the task alone. 11 classes. (w writes a word, marked. Each line
 * may arrive once.)
 * Verdict: holds.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>

#define LINE1	4
#define LINE2	5

static int x;

static irqreturn_t h1(int irq, void *dev_id)
{
	WRITE_ONCE(x, 1);
	return IRQ_HANDLED;
}

static irqreturn_t h2(int irq, void *dev_id)
{
	WRITE_ONCE(x, 1);
	return IRQ_HANDLED;
}

static int t(void *unused)
{
	WRITE_ONCE(x, 1);
	return 0;
}

static int __init count_init(void)
{
	int err;

	irq_set_affinity(LINE1, cpumask_of(0));
	irq_set_affinity(LINE2, cpumask_of(0));
	err = request_irq(LINE1, h1, IRQF_NO_AUTOEN, "H1", NULL);
	if (err)
		return err;
	err = request_irq(LINE2, h2, IRQF_NO_AUTOEN, "H2", NULL);
	if (err) {
		free_irq(LINE1, NULL);
		return err;
	}
	/* Both are in place before the first may come. */
	local_irq_disable();
	enable_irq(LINE1);
	enable_irq(LINE2);
	local_irq_enable();
	if (IS_ERR(kthread_run_on_cpu(t, NULL, 0, "T/%u")))
		pr_warn("T does not run\n");
	return 0;
}

/* No exit: the module stays, and its threads end by themselves. */
module_init(count_init);
MODULE_DESCRIPTION("A program whose classes are counted");
MODULE_LICENSE("Dual MIT/GPL");
