// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two mutexes, taken in one order.
 *
 * As with spinlocks, but here the two threads sleep, and the machine goes on
 * without them: what is dead is whoever needs either mutex.
 *
 * From locking/mutex-design.rst and the report of a hung task.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/task.h>

static DEFINE_MUTEX(inode_mutex);
static DEFINE_MUTEX(journal_mutex);
static unsigned int written;

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

static int writer(void *unused)
{
	mutex_lock(&inode_mutex);
	mutex_lock(&journal_mutex);
	written++;
	mutex_unlock(&journal_mutex);
	mutex_unlock(&inode_mutex);
	return 0;
}

static int flusher(void *unused)
{
	mutex_lock(&inode_mutex);
	mutex_lock(&journal_mutex);
	written = 0;
	mutex_unlock(&journal_mutex);
	mutex_unlock(&inode_mutex);
	return 0;
}

static int __init fs_init(void)
{
	int err;

	err = start(0, writer, "writer");
	if (err)
		return err;
	err = start(1, flusher, "flusher");
	if (err)
		stop(0);
	return err;
}

static void __exit fs_exit(void)
{
	stop(0);
	stop(1);
}

module_init(fs_init);
module_exit(fs_exit);
MODULE_DESCRIPTION("Two mutexes and their order");
MODULE_LICENSE("Dual MIT/GPL");
