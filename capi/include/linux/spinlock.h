/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SPINLOCK_H
#define _RZ_LINUX_SPINLOCK_H

/*
 * Spinlocks. Taking one never sleeps and holding one forbids to; each form may be
 * called wherever what it switches off may be. A lock that was never initialised,
 * and one that another context releases, are findings.
 *
 * raw_spinlock_t and spinlock_t are the same thing here, as in a kernel that is
 * not real-time.
 */

#include <linux/bottom_half.h>
#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/spinlock_types.h>
#include <linux/stringify.h>
#include <linux/typecheck.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/processor.h>

#ifndef __ASSEMBLY__

void __rz_spin_lock_init(raw_spinlock_t *lock, const char *name);
void __rz_spin_lock(raw_spinlock_t *lock) __acquires(lock);
void __rz_spin_lock_bh(raw_spinlock_t *lock) __acquires(lock);
void __rz_spin_lock_irq(raw_spinlock_t *lock) __acquires(lock);
unsigned long __rz_spin_lock_irqsave(raw_spinlock_t *lock) __acquires(lock);
void __rz_spin_lock_nested(raw_spinlock_t *lock, unsigned int subclass) __acquires(lock);
void __rz_spin_lock_bh_nested(raw_spinlock_t *lock, unsigned int subclass) __acquires(lock);
unsigned long __rz_spin_lock_irqsave_nested(raw_spinlock_t *lock, unsigned int subclass) __acquires(lock);
void __rz_spin_lock_nest_lock(raw_spinlock_t *lock, const void *nest_lock) __acquires(lock);
void __rz_spin_unlock(raw_spinlock_t *lock) __releases(lock);
void __rz_spin_unlock_bh(raw_spinlock_t *lock) __releases(lock);
void __rz_spin_unlock_irq(raw_spinlock_t *lock) __releases(lock);
void __rz_spin_unlock_irqrestore(raw_spinlock_t *lock, unsigned long flags) __releases(lock);
int __rz_spin_trylock(raw_spinlock_t *lock);
int __rz_spin_trylock_bh(raw_spinlock_t *lock);
int __rz_spin_trylock_irq(raw_spinlock_t *lock);
/* The flags, or -1 when the lock is held. */
unsigned long __rz_spin_trylock_irqsave(raw_spinlock_t *lock);
int __rz_spin_is_locked(raw_spinlock_t *lock);
void __rz_spin_assert_held(raw_spinlock_t *lock);
void __rz_spin_unlock_wait(raw_spinlock_t *lock);

/*
 * raw_spin_*: on raw_spinlock_t. Macros, so that the caller's line is the line of
 * the call whatever the compiler makes of functions.
 */
#define raw_spin_lock_init(lock)	__rz_spin_lock_init(lock, #lock)

#define raw_spin_lock(lock)		__rz_spin_lock(lock)
#define raw_spin_lock_bh(lock)		__rz_spin_lock_bh(lock)
#define raw_spin_lock_irq(lock)		__rz_spin_lock_irq(lock)
#define raw_spin_lock_irqsave(lock, flags)				\
do {									\
	(void)typecheck(unsigned long, flags);				\
	flags = __rz_spin_lock_irqsave(lock);				\
} while (0)

#define raw_spin_unlock(lock)		__rz_spin_unlock(lock)
#define raw_spin_unlock_bh(lock)	__rz_spin_unlock_bh(lock)
#define raw_spin_unlock_irq(lock)	__rz_spin_unlock_irq(lock)
#define raw_spin_unlock_irqrestore(lock, flags)				\
do {									\
	(void)typecheck(unsigned long, flags);				\
	__rz_spin_unlock_irqrestore(lock, flags);			\
} while (0)

#define raw_spin_trylock(lock)		__cond_lock(lock, __rz_spin_trylock(lock))
#define raw_spin_trylock_bh(lock)	__cond_lock(lock, __rz_spin_trylock_bh(lock))
#define raw_spin_trylock_irq(lock)	__cond_lock(lock, __rz_spin_trylock_irq(lock))
#define raw_spin_trylock_irqsave(lock, flags)				\
	__cond_lock(lock, ({						\
		(void)typecheck(unsigned long, flags);			\
		(flags = __rz_spin_trylock_irqsave(lock)) != ~0ul;	\
	}))

/* The subclass, and the lock that protects the nesting, are for a validator. */
#define raw_spin_lock_nested(lock, subclass) \
	__rz_spin_lock_nested(lock, subclass)
