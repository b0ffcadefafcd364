/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_WAIT_BIT_H
#define _RZ_LINUX_WAIT_BIT_H

/*
 * Waiting for a bit to be clear, or for a variable, on queues that all share. Whoever
 * clears the bit, or changes the variable, wakes after that. Waiting is for tasks that
 * may sleep, waking may be done anywhere but in an NMI.
 */

#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/wait.h>

/* What is waited for; the layout is the kernel's. */
struct wait_bit_key {
	void *flags;
	int bit_nr;
	/* For actions: the jiffy at which the time is over. */
	unsigned long timeout;
};

struct wait_bit_queue_entry {
	struct wait_bit_key key;
	struct wait_queue_entry wq_entry;
};

/* Sleeps, in the state that was set; 0, or an error that ends the wait. */
typedef int wait_bit_action_f(struct wait_bit_key *key, int mode);

#define WAIT_ATOMIC_T_BIT_NR	(-1)
#define __WAIT_BIT_KEY_INITIALIZER(word, bit) { .flags = (word), .bit_nr = (bit) }
#define __RZ_WAIT_BIT_INITIALIZER(word, bit)				\
	{ .key = __WAIT_BIT_KEY_INITIALIZER((void *)(word), bit),	\
	  .wq_entry = { .private = current, .func = wake_bit_function,	\
			.magic = __RZ_WAIT_MAGIC } }
#define DEFINE_WAIT_BIT(name, word, bit) \
	struct wait_bit_queue_entry name = __RZ_WAIT_BIT_INITIALIZER(word, bit)

int wake_bit_function(struct wait_queue_entry *wq_entry, unsigned int mode, int sync, void *key);
#define var_wake_function	wake_bit_function
wait_queue_head_t *bit_waitqueue(void *word, int bit);
wait_queue_head_t *__var_waitqueue(void *p);
void wake_up_bit(void *word, int bit);
void wake_up_var(void *var);

/* The usual actions: -EINTR when a signal ends it, -EAGAIN when the time is over. */
static inline int bit_wait(struct wait_bit_key *key, int mode)
{
	(void)key;
	schedule();
	return signal_pending_state(mode, current) ? -EINTR : 0;
}
#define bit_wait_io	bit_wait

static inline int bit_wait_timeout(struct wait_bit_key *key, int mode)
{
	unsigned long now = jiffies;

	if (time_after_eq(now, key->timeout))
		return -EAGAIN;
	schedule_timeout(key->timeout - now);
	return signal_pending_state(mode, current) ? -EINTR : 0;
}
#define bit_wait_io_timeout	bit_wait_timeout

static inline int __wait_on_bit(wait_queue_head_t *wq_head,
				struct wait_bit_queue_entry *wbq_entry,
				wait_bit_action_f *action, unsigned int mode)
{
	int ret = 0;

	do {
		prepare_to_wait(wq_head, &wbq_entry->wq_entry, mode);
		if (test_bit_acquire(wbq_entry->key.bit_nr, wbq_entry->key.flags))
			ret = action(&wbq_entry->key, mode);
	} while (!ret && test_bit_acquire(wbq_entry->key.bit_nr, wbq_entry->key.flags));
	finish_wait(wq_head, &wbq_entry->wq_entry);
	return ret;
}

static inline int __wait_on_bit_lock(wait_queue_head_t *wq_head,
				     struct wait_bit_queue_entry *wbq_entry,
				     wait_bit_action_f *action, unsigned int mode)
{
	int ret = 0;

	for (;;) {
		prepare_to_wait_exclusive(wq_head, &wbq_entry->wq_entry, mode);
		if (test_bit_acquire(wbq_entry->key.bit_nr, wbq_entry->key.flags)) {
			ret = action(&wbq_entry->key, mode);
			/* Off the queue first: then no wake-up is used up for nothing. */
			if (ret)
				finish_wait(wq_head, &wbq_entry->wq_entry);
		}
		if (!test_and_set_bit_lock(wbq_entry->key.bit_nr, wbq_entry->key.flags)) {
			if (!ret)
				finish_wait(wq_head, &wbq_entry->wq_entry);
			return 0;
		}
		if (ret)
			return ret;
	}
}

static inline int out_of_line_wait_on_bit(void *word, int bit, wait_bit_action_f *action,
					  unsigned int mode)
{
	DEFINE_WAIT_BIT(wait, word, bit);

	return __wait_on_bit(bit_waitqueue(word, bit), &wait, action, mode);
}

static inline int out_of_line_wait_on_bit_lock(void *word, int bit, wait_bit_action_f *action,
					       unsigned int mode)
{
	DEFINE_WAIT_BIT(wait, word, bit);

	return __wait_on_bit_lock(bit_waitqueue(word, bit), &wait, action, mode);
}

static inline int out_of_line_wait_on_bit_timeout(void *word, int bit,
						  wait_bit_action_f *action,
						  unsigned int mode, unsigned long timeout)
{
	DEFINE_WAIT_BIT(wait, word, bit);

	wait.key.timeout = jiffies + timeout;
	return __wait_on_bit(bit_waitqueue(word, bit), &wait, action, mode);
}

/* The actions that functions of the old kind are called by: they get the word. */
typedef int __rz_old_action_f(void *word);
struct __rz_old_wait_bit {
	struct wait_bit_queue_entry entry;
	__rz_old_action_f *action;
};

