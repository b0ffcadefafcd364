/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_WAIT_H
#define _RZ_LINUX_WAIT_H

/*
 * Wait queues. Waiting is for tasks that may sleep; waking may be done anywhere
 * but in an NMI. Whoever makes a condition true wakes the queue after that. The
 * condition is tested before the task queues, and again after each wake-up while
 * it is queued: so it does not sleep itself.
 *
 * There are no signals, so the interruptible and killable forms always return 0.
 */

#include <linux/errno.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>

typedef struct wait_queue_head {
	spinlock_t lock;
	/* How many entries are linked. */
	unsigned int linked;
	void *first;
	void *last;
	/* An entry of C code was on it. */
	bool raw;
} wait_queue_head_t;

typedef struct wait_queue_entry {
	/* Whom to wake. */
	struct task_struct *private;
	void *queue;
	void *next;
	void *previous;
	bool exclusive;
	/* A wake-up takes it off the queue. */
	bool autoremove;
	/* Says that the entry was initialised. */
	unsigned int magic;
	void *home;
} wait_queue_entry_t;
typedef wait_queue_entry_t wait_queue_t;

#define __RZ_WAIT_MAGIC	0x525a5745u

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) \
	{ .lock = __SPIN_LOCK_INITIALIZER(name) }
#define __WAIT_QUEUE_HEAD_INIT_ONSTACK(name) __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD(name) \
	wait_queue_head_t name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)

void __rz_init_waitqueue_head(wait_queue_head_t *wq, const char *name);
#define init_waitqueue_head(wq_head)	__rz_init_waitqueue_head(wq_head, #wq_head)

#define __WAITQUEUE_INITIALIZER(name, tsk) { .private = (tsk), .magic = __RZ_WAIT_MAGIC }
#define DECLARE_WAITQUEUE(name, tsk) \
	wait_queue_entry_t name = __WAITQUEUE_INITIALIZER(name, tsk)
#define __RZ_WAIT_INITIALIZER \
	{ .private = current, .autoremove = true, .magic = __RZ_WAIT_MAGIC }
#define DEFINE_WAIT(name)	wait_queue_entry_t name = __RZ_WAIT_INITIALIZER
#define init_waitqueue_entry(wq_entry, tsk) \
	(*(wq_entry) = (wait_queue_entry_t)__WAITQUEUE_INITIALIZER(wq_entry, tsk))
#define init_wait(wait) \
	(*(wait) = (wait_queue_entry_t)__RZ_WAIT_INITIALIZER)

/* Puts the entry on the queue, where wake-ups leave it, and takes it off. */
void add_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *wait);
void add_wait_queue_exclusive(wait_queue_head_t *wq, wait_queue_entry_t *wait);
void remove_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *wait);
/* The same by those who hold the queue's lock. */
void __add_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *wait);
void __add_wait_queue_exclusive(wait_queue_head_t *wq, wait_queue_entry_t *wait);
void __remove_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *wait);
#define __add_wait_queue_entry_tail_exclusive(wq, wait) __add_wait_queue_exclusive(wq, wait)
#define __add_wait_queue_tail_exclusive(wq, wait) __add_wait_queue_exclusive(wq, wait)

/* Sets the state and queues, unless it is queued; then test, then schedule(). */
void prepare_to_wait(wait_queue_head_t *wq, wait_queue_entry_t *wait, int state);
bool prepare_to_wait_exclusive(wait_queue_head_t *wq, wait_queue_entry_t *wait, int state);
long prepare_to_wait_event(wait_queue_head_t *wq, wait_queue_entry_t *wait, int state);
/* Runs again, off the queue. */
void finish_wait(wait_queue_head_t *wq, wait_queue_entry_t *wait);

/* Whether somebody waits, without the lock: order it with the condition yourself. */
int waitqueue_active(wait_queue_head_t *wq);
#define wq_has_sleeper(wq)	({ smp_mb(); waitqueue_active(wq); })

/* Wakes all that wait, but at most @nr exclusive ones (0: all). */
void __rz_wake_up(wait_queue_head_t *wq, unsigned int mode, int nr);
void __rz_wake_up_locked(wait_queue_head_t *wq, unsigned int mode, int nr);

