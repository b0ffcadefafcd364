// expect: violated hang
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A condition that is tested before prepare_to_wait().
 *
 * The worker sets the condition and wakes the queue between init's test and
 * its queueing: nobody is on the queue yet, so nobody is woken, and init
 * sleeps although what it waits for has happened. First queue, then test, then
 * schedule(): a wake-up in between sets the task running again.
 *
 * From the sample wait cycle of many a tutorial, and
 * kernel-hacking/hacking.rst.
 * Verdict: violated, hang.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/wait.h>

static DECLARE_WAIT_QUEUE_HEAD(ready_wait);
static atomic_t ready = ATOMIC_INIT(0);
static struct task_struct *worker_task;

static int worker(void *unused)
{
	atomic_set(&ready, 1);
	wake_up(&ready_wait);
	return 0;
}

static void wait_until_ready(void)
{
	DEFINE_WAIT(wait);

	while (!atomic_read(&ready)) {
		prepare_to_wait(&ready_wait, &wait, TASK_UNINTERRUPTIBLE);
		schedule();
	}
	finish_wait(&ready_wait, &wait);
}

static int __init worker_init(void)
{
	worker_task = kthread_create(worker, NULL, "worker");
	if (IS_ERR(worker_task))
		return PTR_ERR(worker_task);
	kthread_bind(worker_task, 1);
	get_task_struct(worker_task);
	wake_up_process(worker_task);
	wait_until_ready();
	return 0;
}

static void __exit worker_exit(void)
{
	kthread_stop(worker_task);
	put_task_struct(worker_task);
}

module_init(worker_init);
module_exit(worker_exit);
MODULE_DESCRIPTION("Waiting for a worker to be ready");
MODULE_LICENSE("Dual MIT/GPL");
