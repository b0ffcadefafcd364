/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_MUTEX_H
#define _RZ_LINUX_MUTEX_H

/*
 * Mutexes. Only tasks use them: locking sleeps while another task holds the mutex,
 * and only the task that locked it unlocks it. In interrupts and softirqs even
 * mutex_trylock() and mutex_unlock() are findings, as is a mutex that was never
 * initialised.
 *
 * A mutex has to live until mutex_unlock() has returned: it is a finding if another
 * task frees its memory before that.
 */

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

/* The fields belong to the checker; capi/tests/layout.rs compares them with its own. */
struct mutex {
	/* 1 while it is held. */
	unsigned int word;
	unsigned int pokes;
	/* How many sleep for it. */
	unsigned int sleepers;
	/* Says that the mutex was initialised. */
	unsigned int magic;
	/* On which CPU it was locked, which task holds it, and where it was locked last. */
	unsigned int held_on;
	void *owner;
	void *held_at;
	/* Where it was initialised; the variable itself if it was so statically. */
	void *class;
	const char *name;
	unsigned long name_len;
} __attribute__((__aligned__(8)));

#define __RZ_MUTEX_MAGIC	0x525a4d58u

#define __MUTEX_INITIALIZER(lockname) \
	{ .magic = __RZ_MUTEX_MAGIC, .name = #lockname, .name_len = sizeof(#lockname) - 1 }
#define DEFINE_MUTEX(mutexname) \
	struct mutex mutexname = __MUTEX_INITIALIZER(mutexname)

void __rz_mutex_init(struct mutex *lock, const char *name);
#define mutex_init(mutex)		__rz_mutex_init(mutex, #mutex)
#define __mutex_init(mutex, name, key)	((void)(key), __rz_mutex_init(mutex, name))
/* It has to be initialised before it is used again. */
void mutex_destroy(struct mutex *lock);

void mutex_lock(struct mutex *lock);
/* 0, or -EINTR when a signal came first; of the second a fatal one. */
int __must_check mutex_lock_interruptible(struct mutex *lock);
int __must_check mutex_lock_killable(struct mutex *lock);
#define mutex_lock_io(lock)		mutex_lock(lock)
/* 1 if it was free and is locked now. Does not sleep. */
int mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
/* Whether somebody holds it. Any context. */
bool mutex_is_locked(struct mutex *lock);

/* Whether the running task holds it. No step. */
int __rz_mutex_is_held(const struct mutex *lock);

/* The subclass, and the lock outside, are for the validator. */
void mutex_lock_nested(struct mutex *lock, unsigned int subclass);
#define mutex_lock_io_nested(lock, subclass)	mutex_lock_nested(lock, subclass)
int __must_check mutex_lock_interruptible_nested(struct mutex *lock, unsigned int subclass);
int __must_check mutex_lock_killable_nested(struct mutex *lock, unsigned int subclass);
void __rz_mutex_lock_nest_lock(struct mutex *lock, const void *nest_lock);
#define mutex_lock_nest_lock(lock, nest_lock)	__rz_mutex_lock_nest_lock(lock, nest_lock)

/* 1, with the mutex held, if this was the last of @cnt; 0, without, if it was not. */
int atomic_dec_and_mutex_lock(atomic_t *cnt, struct mutex *lock);

#endif /* !__ASSEMBLY__ */

#endif
