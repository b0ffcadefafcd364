// expect: violated unlock-by-other
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A spinlock that one thread takes and another one releases.
 *
 * The submitter takes the lock, and whoever completes the request is meant to
 * release it. But a spinlock belongs to the context that took it: the
 * submitter's preemption stays disabled, the completer's is enabled once too
 * often, and a third one gets in while the first believes to be alone. To tell
 * another context that something is done there are wait queues, completions
 * and semaphores.
 *
 * From the rules for unlocking: whoever unlocks is in possession of the lock.
 * Verdict: violated, unlock-by-other.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

static DEFINE_SPINLOCK(request_lock);

static struct task_struct *tasks[2];

/* One thread a CPU. The reference keeps the task_struct until exit. */
static int start(unsigned int cpu, int (*fn)(void *), const char *name)
{
	struct task_struct *task = kthread_create(fn, NULL, "%s", name);

	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	get_task_struct(task);
	wake_up_process(task);
	tasks[cpu] = task;
	return 0;
}

static void stop(unsigned int cpu)
{
	if (!tasks[cpu])
		return;
	kthread_stop(tasks[cpu]);
	put_task_struct(tasks[cpu]);
}

static int submitter(void *unused)
{
	spin_lock(&request_lock);
	/* Until the completer has released it. */
	while (spin_is_locked(&request_lock))
		cpu_relax();
	return 0;
}

static int completer(void *unused)
{
	spin_unlock(&request_lock);
	return 0;
}

static int __init request_init(void)
{
	int err;

	err = start(0, submitter, "submitter");
	if (err)
		return err;
	err = start(1, completer, "completer");
	if (err)
		stop(0);
	return err;
}

static void __exit request_exit(void)
{
	stop(0);
	stop(1);
}

module_init(request_init);
module_exit(request_exit);
MODULE_DESCRIPTION("Telling another thread that a request is done");
MODULE_LICENSE("Dual MIT/GPL");
