// expect: violated deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * cancel_work_sync() under a mutex that the work takes.
 *
 * The work waits for the mutex, and its owner waits for the work.
 *
 * From core-api/workqueue.rst. A kernel with lockdep names it before it
 * happens.
 * Verdict: violated, deadlock.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/task.h>
#include <linux/workqueue.h>

static DEFINE_MUTEX(dev_mutex);
static unsigned int resets;
static struct task_struct *closer_task;

static void reset_work_fn(struct work_struct *work)
{
	mutex_lock(&dev_mutex);
	resets++;
	mutex_unlock(&dev_mutex);
}

static DECLARE_WORK(reset_work, reset_work_fn);

static int closer(void *unused)
{
	mutex_lock(&dev_mutex);
	cancel_work_sync(&reset_work);
	resets = 0;
	mutex_unlock(&dev_mutex);
	return 0;
}

static int __init reset_init(void)
{
	closer_task = kthread_create(closer, NULL, "closer");
	if (IS_ERR(closer_task))
		return PTR_ERR(closer_task);
	schedule_work(&reset_work);
	kthread_bind(closer_task, 1);
	get_task_struct(closer_task);
	wake_up_process(closer_task);
	return 0;
}

static void __exit reset_exit(void)
{
	kthread_stop(closer_task);
	put_task_struct(closer_task);
	cancel_work_sync(&reset_work);
}

module_init(reset_init);
module_exit(reset_exit);
MODULE_DESCRIPTION("Work and a mutex");
MODULE_LICENSE("Dual MIT/GPL");
