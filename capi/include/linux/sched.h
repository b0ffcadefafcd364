/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SCHED_H
#define _RZ_LINUX_SCHED_H

/*
 * Tasks: who runs, sleeping and waking. Set the state, test the condition, then
 * schedule(): so that no wake-up is lost. With a signal pending, schedule() does
 * not sleep in a state that the signal ends.
 */

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/preempt.h>
#include <linux/sched/prio.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <asm/processor.h>
#include <ringzero/might_sleep.h>

#define TASK_RUNNING		0x00000000
#define TASK_INTERRUPTIBLE	0x00000001
#define TASK_UNINTERRUPTIBLE	0x00000002
#define __TASK_STOPPED		0x00000004
#define __TASK_TRACED		0x00000008
#define EXIT_ZOMBIE		0x00000010
#define EXIT_DEAD		0x00000020
#define EXIT_TRACE		(EXIT_ZOMBIE | EXIT_DEAD)
#define TASK_DEAD		0x00000040
#define TASK_WAKEKILL		0x00000080
#define TASK_WAKING		0x00000100
#define TASK_NOLOAD		0x00000400
#define TASK_KILLABLE		(TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_STOPPED		(TASK_WAKEKILL | __TASK_STOPPED)
#define TASK_TRACED		__TASK_TRACED
#define TASK_IDLE		(TASK_UNINTERRUPTIBLE | TASK_NOLOAD)
#define TASK_NORMAL		(TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

#define TASK_COMM_LEN		16
#define MAX_SCHEDULE_TIMEOUT	LONG_MAX

#define PF_KTHREAD		0x00200000

/* What C code reads of a task. The rest belongs to the checker. */
struct task_struct {
	union {
		unsigned int __state;
		unsigned int state;
	};
	unsigned int __rz_signal;
	unsigned int __rz_exited;
	int exit_code;
	unsigned int __rz_should_stop;
	unsigned long __rz_allowed;
	unsigned int __rz_number;
	int pid;
	int tgid;
	unsigned int flags;
	char comm[TASK_COMM_LEN];
	void *mm;
	/* What it has now, of its nice value, and of its policy. */
	int prio;
	int static_prio;
	int normal_prio;
	unsigned int rt_priority;
	unsigned int policy;
};

struct task_struct *__rz_current(void);
#define get_current()		__rz_current()
#define current			get_current()

/* With and without the barrier that set_current_state() has behind it. */
void __rz_set_current_state(unsigned int state);
void __rz_raw_set_current_state(unsigned int state);
#define set_current_state(state_value)		__rz_set_current_state(state_value)
#define __set_current_state(state_value)	__rz_raw_set_current_state(state_value)
#define get_current_state()			READ_ONCE(current->__state)
#define task_is_running(task)			(READ_ONCE((task)->__state) == TASK_RUNNING)

/* Gives up the CPU until the state is TASK_RUNNING. Task context, sleeps. */
void schedule(void);
/* Lets others run. Task context. */
void __rz_yield(void);
#define yield()		__rz_yield()

/*
 * The same with a time in jiffies; what is left of it. schedule_timeout() leaves
 * the state to the caller, the others set it.
 */
long schedule_timeout(long timeout);
long schedule_timeout_interruptible(long timeout);
long schedule_timeout_killable(long timeout);
long schedule_timeout_uninterruptible(long timeout);
long schedule_timeout_idle(long timeout);
/* By who waits for a device. */
void io_schedule(void);
long io_schedule_timeout(long timeout);

/* Wakes a task, if its state has one of these; whether it slept. Any context. */
int wake_up_process(struct task_struct *p);
int wake_up_state(struct task_struct *p, unsigned int state);

/* The switch is the checker's choice, so nobody is ever told to. */
#define need_resched()		0
#define tif_need_resched()	0
#define set_tsk_need_resched(p)	((void)(p))

/* Where a task may run, from the next time it is off its CPU. */
int set_cpus_allowed_ptr(struct task_struct *p, const struct cpumask *new_mask);

/*
 * Priorities: less is more urgent, 0..99 is real time, 100..139 of nice values. The
 * checker tries all orders, whoever is more urgent.
 */
#define SCHED_NORMAL		0
#define SCHED_FIFO		1
#define SCHED_RR		2
#define SCHED_BATCH		3
#define SCHED_IDLE		5
struct sched_param {
	/* 1..99 for SCHED_FIFO and SCHED_RR, greater is more urgent; 0 for others. */
	int sched_priority;
};
/* 0, or -EINVAL. Nobody lacks the permission. */
int sched_setscheduler(struct task_struct *p, int policy, const struct sched_param *param);
#define sched_setscheduler_nocheck(p, policy, param) \
	sched_setscheduler(p, policy, param)
void sched_set_fifo(struct task_struct *p);
void sched_set_fifo_low(struct task_struct *p);
void sched_set_normal(struct task_struct *p, int nice);
void set_user_nice(struct task_struct *p, long nice);
int task_nice(const struct task_struct *p);
int task_prio(const struct task_struct *p);

static inline pid_t task_pid_nr(const struct task_struct *task)
{
	return task->pid;
}
#define task_pid_vnr(task)	task_pid_nr(task)

static inline pid_t task_tgid_nr(const struct task_struct *task)
{
	return task->tgid;
}

static inline bool is_idle_task(const struct task_struct *task)
{
	return task->pid == 0;
}

#define get_task_comm(buf, task)					\
({									\
	const struct task_struct *__rz_task = (task);			\
	char *__rz_comm = (buf);					\
	unsigned int __rz_at;						\
	for (__rz_at = 0; __rz_at < TASK_COMM_LEN; __rz_at++)		\
		__rz_comm[__rz_at] = __rz_task->comm[__rz_at];		\
	__rz_comm;							\
})

#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#endif
