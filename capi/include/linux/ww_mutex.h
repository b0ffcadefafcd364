/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_WW_MUTEX_H
#define _RZ_LINUX_WW_MUTEX_H

/*
 * Mutexes of which a task takes many, in any order, under an acquire context. Who is
 * told -EDEADLK backs off: it unlocks all that it holds, takes the one that it could
 * not get with ww_mutex_lock_slow(), and goes on. In a DEFINE_WD_CLASS the younger
 * context backs off rather than wait for an older one; in a DEFINE_WW_CLASS it backs
 * off when it would have to wait and an older one waits for what it holds.
 *
 * Without a context (NULL) it is an ordinary mutex.
 */

#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

/* The fields belong to the checker; capi/tests/layout.rs compares them with its own. */
struct ww_class {
	unsigned int is_wait_die;
	unsigned int magic;
	const char *name;
	unsigned long name_len;
};

struct ww_mutex;

struct ww_acquire_ctx {
	/* How old it is: less is older. */
	unsigned long stamp;
	void *task;
	struct ww_class *ww_class;
	struct ww_mutex *waits_for;
	struct ww_mutex *contending_lock;
	void *began_at;
	unsigned int state;
	/* How many mutexes are held under it. */
	unsigned int acquired;
	unsigned int done_acquire;
	unsigned int magic;
	unsigned int step_lock;
	unsigned int is_wait_die;
};

struct ww_mutex {
	/* 1 while it is held. */
	unsigned int word;
	unsigned int pokes;
	unsigned int step_lock;
	unsigned int magic;
	unsigned long stamp;
	struct ww_acquire_ctx *ctx;
	void *owner;
	void *held_at;
	struct ww_class *ww_class;
	void *class;
	const char *name;
	unsigned long name_len;
	unsigned int wounded;
} __attribute__((__aligned__(8)));

#define __RZ_WW_CLASS_MAGIC	0x525a5743u
#define __RZ_WW_CTX_MAGIC	0x525a5741u
#define __RZ_WW_MUTEX_MAGIC	0x525a5757u

#define __WW_CLASS_INITIALIZER(classname, wait_die)			\
	{ .is_wait_die = (wait_die), .magic = __RZ_WW_CLASS_MAGIC,	\
	  .name = #classname, .name_len = sizeof(#classname) - 1 }
#define DEFINE_WW_CLASS(classname) \
	struct ww_class classname = __WW_CLASS_INITIALIZER(classname, 0)
#define DEFINE_WD_CLASS(classname) \
	struct ww_class classname = __WW_CLASS_INITIALIZER(classname, 1)

#define __WW_MUTEX_INITIALIZER(lockname, class_ptr)			\
	{ .magic = __RZ_WW_MUTEX_MAGIC, .ww_class = (class_ptr),	\
	  .name = #lockname, .name_len = sizeof(#lockname) - 1 }
/* @class_ptr is the address of its class. */
#define DEFINE_WW_MUTEX(mutexname, class_ptr) \
	struct ww_mutex mutexname = __WW_MUTEX_INITIALIZER(mutexname, class_ptr)

void __rz_ww_mutex_init(struct ww_mutex *lock, struct ww_class *class, const char *name);
#define ww_mutex_init(lock, class)	__rz_ww_mutex_init(lock, class, #lock)
/* It has to be initialised before it is used again. */
void ww_mutex_destroy(struct ww_mutex *lock);

/* A context belongs to the task that began it. It has to end with nothing held. */
void ww_acquire_init(struct ww_acquire_ctx *ctx, struct ww_class *class);
void ww_acquire_done(struct ww_acquire_ctx *ctx);
void ww_acquire_fini(struct ww_acquire_ctx *ctx);

/*
 * 0, -EDEADLK if the context has to back off, or -EALREADY if it holds the mutex;
 * the interruptible form also -EINTR, when a signal came first.
 */
int ww_mutex_lock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
int __must_check ww_mutex_lock_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/* For a context that has backed off, and holds nothing. */
void ww_mutex_lock_slow(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
int __must_check ww_mutex_lock_slow_interruptible(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
/* 1 if it was free and is locked now. Does not sleep. */
int __must_check ww_mutex_trylock(struct ww_mutex *lock, struct ww_acquire_ctx *ctx);
void ww_mutex_unlock(struct ww_mutex *lock);
/* Whether somebody holds it. Any context. */
bool ww_mutex_is_locked(struct ww_mutex *lock);

#endif /* !__ASSEMBLY__ */

#endif
