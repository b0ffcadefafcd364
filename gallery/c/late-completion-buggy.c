// expect: violated use-after-return
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A completion on the stack of a function that has stopped waiting.
 *
 * The device answers when it likes; the command waits for a limited time. If the
 * answer comes later, the function has returned, its frame is gone, and the
 * completion that is completed with it.
 *
 * From scheduler/completion.rst: the timeout forms, and what they ask of the caller.
 * Verdict: violated, use-after-return.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static struct task_struct *device_task;

static int device(void *data)
{
	complete(data);
	return 0;
}

static noinline int command(void)
{
	DECLARE_COMPLETION_ONSTACK(answered);

	device_task = kthread_create(device, &answered, "device");
	if (IS_ERR(device_task))
		return PTR_ERR(device_task);
	kthread_bind(device_task, 1);
	get_task_struct(device_task);
	wake_up_process(device_task);
	if (!wait_for_completion_timeout(&answered, 1))
		return -ETIMEDOUT;
	return 0;
}

static int __init command_init(void)
{
	command();
	return 0;
}

static void __exit command_exit(void)
{
	kthread_stop(device_task);
	put_task_struct(device_task);
}

module_init(command_init);
module_exit(command_exit);
MODULE_DESCRIPTION("A command that is answered too late");
MODULE_LICENSE("Dual MIT/GPL");
