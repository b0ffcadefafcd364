// expect: violated deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Counted by hand: two locks in two orders on two CPUs.
 *
 *   CPU 0   T: lock a, lock b, unlock b, unlock a
 *   CPU 1   S: lock b, lock a, unlock a, unlock b
 *
 * 2 classes are complete and 1 is deadlocked.
 * Verdict: violated, deadlock.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(a);
static DEFINE_SPINLOCK(b);

static int t(void *unused)
{
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
	return 0;
}

static int s(void *unused)
{
	spin_lock(&b);
	spin_lock(&a);
	spin_unlock(&a);
	spin_unlock(&b);
	return 0;
}

static int __init count_init(void)
{
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
