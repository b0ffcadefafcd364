/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_REFCOUNT_H
#define _RZ_LINUX_REFCOUNT_H

/*
 * Reference counts that notice that they are wrong: a reference taken when none is
 * left, more dropped than taken, and too many are the finding `refcount`. Any
 * context. Taking one orders nothing; dropping one is a release, and an acquire
 * for whoever drops the last.
 */

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

typedef struct refcount_struct {
	atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n)	{ .refs = ATOMIC_INIT(n), }
#define REFCOUNT_MAX		INT_MAX
/* Where a count stays that went wrong. */
#define REFCOUNT_SATURATED	(INT_MIN / 2)

void refcount_set(refcount_t *r, int n);
unsigned int refcount_read(const refcount_t *r);

/* The caller has a reference. */
void refcount_inc(refcount_t *r);
void refcount_add(int i, refcount_t *r);
/* The caller has none: false if none is left. */
bool __must_check refcount_inc_not_zero(refcount_t *r);
bool __must_check refcount_add_not_zero(int i, refcount_t *r);

/* Not the last one. */
void refcount_dec(refcount_t *r);
/* True if it was the last one. */
bool __must_check refcount_dec_and_test(refcount_t *r);
bool __must_check refcount_sub_and_test(int i, refcount_t *r);
/* Only if it is the last one; only if it is not. True if it was done. */
bool __must_check refcount_dec_if_one(refcount_t *r);
bool __must_check refcount_dec_not_one(refcount_t *r);
/* True, with the lock held, if it was the last one. */
bool __must_check refcount_dec_and_mutex_lock(refcount_t *r, struct mutex *lock);
bool __must_check __rz_refcount_dec_and_lock(refcount_t *r, raw_spinlock_t *lock);
bool __must_check __rz_refcount_dec_and_lock_irqsave(refcount_t *r, raw_spinlock_t *lock,
						     unsigned long *flags);
#define refcount_dec_and_lock(r, lock) \
	__cond_lock(lock, __rz_refcount_dec_and_lock(r, &(lock)->rlock))
#define refcount_dec_and_lock_irqsave(r, lock, flags) \
	__cond_lock(lock, __rz_refcount_dec_and_lock_irqsave(r, &(lock)->rlock, flags))

#endif
