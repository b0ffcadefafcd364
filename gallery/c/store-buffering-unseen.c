// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two flags that keep two CPUs apart, without a barrier between write and read.
 *
 * Each CPU raises its own flag and enters only if the other's is down. A
 * processor may keep the write in its store buffer and do the read first, even
 * x86 does: both find the other's flag down, and both are inside. It takes a
 * full barrier between the write and the read; neither a release nor an
 * acquire is enough.
 *
 * NOT FOUND: this is a bug, and the checker does not tell of it. Its model is
 * sequentially consistent: what a CPU has written, all CPUs see at once, in
 * every execution. All accesses are marked, so there is no data race either.
 * That a program holds says nothing of barriers between marked accesses.
 *
 * From memory-barriers.txt, and the kernel's litmus tests (SB).
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static int wants[2];
static atomic_t inside = ATOMIC_INIT(0);

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

/* What only one may do at a time. */
static void reset_device(void)
{
	BUG_ON(atomic_inc_return(&inside) != 1);
	atomic_dec(&inside);
}

static void try_reset(int me)
{
	WRITE_ONCE(wants[me], 1);
	if (!READ_ONCE(wants[!me]))
		reset_device();
	smp_store_release(&wants[me], 0);
}

static int one(void *unused)
{
	try_reset(0);
	return 0;
}

static int other(void *unused)
{
	try_reset(1);
	return 0;
}

static int __init reset_init(void)
{
	int err;

	err = start(0, one, "one");
	if (err)
		return err;
	err = start(1, other, "other");
	if (err)
		stop(0);
	return err;
}

static void __exit reset_exit(void)
{
	stop(0);
	stop(1);
}

module_init(reset_init);
module_exit(reset_exit);
MODULE_DESCRIPTION("A device that two CPUs may reset");
MODULE_LICENSE("Dual MIT/GPL");
