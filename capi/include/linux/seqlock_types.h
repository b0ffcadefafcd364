/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SEQLOCK_TYPES_H
#define _RZ_LINUX_SEQLOCK_TYPES_H

/*
 * What sequence counters and sequence locks are made of. The fields whose names
 * begin with __rz_ belong to the checker; capi/tests/layout.rs compares them.
 */

#include <linux/mutex.h>
#include <linux/rwlock_types.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

typedef struct seqcount {
	/* Odd while somebody writes. */
	unsigned int sequence;
	/* Says that it was initialised. */
	unsigned int __rz_magic;
	/* Who writes, and since where. */
	struct {
		void *task;
		void *held_at;
		unsigned int level;
	} __rz_owner;
	void *__rz_class;
	const char *__rz_name;
	unsigned long __rz_name_len;
} seqcount_t;

/* Counters that know the lock of their writers. */
typedef struct seqcount_raw_spinlock {
	seqcount_t seqcount;
	raw_spinlock_t *lock;
} seqcount_raw_spinlock_t;

typedef struct seqcount_spinlock {
	seqcount_t seqcount;
	spinlock_t *lock;
} seqcount_spinlock_t;

typedef struct seqcount_rwlock {
	seqcount_t seqcount;
	rwlock_t *lock;
} seqcount_rwlock_t;

typedef struct seqcount_mutex {
	seqcount_t seqcount;
	struct mutex *lock;
} seqcount_mutex_t;

/* For data that are kept twice. */
typedef struct {
	unsigned int sequence;
} seqcount_latch_t;

typedef struct {
	seqcount_t seqcount;
	spinlock_t lock;
} seqlock_t;

#define __RZ_SEQCOUNT_MAGIC	0x525a5351u

#endif /* !__ASSEMBLY__ */

#endif
