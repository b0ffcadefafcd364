/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_WAIT_H
#define _RZ_LINUX_WAIT_H

/*
 * Wait queues. Waiting is for tasks that may sleep; waking may be done anywhere
 * but in an NMI. Whoever makes a condition true wakes the queue after that. The
 * condition is tested before the task queues, and again after each wake-up while
 * it is queued: so it does not sleep itself.
 *
 * The interruptible forms return -ERESTARTSYS when a signal comes first, the
 * killable ones when a fatal one does.
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

struct wait_queue_entry;
/*
 * What a waker does with an entry: 1 if it woke somebody, 0 if not, less to look at
 * no other one. The queue's lock is held, interrupts are off.
 */
typedef int (*wait_queue_func_t)(struct wait_queue_entry *wq_entry, unsigned int mode,
				 int flags, void *key);

typedef struct wait_queue_entry {
	unsigned int flags;
	/* Says that the entry was initialised. */
	unsigned int magic;
	/* Whom to wake: a task, or what @func makes of it. */
	void *private;
	/* NULL: wakes the task. */
	wait_queue_func_t func;
	void *queue;
	void *next;
	void *previous;
	/* A wake-up takes it off the queue. */
	bool autoremove;
	unsigned int woken;
	void *home;
} wait_queue_entry_t;
typedef wait_queue_entry_t wait_queue_t;

#define WQ_FLAG_EXCLUSIVE	0x01
#define WQ_FLAG_WOKEN		0x02
#define WQ_FLAG_PRIORITY	0x20

#define __RZ_WAIT_MAGIC	0x525a5745u
/* The @next of an entry that remove_wait_queue() is not for, as it is on no queue. */
#define __RZ_WAIT_NO_LIST	((void *)1)

#define __WAIT_QUEUE_HEAD_INITIALIZER(name) \
	{ .lock = __SPIN_LOCK_INITIALIZER(name) }
#define __WAIT_QUEUE_HEAD_INIT_ONSTACK(name) __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD(name) \
	wait_queue_head_t name = __WAIT_QUEUE_HEAD_INITIALIZER(name)
#define DECLARE_WAIT_QUEUE_HEAD_ONSTACK(name) DECLARE_WAIT_QUEUE_HEAD(name)

void __rz_init_waitqueue_head(wait_queue_head_t *wq, const char *name);
#define init_waitqueue_head(wq_head)	__rz_init_waitqueue_head(wq_head, #wq_head)

#define __WAITQUEUE_INITIALIZER(name, tsk) \
	{ .private = (tsk), .magic = __RZ_WAIT_MAGIC, .next = __RZ_WAIT_NO_LIST }
#define DECLARE_WAITQUEUE(name, tsk) \
	wait_queue_entry_t name = __WAITQUEUE_INITIALIZER(name, tsk)
#define __RZ_WAIT_INITIALIZER \
	{ .private = current, .autoremove = true, .magic = __RZ_WAIT_MAGIC }
#define DEFINE_WAIT(name)	wait_queue_entry_t name = __RZ_WAIT_INITIALIZER
#define init_waitqueue_entry(wq_entry, tsk) \
	(*(wq_entry) = (wait_queue_entry_t)__WAITQUEUE_INITIALIZER(wq_entry, tsk))
#define init_wait(wait) \
	(*(wait) = (wait_queue_entry_t)__RZ_WAIT_INITIALIZER)
/* @wq_flags: WQ_FLAG_EXCLUSIVE or 0. For prepare_to_wait_event(). */
#define __RZ_WAIT_ENTRY(wq_flags) \
	{ .flags = (unsigned int)(wq_flags), .private = current, .autoremove = true, \
	  .magic = __RZ_WAIT_MAGIC }
#define init_wait_entry(wq_entry, wq_flags) \
	((void)(*(wq_entry) = (wait_queue_entry_t)__RZ_WAIT_ENTRY(wq_flags)))