#define wake_up(x)			__rz_wake_up(x, TASK_NORMAL, 1)
#define wake_up_nr(x, nr)		__rz_wake_up(x, TASK_NORMAL, nr)
#define wake_up_all(x)			__rz_wake_up(x, TASK_NORMAL, 0)
#define wake_up_sync(x)			__rz_wake_up(x, TASK_NORMAL, 1)
#define wake_up_interruptible(x)	__rz_wake_up(x, TASK_INTERRUPTIBLE, 1)
#define wake_up_interruptible_nr(x, nr)	__rz_wake_up(x, TASK_INTERRUPTIBLE, nr)
#define wake_up_interruptible_all(x)	__rz_wake_up(x, TASK_INTERRUPTIBLE, 0)
#define wake_up_interruptible_sync(x)	__rz_wake_up(x, TASK_INTERRUPTIBLE, 1)
#define wake_up_poll(x, m)		((void)(m), wake_up(x))
#define wake_up_interruptible_poll(x, m) ((void)(m), wake_up_interruptible(x))
/* By those who hold the queue's lock. */
#define wake_up_locked(x)		__rz_wake_up_locked(x, TASK_NORMAL, 1)
#define wake_up_all_locked(x)		__rz_wake_up_locked(x, TASK_NORMAL, 0)

/*
 * Queues until @condition holds; @sleep is what it does when it does not.
 * @exclusive: one of these is woken at a time.
 */
#define __rz_wait_loop(wq, condition, state, is_exclusive, sleep)	\
do {									\
	wait_queue_head_t *__rz_wq = &(wq);				\
	DEFINE_WAIT(__rz_wait);						\
	for (;;) {							\
		if (is_exclusive)					\
			prepare_to_wait_exclusive(__rz_wq, &__rz_wait, state); \
		else							\
			prepare_to_wait(__rz_wq, &__rz_wait, state);	\
		if (condition)						\
			break;						\
		sleep;							\
	}								\
	finish_wait(__rz_wq, &__rz_wait);				\
} while (0)

#define __rz_wait_event(wq, condition, state, exclusive, sleep, call)	\
do {									\
	__rz_might_sleep(call);						\
	if (!(condition))						\
		__rz_wait_loop(wq, condition, state, exclusive, sleep);	\
} while (0)

/* Sleeps until @condition holds. */
#define wait_event(wq_head, condition) \
	__rz_wait_event(wq_head, condition, TASK_UNINTERRUPTIBLE, 0, schedule(), "wait_event()")
#define wait_event_idle(wq_head, condition) \
	__rz_wait_event(wq_head, condition, TASK_IDLE, 0, schedule(), "wait_event_idle()")
#define wait_event_idle_exclusive(wq_head, condition) \
	__rz_wait_event(wq_head, condition, TASK_IDLE, 1, schedule(), "wait_event_idle_exclusive()")
#define io_wait_event(wq_head, condition) wait_event(wq_head, condition)
#define wait_event_freezable(wq_head, condition) \
	wait_event_interruptible(wq_head, condition)

/* The same, and 0: no signal comes. */
#define wait_event_interruptible(wq_head, condition)			\
({									\
	__rz_wait_event(wq_head, condition, TASK_INTERRUPTIBLE, 0, schedule(), \
			"wait_event_interruptible()");			\
	0;								\
})
#define wait_event_interruptible_exclusive(wq_head, condition)		\
({									\
	__rz_wait_event(wq_head, condition, TASK_INTERRUPTIBLE, 1, schedule(), \
			"wait_event_interruptible_exclusive()");	\
	0;								\
})
#define wait_event_killable(wq_head, condition)				\
({									\
	__rz_wait_event(wq_head, condition, TASK_KILLABLE, 0, schedule(), \
			"wait_event_killable()");			\
	0;								\
})
#define wait_event_killable_exclusive(wq_head, condition)		\
({									\
	__rz_wait_event(wq_head, condition, TASK_KILLABLE, 1, schedule(), \
			"wait_event_killable_exclusive()");		\
	0;								\
})

/* @cmd1 before each sleep, @cmd2 after it. */
#define wait_event_cmd(wq_head, condition, cmd1, cmd2)			\
	__rz_wait_event(wq_head, condition, TASK_UNINTERRUPTIBLE, 0,	\
			({ cmd1; schedule(); cmd2; }), "wait_event_cmd()")
#define wait_event_exclusive_cmd(wq_head, condition, cmd1, cmd2)	\
	__rz_wait_event(wq_head, condition, TASK_UNINTERRUPTIBLE, 1,	\
			({ cmd1; schedule(); cmd2; }), "wait_event_exclusive_cmd()")

/*
 * The condition is protected by @lock, a spinlock_t (no pointer) that the caller
 * holds with interrupts off; it is released while the task sleeps.
 */
