/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_KTIME_H
#define _RZ_LINUX_KTIME_H

/* Time in nanoseconds. */

#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/time.h>
#include <linux/types.h>

#define KTIME_MAX	((s64)~((u64)1 << 63))
#define KTIME_MIN	(-KTIME_MAX - 1)
#define KTIME_SEC_MAX	(KTIME_MAX / NSEC_PER_SEC)
#define KTIME_SEC_MIN	(KTIME_MIN / NSEC_PER_SEC)

static inline ktime_t ktime_set(const s64 secs, const unsigned long nsecs)
{
	if (secs >= KTIME_SEC_MAX)
		return KTIME_MAX;
	return secs * NSEC_PER_SEC + (s64)nsecs;
}

#define ktime_add(lhs, rhs)	((ktime_t)((lhs) + (rhs)))
#define ktime_sub(lhs, rhs)	((ktime_t)((lhs) - (rhs)))
#define ktime_add_unsafe(lhs, rhs) ((ktime_t)((u64)(lhs) + (u64)(rhs)))
#define ktime_add_ns(kt, nsval)	((ktime_t)((kt) + (s64)(nsval)))
#define ktime_sub_ns(kt, nsval)	((ktime_t)((kt) - (s64)(nsval)))
#define ktime_to_ns(kt)		((s64)(kt))

/* The longest time instead of an overflow. */
static inline ktime_t ktime_add_safe(const ktime_t lhs, const ktime_t rhs)
{
	ktime_t sum;

	return __builtin_add_overflow(lhs, rhs, &sum) || sum < 0 ? KTIME_MAX : sum;
}

static inline ktime_t ns_to_ktime(u64 ns)
{
	return ns;
}

static inline ktime_t us_to_ktime(u64 us)
{
	return us * NSEC_PER_USEC;
}

static inline ktime_t ms_to_ktime(u64 ms)
{
	return ms * NSEC_PER_MSEC;
}

static inline s64 ktime_to_us(const ktime_t kt)
{
	return kt / NSEC_PER_USEC;
}

static inline s64 ktime_to_ms(const ktime_t kt)
{
	return kt / NSEC_PER_MSEC;
}

static inline s64 ktime_divns(const ktime_t kt, s64 div)
{
	return kt / div;
}

static inline ktime_t ktime_add_us(const ktime_t kt, const u64 usec)
{
	return kt + (s64)(usec * NSEC_PER_USEC);
}

static inline ktime_t ktime_add_ms(const ktime_t kt, const u64 msec)
{
	return kt + (s64)(msec * NSEC_PER_MSEC);
}

static inline ktime_t ktime_sub_us(const ktime_t kt, const u64 usec)
{
	return kt - (s64)(usec * NSEC_PER_USEC);
}

static inline ktime_t ktime_sub_ms(const ktime_t kt, const u64 msec)
{
	return kt - (s64)(msec * NSEC_PER_MSEC);
}

static inline s64 ktime_us_delta(const ktime_t later, const ktime_t earlier)
{
	return ktime_to_us(later - earlier);
}

static inline s64 ktime_ms_delta(const ktime_t later, const ktime_t earlier)
{
	return ktime_to_ms(later - earlier);
}

static inline int ktime_compare(const ktime_t a, const ktime_t b)
{
	return (a > b) - (a < b);
}

static inline bool ktime_equal(const ktime_t a, const ktime_t b)
{
	return a == b;
}

static inline bool ktime_after(const ktime_t a, const ktime_t b)
{
	return a > b;
}

static inline bool ktime_before(const ktime_t a, const ktime_t b)
{
	return a < b;
}

static inline ktime_t timespec64_to_ktime(struct timespec64 ts)
{
	return ktime_set(ts.tv_sec, ts.tv_nsec);
}
#define ktime_to_timespec64(kt)	ns_to_timespec64(kt)

static inline ktime_t timespec_to_ktime(struct timespec ts)
{
	return ktime_set(ts.tv_sec, ts.tv_nsec);
}

static inline struct timespec ktime_to_timespec(const ktime_t kt)
{
	struct timespec64 ts = ktime_to_timespec64(kt);

	return (struct timespec){ ts.tv_sec, ts.tv_nsec };
}

static inline ktime_t timeval_to_ktime(struct timeval tv)
{
	return ktime_set(tv.tv_sec, tv.tv_usec * NSEC_PER_USEC);
}

static inline struct timeval ktime_to_timeval(const ktime_t kt)
{
	struct timespec64 ts = ktime_to_timespec64(kt);

	return (struct timeval){ ts.tv_sec, ts.tv_nsec / NSEC_PER_USEC };
}

static inline bool ktime_to_timespec64_cond(const ktime_t kt, struct timespec64 *ts)
{
	if (!kt)
		return false;
	*ts = ktime_to_timespec64(kt);
	return true;
}

#include <linux/timekeeping.h>

#endif
