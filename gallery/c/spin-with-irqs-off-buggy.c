// expect: violated deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Spinning for a lock with interrupts off, while its owner waits for an IPI.
 *
 * One CPU flushes the others' address translations: it holds the list's lock
 * and calls the other CPU. That one has switched interrupts off before it
 * waits for the same lock, so it never takes the call. Between two tries
 * interrupts have to be on if they were on before.
 *
 * Rebuilt small from the description of PARISC's spinlock fix (commit
 * 08dc2ca61e68).
 * Verdict: violated, deadlock.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(vmlist_lock);
static unsigned int areas;
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

/* The architecture's way to wait for a lock with interrupts off. */
static unsigned long lock_irqsave(spinlock_t *lock)
	__acquires(lock)
{
	unsigned long flags;

	local_irq_save(flags);
	while (!spin_trylock(lock))
		cpu_relax();
	return flags;
}

/* Runs on the other CPU, as an interrupt. */
static void flush_local(void *unused)
{
	atomic_inc(&flushed);
}

static int flusher(void *unused)
{
	spin_lock(&vmlist_lock);
	areas++;
	smp_call_function_single(1, flush_local, NULL, 1);
	spin_unlock(&vmlist_lock);
	return 0;
}

static int reader(void *unused)
{
	unsigned long flags = lock_irqsave(&vmlist_lock);

	areas++;
	spin_unlock_irqrestore(&vmlist_lock, flags);
	return 0;
}

static int __init vmlist_init(void)
{
	int err;

	err = start(0, flusher, "flusher");
	if (err)
		return err;
	err = start(1, reader, "reader");
	if (err)
		stop(0);
	return err;
}

static void __exit vmlist_exit(void)
{
	stop(0);
	stop(1);
}

module_init(vmlist_init);
module_exit(vmlist_exit);
MODULE_DESCRIPTION("Waiting for a lock with interrupts off");
MODULE_LICENSE("Dual MIT/GPL");
