// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A shared counter, incremented on two CPUs by atomic_inc().
 *
 * count++ is a read and a write. Nothing orders the accesses of the two
 * threads: an increment may be lost, and the compiler may do what it likes
 * with a variable that it takes for one thread's own. atomic_t is for this.
 *
 * From every lecture on integer atomic operations, and dev-tools/kcsan.rst.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static atomic_t count = ATOMIC_INIT(0);

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

static int incrementer(void *unused)
{
	atomic_inc(&count);
	return 0;
}

static int __init counter_init(void)
{
	int err;

	err = start(0, incrementer, "one");
	if (err)
		return err;
	err = start(1, incrementer, "other");
	if (err)
		stop(0);
	return err;
}

static void __exit counter_exit(void)
{
	stop(0);
	stop(1);
}

module_init(counter_init);
module_exit(counter_exit);
MODULE_DESCRIPTION("A counter of two CPUs");
MODULE_LICENSE("Dual MIT/GPL");