static inline int __rz_old_bit_wait(struct wait_bit_key *key, int mode)
{
	struct __rz_old_wait_bit *old = container_of(key, struct __rz_old_wait_bit, entry.key);

	(void)mode;
	return old->action(key->flags);
}

/* Sleeps until the bit is clear; an acquire. Task, sleeps, as all of these. */
static inline int wait_on_bit_action(unsigned long *word, int bit, wait_bit_action_f *action,
				     unsigned int mode)
{
	__rz_might_sleep("wait_on_bit()");
	if (!test_bit_acquire(bit, word))
		return 0;
	return out_of_line_wait_on_bit(word, bit, action, mode);
}

static inline int __rz_old_wait_on_bit(unsigned long *word, int bit, __rz_old_action_f *action,
				       unsigned int mode)
{
	struct __rz_old_wait_bit wait = { .entry = __RZ_WAIT_BIT_INITIALIZER(word, bit),
					  .action = action };

	__rz_might_sleep("wait_on_bit()");
	if (!test_bit_acquire(bit, word))
		return 0;
	return __wait_on_bit(bit_waitqueue(word, bit), &wait.entry, __rz_old_bit_wait, mode);
}

static inline int wait_on_bit_timeout(unsigned long *word, int bit, unsigned int mode,
				      unsigned long timeout)
{
	__rz_might_sleep("wait_on_bit_timeout()");
	if (!test_bit_acquire(bit, word))
		return 0;
	return out_of_line_wait_on_bit_timeout(word, bit, bit_wait_timeout, mode, timeout);
}

/* The same, and sets the bit: a lock. One of those who wait so is woken at a time. */
static inline int wait_on_bit_lock_action(unsigned long *word, int bit,
					  wait_bit_action_f *action, unsigned int mode)
{
	__rz_might_sleep("wait_on_bit_lock()");
	if (!test_and_set_bit(bit, word))
		return 0;
	return out_of_line_wait_on_bit_lock(word, bit, action, mode);
}

static inline int __rz_old_wait_on_bit_lock(unsigned long *word, int bit,
					    __rz_old_action_f *action, unsigned int mode)
{
	struct __rz_old_wait_bit wait = { .entry = __RZ_WAIT_BIT_INITIALIZER(word, bit),
					  .action = action };

	__rz_might_sleep("wait_on_bit_lock()");
	if (!test_and_set_bit(bit, word))
		return 0;
	return __wait_on_bit_lock(bit_waitqueue(word, bit), &wait.entry, __rz_old_bit_wait, mode);
}

/* (word, bit, mode), and as it was, with a function that sleeps: (word, bit, action, mode). */
#define __rz_fifth(a, b, c, d, e, ...)	e
#define __rz_wait_on_bit(word, bit, mode) \
	wait_on_bit_action(word, bit, bit_wait, mode)
#define __rz_wait_on_bit_lock(word, bit, mode) \
	wait_on_bit_lock_action(word, bit, bit_wait, mode)
#define wait_on_bit(...) \
	__rz_fifth(__VA_ARGS__, __rz_old_wait_on_bit, __rz_wait_on_bit, )(__VA_ARGS__)
#define wait_on_bit_lock(...) \
	__rz_fifth(__VA_ARGS__, __rz_old_wait_on_bit_lock, __rz_wait_on_bit_lock, )(__VA_ARGS__)
#define wait_on_bit_io(word, bit, mode)		wait_on_bit(word, bit, mode)
#define wait_on_bit_lock_io(word, bit, mode)	wait_on_bit_lock(word, bit, mode)

/* Clears the bit, as a release, and wakes. */
static inline void clear_and_wake_up_bit(int bit, void *word)
{
	clear_bit_unlock(bit, word);
	smp_mb__after_atomic();
	wake_up_bit(word, bit);
}

/* wait_event() for who has no queue: wake_up_var() with the same pointer wakes it. */
#define __rz_wait_var_event(var, condition, state, sleep, call)		\
({									\
	long __rz_error = 0;						\
	__rz_might_sleep(call);						\
	if (!(condition)) {						\
		void *__rz_var = (void *)(var);				\
		DEFINE_WAIT_BIT(__rz_wait, __rz_var, WAIT_ATOMIC_T_BIT_NR); \
		wait_queue_head_t *__rz_wq = __var_waitqueue(__rz_var);	\
		__rz_error = __rz_wait_entry(__rz_wq, &__rz_wait.wq_entry, condition, \
					     state, sleep);		\
	}								\
	__rz_error;							\
})
#define wait_var_event(var, condition)					\
	((void)__rz_wait_var_event(var, condition, TASK_UNINTERRUPTIBLE, schedule(), \
				   "wait_var_event()"))
#define wait_var_event_interruptible(var, condition)			\
	((int)__rz_wait_var_event(var, condition, TASK_INTERRUPTIBLE, schedule(), \
				  "wait_var_event_interruptible()"))
#define wait_var_event_killable(var, condition)				\
	((int)__rz_wait_var_event(var, condition, TASK_KILLABLE, schedule(), \
				  "wait_var_event_killable()"))
#define wait_var_event_timeout(var, condition, timeout)			\
({									\
	long __rz_left = (timeout);					\
	bool __rz_holds = false;					\
	(void)__rz_wait_var_event(var,					\
		(__rz_holds = !!(condition)) || !__rz_left,		\
		TASK_UNINTERRUPTIBLE, __rz_left = schedule_timeout(__rz_left), \
		"wait_var_event_timeout()");				\
	!__rz_holds ? 0L : __rz_left ? __rz_left : 1L;			\
})

#endif
