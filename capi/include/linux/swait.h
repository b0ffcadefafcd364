/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SWAIT_H
#define _RZ_LINUX_SWAIT_H

/*
 * Simple wait queues: those who wait are woken one after the other, in the order in
 * which they came, and have no wake functions. Contexts as for linux/wait.h.
 */

#include <linux/wait.h>

struct swait_queue_head {
	union {
		/* For swake_up_locked(). */
		raw_spinlock_t lock;
		wait_queue_head_t wq;
	};
};

struct swait_queue {
	wait_queue_entry_t entry;
};

#define __SWAIT_QUEUE_HEAD_INITIALIZER(name) { .wq = __WAIT_QUEUE_HEAD_INITIALIZER(name) }
#define DECLARE_SWAIT_QUEUE_HEAD(name) \
	struct swait_queue_head name = __SWAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_SWAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_SWAIT_QUEUE_HEAD(name)
#define init_swait_queue_head(q)	__rz_init_waitqueue_head(&(q)->wq, #q)
#define __SWAITQUEUE_INITIALIZER(name) { .entry = __RZ_WAIT_INITIALIZER }
#define DECLARE_SWAITQUEUE(name)	struct swait_queue name = __SWAITQUEUE_INITIALIZER(name)

#define swait_active(q)		waitqueue_active(&(q)->wq)
#define swq_has_sleeper(q)	wq_has_sleeper(&(q)->wq)

/* Wakes who waits longest; by who holds the lock; all, with interrupts on. */
#define swake_up_one(q)		wake_up(&(q)->wq)
#define swake_up_locked(q)	wake_up_locked(&(q)->wq)
#define swake_up_all(q)		wake_up_all(&(q)->wq)

#define prepare_to_swait_exclusive(q, wait, state) \
	((void)prepare_to_wait_exclusive(&(q)->wq, &(wait)->entry, state))
#define prepare_to_swait_event(q, wait, state)				\
({									\
	struct swait_queue *__rz_swait = (wait);			\
	__rz_swait->entry.flags = WQ_FLAG_EXCLUSIVE;			\
	prepare_to_wait_event(&(q)->wq, &__rz_swait->entry, state);	\
})
#define finish_swait(q, wait)	finish_wait(&(q)->wq, &(wait)->entry)

/* As the forms of wait_event(), but where one may sleep is looked at only by a sleep. */
#define swait_event_exclusive(q, condition)				\
	((void)__rz_wait_unchecked((q).wq, condition, TASK_UNINTERRUPTIBLE, \
				   WQ_FLAG_EXCLUSIVE, schedule()))
#define swait_event_timeout_exclusive(q, condition, timeout)		\
	__rz_wait_timeout((q).wq, condition, TASK_UNINTERRUPTIBLE, WQ_FLAG_EXCLUSIVE, \
			  timeout, __rz_without_lock, 0)
#define swait_event_interruptible_exclusive(q, condition)		\
	__rz_wait_unchecked((q).wq, condition, TASK_INTERRUPTIBLE, \
				   WQ_FLAG_EXCLUSIVE, schedule())
#define swait_event_interruptible_timeout_exclusive(q, condition, timeout) \
	__rz_wait_timeout((q).wq, condition, TASK_INTERRUPTIBLE, WQ_FLAG_EXCLUSIVE, \
			  timeout, __rz_without_lock, 0)
#define swait_event_idle_exclusive(q, condition)			\
	((void)__rz_wait_unchecked((q).wq, condition, TASK_IDLE, \
				   WQ_FLAG_EXCLUSIVE, schedule()))
#define swait_event_idle_timeout_exclusive(q, condition, timeout)	\
	__rz_wait_timeout((q).wq, condition, TASK_IDLE, WQ_FLAG_EXCLUSIVE, \
			  timeout, __rz_without_lock, 0)

#endif
