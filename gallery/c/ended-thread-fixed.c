// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A thread that ends by itself, stopped at exit with a reference to it.
 *
 * kthread_stop() works on a thread that is there or has a reference. When a
 * thread's function returns and nobody has a reference, its task_struct is
 * freed, and what kthread_run() has returned points to nothing.
 *
 * From the description of kthread_stop(), and a mistake of many a first
 * module.
 * Verdict: holds.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static DECLARE_COMPLETION(scanned);
static struct task_struct *scanner_task;

static int scanner(void *unused)
{
	complete(&scanned);
	return 0;
}

static int __init scanner_init(void)
{
	scanner_task = kthread_create(scanner, NULL, "scanner");
	if (IS_ERR(scanner_task))
		return PTR_ERR(scanner_task);
	kthread_bind(scanner_task, 1);
	get_task_struct(scanner_task);
	wake_up_process(scanner_task);
	wait_for_completion(&scanned);
	return 0;
}

static void __exit scanner_exit(void)
{
	kthread_stop(scanner_task);
	put_task_struct(scanner_task);
}

module_init(scanner_init);
module_exit(scanner_exit);
MODULE_DESCRIPTION("A thread that ends by itself");
MODULE_LICENSE("Dual MIT/GPL");
