// expect: violated self-deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A function that holds a spinlock calls one that takes the same lock.
 *
 * Spinlocks do not nest in Linux: the CPU waits for itself, every time. The
 * inner function comes in two forms, one that takes the lock, and one with two
 * underscores for those who have it.
 *
 * From the locking guide (kernel-hacking/locking.rst: the simplest deadlock).
 * Verdict: violated, self-deadlock.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(queue_lock);
static unsigned int queued;

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

/* The caller holds queue_lock. */
static void __enqueue(void)
{
	queued++;
}

static void enqueue(void)
{
	spin_lock(&queue_lock);
	__enqueue();
	spin_unlock(&queue_lock);
}

static int producer(void *unused)
{
	spin_lock(&queue_lock);
	if (!queued)
		enqueue();
	spin_unlock(&queue_lock);
	return 0;
}

static int other(void *unused)
{
	enqueue();
	return 0;
}

static int __init queue_init(void)
{
	int err;

	err = start(0, producer, "producer");
	if (err)
		return err;
	err = start(1, other, "other");
	if (err)
		stop(0);
	return err;
}

static void __exit queue_exit(void)
{
	stop(0);
	stop(1);
}

module_init(queue_init);
module_exit(queue_exit);
MODULE_DESCRIPTION("A lock taken again by its holder");
MODULE_LICENSE("Dual MIT/GPL");
