/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_RWLOCK_H
#define _RZ_LINUX_RWLOCK_H

/*
 * Reader-writer spinlocks: many read at once, or one writes. Taking one never
 * sleeps and holding one forbids to; each form may be called wherever what it
 * switches off may be.
 *
 * A writer that waits keeps new readers out, but for those in interrupts, in
 * softirqs and where bottom halves are off. So who reads in such a context need
 * not switch interrupts off where it only reads elsewhere; and who reads in a
 * task must not read again in the same section.
 *
 * A lock that was never initialised, and one that another context releases, are
 * findings.
 */

#include <linux/bottom_half.h>
#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/rwlock_types.h>
#include <linux/typecheck.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

void __rz_rwlock_init(rwlock_t *lock, const char *name);
void __rz_read_lock(rwlock_t *lock) __acquires(lock);
void __rz_read_lock_bh(rwlock_t *lock) __acquires(lock);
void __rz_read_lock_irq(rwlock_t *lock) __acquires(lock);
unsigned long __rz_read_lock_irqsave(rwlock_t *lock) __acquires(lock);
void __rz_read_unlock(rwlock_t *lock) __releases(lock);
void __rz_read_unlock_bh(rwlock_t *lock) __releases(lock);
void __rz_read_unlock_irq(rwlock_t *lock) __releases(lock);
void __rz_read_unlock_irqrestore(rwlock_t *lock, unsigned long flags) __releases(lock);
int __rz_read_trylock(rwlock_t *lock);
/* The flags, or -1. */
unsigned long __rz_read_trylock_irqsave(rwlock_t *lock);
void __rz_write_lock(rwlock_t *lock) __acquires(lock);
void __rz_write_lock_bh(rwlock_t *lock) __acquires(lock);
void __rz_write_lock_irq(rwlock_t *lock) __acquires(lock);
unsigned long __rz_write_lock_irqsave(rwlock_t *lock) __acquires(lock);
void __rz_write_unlock(rwlock_t *lock) __releases(lock);
void __rz_write_unlock_bh(rwlock_t *lock) __releases(lock);
void __rz_write_unlock_irq(rwlock_t *lock) __releases(lock);
void __rz_write_unlock_irqrestore(rwlock_t *lock, unsigned long flags) __releases(lock);
int __rz_write_trylock(rwlock_t *lock);
/* The flags, or -1. */
unsigned long __rz_write_trylock_irqsave(rwlock_t *lock);
void __rz_write_lock_nested(rwlock_t *lock, unsigned int subclass) __acquires(lock);
int __rz_rwlock_is_locked(rwlock_t *lock);
int __rz_rwlock_is_contended(rwlock_t *lock);
/* Whether the running context writes. No step. */
int __rz_write_is_held(const rwlock_t *lock);

/*
 * Macros, so that the caller's line is the line of the call whatever the compiler
 * makes of functions.
 */
#define rwlock_init(lock)		__rz_rwlock_init(lock, #lock)

#define read_lock(lock)			__rz_read_lock(lock)
#define read_lock_bh(lock)		__rz_read_lock_bh(lock)
#define read_lock_irq(lock)		__rz_read_lock_irq(lock)
#define read_lock_irqsave(lock, flags)					\
do {									\
	(void)typecheck(unsigned long, flags);				\
	flags = __rz_read_lock_irqsave(lock);				\
} while (0)
#define read_unlock(lock)		__rz_read_unlock(lock)
#define read_unlock_bh(lock)		__rz_read_unlock_bh(lock)
#define read_unlock_irq(lock)		__rz_read_unlock_irq(lock)
#define read_unlock_irqrestore(lock, flags)				\
do {									\
	(void)typecheck(unsigned long, flags);				\
	__rz_read_unlock_irqrestore(lock, flags);			\
} while (0)
#define read_trylock(lock)		__cond_lock(lock, __rz_read_trylock(lock))
#define read_trylock_irqsave(lock, flags)				\
	__cond_lock(lock, ({						\
		(void)typecheck(unsigned long, flags);			\
		(flags = __rz_read_trylock_irqsave(lock)) != ~0ul;	\
	}))

#define write_lock(lock)		__rz_write_lock(lock)
#define write_lock_bh(lock)		__rz_write_lock_bh(lock)
#define write_lock_irq(lock)		__rz_write_lock_irq(lock)
#define write_lock_irqsave(lock, flags)					\
do {									\
	(void)typecheck(unsigned long, flags);				\
	flags = __rz_write_lock_irqsave(lock);				\
} while (0)
#define write_unlock(lock)		__rz_write_unlock(lock)
#define write_unlock_bh(lock)		__rz_write_unlock_bh(lock)
#define write_unlock_irq(lock)		__rz_write_unlock_irq(lock)
#define write_unlock_irqrestore(lock, flags)				\
do {									\
	(void)typecheck(unsigned long, flags);				\
	__rz_write_unlock_irqrestore(lock, flags);			\
} while (0)
#define write_trylock(lock)		__cond_lock(lock, __rz_write_trylock(lock))
#define write_trylock_irqsave(lock, flags)				\
	__cond_lock(lock, ({						\
		(void)typecheck(unsigned long, flags);			\
		(flags = __rz_write_trylock_irqsave(lock)) != ~0ul;	\
	}))

/* The subclass is for a validator. */
#define write_lock_nested(lock, subclass) \
	__rz_write_lock_nested(lock, subclass)

/* Somebody holds it or waits to write; somebody waits. */
#define rwlock_is_locked(lock)		__rz_rwlock_is_locked(lock)
#define rwlock_is_contended(lock)	__rz_rwlock_is_contended(lock)

#endif /* !__ASSEMBLY__ */

#endif
