// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Counted by hand: the same two writes by two tasks of one CPU.
 *
 *   CPU 0   T: w x, w y.  S: w x, w y
 *
 * Either may be preempted between its writes. 4 classes. (w writes a word,
 * marked.)
 * Verdict: holds.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>

static int x, y;

static int t(void *unused)
{
	WRITE_ONCE(x, 1);
	WRITE_ONCE(y, 1);
	return 0;
}

static int s(void *unused)
{
	WRITE_ONCE(x, 1);
	WRITE_ONCE(y, 1);
	return 0;
}

static int __init count_init(void)
{
	if (IS_ERR(kthread_run_on_cpu(t, NULL, 0, "T/%u")))
		pr_warn("T does not run\n");
	if (IS_ERR(kthread_run_on_cpu(s, NULL, 0, "S/%u")))
		pr_warn("S does not run\n");
	return 0;
}

/* No exit: the module stays, and its threads end by themselves. */
module_init(count_init);
MODULE_DESCRIPTION("A program whose classes are counted");
MODULE_LICENSE("Dual MIT/GPL");