/* Entries with a function of their own; @private is the running task. */
#define DEFINE_WAIT_FUNC(name, function)				\
	wait_queue_entry_t name = { .private = current, .func = (function), \
				    .magic = __RZ_WAIT_MAGIC }
#define init_waitqueue_func_entry(wq_entry, function)			\
	(*(wq_entry) = (wait_queue_entry_t){ .func = (function), .magic = __RZ_WAIT_MAGIC, \
					     .next = __RZ_WAIT_NO_LIST })

/* What such functions are made of. */
int default_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int flags,
			  void *key);
int autoremove_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int flags,
			     void *key);
/* Of an entry that is on a queue while its task sleeps in wait_woken() only. */
int woken_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int flags,
			void *key);
/* Sleeps unless it was woken since the last time; the jiffies left. Task, sleeps. */
long wait_woken(struct wait_queue_entry *wq_entry, unsigned int mode, long timeout);

/*
 * Puts the entry on the queue, where wake-ups leave it, and takes it off. An entry
 * that is on a queue already, or is taken off one that it is not on, is a finding.
 */
void add_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *wait);
void add_wait_queue_exclusive(wait_queue_head_t *wq, wait_queue_entry_t *wait);
/* Exclusive, and before all others but earlier ones of this kind. */
void add_wait_queue_priority(wait_queue_head_t *wq, wait_queue_entry_t *wait);
void remove_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *wait);
/* The same by those who hold the queue's lock. */
void __add_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *wait);
void __add_wait_queue_exclusive(wait_queue_head_t *wq, wait_queue_entry_t *wait);
/* Behind all others, with its flags as they are. */
void __add_wait_queue_entry_tail(wait_queue_head_t *wq, wait_queue_entry_t *wait);
void __remove_wait_queue(wait_queue_head_t *wq, wait_queue_entry_t *wait);
/* The same as the tail form, unless the entry is on the queue. */
void __rz_queue_locked(wait_queue_head_t *wq, wait_queue_entry_t *wait);
#define __add_wait_queue_entry_tail_exclusive(wq, wait) __add_wait_queue_exclusive(wq, wait)
#define __add_wait_queue_tail_exclusive(wq, wait) __add_wait_queue_exclusive(wq, wait)

/* Sets the state and queues, unless it is queued; then test, then schedule(). */
void prepare_to_wait(wait_queue_head_t *wq, wait_queue_entry_t *wait, int state);
bool prepare_to_wait_exclusive(wait_queue_head_t *wq, wait_queue_entry_t *wait, int state);
/* As its flags say; -ERESTARTSYS, and off the queue, if a signal is pending that
 * ends a sleep in @state. Test the condition all the same. */
long prepare_to_wait_event(wait_queue_head_t *wq, wait_queue_entry_t *wait, int state);
/* Runs again, off the queue. */
void finish_wait(wait_queue_head_t *wq, wait_queue_entry_t *wait);

/* Whether somebody waits, without the lock: order it with the condition yourself. */
int waitqueue_active(wait_queue_head_t *wq);
#define wq_has_sleeper(wq)	({ smp_mb(); waitqueue_active(wq); })
/* Whether one waits, and no more. */
bool wq_has_single_sleeper(wait_queue_head_t *wq);

/* Wakes all that wait, but at most @nr exclusive ones (0: all). */
void __rz_wake_up(wait_queue_head_t *wq, unsigned int mode, int nr, int flags, void *key);
void __rz_wake_up_locked(wait_queue_head_t *wq, unsigned int mode, int nr, int flags, void *key);

