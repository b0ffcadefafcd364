/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_LOCKDEP_H
#define _RZ_LINUX_LOCKDEP_H

/*
 * Claims about held locks. There is no validator yet; a claim about a spinlock is
 * checked where it is made (a finding, warn), one about another lock is not.
 */

#include <linux/compiler.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct lock_class_key {
	char unused;
};

struct lockdep_map {
	const char *name;
};

int __rz_spin_is_held(const raw_spinlock_t *lock);
void __rz_assert_held(const raw_spinlock_t *lock, int held);

/* The spinlock of @l, NULL for another kind of lock. */
#ifdef __CHECKER__
#define __rz_lock_of(l)		((const raw_spinlock_t *)((void)(l), (void *)0))
#else
#define __rz_lock_of(l)							\
	_Generic((l),							\
		 spinlock_t *: (const raw_spinlock_t *)(const void *)(l), \
		 raw_spinlock_t *: (const raw_spinlock_t *)(const void *)(l), \
		 const spinlock_t *: (const raw_spinlock_t *)(const void *)(l), \
		 const raw_spinlock_t *: (const raw_spinlock_t *)(const void *)(l), \
		 default: (const raw_spinlock_t *)((void)(l), (void *)0))
#endif

/* The running context holds it; for other locks than spinlocks always true. */
#define lockdep_is_held(l)						\
({									\
	const raw_spinlock_t *__rz_claimed = __rz_lock_of(l);		\
	!__rz_claimed || __rz_spin_is_held(__rz_claimed);		\
})
#define lockdep_assert_held(l)						\
do {									\
	const raw_spinlock_t *__rz_claimed = __rz_lock_of(l);		\
	if (__rz_claimed)						\
		__rz_assert_held(__rz_claimed, 1);			\
} while (0)
#define lockdep_assert_not_held(l)					\
do {									\
	const raw_spinlock_t *__rz_claimed = __rz_lock_of(l);		\
	if (__rz_claimed)						\
		__rz_assert_held(__rz_claimed, 0);			\
} while (0)
#define lockdep_assert_held_once(l)	lockdep_assert_held(l)
#define lockdep_assert_held_write(l)	lockdep_assert_held(l)
#define lockdep_assert_held_read(l)	lockdep_assert_held(l)
#define lockdep_assert_none_held_once()	do { } while (0)
#define lockdep_assert_irqs_enabled()	do { } while (0)
#define lockdep_assert_irqs_disabled()	do { } while (0)
#define lockdep_assert_in_irq()		do { } while (0)
#define lockdep_assert_preemption_enabled()	do { } while (0)
#define lockdep_assert_preemption_disabled()	do { } while (0)

/* Classes and keys are for the validator. */
#define lockdep_set_class(lock, key)		((void)(lock), (void)(key))
#define lockdep_set_class_and_name(lock, key, name) \
	((void)(lock), (void)(key), (void)(name))
#define lockdep_set_subclass(lock, sub)		((void)(lock), (void)(sub))
#define lockdep_set_novalidate_class(lock)	((void)(lock))
#define lockdep_off()				do { } while (0)
#define lockdep_on()				do { } while (0)
#define lockdep_init_map(map, name, key, sub) \
	((void)(map), (void)(name), (void)(key), (void)(sub))
#define lockdep_register_key(key)		((void)(key))
#define lockdep_unregister_key(key)		((void)(key))
#define lock_map_acquire(map)			((void)(map))
#define lock_map_release(map)			((void)(map))
#define might_lock(lock)			((void)(lock))

/* The depth of locks of one class that are held at once. */
#define SINGLE_DEPTH_NESTING	1

#endif
