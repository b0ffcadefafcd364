/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SEMAPHORE_H
#define _RZ_LINUX_SEMAPHORE_H

/*
 * Counting semaphores. down() is for tasks that may sleep. down_trylock() and up()
 * are for interrupts, too, and up() for whoever likes: nobody owns a semaphore.
 */

#include <linux/compiler.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

/* The fields but the first belong to the checker; capi/tests/layout.rs compares them. */
struct semaphore {
	/* How many may still come in. */
	unsigned int count;
	unsigned int pokes;
	/* Says that the semaphore was initialised. */
	unsigned int magic;
	void *class;
	const char *name;
	unsigned long name_len;
} __attribute__((__aligned__(8)));

#define __RZ_SEMAPHORE_MAGIC	0x525a5345u

#define __SEMAPHORE_INITIALIZER(semname, n)				\
	{ .count = (n), .magic = __RZ_SEMAPHORE_MAGIC, .name = #semname, \
	  .name_len = sizeof(#semname) - 1 }
#ifndef __rz_second
#define __rz_second(first, second, ...)	second
#endif
/* DEFINE_SEMAPHORE(name, n), or as it was once, for one: DEFINE_SEMAPHORE(name). */
#define DEFINE_SEMAPHORE(semname, ...)					\
	struct semaphore semname = __SEMAPHORE_INITIALIZER(semname,	\
		__rz_second(0, ##__VA_ARGS__, 1))

void __rz_sema_init(struct semaphore *sem, int val, const char *name);
#define sema_init(sem, val)	__rz_sema_init(sem, val, #sem)

void down(struct semaphore *sem);
/* 0, or -EINTR when a signal came first; of the second a fatal one. */
int __must_check down_interruptible(struct semaphore *sem);
int __must_check down_killable(struct semaphore *sem);
/* 0, or -ETIME when the jiffies were over first. */
int __must_check down_timeout(struct semaphore *sem, long timeout);
/* 0 if it was taken, 1 if not. Any context but an NMI; does not sleep. */
int __must_check down_trylock(struct semaphore *sem);
/* Any context but an NMI; does not sleep. */
void up(struct semaphore *sem);

/* The names of old: a semaphore for one was called a mutex. */
#define __DECLARE_SEMAPHORE_GENERIC(semname, n) \
	struct semaphore semname = __SEMAPHORE_INITIALIZER(semname, n)
#define DECLARE_SEMAPHORE_GENERIC(semname, n)	__DECLARE_SEMAPHORE_GENERIC(semname, n)
#define DECLARE_MUTEX(semname)		__DECLARE_SEMAPHORE_GENERIC(semname, 1)
#define DECLARE_MUTEX_LOCKED(semname)	__DECLARE_SEMAPHORE_GENERIC(semname, 0)
#define init_MUTEX(sem)			sema_init(sem, 1)
#define init_MUTEX_LOCKED(sem)		sema_init(sem, 0)
/* What stayed a semaphore in real-time kernels of old. */
#define compat_semaphore		semaphore

#endif /* !__ASSEMBLY__ */

#endif