#define WF_SYNC				0x10
#define __wake_up(x, mode, nr, key)	__rz_wake_up(x, mode, nr, 0, key)
#define __wake_up_sync_key(x, mode, key) __rz_wake_up(x, mode, 1, WF_SYNC, key)
#define __wake_up_locked_key(x, mode, key) __rz_wake_up_locked(x, mode, 1, 0, key)
#define wake_up(x)			__rz_wake_up(x, TASK_NORMAL, 1, 0, NULL)
#define wake_up_nr(x, nr)		__rz_wake_up(x, TASK_NORMAL, nr, 0, NULL)
#define wake_up_all(x)			__rz_wake_up(x, TASK_NORMAL, 0, 0, NULL)
#define wake_up_sync(x)			__rz_wake_up(x, TASK_NORMAL, 1, WF_SYNC, NULL)
#define wake_up_interruptible(x)	__rz_wake_up(x, TASK_INTERRUPTIBLE, 1, 0, NULL)
#define wake_up_interruptible_nr(x, nr)	__rz_wake_up(x, TASK_INTERRUPTIBLE, nr, 0, NULL)
#define wake_up_interruptible_all(x)	__rz_wake_up(x, TASK_INTERRUPTIBLE, 0, 0, NULL)
#define wake_up_interruptible_sync(x)	__rz_wake_up(x, TASK_INTERRUPTIBLE, 1, WF_SYNC, NULL)
/* With the events that have come, for wake functions. */
#define poll_to_key(m)			((void *)(unsigned long)(m))
#define key_to_poll(k)			((unsigned int)(unsigned long)(k))
#define wake_up_poll(x, m)		__rz_wake_up(x, TASK_NORMAL, 1, 0, poll_to_key(m))
#define wake_up_interruptible_poll(x, m) \
	__rz_wake_up(x, TASK_INTERRUPTIBLE, 1, 0, poll_to_key(m))
#define wake_up_interruptible_sync_poll(x, m) \
	__rz_wake_up(x, TASK_INTERRUPTIBLE, 1, WF_SYNC, poll_to_key(m))
/* By those who hold the queue's lock. */
#define wake_up_locked(x)		__rz_wake_up_locked(x, TASK_NORMAL, 1, 0, NULL)
#define wake_up_all_locked(x)		__rz_wake_up_locked(x, TASK_NORMAL, 0, 0, NULL)
#define wake_up_locked_poll(x, m)	__rz_wake_up_locked(x, TASK_NORMAL, 1, 0, poll_to_key(m))

/*
 * Queues @entry until @condition holds; @sleep is what it does when it does not.
 * 0, or the error of a signal that ended it.
 */
#define __rz_wait_entry(wq, entry, condition, state, sleep)		\
({									\
	long __rz_signal;						\
	bool __rz_held;							\
	for (;;) {							\
		__rz_signal = prepare_to_wait_event(wq, entry, state);	\
		__rz_held = !!(condition);				\
		if (__rz_held || __rz_signal)				\
			break;						\
		sleep;							\
	}								\
	/* With a signal it is off the queue already. */		\
	if (!__rz_signal)						\
		finish_wait(wq, entry);					\
	__rz_held ? 0 : __rz_signal;					\
})

/* The same with an entry of its own. @wflags: WQ_FLAG_EXCLUSIVE or 0. */
#define __rz_wait_loop(wq, condition, state, wflags, sleep)		\
({									\
	wait_queue_head_t *__rz_wq = &(wq);				\
	wait_queue_entry_t __rz_wait = __RZ_WAIT_ENTRY(wflags);		\
	__rz_wait_entry(__rz_wq, &__rz_wait, condition, state, sleep);	\
})

#define __rz_wait_unchecked(wq, condition, state, wflags, sleep)	\
({									\
	int __rz_error = 0;						\
	if (!(condition))						\
		__rz_error = __rz_wait_loop(wq, condition, state, wflags, sleep); \
	__rz_error;							\
})
#define __rz_wait_event(wq, condition, state, wflags, sleep, call)	\
({									\
	__rz_might_sleep(call);						\
	__rz_wait_unchecked(wq, condition, state, wflags, sleep);	\
})

/*
 * What the forms are in Linux, for forms of one's own. @cmd sleeps; it and the
 * condition may use __ret, which begins as @ret and is the result, or the error of a
 * signal that ended the wait, and the entry, __wq_entry.
 */
#define ___wait_is_interruptible(state) \
	(((state) & (TASK_INTERRUPTIBLE | TASK_WAKEKILL)) != 0)
