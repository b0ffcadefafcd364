// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A variable, and a simple queue.
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

static DECLARE_SWAIT_QUEUE_HEAD(simple);
static int count;

static int other(void *unused)
{
	(void)unused;
	WRITE_ONCE(count, 1);
	wake_up_var(&count);
	swait_event_exclusive(simple, READ_ONCE(count) == 2);
	return 0;
}

static int __init wait_init(void)
{
	int err = start(other, NULL);

	if (err)
		return err;
	wait_var_event(&count, READ_ONCE(count) == 1);
	WRITE_ONCE(count, 2);
	swake_up_one(&simple);
	return 0;
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
MODULE_DESCRIPTION("Waiting for a variable");
MODULE_LICENSE("Dual MIT/GPL");
