// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A kernel thread hears the signals that it allows, and is not killed.
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
static DECLARE_COMPLETION(listening);

static int listener(void *unused)
{
	(void)unused;
	allow_signal(SIGUSR1);
	complete(&listening);
	BUG_ON(wait_event_interruptible(wq, false) != -ERESTARTSYS);
	BUG_ON(!signal_pending(current) || fatal_signal_pending(current));
	BUG_ON(wait_event_interruptible_timeout(wq, false, 1) != -ERESTARTSYS);
	BUG_ON(wait_for_completion_interruptible(&listening) != -ERESTARTSYS);
	BUG_ON(wait_event_killable_timeout(wq, false, 1) != 0);
	BUG_ON(kernel_dequeue_signal() != SIGUSR1 || signal_pending(current));
	return 0;
}

static int __init wait_init(void)
{
	int err = start(listener, NULL);

	if (err)
		return err;
	send_sig(SIGKILL, task, 1);
	wait_for_completion(&listening);
	send_sig(SIGUSR1, task, 1);
	return send_sig(1000, task, 1) == -EINVAL ? 0 : -EIO;
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
MODULE_DESCRIPTION("Signals to a kernel thread");
MODULE_LICENSE("Dual MIT/GPL");
