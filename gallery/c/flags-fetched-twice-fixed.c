// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A flags word that is read once, with READ_ONCE().
 *
 * Which base a timer is on is told by its flags, and so is whether it is about
 * to move to another one. They are read before any lock is held. Without
 * READ_ONCE() the compiler may read them again for the base, after the test:
 * the timer has begun to move in between, and the wrong base is locked.
 *
 * Rebuilt small from the description of a fix in the kernel's timers (commit
 * b831275a3553).
 * Verdict: holds.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

#define MIGRATING	0x10
#define BASE_MASK	0x0f

struct base {
	spinlock_t lock;
	unsigned int timers;
};

static struct base bases[2] = {
	{ .lock = __SPIN_LOCK_UNLOCKED(bases[0].lock) },
	{ .lock = __SPIN_LOCK_UNLOCKED(bases[1].lock) },
};
static u32 timer_flags;

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

/* Locks the base that the timer is on, and has it stay there. */
static struct base *lock_base(void)
	__acquires(bases)
{
	struct base *base;
	u32 flags;

	for (;;) {
		flags = READ_ONCE(timer_flags);
		if (!(flags & MIGRATING)) {
			base = &bases[flags & BASE_MASK];
			spin_lock(&base->lock);
			if (READ_ONCE(timer_flags) == flags)
				return base;
			spin_unlock(&base->lock);
		}
		cpu_relax();
	}
}

static int modifier(void *unused)
{
	struct base *base = lock_base();

	base->timers++;
	spin_unlock(&base->lock);
	return 0;
}

/* Moves the timer from base 0 to base 1. */
static int migrator(void *unused)
{
	spin_lock(&bases[0].lock);
	WRITE_ONCE(timer_flags, MIGRATING);
	spin_unlock(&bases[0].lock);
	spin_lock(&bases[1].lock);
	WRITE_ONCE(timer_flags, 1);
	spin_unlock(&bases[1].lock);
	return 0;
}

static int __init timer_init(void)
{
	int err;

	err = start(0, modifier, "modifier");
	if (err)
		return err;
	err = start(1, migrator, "migrator");
	if (err)
		stop(0);
	return err;
}

static void __exit timer_exit(void)
{
	stop(0);
	stop(1);
}

module_init(timer_init);
module_exit(timer_exit);
MODULE_DESCRIPTION("The base that a timer is on");
MODULE_LICENSE("Dual MIT/GPL");