#define ___wait_event(wq_head, condition, state, exclusive, ret, cmd)	\
({									\
	wait_queue_head_t *__rz_wq = &(wq_head);			\
	const unsigned int __rz_state = (state);			\
	wait_queue_entry_t __wq_entry =					\
		__RZ_WAIT_ENTRY((exclusive) ? WQ_FLAG_EXCLUSIVE : 0);	\
	long __ret = (ret);						\
	long __rz_signal;						\
	for (;;) {							\
		__rz_signal = prepare_to_wait_event(__rz_wq, &__wq_entry, \
						    (int)__rz_state);	\
		if (condition)						\
			break;						\
		if (__rz_signal) {					\
			__ret = __rz_signal;				\
			break;						\
		}							\
		cmd;							\
	}								\
	/* With a signal it is off the queue already. */		\
	if (!__rz_signal)						\
		finish_wait(__rz_wq, &__wq_entry);			\
	__ret;								\
})
/* For the condition of one with a time: __ret are the jiffies left. */
#define ___wait_cond_timeout(condition)					\
({									\
	bool __rz_met = !!(condition);					\
	if (__rz_met && !__ret)						\
		__ret = 1;						\
	__rz_met || !__ret;						\
})

/* Sleeps until @condition holds. */
#define wait_event(wq_head, condition)					\
	((void)__rz_wait_event(wq_head, condition, TASK_UNINTERRUPTIBLE, 0, schedule(), \
			       "wait_event()"))
#define wait_event_exclusive(wq_head, condition)			\
	((void)__rz_wait_event(wq_head, condition, TASK_UNINTERRUPTIBLE, WQ_FLAG_EXCLUSIVE, \
			       schedule(), "wait_event_exclusive()"))
#define wait_event_idle(wq_head, condition)				\
	((void)__rz_wait_event(wq_head, condition, TASK_IDLE, 0, schedule(), \
			       "wait_event_idle()"))
#define wait_event_idle_exclusive(wq_head, condition)			\
	((void)__rz_wait_event(wq_head, condition, TASK_IDLE, WQ_FLAG_EXCLUSIVE, schedule(), \
			       "wait_event_idle_exclusive()"))
#define io_wait_event(wq_head, condition)				\
	((void)__rz_wait_event(wq_head, condition, TASK_UNINTERRUPTIBLE, 0, io_schedule(), \
			       "io_wait_event()"))

/* The same, and 0, or -ERESTARTSYS when a signal, or a fatal one, came first. */
#define wait_event_interruptible(wq_head, condition)			\
	__rz_wait_event(wq_head, condition, TASK_INTERRUPTIBLE, 0, schedule(), \
			"wait_event_interruptible()")
#define wait_event_interruptible_exclusive(wq_head, condition)		\
	__rz_wait_event(wq_head, condition, TASK_INTERRUPTIBLE, WQ_FLAG_EXCLUSIVE, schedule(), \
			"wait_event_interruptible_exclusive()")
#define wait_event_killable(wq_head, condition)				\
	__rz_wait_event(wq_head, condition, TASK_KILLABLE, 0, schedule(), \
			"wait_event_killable()")
#define wait_event_killable_exclusive(wq_head, condition)		\
	__rz_wait_event(wq_head, condition, TASK_KILLABLE, WQ_FLAG_EXCLUSIVE, schedule(), \
			"wait_event_killable_exclusive()")
/* @state says what signals end it. */
#define wait_event_state(wq_head, condition, state) \
	__rz_wait_event(wq_head, condition, state, 0, schedule(), "wait_event_state()")
/* Nothing is ever frozen. */
#define wait_event_freezable(wq_head, condition) \
	wait_event_interruptible(wq_head, condition)
#define wait_event_freezable_exclusive(wq_head, condition) \
	wait_event_interruptible_exclusive(wq_head, condition)