#define raw_spin_lock_bh_nested(lock, subclass) \
	__rz_spin_lock_bh_nested(lock, subclass)
#define raw_spin_lock_irqsave_nested(lock, flags, subclass)		\
do {									\
	(void)typecheck(unsigned long, flags);				\
	flags = __rz_spin_lock_irqsave_nested(lock, subclass);		\
} while (0)
#define raw_spin_lock_nest_lock(lock, nest_lock) \
	__rz_spin_lock_nest_lock(lock, nest_lock)

#define raw_spin_is_locked(lock)	__rz_spin_is_locked(lock)
#define raw_spin_is_contended(lock)	((void)(lock), 0)
#define assert_raw_spin_locked(lock)	__rz_spin_assert_held(lock)

/* spin_*: on spinlock_t. */
static __always_inline raw_spinlock_t *spinlock_check(spinlock_t *lock)
{
	return &lock->rlock;
}

#define spin_lock_init(lock)		__rz_spin_lock_init(spinlock_check(lock), #lock)

#define spin_lock(lock)			__rz_spin_lock(spinlock_check(lock))
#define spin_lock_bh(lock)		__rz_spin_lock_bh(spinlock_check(lock))
#define spin_lock_irq(lock)		__rz_spin_lock_irq(spinlock_check(lock))
#define spin_lock_irqsave(lock, flags)	raw_spin_lock_irqsave(spinlock_check(lock), flags)

#define spin_unlock(lock)		__rz_spin_unlock(spinlock_check(lock))
#define spin_unlock_bh(lock)		__rz_spin_unlock_bh(spinlock_check(lock))
#define spin_unlock_irq(lock)		__rz_spin_unlock_irq(spinlock_check(lock))
#define spin_unlock_irqrestore(lock, flags) \
	raw_spin_unlock_irqrestore(spinlock_check(lock), flags)

#define spin_trylock(lock)		raw_spin_trylock(spinlock_check(lock))
#define spin_trylock_bh(lock)		raw_spin_trylock_bh(spinlock_check(lock))
#define spin_trylock_irq(lock)		raw_spin_trylock_irq(spinlock_check(lock))
#define spin_trylock_irqsave(lock, flags) \
	raw_spin_trylock_irqsave(spinlock_check(lock), flags)

#define spin_lock_nested(lock, subclass) \
	raw_spin_lock_nested(spinlock_check(lock), subclass)
#define spin_lock_bh_nested(lock, subclass) \
	raw_spin_lock_bh_nested(spinlock_check(lock), subclass)
#define spin_lock_irqsave_nested(lock, flags, subclass) \
	raw_spin_lock_irqsave_nested(spinlock_check(lock), flags, subclass)
#define spin_lock_nest_lock(lock, nest_lock) \
	raw_spin_lock_nest_lock(spinlock_check(lock), nest_lock)

#define spin_is_locked(lock)		raw_spin_is_locked(spinlock_check(lock))
#define spin_is_contended(lock)		raw_spin_is_contended(spinlock_check(lock))
#define spin_can_lock(lock)		(!spin_is_locked(lock))
#define spin_unlock_wait(lock)		__rz_spin_unlock_wait(spinlock_check(lock))
#define assert_spin_locked(lock)	assert_raw_spin_locked(spinlock_check(lock))

/* Orders what comes before a lock operation with what is inside it. */
#define smp_mb__before_spinlock()	smp_wmb()
#define smp_mb__after_spinlock()	smp_mb()
#define smp_mb__after_unlock_lock()	smp_mb()

/*
 * Subtracts one, and takes the lock if that makes it zero: then not 0. The lock is
 * held whenever the counter becomes zero.
 */
int _atomic_dec_and_lock(atomic_t *atomic, spinlock_t *lock);
#define atomic_dec_and_lock(atomic, lock) \
	__cond_lock(lock, _atomic_dec_and_lock(atomic, lock))
/* The flags, or -1 when the counter is not zero. */
unsigned long __rz_atomic_dec_and_lock_irqsave(atomic_t *atomic, raw_spinlock_t *lock);
#define atomic_dec_and_lock_irqsave(atomic, lock, flags)		\
	__cond_lock(lock, ({						\
		(void)typecheck(unsigned long, flags);			\
		(flags = __rz_atomic_dec_and_lock_irqsave(atomic,	\
				spinlock_check(lock))) != ~0ul;		\
	}))

/* Last: it needs what stands above. */
#include <linux/rwlock.h>

#endif /* !__ASSEMBLY__ */

#endif
