/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_LOCAL_LOCK_H
#define _RZ_LINUX_LOCAL_LOCK_H

/*
 * Local locks: in a per-CPU variable, they say which per-CPU data a section with
 * preemption or interrupts off is for. Nobody waits for one. Taking one that is
 * held on this CPU is a finding (self-deadlock, irq-deadlock), so is releasing one
 * that is not (unlock-by-other).
 */

#include <linux/irqflags.h>
#include <linux/percpu-defs.h>
#include <linux/preempt.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

/* The fields belong to the checker; capi/tests/layout.rs compares them with its own. */
typedef struct __rz_local_lock {
	unsigned int held;
	unsigned int level;
	void *owner;
	void *held_at;
	void *class;
	const char *name;
	unsigned long name_len;
	/* Says that the lock was initialised. */
	unsigned int magic;
} local_lock_t;

#define __RZ_LOCAL_LOCK_MAGIC	0x525a4c4cu

#define INIT_LOCAL_LOCK(lockname) \
	{ .magic = __RZ_LOCAL_LOCK_MAGIC, .name = #lockname, .name_len = sizeof(#lockname) - 1 }

void __rz_local_lock_init(local_lock_t *lock, const char *name);
void __rz_local_lock(local_lock_t *lock);
void __rz_local_unlock(local_lock_t *lock);

/* A CPU's own: of a per-CPU variable, the one that per_cpu_ptr() gives. */
#define local_lock_init(lock)	__rz_local_lock_init(lock, #lock)

/* The argument is the per-CPU variable's address, as for this_cpu_ptr(). */
#define local_lock(lock)						\
do {									\
	preempt_disable();						\
	__rz_local_lock(this_cpu_ptr(lock));				\
} while (0)
#define local_unlock(lock)						\
do {									\
	__rz_local_unlock(this_cpu_ptr(lock));				\
	preempt_enable();						\
} while (0)
#define local_lock_irq(lock)						\
do {									\
	local_irq_disable();						\
	__rz_local_lock(this_cpu_ptr(lock));				\
} while (0)
#define local_unlock_irq(lock)						\
do {									\
	__rz_local_unlock(this_cpu_ptr(lock));				\
	local_irq_enable();						\
} while (0)
#define local_lock_irqsave(lock, flags)					\
do {									\
	local_irq_save(flags);						\
	__rz_local_lock(this_cpu_ptr(lock));				\
} while (0)
#define local_unlock_irqrestore(lock, flags)				\
do {									\
	__rz_local_unlock(this_cpu_ptr(lock));				\
	local_irq_restore(flags);					\
} while (0)

#endif /* !__ASSEMBLY__ */

#endif
