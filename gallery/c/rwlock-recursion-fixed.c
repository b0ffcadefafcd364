// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A reader of a rwlock that reads once, whoever waits.
 *
 * Each read lock looks harmless: readers do not exclude each other. But a
 * writer that came in between waits for the first one, and new readers wait
 * behind a waiting writer, so that writers do not starve. With the bug, total()
 * takes the lock that its caller holds: it waits for the writer, and that for
 * the task itself.
 *
 * From the rule that reader-writer spinlocks do not nest, locking/spinlocks.rst.
 * Verdict: holds.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rwlock.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

static DEFINE_RWLOCK(routes_lock);
static unsigned int routes[2] = { 1, 2 };

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

/* With routes_lock held. */
static unsigned int total(void)
{
	return routes[0] + routes[1];
}

static int reader(void *unused)
{
	read_lock(&routes_lock);
	BUG_ON(total() < routes[0]);
	read_unlock(&routes_lock);
	return 0;
}

static int writer(void *unused)
{
	write_lock(&routes_lock);
	routes[0] = 3;
	write_unlock(&routes_lock);
	return 0;
}

static int __init routes_init(void)
{
	int err;

	err = start(0, reader, "reader");
	if (err)
		return err;
	err = start(1, writer, "writer");
	if (err)
		stop(0);
	return err;
}

static void __exit routes_exit(void)
{
	stop(0);
	stop(1);
}

module_init(routes_init);
module_exit(routes_exit);
MODULE_DESCRIPTION("A table under a reader-writer lock");
MODULE_LICENSE("Dual MIT/GPL");
