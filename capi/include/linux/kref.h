/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_KREF_H
#define _RZ_LINUX_KREF_H

/*
 * A reference count embedded in an object, and the function that releases the
 * object with the last reference. Any context, but for what that function needs.
 */

#include <linux/refcount.h>
#include <linux/spinlock.h>

struct kref {
	refcount_t refcount;
};

#define KREF_INIT(n)	{ .refcount = REFCOUNT_INIT(n), }

/* One reference: the caller's. */
static __always_inline void kref_init(struct kref *kref)
{
	refcount_set(&kref->refcount, 1);
}

static __always_inline unsigned int kref_read(const struct kref *kref)
{
	return refcount_read(&kref->refcount);
}

/* The caller has a reference. */
static __always_inline void kref_get(struct kref *kref)
{
	refcount_inc(&kref->refcount);
}

/* The caller has none: 0 if none is left. */
static __always_inline int __must_check kref_get_unless_zero(struct kref *kref)
{
	return refcount_inc_not_zero(&kref->refcount);
}

/* 1 if it was the last one, and the object is released. */
static __always_inline int kref_put(struct kref *kref, void (*release)(struct kref *kref))
{
	if (!refcount_dec_and_test(&kref->refcount))
		return 0;
	release(kref);
	return 1;
}

/* The release function gets the lock held, and unlocks it. */
static __always_inline int kref_put_mutex(struct kref *kref,
					  void (*release)(struct kref *kref),
					  struct mutex *lock)
{
	if (!refcount_dec_and_mutex_lock(&kref->refcount, lock))
		return 0;
	release(kref);
	return 1;
}

static __always_inline int kref_put_lock(struct kref *kref,
					 void (*release)(struct kref *kref),
					 spinlock_t *lock)
{
	if (!__rz_refcount_dec_and_lock(&kref->refcount, &lock->rlock))
		return 0;
	release(kref);
	return 1;
}

#endif
