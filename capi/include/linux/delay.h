/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_DELAY_H
#define _RZ_LINUX_DELAY_H

/*
 * Delays. The first three keep the CPU and may be used anywhere; time is virtual, so
 * they end at once, and other CPUs come in between where they may anyway. A loop that
 * polls without an end needs cpu_relax() besides. The others sleep: tasks only.
 */

#include <linux/math.h>
#include <linux/sched.h>

void udelay(unsigned long usecs);
void ndelay(unsigned long nsecs);
void mdelay(unsigned long msecs);
#define __udelay(usecs)		udelay(usecs)
#define __ndelay(nsecs)		ndelay(nsecs)
#define __const_udelay(usecs)	udelay(usecs)

void msleep(unsigned int msecs);
/* The milliseconds that were left when a signal came. */
unsigned long msleep_interruptible(unsigned int msecs);
void ssleep(unsigned int seconds);
void usleep_range(unsigned long min, unsigned long max);
#define usleep_range_state(min, max, state)	((void)(state), usleep_range(min, max))
#define usleep_idle_range(min, max)		usleep_range(min, max)
void fsleep(unsigned long usecs);

#endif
