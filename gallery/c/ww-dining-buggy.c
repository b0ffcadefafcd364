// expect: violated deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Philosophers take their forks in any order (ww_mutex dining).
 *
 * Each takes the fork at its left first. Without a context nobody
 * backs off, so these are mutexes taken in two orders.
 *
 * From locking/ww-mutex-design.rst.
 * Verdict: violated, deadlock.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/ww_mutex.h>

static DEFINE_WW_CLASS(table);
static struct ww_mutex forks[2];
static unsigned int meals;

static struct task_struct *tasks[2];

/* One thread a CPU. The reference keeps the task_struct until exit. */
static int start(unsigned int cpu, int (*fn)(void *), const char *name)
{
	struct task_struct *task = kthread_create(fn, (void *)(unsigned long)cpu, "%s", name);

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

static int dine(void *seat)
{
	unsigned long me = (unsigned long)seat;
	struct ww_mutex *left = &forks[me], *right = &forks[!me];

	/* No context, so nobody is older. */
	ww_mutex_lock(left, NULL);
	ww_mutex_lock(right, NULL);
	meals++;
	ww_mutex_unlock(right);
	ww_mutex_unlock(left);
	return 0;
}

static int __init table_init(void)
{
	int err;

	ww_mutex_init(&forks[0], &table);
	ww_mutex_init(&forks[1], &table);
	err = start(0, dine, "plato");
	if (err)
		return err;
	err = start(1, dine, "kant");
	if (err)
		stop(0);
	return err;
}

static void __exit table_exit(void)
{
	stop(0);
	stop(1);
}

module_init(table_init);
module_exit(table_exit);
MODULE_DESCRIPTION("Forks and their order");
MODULE_LICENSE("Dual MIT/GPL");
