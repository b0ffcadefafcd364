/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_LOCKDEP_H
#define _RZ_LINUX_LOCKDEP_H

/*
 * Claims about held locks. There is no validator yet; a claim is checked where it
 * is made: a false one is a finding, warn.
 */

#include <linux/compiler.h>
#include <linux/rwlock_types.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

struct lock_class_key {
	char unused;
};

struct lockdep_map {
	const char *name;
};

int __rz_spin_is_held(const raw_spinlock_t *lock);
int __rz_lock_is_held(const void *lock, int kind);
void __rz_lock_claim(const void *lock, int kind, int claim);
void __rz_context_claim(int claim);

struct mutex;
struct percpu_rw_semaphore;
struct rt_mutex;
struct rw_semaphore;
struct ww_mutex;
struct __rz_local_lock;

/* The kind of a lock by the type of the pointer to it; 0 for what is not known. */
#ifdef __CHECKER__
#define __rz_lock_kind(l)	((void)(l), 0)
#else
#define __rz_lock_kind(l)						\
	_Generic((l),							\
		 spinlock_t *: 1, const spinlock_t *: 1,		\
		 raw_spinlock_t *: 1, const raw_spinlock_t *: 1,	\
		 rwlock_t *: 2, const rwlock_t *: 2,			\
		 struct mutex *: 3, const struct mutex *: 3,		\
		 struct rw_semaphore *: 4, const struct rw_semaphore *: 4, \
		 struct percpu_rw_semaphore *: 5,			\
		 const struct percpu_rw_semaphore *: 5,			\
		 struct ww_mutex *: 6, const struct ww_mutex *: 6,	\
		 struct __rz_local_lock *: 7,				\
		 const struct __rz_local_lock *: 7,			\
		 struct rt_mutex *: 8, const struct rt_mutex *: 8,	\
		 default: 0)
#endif
#define __rz_claim(l, claim) \
	__rz_lock_claim((const void *)(l), __rz_lock_kind(l), claim)

/*
 * The running context holds it; for a writer, or a reader. On the checker it is
 * known who reads; on threads, whether anybody does. Of a lock of which each CPU
 * has one, this_cpu_ptr() of it. What it does not know is taken as true.
 */
#define lockdep_is_held(l) \
	__rz_lock_is_held((const void *)(l), __rz_lock_kind(l))
#define lockdep_assert_held(l)		__rz_claim(l, 0)
#define lockdep_assert_held_write(l)	__rz_claim(l, 1)
#define lockdep_assert_held_read(l)	__rz_claim(l, 2)
#define lockdep_assert_not_held(l)	__rz_claim(l, 3)
#define lockdep_assert_held_once(l)	lockdep_assert_held(l)
#define lockdep_assert_none_held_once()	do { } while (0)
#define lockdep_assert_irqs_enabled()	__rz_context_claim(0)
#define lockdep_assert_irqs_disabled()	__rz_context_claim(1)
#define lockdep_assert_in_irq()		__rz_context_claim(2)
#define lockdep_assert_preemption_enabled()	__rz_context_claim(3)
#define lockdep_assert_preemption_disabled()	__rz_context_claim(4)

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
