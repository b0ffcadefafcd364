// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A bit is a lock for two; in the form of today and in the old one.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/completion.h>
#include <linux/swait.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

static struct task_struct *task;

static int start(int (*fn)(void *), void *data)
{
	task = kthread_create(fn, data, "other");
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, 1);
	get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static unsigned long bits;
static int inside;

static int sleep(void *word)
{
	BUG_ON(word != &bits);
	schedule();
	return 0;
}

static void section(void)
{
	BUG_ON(READ_ONCE(inside));
	WRITE_ONCE(inside, 1);
	WRITE_ONCE(inside, 0);
	clear_and_wake_up_bit(3, &bits);
}

static int other(void *unused)
{
	(void)unused;
	BUG_ON(wait_on_bit_lock(&bits, 3, TASK_UNINTERRUPTIBLE));
	section();
	return 0;
}

static int __init wait_init(void)
{
	int err = start(other, NULL);

	if (err)
		return err;
	BUG_ON(wait_on_bit_lock(&bits, 3, sleep, TASK_UNINTERRUPTIBLE));
	section();
	return wait_on_bit(&bits, 3, TASK_UNINTERRUPTIBLE);
}

static void __exit wait_exit(void)
{
	if (!IS_ERR_OR_NULL(task)) {
		kthread_stop(task);
		put_task_struct(task);
	}
}

module_init(wait_init);
module_exit(wait_exit);
MODULE_DESCRIPTION("A lock of one bit");
MODULE_LICENSE("Dual MIT/GPL");
