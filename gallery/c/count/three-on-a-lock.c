// expect: violated irq-deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Counted by hand: a task and two handlers on one lock.
 *
 *   CPU 0   T: lock l, unlock l.  H1 and H2: the same
 *
 * 11 classes are complete and 4 deadlocked. (Each line may arrive once.)
 * Verdict: violated, irq-deadlock.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#define LINE1	4
#define LINE2	5

static DEFINE_SPINLOCK(l);

static irqreturn_t h1(int irq, void *dev_id)
{
	spin_lock(&l);
	spin_unlock(&l);
	return IRQ_HANDLED;
}

static irqreturn_t h2(int irq, void *dev_id)
{
	spin_lock(&l);
	spin_unlock(&l);
	return IRQ_HANDLED;
}

static int t(void *unused)
{
	spin_lock(&l);
	spin_unlock(&l);
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
