// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A task that tests its condition while it runs, and is woken by a flag in its entry.
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

static DECLARE_WAIT_QUEUE_HEAD(wq);
static int ready;

static int waker(void *unused)
{
	(void)unused;
	WRITE_ONCE(ready, 1);
	wake_up(&wq);
	return 0;
}

static int __init wait_init(void)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int err = start(waker, NULL);

	if (err)
		return err;
	add_wait_queue(&wq, &wait);
	while (!READ_ONCE(ready))
		wait_woken(&wait, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	remove_wait_queue(&wq, &wait);
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
MODULE_DESCRIPTION("Waiting until woken");
MODULE_LICENSE("Dual MIT/GPL");
