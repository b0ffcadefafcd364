/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_COMPLETION_H
#define _RZ_LINUX_COMPLETION_H

/*
 * Completions. Waiting is for tasks that may sleep; completing may be done anywhere
 * but in an NMI. Each complete() lets one wait pass, also one that comes later;
 * complete_all() lets all pass until reinit_completion().
 *
 * The interruptible forms end with -ERESTARTSYS when a signal comes first, the
 * killable ones when a fatal one does.
 */

#include <linux/compiler.h>
#include <linux/types.h>

/* The fields but the first belong to the checker; capi/tests/layout.rs compares them. */
struct completion {
	/* How many waits may pass. */
	unsigned int done;
	/* How often a wait was to look why it should end otherwise. */
	unsigned int __rz_pokes;
	/* Says that the completion was initialised. */
	unsigned int __rz_magic;
	void *__rz_class;
	const char *__rz_name;
	unsigned long __rz_name_len;
} __attribute__((__aligned__(8)));

#define __RZ_COMPLETION_MAGIC	0x525a434du

#define COMPLETION_INITIALIZER(work)					\
	{ .__rz_magic = __RZ_COMPLETION_MAGIC, .__rz_name = #work,	\
	  .__rz_name_len = sizeof(#work) - 1 }
#define COMPLETION_INITIALIZER_ONSTACK(work) \
	(*({ __rz_init_completion(&(work), #work); &(work); }))
#define DECLARE_COMPLETION(work) \
	struct completion work = COMPLETION_INITIALIZER(work)
/* For a variable of a function: nobody may complete it after that has returned. */
#define DECLARE_COMPLETION_ONSTACK(work) \
	struct completion work = COMPLETION_INITIALIZER_ONSTACK(work)
#define DECLARE_COMPLETION_ONSTACK_MAP(work, map) DECLARE_COMPLETION_ONSTACK(work)

void __rz_init_completion(struct completion *x, const char *name);
#define init_completion(x)		__rz_init_completion(x, #x)
#define init_completion_map(x, m)	__rz_init_completion(x, #x)
/* Back to not done. Nobody waits for it meanwhile. */
void reinit_completion(struct completion *x);
/* The old form, which takes the completion itself. */
#define INIT_COMPLETION(x)		((x).done = 0)

void wait_for_completion(struct completion *x);
#define wait_for_completion_io(x)	wait_for_completion(x)
/* 0, or -ERESTARTSYS when a signal came first. */
int __must_check wait_for_completion_interruptible(struct completion *x);
int __must_check wait_for_completion_killable(struct completion *x);
/* @state: TASK_UNINTERRUPTIBLE, TASK_INTERRUPTIBLE or TASK_KILLABLE. */
#define wait_for_completion_state(x, state)				\
({									\
	struct completion *__rz_done = (x);				\
	unsigned int __rz_state = (state);				\
	__rz_state & TASK_INTERRUPTIBLE ? wait_for_completion_interruptible(__rz_done) : \
	__rz_state & TASK_WAKEKILL ? wait_for_completion_killable(__rz_done) : \
	(wait_for_completion(__rz_done), 0);				\
})
/* The time is in jiffies: what is left of it, at least 1, or 0 when it was over. */
unsigned long wait_for_completion_timeout(struct completion *x, unsigned long timeout);
#define wait_for_completion_io_timeout(x, timeout) \
	wait_for_completion_timeout(x, timeout)
long __must_check wait_for_completion_interruptible_timeout(struct completion *x,
							    unsigned long timeout);
long __must_check wait_for_completion_killable_timeout(struct completion *x,
						       unsigned long timeout);
/* Whether a wait would pass; the first takes it. Neither sleeps. */
bool try_wait_for_completion(struct completion *x);
bool completion_done(struct completion *x);

void complete(struct completion *x);
#define complete_on_current_cpu(x)	complete(x)
void complete_all(struct completion *x);

#endif
