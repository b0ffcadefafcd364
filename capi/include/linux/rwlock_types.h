/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_RWLOCK_TYPES_H
#define _RZ_LINUX_RWLOCK_TYPES_H

/*
 * What a reader-writer spinlock is made of, and its static initialisers. The
 * fields belong to the checker; capi/tests/layout.rs compares them with its own.
 */

#include <linux/types.h>

#ifndef __ASSEMBLY__

typedef struct __rz_rwlock {
	/* Readers, waiting writers, and whether a writer holds it. */
	unsigned int word;
	/* Who is first of those who wait. */
	unsigned int queue;
	/* Who writes, and since where. */
	struct {
		void *task;
		void *held_at;
		unsigned int level;
	} owner;
	/* Where it was initialised; the variable itself if it was so statically. */
	void *class;
	const char *name;
	unsigned long name_len;
	/* Says that the lock was initialised. */
	unsigned int magic;
} rwlock_t;

/* The same here, as in a kernel that is not real-time. */
typedef rwlock_t raw_rwlock_t;

#define RWLOCK_MAGIC	0x525a5257u

#define __RW_LOCK_INITIALIZER(lockname) \
	{ .magic = RWLOCK_MAGIC, .name = #lockname, .name_len = sizeof(#lockname) - 1 }
#define __RW_LOCK_UNLOCKED(lockname)	(rwlock_t)__RW_LOCK_INITIALIZER(lockname)
#define DEFINE_RWLOCK(x)		rwlock_t x = __RW_LOCK_UNLOCKED(x)

/* The old initialiser, which gives no name. */
#define RW_LOCK_UNLOCKED		(rwlock_t){ .magic = RWLOCK_MAGIC }

#endif /* !__ASSEMBLY__ */

#endif
