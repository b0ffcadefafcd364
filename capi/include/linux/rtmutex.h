/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_RTMUTEX_H
#define _RZ_LINUX_RTMUTEX_H

/*
 * Mutexes with priority inheritance: a task that waits for one lends its priority to
 * the task that holds it, and so on, if that one waits, too. Waiters are served by
 * priority. Only tasks use them, and only the task that locked one unlocks it. In
 * interrupts and softirqs even rt_mutex_trylock() and rt_mutex_unlock() are findings,
 * as is one that was never initialised.
 */

#include <linux/compiler.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

struct task_struct;

/* The fields belong to the checker; capi/tests/layout.rs compares them with its own. */
struct rt_mutex_base {
	unsigned int word;
	unsigned int pokes;
	/* Which task holds it; bit 0: others wait. */
	void *owner;
	/* The best of those who wait. */
	const void *first;
	const void *next_owned;
} __attribute__((__aligned__(8)));

struct rt_mutex {
	struct rt_mutex_base rtmutex;
	/* On which CPU it was locked. */
	unsigned int held_on;
	/* Says that it was initialised. */
	unsigned int magic;
	/* Where it was locked last. */
	void *held_at;
	void *class;
	const char *name;
	unsigned long name_len;
} __attribute__((__aligned__(8)));

#define __RZ_RT_MUTEX_MAGIC	0x525a5254u

#define __RT_MUTEX_INITIALIZER(mutexname) \
	{ .magic = __RZ_RT_MUTEX_MAGIC, .name = #mutexname, .name_len = sizeof(#mutexname) - 1 }
#define DEFINE_RT_MUTEX(mutexname) \
	struct rt_mutex mutexname = __RT_MUTEX_INITIALIZER(mutexname)

void __rz_rt_mutex_init(struct rt_mutex *lock, const char *name);
#define rt_mutex_init(mutex)			__rz_rt_mutex_init(mutex, #mutex)
#define __rt_mutex_init(mutex, name, key)	((void)(key), __rz_rt_mutex_init(mutex, name))
/* It has to be initialised before it is used again. */
void rt_mutex_destroy(struct rt_mutex *lock);

/* Who would wait for itself is a finding: self-deadlock, or deadlock. */
void rt_mutex_lock(struct rt_mutex *lock);
/* The subclass, and the lock outside, are for the validator. */
void rt_mutex_lock_nested(struct rt_mutex *lock, unsigned int subclass);
void __rz_rt_mutex_lock_nest_lock(struct rt_mutex *lock, const void *nest_lock);
#define rt_mutex_lock_nest_lock(lock, nest_lock)	__rz_rt_mutex_lock_nest_lock(lock, nest_lock)

#ifndef __rz_second
#define __rz_second(first, second, ...)	second
#endif
/*
 * rt_mutex_lock_interruptible(lock), or as it was once,
 * rt_mutex_lock_interruptible(lock, detect_deadlock). 0, -EINTR when a signal came
 * first, or -EDEADLK, if that is asked for, when the task would wait for itself.
 */
int __must_check __rz_rt_mutex_lock_interruptible(struct rt_mutex *lock, int detect_deadlock);
#define rt_mutex_lock_interruptible(lock, ...) \
	__rz_rt_mutex_lock_interruptible(lock, __rz_second(0, ##__VA_ARGS__, 0))
/* 0, or -EINTR when a fatal signal came first. */
int __must_check rt_mutex_lock_killable(struct rt_mutex *lock);

/* There are no hrtimers: a time from the call on. */
struct hrtimer_sleeper {
	/* In jiffies. */
	unsigned long timeout;
};
/*
 * 0, -ETIMEDOUT when the time was over first, or as above; without a time (NULL), as
 * above. Gone from today's Linux.
 */
int __must_check rt_mutex_timed_lock(struct rt_mutex *lock, struct hrtimer_sleeper *timeout,
				     int detect_deadlock);

/* 1 if it was free, with nobody as good waiting, and is locked now. Does not sleep. */
int rt_mutex_trylock(struct rt_mutex *lock);
void rt_mutex_unlock(struct rt_mutex *lock);
/* Whether somebody holds it, and who, or NULL. Any context. */
int rt_mutex_is_locked(struct rt_mutex *lock);
struct task_struct *rt_mutex_owner(struct rt_mutex *lock);

#endif /* !__ASSEMBLY__ */

#endif
