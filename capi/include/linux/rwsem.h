/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_RWSEM_H
#define _RZ_LINUX_RWSEM_H

/*
 * Reader-writer semaphores: many tasks read, or one writes, and each may sleep.
 * Readers that come while a writer waits read after it, so a reader does not read
 * again in its section. What was taken is released by the task that took it, but
 * for the _non_owner forms.
 */

#include <linux/compiler.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

/* The fields belong to the checker; capi/tests/layout.rs compares them with its own. */
struct rw_semaphore {
	/* Who reads, writes, waits. */
	unsigned int count;
	unsigned int pokes;
	unsigned int queue;
	unsigned int queue_pokes;
	unsigned int sleepers;
	/* Says that the semaphore was initialised. */
	unsigned int magic;
	/* Which task writes, or wrote last, and since where. */
	void *owner;
	void *held_at;
	void *class;
	const char *name;
	unsigned long name_len;
} __attribute__((__aligned__(8)));

#define __RZ_RWSEM_MAGIC	0x525a5253u

#define __RWSEM_INITIALIZER(semname) \
	{ .magic = __RZ_RWSEM_MAGIC, .name = #semname, .name_len = sizeof(#semname) - 1 }
#define DECLARE_RWSEM(semname) \
	struct rw_semaphore semname = __RWSEM_INITIALIZER(semname)

void __rz_init_rwsem(struct rw_semaphore *sem, const char *name);
#define init_rwsem(sem)			__rz_init_rwsem(sem, #sem)
#define __init_rwsem(sem, name, key)	((void)(key), __rz_init_rwsem(sem, name))

void down_read(struct rw_semaphore *sem);
/* 0, or -EINTR when a signal came first; of the second a fatal one. */
int __must_check down_read_interruptible(struct rw_semaphore *sem);
int __must_check down_read_killable(struct rw_semaphore *sem);
/* 1 if nobody writes or waits, and it reads now. Any context but an NMI; does not sleep. */
int down_read_trylock(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
/* A reader that any task may end. */
void down_read_non_owner(struct rw_semaphore *sem);
void up_read_non_owner(struct rw_semaphore *sem);

void down_write(struct rw_semaphore *sem);
/* 0, or -EINTR when a fatal signal came first. */
int __must_check down_write_killable(struct rw_semaphore *sem);
/* 1 if it was free, and it writes now. Does not sleep. */
int down_write_trylock(struct rw_semaphore *sem);
/* It must live until this returns, and up_read() as well: who takes it next may not free it. */
void up_write(struct rw_semaphore *sem);
/* The writer reads from here on; no writer comes in between. */
void downgrade_write(struct rw_semaphore *sem);
#define downgrade_writer(sem)		downgrade_write(sem)

/* Whether somebody holds it or waits; whether somebody waits. Any context. */
int rwsem_is_locked(struct rw_semaphore *sem);
int rwsem_is_contended(struct rw_semaphore *sem);

/* The subclass, and the lock outside, are for the validator. */
void down_read_nested(struct rw_semaphore *sem, int subclass);
void down_write_nested(struct rw_semaphore *sem, int subclass);
int __must_check down_read_killable_nested(struct rw_semaphore *sem, int subclass);
int __must_check down_write_killable_nested(struct rw_semaphore *sem, int subclass);
void __rz_down_write_nest_lock(struct rw_semaphore *sem, const void *nest_lock);
#define down_write_nest_lock(sem, nest_lock)	__rz_down_write_nest_lock(sem, nest_lock)

/* What stayed as it is in real-time kernels of old. */
#define compat_rw_semaphore		rw_semaphore

#endif /* !__ASSEMBLY__ */

#endif
