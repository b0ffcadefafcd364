// expect: violated livelock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A seqcount reader that changes the sequence itself.
 *
 * A reader under a sequence counter reads again if the counter has changed
 * meanwhile. This one counts its look-ups in the table, and with the bug marks
 * that as a change of it, as writers do: each try sees the change that it has
 * made itself, and tries again, for ever. What a reader does in its section
 * must not look like a write.
 *
 * From locking/seqlock.rst. The counter is made by hand.
 * Verdict: violated, livelock.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static atomic_t sequence = ATOMIC_INIT(0);
static atomic_t table = ATOMIC_INIT(0);
static atomic_t lookups = ATOMIC_INIT(0);

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

static int read_begin(void)
{
	int start;

	while ((start = atomic_read_acquire(&sequence)) & 1)
		cpu_relax();
	return start;
}

static bool read_retry(int start)
{
	return atomic_read_acquire(&sequence) != start;
}

static void write_begin(void)
{
	atomic_inc_return(&sequence);
}

static void write_end(void)
{
	atomic_inc_return(&sequence);
}

static int reader(void *unused)
{
	int start;

	do {
		start = read_begin();
		atomic_read(&table);
		write_begin();
		atomic_inc(&lookups);
		write_end();
	} while (read_retry(start));
	return 0;
}

static int writer(void *unused)
{
	write_begin();
	atomic_set(&table, 1);
	write_end();
	return 0;
}

static int __init table_init(void)
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

static void __exit table_exit(void)
{
	stop(0);
	stop(1);
}

module_init(table_init);
module_exit(table_exit);
MODULE_DESCRIPTION("A table under a sequence counter");
MODULE_LICENSE("Dual MIT/GPL");
