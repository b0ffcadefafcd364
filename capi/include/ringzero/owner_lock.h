/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_RINGZERO_OWNER_LOCK_H
#define _RZ_RINGZERO_OWNER_LOCK_H

/*
 * The owner lock, as sockets have one: a task owns the data while it sleeps, and
 * an interrupt that finds it owned puts what it has on the backlog instead. Linux
 * has it as lock_sock(), bh_lock_sock(), sock_owned_by_user(), sk_add_backlog() and
 * release_sock(), of struct sock only.
 *
 *	task					interrupt
 *
 *	owner_lock(&conn->lock);		flags = owner_lock_enter(&conn->lock);
 *	... works, may sleep ...		if (owner_lock_is_owned(&conn->lock))
 *	owner_unlock(&conn->lock);			owner_lock_add_backlog(&conn->lock, &packet->list);
 *						else
 *							... works ...
 *						owner_lock_exit(&conn->lock, flags);
 *
 * It is C all through: on top of a spinlock, a wait queue and a list.
 */

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

struct owner_lock {
	/* Around all of the others. Held for some instructions, or while an interrupt works. */
	spinlock_t slock;
	/* 1 while a task owns the data. */
	unsigned int users;
	wait_queue_head_t wait;
	/* What interrupts have left. */
	struct list_head backlog;
	/* Works off one of it; the task owns the data. May sleep. */
	void (*drain)(struct owner_lock *lock, struct list_head *item);
};

#define owner_lock_init(lock, drain_fn)					\
do {									\
	spin_lock_init(&(lock)->slock);					\
	init_waitqueue_head(&(lock)->wait);				\
	INIT_LIST_HEAD(&(lock)->backlog);				\
	(lock)->users = 0;						\
	(lock)->drain = (drain_fn);					\
} while (0)

static inline bool __rz_owner_trylock(struct owner_lock *lock)
{
	unsigned long flags;
	bool free;

	spin_lock_irqsave(&lock->slock, flags);
	free = !lock->users;
	if (free)
		lock->users = 1;
	spin_unlock_irqrestore(&lock->slock, flags);
	return free;
}

/* Sleeps until nobody owns the data, and owns it. Task context. */
static inline void owner_lock(struct owner_lock *lock)
{
	wait_event(lock->wait, __rz_owner_trylock(lock));
}

/* Works off the backlog, and lets others own the data. */
static inline void owner_unlock(struct owner_lock *lock)
{
	struct list_head *item;
	unsigned long flags;

	spin_lock_irqsave(&lock->slock, flags);
	while (!list_empty(&lock->backlog)) {
		item = lock->backlog.next;
		list_del_init(item);
		spin_unlock_irqrestore(&lock->slock, flags);
		lock->drain(lock, item);
		spin_lock_irqsave(&lock->slock, flags);
	}
	lock->users = 0;
	wake_up(&lock->wait);
	spin_unlock_irqrestore(&lock->slock, flags);
}

/* Works off the backlog, lets others own the data meanwhile, and owns it again. */
static inline void owner_relock(struct owner_lock *lock)
{
	owner_unlock(lock);
	owner_lock(lock);
}

/* What an interrupt does around its work. Never sleeps. */
static inline unsigned long owner_lock_enter(struct owner_lock *lock)
{
	unsigned long flags;

	spin_lock_irqsave(&lock->slock, flags);
	return flags;
}

static inline void owner_lock_exit(struct owner_lock *lock, unsigned long flags)
{
	spin_unlock_irqrestore(&lock->slock, flags);
}

/* Between the two: whether the data is a task's, and leaving something for that. */
static inline bool owner_lock_is_owned(const struct owner_lock *lock)
{
	return lock->users != 0;
}

static inline void owner_lock_add_backlog(struct owner_lock *lock, struct list_head *item)
{
	list_add_tail(item, &lock->backlog);
}

#endif
