/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SCHED_RT_H
#define _RZ_LINUX_SCHED_RT_H

#include <linux/sched.h>

/* Whether a priority is one of real time, and whether a task has such a one now. */
static inline int rt_prio(int prio)
{
	return prio < MAX_RT_PRIO;
}

static inline int rt_task(const struct task_struct *p)
{
	return rt_prio(task_prio(p) + MAX_RT_PRIO);
}

#endif