/* @cmd1 before each sleep, @cmd2 after it: they may release a lock, and take it. */
#define wait_event_cmd(wq_head, condition, cmd1, cmd2)			\
	((void)__rz_wait_unchecked(wq_head, condition, TASK_UNINTERRUPTIBLE, 0, \
				   ({ cmd1; schedule(); cmd2; })))
#define wait_event_exclusive_cmd(wq_head, condition, cmd1, cmd2)	\
	((void)__rz_wait_unchecked(wq_head, condition, TASK_UNINTERRUPTIBLE, \
				   WQ_FLAG_EXCLUSIVE, ({ cmd1; schedule(); cmd2; })))

/*
 * The condition is protected by @lock, a spinlock_t (no pointer) that the caller
 * holds with interrupts off; it is released while the task sleeps.
 */
#define __rz_unlocked_irq(lock, cmd, sleep)				\
({									\
	spin_unlock_irq(&lock);						\
	cmd;								\
	sleep;								\
	spin_lock_irq(&lock);						\
})
#define __rz_wait_event_lock_irq(wq, condition, state, lock, cmd)	\
({									\
	int __rz_error = 0;						\
	if (!(condition))						\
		__rz_error = __rz_wait_loop(wq, condition, state, 0,	\
			__rz_unlocked_irq(lock, cmd, schedule()));	\
	__rz_error;							\
})
#define wait_event_lock_irq(wq_head, condition, lock)			\
	((void)__rz_wait_event_lock_irq(wq_head, condition, TASK_UNINTERRUPTIBLE, lock, \
					(void)0))
#define wait_event_lock_irq_cmd(wq_head, condition, lock, cmd)		\
	((void)__rz_wait_event_lock_irq(wq_head, condition, TASK_UNINTERRUPTIBLE, lock, cmd))
#define wait_event_interruptible_lock_irq(wq_head, condition, lock) \
	__rz_wait_event_lock_irq(wq_head, condition, TASK_INTERRUPTIBLE, lock, (void)0)
#define wait_event_interruptible_lock_irq_cmd(wq_head, condition, lock, cmd) \
	__rz_wait_event_lock_irq(wq_head, condition, TASK_INTERRUPTIBLE, lock, cmd)

/*
 * The caller holds the queue's own lock; it is released while the task sleeps, and
 * held again when it returns.
 */
#define __rz_wait_event_locked(wq, condition, state, wflags, unlock, relock) \
({									\
	wait_queue_head_t *__rz_wq = &(wq);				\
	int __rz_error = 0;						\
	wait_queue_entry_t __rz_wait = __RZ_WAIT_ENTRY((wflags) ? WQ_FLAG_EXCLUSIVE : 0); \
	if (!(condition)) {						\
		do {							\
			if (signal_pending_state(state, current)) {	\
				__rz_error = -ERESTARTSYS;		\
				break;					\
			}						\
			__rz_queue_locked(__rz_wq, &__rz_wait);		\
			set_current_state(state);			\
			unlock(&__rz_wq->lock);				\
			schedule();					\
			relock(&__rz_wq->lock);				\
		} while (!(condition));					\
		__remove_wait_queue(__rz_wq, &__rz_wait);		\
		__set_current_state(TASK_RUNNING);			\
	}								\
	__rz_error;							\
})
#define wait_event_interruptible_locked(wq, condition) \
	__rz_wait_event_locked(wq, condition, TASK_INTERRUPTIBLE, 0, spin_unlock, spin_lock)
#define wait_event_interruptible_locked_irq(wq, condition) \
	__rz_wait_event_locked(wq, condition, TASK_INTERRUPTIBLE, 0, spin_unlock_irq, \
			       spin_lock_irq)
#define wait_event_interruptible_exclusive_locked(wq, condition) \
	__rz_wait_event_locked(wq, condition, TASK_INTERRUPTIBLE, 1, spin_unlock, spin_lock)
#define wait_event_interruptible_exclusive_locked_irq(wq, condition) \
	__rz_wait_event_locked(wq, condition, TASK_INTERRUPTIBLE, 1, spin_unlock_irq, \
			       spin_lock_irq)

