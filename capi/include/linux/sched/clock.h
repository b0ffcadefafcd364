/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SCHED_CLOCK_H
#define _RZ_LINUX_SCHED_CLOCK_H

/* The scheduler's clock: ktime_get_ns(). */

#include <linux/timekeeping.h>

#define sched_clock()	ktime_get_ns()
#define local_clock()	ktime_get_ns()
#define cpu_clock(cpu)	((void)(cpu), ktime_get_ns())
#define sched_clock_cpu(cpu)	cpu_clock(cpu)

#endif
