/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_TIMEKEEPING_H
#define _RZ_LINUX_TIMEKEEPING_H

/*
 * The clock: virtual, to the tick, since boot. All clocks are this one. Reading it
 * is a step. Any context.
 */

#include <linux/ktime.h>

ktime_t ktime_get(void);

#define ktime_get_ns()			((u64)ktime_get())
#define ktime_get_raw()			ktime_get()
#define ktime_get_raw_ns()		((u64)ktime_get())
#define ktime_get_real()		ktime_get()
#define ktime_get_real_ns()		((u64)ktime_get())
#define ktime_get_boottime()		ktime_get()
#define ktime_get_boottime_ns()		((u64)ktime_get())
#define ktime_get_coarse()		ktime_get()
#define ktime_get_coarse_ns()		((u64)ktime_get())
#define ktime_get_mono_fast_ns()	((u64)ktime_get())
#define ktime_get_raw_fast_ns()		((u64)ktime_get())
#define ktime_get_real_fast_ns()	((u64)ktime_get())
#define ktime_get_seconds()		((time64_t)(ktime_get() / NSEC_PER_SEC))
#define ktime_get_real_seconds()	ktime_get_seconds()
#define ktime_get_boottime_seconds()	ktime_get_seconds()

static inline void ktime_get_ts64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(ktime_get());
}
#define ktime_get_real_ts64(ts)		ktime_get_ts64(ts)

#endif
