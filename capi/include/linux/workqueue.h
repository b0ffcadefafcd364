/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_WORKQUEUE_H
#define _RZ_LINUX_WORKQUEUE_H

/*
 * Work items: functions that run in a task of the system, which may sleep. Queueing
 * may be done anywhere but in an NMI. An item is executed by one worker at a time,
 * may queue itself again, and may be freed by its own function. The next item of a
 * CPU goes on when the one before it has ended or sleeps.
 *
 * There is one workqueue, the system's.
 */

#include <linux/bitops.h>
#include <linux/container_of.h>
#include <linux/smp.h>
#include <linux/threads.h>
#include <linux/timer.h>
#include <linux/types.h>

struct workqueue_struct;
struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

/* The fields but func belong to the checker; capi/tests/layout.rs compares them. */
struct work_struct {
	unsigned int __rz_state;
	/* Says that the item was initialised. */
	unsigned int __rz_magic;
	work_func_t func;
	unsigned int __rz_style;
	unsigned int __rz_cpu;
	/* Where it was initialised. */
	void *__rz_class;
};

/* An item, and the timer that queues it. */
struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	unsigned int __rz_cpu;
};

#define __RZ_WORK_MAGIC		0x525a574bu

#define __WORK_INITIALIZER(n, f) \
	{ .__rz_magic = __RZ_WORK_MAGIC, .func = (f) }
#define __DELAYED_WORK_INITIALIZER(n, f, tflags) \
	{ .work = __WORK_INITIALIZER((n).work, f) }
#define DECLARE_WORK(n, f) \
	struct work_struct n = __WORK_INITIALIZER(n, f)
#define DECLARE_DELAYED_WORK(n, f) \
	struct delayed_work n = __DELAYED_WORK_INITIALIZER(n, f, 0)
#define DECLARE_DEFERRABLE_WORK(n, f)	DECLARE_DELAYED_WORK(n, f)

void __rz_init_work(struct work_struct *work, work_func_t func);
void __rz_init_delayed_work(struct delayed_work *dwork, work_func_t func);
#define INIT_WORK(work, func)			__rz_init_work(work, func)
#define INIT_WORK_ONSTACK(work, func)		__rz_init_work(work, func)
#define INIT_DELAYED_WORK(work, func)		__rz_init_delayed_work(work, func)
#define INIT_DELAYED_WORK_ONSTACK(work, func)	__rz_init_delayed_work(work, func)
#define INIT_DEFERRABLE_WORK(work, func)	__rz_init_delayed_work(work, func)
#define INIT_DEFERRABLE_WORK_ONSTACK(work, func) __rz_init_delayed_work(work, func)
#define destroy_work_on_stack(work)		((void)(work))
#define destroy_delayed_work_on_stack(work)	((void)(work))
/* Another function for an item that was initialised, and is not pending. */
#define PREPARE_WORK(work, f)			((void)((work)->func = (f)))
#define PREPARE_DELAYED_WORK(dwork, f)		PREPARE_WORK(&(dwork)->work, f)

static __always_inline struct delayed_work *to_delayed_work(struct work_struct *work)
{
	return container_of(work, struct delayed_work, work);
}

/* The CPU that the caller runs on. */
#define WORK_CPU_UNBOUND	NR_CPUS

struct workqueue_struct *__rz_system_wq(void);
#define system_wq		(__rz_system_wq())
#define keventd_up()		(1)

/* True if it was not pending. On this CPU, or on one. */
bool schedule_work(struct work_struct *work);
bool schedule_work_on(int cpu, struct work_struct *work);
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work);
/* The same in @delay jiffies; with 0 at once. */
bool schedule_delayed_work(struct delayed_work *dwork, unsigned long delay);
bool schedule_delayed_work_on(int cpu, struct delayed_work *dwork, unsigned long delay);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork,
			unsigned long delay);
bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork,
			   unsigned long delay);
/* In @delay jiffies from now, pending or not; true if it was. */
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *dwork,
		      unsigned long delay);
bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork,
			 unsigned long delay);

/* Takes the item back; true if it was pending. Does not wait for its function. */
bool cancel_work(struct work_struct *work);
bool cancel_delayed_work(struct delayed_work *dwork);
#define __cancel_delayed_work(dwork)	cancel_delayed_work(dwork)
/*
 * And waits until the function does not run, also if the item queues itself. Task
 * context, sleeps; not from the item itself, and under no lock that it takes.
 */
bool cancel_work_sync(struct work_struct *work);
bool cancel_delayed_work_sync(struct delayed_work *dwork);
/* Waits until the last queueing has been executed; false if there was none. */
bool flush_work(struct work_struct *work);
bool flush_delayed_work(struct delayed_work *dwork);
/* Waits until all has been executed that is queued now. */
void flush_workqueue(struct workqueue_struct *wq);
void flush_scheduled_work(void);

/* Looks, without any synchronisation. */
bool work_pending(struct work_struct *work);
#define delayed_work_pending(w)	work_pending(&(w)->work)
enum {
	WORK_BUSY_PENDING = 1,
	WORK_BUSY_RUNNING = 2,
};
unsigned int work_busy(struct work_struct *work);

#endif
