/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SPINLOCK_TYPES_H
#define _RZ_LINUX_SPINLOCK_TYPES_H

/*
 * What a spinlock is made of, and its static initialisers. The fields belong to
 * the checker; capi/tests/layout.rs compares them with its own.
 */

#include <linux/types.h>

#ifndef __ASSEMBLY__

typedef struct raw_spinlock {
	/* 1 while it is held. */
	unsigned int word;
	/* Says that the lock was initialised. */
	unsigned int magic;
	/* Who holds it, and since where. */
	struct {
		void *task;
		void *held_at;
		unsigned int level;
	} owner;
	/* Where it was initialised; the variable itself if it was so statically. */
	void *class;
	const char *name;
	unsigned long name_len;
} raw_spinlock_t;

typedef struct spinlock {
	struct raw_spinlock rlock;
} spinlock_t;

#define SPINLOCK_MAGIC	0x525a4c4bu

#define __RAW_SPIN_LOCK_INITIALIZER(lockname) \
	{ .magic = SPINLOCK_MAGIC, .name = #lockname, .name_len = sizeof(#lockname) - 1 }
#define __RAW_SPIN_LOCK_UNLOCKED(lockname) \
	(raw_spinlock_t)__RAW_SPIN_LOCK_INITIALIZER(lockname)
#define DEFINE_RAW_SPINLOCK(x)	raw_spinlock_t x = __RAW_SPIN_LOCK_UNLOCKED(x)

#define __SPIN_LOCK_INITIALIZER(lockname) \
	{ .rlock = __RAW_SPIN_LOCK_INITIALIZER(lockname) }
#define __SPIN_LOCK_UNLOCKED(lockname) \
	(spinlock_t)__SPIN_LOCK_INITIALIZER(lockname)
#define DEFINE_SPINLOCK(x)	spinlock_t x = __SPIN_LOCK_UNLOCKED(x)

/* The old initialisers, which give no name. */
#define RAW_SPIN_LOCK_UNLOCKED	(raw_spinlock_t){ .magic = SPINLOCK_MAGIC }
#define SPIN_LOCK_UNLOCKED	(spinlock_t){ .rlock = { .magic = SPINLOCK_MAGIC } }

#endif /* !__ASSEMBLY__ */

#endif
