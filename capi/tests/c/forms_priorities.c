// SPDX-License-Identifier: MIT OR Apache-2.0
/* Each form of wound/wait mutexes and of priorities once. */
#include <linux/sched/prio.h>
#include <linux/sched/rt.h>
#include <linux/sched/types.h>
#include <linux/ww_mutex.h>

static DEFINE_WW_CLASS(buffers);
static DEFINE_WD_CLASS(accounts);
static DEFINE_WW_MUTEX(front, &buffers);

int use_ww_mutexes(struct ww_mutex *m);
int use_ww_mutexes(struct ww_mutex *m)
{
	struct ww_acquire_ctx ctx;
	int n = 0;

	ww_mutex_init(m, &accounts);
	ww_acquire_init(&ctx, &buffers);
	n += ww_mutex_lock(&front, &ctx);
	n += ww_mutex_lock_interruptible(&front, NULL);
	ww_mutex_lock_slow(&front, &ctx);
	n += ww_mutex_lock_slow_interruptible(&front, &ctx);
	n += ww_mutex_trylock(m, NULL);
	ww_acquire_done(&ctx);
	n += ww_mutex_is_locked(m);
	ww_mutex_unlock(m);
	ww_acquire_fini(&ctx);
	ww_mutex_destroy(m);
	return n;
}

int use_priorities(struct task_struct *t);
int use_priorities(struct task_struct *t)
{
	struct sched_param param = { .sched_priority = MAX_USER_RT_PRIO / 2 };
	int n = 0;

	n += sched_setscheduler(t, SCHED_FIFO, &param);
	n += sched_setscheduler_nocheck(t, SCHED_RR, &param);
	sched_set_fifo(t);
	sched_set_fifo_low(t);
	sched_set_normal(t, MIN_NICE);
	set_user_nice(t, PRIO_TO_NICE(MAX_PRIO - 1));
	n += task_nice(t) + task_prio(t) + rt_task(t) + rt_prio(NICE_TO_PRIO(0)) + rt_prio(MAX_RT_PRIO - 1) + DEFAULT_PRIO;
	n += t->prio + t->static_prio + t->normal_prio;
	return n + (t->policy == SCHED_BATCH || t->policy == SCHED_IDLE || t->policy == SCHED_NORMAL);
}
