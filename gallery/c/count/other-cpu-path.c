// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Counted by hand: a handler that the task meets through another CPU.
 *
 *   CPU 0   T: w y.  H: w x
 *   CPU 1   S: r y, w x
 *
 * The handler never touches what the task touches, and still it makes a
 * difference where it comes. 6 classes. (w writes a word and r reads one,
 * marked. Each line may arrive once.)
 * Verdict: holds.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>

#define LINE	4

static int x, y;

static irqreturn_t h(int irq, void *dev_id)
{
	WRITE_ONCE(x, 1);
	return IRQ_HANDLED;
}

static int t(void *unused)
{
	WRITE_ONCE(y, 1);
	return 0;
}

static int s(void *unused)
{
	READ_ONCE(y);
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
	if (IS_ERR(kthread_run_on_cpu(s, NULL, 1, "S/%u")))
		pr_warn("S does not run\n");
	return 0;
}

/* No exit: the module stays, and its threads end by themselves. */
module_init(count_init);
MODULE_DESCRIPTION("A program whose classes are counted");
MODULE_LICENSE("Dual MIT/GPL");
