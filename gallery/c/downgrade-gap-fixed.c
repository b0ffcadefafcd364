// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A writer that goes on as a reader.
 *
 * It writes the table, then reads what it has written for as long as it takes,
 * while others may read, too. Between up_write() and down_read() nobody holds the
 * semaphore, and another writer comes in: what is read is not what was written.
 * downgrade_write() keeps writers out all the time.
 *
 * From the rwsems' documentation of downgrade_write().
 * Verdict: holds.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/sched/task.h>

static DECLARE_RWSEM(table_sem);
static unsigned int generation;

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
	unsigned int mine;

	down_write(&table_sem);
	mine = ++generation;
	downgrade_write(&table_sem);
	BUG_ON(generation != mine);
	up_read(&table_sem);
	return 0;
}

static int __init table_init(void)
{
	int err;

	err = start(0, writer, "one");
	if (err)
		return err;
	err = start(1, writer, "other");
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
MODULE_DESCRIPTION("A writer that becomes a reader");
MODULE_LICENSE("Dual MIT/GPL");
