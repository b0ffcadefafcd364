// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Whoever sends a signal does not touch the completion after the wait for it has
 * ended: it may be freed.
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

static DECLARE_COMPLETION(listening);

static int listener(void *unused)
{
	struct completion *done = kmalloc(sizeof(*done), GFP_KERNEL);

	(void)unused;
	allow_signal(SIGUSR1);
	complete(&listening);
	if (!done)
		return -ENOMEM;
	init_completion(done);
	/* The time may be over while the signal is on its way. */
	BUG_ON(wait_for_completion_interruptible_timeout(done, 1) > 0);
	kfree(done);
	return 0;
}

static int __init wait_init(void)
{
	int err = start(listener, NULL);

	if (err)
		return err;
	wait_for_completion(&listening);
	send_sig(SIGUSR1, task, 1);
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
MODULE_DESCRIPTION("A completion that lives as long as its wait");
MODULE_LICENSE("Dual MIT/GPL");
