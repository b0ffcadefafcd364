// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two CPUs that call each other with wait, with interrupts on.
 *
 * A cross-CPU call is an interrupt at the other CPU. Each of the two waits
 * until the other has run its function, and neither takes the interrupt that
 * would run it. So a call with wait is made with interrupts on.
 *
 * From the description of smp_call_function_single().
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/smp.h>

static atomic_t flushed = ATOMIC_INIT(0);

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

/* Runs on the other CPU, as an interrupt. */
static void flush_cache(void *unused)
{
	atomic_inc(&flushed);
}

static int flusher0(void *unused)
{
	smp_call_function_single(1, flush_cache, NULL, 1);
	return 0;
}

static int flusher1(void *unused)
{
	smp_call_function_single(0, flush_cache, NULL, 1);
	return 0;
}

static int __init flush_init(void)
{
	int err;

	err = start(0, flusher0, "flusher0");
	if (err)
		return err;
	err = start(1, flusher1, "flusher1");
	if (err)
		stop(0);
	return err;
}

static void __exit flush_exit(void)
{
	stop(0);
	stop(1);
}

module_init(flush_init);
module_exit(flush_exit);
MODULE_DESCRIPTION("Cross-CPU calls and interrupts");
MODULE_LICENSE("Dual MIT/GPL");