/*
 * With a time in jiffies: 0 if the condition does not hold when it is over, else
 * what is left of it, at least 1; or the error of a signal.
 */
#define __rz_wait_timeout(wq, condition, state, wflags, timeout, around, lock) \
({									\
	long __rz_left = (timeout);					\
	long __rz_error = 0;						\
	bool __rz_holds = !!(condition);				\
	if (!__rz_holds && __rz_left)					\
		__rz_error = __rz_wait_loop(wq,				\
			(__rz_holds = !!(condition)) || !__rz_left, state, wflags, \
			around(lock, (void)0, __rz_left = schedule_timeout(__rz_left))); \
	__rz_error ? __rz_error : !__rz_holds ? 0L : __rz_left ? __rz_left : 1L; \
})
#define __rz_without_lock(lock, cmd, sleep)	(sleep)
#define __rz_wait_event_timeout(wq, condition, state, wflags, timeout, call) \
({									\
	__rz_might_sleep(call);						\
	__rz_wait_timeout(wq, condition, state, wflags, timeout, __rz_without_lock, 0); \
})
#define wait_event_timeout(wq_head, condition, timeout) \
	__rz_wait_event_timeout(wq_head, condition, TASK_UNINTERRUPTIBLE, 0, timeout, \
				"wait_event_timeout()")
#define wait_event_idle_timeout(wq_head, condition, timeout) \
	__rz_wait_event_timeout(wq_head, condition, TASK_IDLE, 0, timeout, \
				"wait_event_idle_timeout()")
#define wait_event_idle_exclusive_timeout(wq_head, condition, timeout) \
	__rz_wait_event_timeout(wq_head, condition, TASK_IDLE, WQ_FLAG_EXCLUSIVE, timeout, \
				"wait_event_idle_exclusive_timeout()")
#define wait_event_interruptible_timeout(wq_head, condition, timeout) \
	__rz_wait_event_timeout(wq_head, condition, TASK_INTERRUPTIBLE, 0, timeout, \
				"wait_event_interruptible_timeout()")
#define wait_event_killable_timeout(wq_head, condition, timeout) \
	__rz_wait_event_timeout(wq_head, condition, TASK_KILLABLE, 0, timeout, \
				"wait_event_killable_timeout()")
#define wait_event_freezable_timeout(wq_head, condition, timeout) \
	wait_event_interruptible_timeout(wq_head, condition, timeout)
/* With @lock held, as wait_event_lock_irq(). */
#define wait_event_lock_irq_timeout(wq_head, condition, lock, timeout)	\
	__rz_wait_timeout(wq_head, condition, TASK_UNINTERRUPTIBLE, 0, timeout, \
			  __rz_unlocked_irq, lock)
#define wait_event_interruptible_lock_irq_timeout(wq_head, condition, lock, timeout) \
	__rz_wait_timeout(wq_head, condition, TASK_INTERRUPTIBLE, 0, timeout, \
			  __rz_unlocked_irq, lock)

/*
 * With a time in nanoseconds, a ktime_t: 0, -ETIME when it was over, or the error of
 * a signal. Sleeps end at a jiffy, so it is rounded up.
 */
#define __rz_wait_event_hrtimeout(wq, condition, state, timeout, call)	\
({									\
	long __rz_end = __rz_wait_event_timeout(wq, condition, state, 0, \
		(long)(((u64)(timeout) + TICK_NSEC - 1) / TICK_NSEC), call); \
	(int)(__rz_end < 0 ? __rz_end : __rz_end ? 0 : -ETIME);		\
})
#define wait_event_hrtimeout(wq_head, condition, timeout) \
	__rz_wait_event_hrtimeout(wq_head, condition, TASK_UNINTERRUPTIBLE, timeout, \
				  "wait_event_hrtimeout()")
#define wait_event_interruptible_hrtimeout(wq, condition, timeout) \
	__rz_wait_event_hrtimeout(wq, condition, TASK_INTERRUPTIBLE, timeout, \
				  "wait_event_interruptible_hrtimeout()")

#endif
