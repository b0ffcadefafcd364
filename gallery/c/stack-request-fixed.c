// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A completion on the stack of a function that waits for it.
 *
 * The device sets the flag and then wakes the queue. The submitter may see the
 * flag in between without having slept: it returns, its frame is gone, and the
 * device wakes a queue that is no more. A completion sets its flag and wakes
 * in one section under its own lock, and the waiter leaves through that lock.
 *
 * From scheduler/completion.rst, which says why completions replaced this.
 * Verdict: holds.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/wait.h>

struct request {
	struct completion done;
};

static struct task_struct *device_task;

static int device(void *data)
{
	struct request *req = data;

	complete(&req->done);
	return 0;
}

static noinline int submit(void)
{
	struct request req;

	init_completion(&req.done);
	device_task = kthread_create(device, &req, "device");
	if (IS_ERR(device_task))
		return PTR_ERR(device_task);
	kthread_bind(device_task, 1);
	get_task_struct(device_task);
	wake_up_process(device_task);
	wait_for_completion(&req.done);
	return 0;
}

static int __init request_init(void)
{
	return submit();
}

static void __exit request_exit(void)
{
	kthread_stop(device_task);
	put_task_struct(device_task);
}

module_init(request_init);
module_exit(request_exit);
MODULE_DESCRIPTION("A request on the stack");
MODULE_LICENSE("Dual MIT/GPL");
