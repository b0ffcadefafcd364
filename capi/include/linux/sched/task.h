/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SCHED_TASK_H
#define _RZ_LINUX_SCHED_TASK_H

/*
 * References to tasks. A kernel thread's own ends when the thread does; what uses
 * the task after its last reference is a finding (use-after-free). Any context.
 */

#include <linux/sched.h>

struct task_struct *get_task_struct(struct task_struct *t);
void put_task_struct(struct task_struct *t);

#endif
