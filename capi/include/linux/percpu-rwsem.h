/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_PERCPU_RWSEM_H
#define _RZ_LINUX_PERCPU_RWSEM_H

/*
 * Per-CPU reader-writer semaphores: reading costs next to nothing, writing much.
 * Tasks only. Readers that come while a writer waits read after it.
 */

#include <linux/compiler.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

/* The fields belong to the checker; capi/tests/layout.rs compares them with its own. */
struct percpu_rw_semaphore {
	unsigned int writer;
	unsigned int sleepers;
	/* The counts of the readers, where there are some. */
	void *chunks[16];
	unsigned int told;
	unsigned int told_pokes;
	struct rw_semaphore inside;
} __attribute__((__aligned__(8)));

#define __RZ_PERCPU_RWSEM_INITIALIZER(semname) \
	{ .inside = __RWSEM_INITIALIZER(semname) }
#define DEFINE_PERCPU_RWSEM(semname) \
	struct percpu_rw_semaphore semname = __RZ_PERCPU_RWSEM_INITIALIZER(semname)
#define DEFINE_STATIC_PERCPU_RWSEM(semname)	static DEFINE_PERCPU_RWSEM(semname)

/* Always 0. */
int __rz_percpu_init_rwsem(struct percpu_rw_semaphore *sem, const char *name);
#define percpu_init_rwsem(sem)	__rz_percpu_init_rwsem(sem, #sem)
/* Nobody uses it meanwhile; it has to be initialised before it is used again. */
void percpu_free_rwsem(struct percpu_rw_semaphore *sem);

void percpu_down_read(struct percpu_rw_semaphore *sem);
/* Whether it reads now. Does not sleep. */
bool percpu_down_read_trylock(struct percpu_rw_semaphore *sem);
/* Any task may end what another one has begun to read. */
void percpu_up_read(struct percpu_rw_semaphore *sem);
void percpu_down_write(struct percpu_rw_semaphore *sem);
void percpu_up_write(struct percpu_rw_semaphore *sem);
/*
 * For the checker and the validator: the caller reads (or writes) no longer, but the
 * semaphore stays held; then some task says that it is the one who does.
 */
void __rz_percpu_rwsem_release(struct percpu_rw_semaphore *sem, bool read);
void __rz_percpu_rwsem_acquire(struct percpu_rw_semaphore *sem, bool read);
#define percpu_rwsem_release(sem, read, ip)	((void)(ip), __rz_percpu_rwsem_release(sem, read))
#define percpu_rwsem_acquire(sem, read, ip)	((void)(ip), __rz_percpu_rwsem_acquire(sem, read))
/* Whether somebody writes. Any context. */
bool percpu_is_write_locked(struct percpu_rw_semaphore *sem);

#endif /* !__ASSEMBLY__ */

#endif
