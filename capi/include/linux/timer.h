/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_TIMER_H
#define _RZ_LINUX_TIMER_H

/*
 * Timers: a function that is called once, in softirq context, at or after a time in
 * jiffies. Arming and deleting may be done anywhere but in an NMI. Whoever frees the
 * object that a timer lies in deletes it with timer_delete_sync() before.
 */

#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/types.h>

struct timer_list {
	unsigned int __rz_state;
	u32 flags;
	/* When it expires; the module's to set, as the next two. */
	unsigned long expires;
	/* Of the timer after timer_setup(), of the data after init_timer(). */
	void *function;
	unsigned long data;
	/* Where it was initialised. */
	void *__rz_class;
};

#define TIMER_DEFERRABLE	0x00080000
#define TIMER_PINNED		0x00100000
/* The function runs with interrupts off. */
#define TIMER_IRQSAFE		0x00200000

/* What the flags of a timer say that was initialised, and of which kind it is. */
#define __RZ_TIMER_INITIALISED	0xc3000000u
#define __RZ_TIMER_STYLE(fn)						\
	__builtin_choose_expr(__builtin_types_compatible_p(		\
		typeof(&*(fn)), void (*)(struct timer_list *)), 1u, 0u)

#define __RZ_TIMER_INIT(fn, when, arg, ...)				\
	{								\
		.expires = (when),					\
		.function = (void *)(fn),				\
		.data = (unsigned long)(arg),				\
		.flags = __RZ_TIMER_INITIALISED | __RZ_TIMER_STYLE(fn),	\
	}
/* DEFINE_TIMER(name, function), or the old form with expires and data behind it. */
#define DEFINE_TIMER(name, fn, args...) \
	struct timer_list name = __RZ_TIMER_INIT(fn, ##args, 0, 0)
#define TIMER_INITIALIZER(fn, args...)	__RZ_TIMER_INIT(fn, ##args, 0, 0)

void __rz_init_timer(struct timer_list *timer, unsigned int flags);
void __rz_timer_setup(struct timer_list *timer, void (*function)(struct timer_list *),
		      unsigned int flags);

/* Today's form: the function gets the timer, and finds its object with from_timer(). */
#define timer_setup(timer, callback, flags)	__rz_timer_setup(timer, callback, flags)
#define timer_setup_on_stack(timer, callback, flags) __rz_timer_setup(timer, callback, flags)
#define from_timer(var, callback_timer, timer_fieldname) \
	container_of(callback_timer, typeof(*var), timer_fieldname)
#define timer_container_of(var, callback_timer, timer_fieldname) \
	from_timer(var, callback_timer, timer_fieldname)

/* The old form: the function gets the data. */
#define init_timer(timer)		__rz_init_timer(timer, 0)
#define init_timer_onstack(timer)	__rz_init_timer(timer, 0)
#define init_timer_on_stack(timer)	__rz_init_timer(timer, 0)
#define init_timer_deferrable(timer)	__rz_init_timer(timer, TIMER_DEFERRABLE)
#define init_timer_deferable(timer)	init_timer_deferrable(timer)
#define init_timer_pinned(timer)	__rz_init_timer(timer, TIMER_PINNED)
#define __rz_setup_timer(timer, fn, arg, flags)				\
do {									\
	struct timer_list *__rz_timer = (timer);			\
	void (*__rz_fn)(unsigned long) = (fn);				\
	__rz_init_timer(__rz_timer, flags);				\
	__rz_timer->function = (void *)__rz_fn;				\
	__rz_timer->data = (arg);					\
} while (0)
#define setup_timer(timer, fn, arg)	__rz_setup_timer(timer, fn, arg, 0)
#define setup_timer_on_stack(timer, fn, arg) __rz_setup_timer(timer, fn, arg, 0)
#define setup_deferrable_timer(timer, fn, arg) \
	__rz_setup_timer(timer, fn, arg, TIMER_DEFERRABLE)
#define setup_deferrable_timer_on_stack(timer, fn, arg) \
	setup_deferrable_timer(timer, fn, arg)
#define setup_deferable_timer_on_stack(timer, fn, arg) \
	setup_deferrable_timer(timer, fn, arg)
#define destroy_timer_on_stack(timer)	((void)(timer))

/* Not pending before: it is armed for the time in @expires, on this CPU or on one. */
void add_timer(struct timer_list *timer);
void add_timer_on(struct timer_list *timer, int cpu);
/* Pending or not; 1 if it was. */
int mod_timer(struct timer_list *timer, unsigned long expires);
/* Only if it is pending. */
int mod_timer_pending(struct timer_list *timer, unsigned long expires);
#define mod_timer_pinned(timer, expires)	mod_timer(timer, expires)

/* 1 if it was pending. The first does not wait for a function that runs. */
int timer_delete(struct timer_list *timer);
int timer_delete_sync(struct timer_list *timer);
/* -1 while the function runs. */
int timer_delete_sync_try(struct timer_list *timer);
#define del_timer(timer)		timer_delete(timer)
#define del_timer_sync(timer)		timer_delete_sync(timer)
#define try_to_del_timer_sync(timer)	timer_delete_sync_try(timer)
#define del_singleshot_timer_sync(timer) timer_delete_sync(timer)
/* For good: whoever arms it after that has no effect. */
int timer_shutdown(struct timer_list *timer);
int timer_shutdown_sync(struct timer_list *timer);

/* A look, without any synchronisation. */
int timer_pending(const struct timer_list *timer);

/* Saves power, which there is none of; so does rounding to whole seconds. */
#define set_timer_slack(timer, slack)	((void)(timer), (void)(slack))
#define round_jiffies(j)		(j)
#define round_jiffies_up(j)		(j)
#define round_jiffies_relative(j)	(j)
#define round_jiffies_up_relative(j)	(j)
#define __round_jiffies(j, cpu)		((void)(cpu), (j))
#define __round_jiffies_relative(j, cpu) ((void)(cpu), (j))

#endif
