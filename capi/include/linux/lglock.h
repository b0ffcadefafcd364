/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_LGLOCK_H
#define _RZ_LINUX_LGLOCK_H

/*
 * Local-global locks: a spinlock a CPU. What belongs to a CPU is used with its
 * lock held, what belongs to all with all of them. Gone from today's Linux.
 *
 * Contexts as for spin_lock(). Two locks at once are taken by lg_double_lock()
 * only.
 */

#include <linux/compiler.h>
#include <linux/percpu-defs.h>
#include <linux/spinlock.h>

#ifndef __ASSEMBLY__

struct lglock {
	raw_spinlock_t __percpu *lock;
};

#define DEFINE_LGLOCK(name)						\
	static DEFINE_PER_CPU(raw_spinlock_t, name ## _lock)		\
		= __RAW_SPIN_LOCK_INITIALIZER(name);			\
	struct lglock name = { .lock = &name ## _lock }
#define DEFINE_STATIC_LGLOCK(name)					\
	static DEFINE_PER_CPU(raw_spinlock_t, name ## _lock)		\
		= __RAW_SPIN_LOCK_INITIALIZER(name);			\
	static struct lglock name = { .lock = &name ## _lock }

/* The locks are free from the beginning; the name is for a validator. */
#define lg_lock_init(lg, name)		((void)(lg), (void)(name))

void lg_local_lock(struct lglock *lg);
void lg_local_unlock(struct lglock *lg);
void lg_local_lock_cpu(struct lglock *lg, int cpu);
void lg_local_unlock_cpu(struct lglock *lg, int cpu);
/* Two different CPUs. */
void lg_double_lock(struct lglock *lg, int cpu1, int cpu2);
void lg_double_unlock(struct lglock *lg, int cpu1, int cpu2);
void lg_global_lock(struct lglock *lg);
void lg_global_unlock(struct lglock *lg);

#endif /* !__ASSEMBLY__ */

#endif
