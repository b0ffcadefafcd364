/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_RINGZERO_TASKLET_H
#define _RZ_RINGZERO_TASKLET_H

/*
 * Tasklets: functions that run in softirq context, each on one CPU at a time. Part of
 * linux/interrupt.h.
 */

#include <linux/args.h>
#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

/* The fields but func, callback and data belong to the checker. */
struct tasklet_struct {
	struct tasklet_struct *next;
	unsigned long state;
	/* Not 0 while it is disabled. */
	atomic_t count;
	union {
		void (*func)(unsigned long data);
		void (*callback)(struct tasklet_struct *t);
	};
	unsigned long data;
	/* 1: callback is called, and gets the tasklet. */
	unsigned int use_callback;
	/* Says that it was set up by one of the forms below. */
	unsigned int __rz_magic;
	/* Where. */
	void *__rz_class;
};

#define __RZ_TASKLET_MAGIC	0x525a544cu

/* Bits of the state: waits to run, runs. */
enum {
	TASKLET_STATE_SCHED,
	TASKLET_STATE_RUN,
};

#define __RZ_TASKLET_OLD(name, n, fn, arg)				\
	struct tasklet_struct name = {					\
		.count = ATOMIC_INIT(n), .func = (fn), .data = (arg),	\
	}
#define __RZ_TASKLET_NEW(name, n, fn)					\
	struct tasklet_struct name = {					\
		.count = ATOMIC_INIT(n), .callback = (fn), .use_callback = 1, \
	}
#define __RZ_TASKLET_1(name, n, fn)		__RZ_TASKLET_NEW(name, n, fn)
#define __RZ_TASKLET_2(name, n, fn, arg)	__RZ_TASKLET_OLD(name, n, fn, arg)
#define __RZ_TASKLET(name, n, args...) \
	CONCATENATE(__RZ_TASKLET_, COUNT_ARGS(args))(name, n, args)

/* (name, callback), or the old form (name, func, data). */
#define DECLARE_TASKLET(name, args...)		__RZ_TASKLET(name, 0, args)
#define DECLARE_TASKLET_DISABLED(name, args...)	__RZ_TASKLET(name, 1, args)
#define DECLARE_TASKLET_OLD(name, fn)		__RZ_TASKLET_OLD(name, 0, fn, 0)
#define DECLARE_TASKLET_DISABLED_OLD(name, fn)	__RZ_TASKLET_OLD(name, 1, fn, 0)

void tasklet_init(struct tasklet_struct *t, void (*func)(unsigned long), unsigned long data);
void tasklet_setup(struct tasklet_struct *t, void (*callback)(struct tasklet_struct *));
#define from_tasklet(var, callback_tasklet, tasklet_fieldname) \
	container_of(callback_tasklet, typeof(*var), tasklet_fieldname)

/*
 * Has it run soon, on this CPU, once after this; nothing if it waits to run already.
 * Any context but an NMI.
 */
void tasklet_schedule(struct tasklet_struct *t);
void tasklet_hi_schedule(struct tasklet_struct *t);

/*
 * It does not run until it is enabled as often. The first waits until it does not run
 * now; not from itself, nor under a lock that it takes. Any context.
 */
void tasklet_disable(struct tasklet_struct *t);
#define tasklet_disable_in_atomic(t)	tasklet_disable(t)
void tasklet_disable_nosync(struct tasklet_struct *t);
void tasklet_enable(struct tasklet_struct *t);
#define tasklet_hi_enable(t)		tasklet_enable(t)
/* Spins until it does not run. */
void tasklet_unlock_wait(struct tasklet_struct *t);

/*
 * Waits until it neither runs nor waits to run. Nobody may schedule it afterwards, and
 * it must not be disabled. Task context, sleeps.
 */
void tasklet_kill(struct tasklet_struct *t);

#endif /* !__ASSEMBLY__ */

#endif