#define __rz_wait_event_lock_irq(wq, condition, state, lock, cmd)	\
do {									\
	if (!(condition))						\
		__rz_wait_loop(wq, condition, state, 0, ({		\
			spin_unlock_irq(&lock);				\
			cmd;						\
			schedule();					\
			spin_lock_irq(&lock);				\
		}));							\
} while (0)
#define wait_event_lock_irq(wq_head, condition, lock) \
	__rz_wait_event_lock_irq(wq_head, condition, TASK_UNINTERRUPTIBLE, lock, (void)0)
#define wait_event_lock_irq_cmd(wq_head, condition, lock, cmd) \
	__rz_wait_event_lock_irq(wq_head, condition, TASK_UNINTERRUPTIBLE, lock, cmd)
#define wait_event_interruptible_lock_irq(wq_head, condition, lock)	\
({									\
	__rz_wait_event_lock_irq(wq_head, condition, TASK_INTERRUPTIBLE, lock, (void)0); \
	0;								\
})
#define wait_event_interruptible_lock_irq_cmd(wq_head, condition, lock, cmd) \
({									\
	__rz_wait_event_lock_irq(wq_head, condition, TASK_INTERRUPTIBLE, lock, cmd); \
	0;								\
})

/*
 * The caller holds the queue's own lock; it is released while the task sleeps, and
 * held again when it returns.
 */
#define __rz_wait_event_locked(wq, condition, is_exclusive, unlock, relock) \
({									\
	wait_queue_head_t *__rz_wq = &(wq);				\
	DECLARE_WAITQUEUE(__rz_wait, current);				\
	if (!(condition)) {						\
		if (is_exclusive)					\
			__add_wait_queue_exclusive(__rz_wq, &__rz_wait); \
		else							\
			__add_wait_queue(__rz_wq, &__rz_wait);		\
		do {							\
			set_current_state(TASK_INTERRUPTIBLE);		\
			if (condition)					\
				break;					\
			unlock(&__rz_wq->lock);				\
			schedule();					\
			relock(&__rz_wq->lock);				\
		} while (!(condition));					\
		__remove_wait_queue(__rz_wq, &__rz_wait);		\
		__set_current_state(TASK_RUNNING);			\
	}								\
	0;								\
})
#define wait_event_interruptible_locked(wq, condition) \
	__rz_wait_event_locked(wq, condition, 0, spin_unlock, spin_lock)
#define wait_event_interruptible_locked_irq(wq, condition) \
	__rz_wait_event_locked(wq, condition, 0, spin_unlock_irq, spin_lock_irq)
#define wait_event_interruptible_exclusive_locked(wq, condition) \
	__rz_wait_event_locked(wq, condition, 1, spin_unlock, spin_lock)
#define wait_event_interruptible_exclusive_locked_irq(wq, condition) \
	__rz_wait_event_locked(wq, condition, 1, spin_unlock_irq, spin_lock_irq)

/*
 * With a time in jiffies: 0 if the condition does not hold when it is over, else
 * what is left of it, at least 1.
 */
#define __rz_wait_event_timeout(wq, condition, state, timeout, call)	\
({									\
	long __rz_left = (timeout);					\
	bool __rz_holds;						\
	__rz_might_sleep(call);						\
	__rz_holds = !!(condition);					\
	if (!__rz_holds && __rz_left)					\
		__rz_wait_loop(wq, (__rz_holds = !!(condition)) || !__rz_left, \
			state, 0, __rz_left = schedule_timeout(__rz_left)); \
	__rz_holds && !__rz_left ? 1L : (__rz_holds ? __rz_left : 0L);	\
})
#define wait_event_timeout(wq_head, condition, timeout) \
	__rz_wait_event_timeout(wq_head, condition, TASK_UNINTERRUPTIBLE, timeout, \
				"wait_event_timeout()")
#define wait_event_idle_timeout(wq_head, condition, timeout) \
	__rz_wait_event_timeout(wq_head, condition, TASK_IDLE, timeout, \
				"wait_event_idle_timeout()")
#define wait_event_interruptible_timeout(wq_head, condition, timeout) \
	__rz_wait_event_timeout(wq_head, condition, TASK_INTERRUPTIBLE, timeout, \
				"wait_event_interruptible_timeout()")
#define wait_event_killable_timeout(wq_head, condition, timeout) \
	__rz_wait_event_timeout(wq_head, condition, TASK_KILLABLE, timeout, \
				"wait_event_killable_timeout()")
#define wait_event_freezable_timeout(wq_head, condition, timeout) \
	wait_event_interruptible_timeout(wq_head, condition, timeout)

#endif
