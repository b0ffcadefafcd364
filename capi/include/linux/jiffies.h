/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_JIFFIES_H
#define _RZ_LINUX_JIFFIES_H

/*
 * Time in ticks. Time is virtual: it advances when a timer expires. Reading it is
 * a step, which is ordered with the ticks.
 */

#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/time.h>
#include <linux/time64.h>
#include <linux/typecheck.h>
#include <linux/types.h>

#define HZ			CONFIG_HZ
#define USER_HZ			100
#define TICK_NSEC		(NSEC_PER_SEC / HZ)
#define TICK_USEC		(USEC_PER_SEC / HZ)
#define INITIAL_JIFFIES		0UL
#define MAX_JIFFY_OFFSET	((LONG_MAX >> 1) - 1)

unsigned long __rz_jiffies(void);
#define jiffies			__rz_jiffies()
#define jiffies_64		((u64)__rz_jiffies())
#define get_jiffies_64()	((u64)__rz_jiffies())

/* Right also when the counter wraps, for times less than half its range apart. */
#define time_after(a, b)						\
	(typecheck(unsigned long, a) && typecheck(unsigned long, b) &&	\
	 (long)((b) - (a)) < 0)
#define time_before(a, b)	time_after(b, a)
#define time_after_eq(a, b)						\
	(typecheck(unsigned long, a) && typecheck(unsigned long, b) &&	\
	 (long)((a) - (b)) >= 0)
#define time_before_eq(a, b)	time_after_eq(b, a)
#define time_in_range(a, b, c)	(time_after_eq(a, b) && time_before_eq(a, c))
#define time_in_range_open(a, b, c) (time_after_eq(a, b) && time_before(a, c))

#define time_after64(a, b)						\
	(typecheck(__u64, a) && typecheck(__u64, b) && (__s64)((b) - (a)) < 0)
#define time_before64(a, b)	time_after64(b, a)
#define time_after_eq64(a, b)						\
	(typecheck(__u64, a) && typecheck(__u64, b) && (__s64)((a) - (b)) >= 0)
#define time_before_eq64(a, b)	time_after_eq64(b, a)
#define time_in_range64(a, b, c) (time_after_eq64(a, b) && time_before_eq64(a, c))

#define time_is_before_jiffies(a)	time_after(jiffies, a)
#define time_is_after_jiffies(a)	time_before(jiffies, a)
#define time_is_before_eq_jiffies(a)	time_after_eq(jiffies, a)
#define time_is_after_eq_jiffies(a)	time_before_eq(jiffies, a)
#define time_is_before_jiffies64(a)	time_after64(jiffies_64, a)
#define time_is_after_jiffies64(a)	time_before64(jiffies_64, a)

/* To jiffies: rounded up, so that no wait is too short. Negative means for ever. */
static inline unsigned long msecs_to_jiffies(const unsigned int m)
{
	return (int)m < 0 ? MAX_JIFFY_OFFSET : (m + 1000UL / HZ - 1) / (1000UL / HZ);
}

static inline unsigned long usecs_to_jiffies(const unsigned int u)
{
	return (u + USEC_PER_SEC / HZ - 1UL) / (USEC_PER_SEC / HZ);
}

static inline u64 nsecs_to_jiffies64(u64 n)
{
	return n / TICK_NSEC;
}

static inline unsigned long nsecs_to_jiffies(u64 n)
{
	return n / TICK_NSEC;
}

static inline unsigned int jiffies_to_msecs(const unsigned long j)
{
	return j * (MSEC_PER_SEC / HZ);
}

static inline unsigned int jiffies_to_usecs(const unsigned long j)
{
	return j * (USEC_PER_SEC / HZ);
}

static inline u64 jiffies_to_nsecs(const unsigned long j)
{
	return (u64)j * TICK_NSEC;
}
#define jiffies64_to_nsecs(j)	((u64)(j) * TICK_NSEC)
#define jiffies64_to_msecs(j)	((u64)(j) * (MSEC_PER_SEC / HZ))

static inline clock_t jiffies_to_clock_t(unsigned long x)
{
	return x * USER_HZ / HZ;
}

static inline unsigned long clock_t_to_jiffies(unsigned long x)
{
	return x * HZ / USER_HZ;
}
#define jiffies_64_to_clock_t(x)	((u64)(x) * USER_HZ / HZ)
#define jiffies_delta_to_clock_t(delta)	jiffies_to_clock_t((delta) < 0 ? 0 : (delta))
#define jiffies_delta_to_msecs(delta)	jiffies_to_msecs((delta) < 0 ? 0 : (delta))

static inline unsigned long timespec64_to_jiffies(const struct timespec64 *value)
{
	return (value->tv_sec * NSEC_PER_SEC + value->tv_nsec + TICK_NSEC - 1) / TICK_NSEC;
}

static inline void jiffies_to_timespec64(const unsigned long j, struct timespec64 *value)
{
	*value = ns_to_timespec64(jiffies_to_nsecs(j));
}

static inline unsigned long timespec_to_jiffies(const struct timespec *value)
{
	return (value->tv_sec * NSEC_PER_SEC + value->tv_nsec + TICK_NSEC - 1) / TICK_NSEC;
}

static inline void jiffies_to_timespec(const unsigned long j, struct timespec *value)
{
	value->tv_sec = j / HZ;
	value->tv_nsec = (j % HZ) * TICK_NSEC;
}

static inline unsigned long timeval_to_jiffies(const struct timeval *value)
{
	return (value->tv_sec * USEC_PER_SEC + value->tv_usec + TICK_USEC - 1) / TICK_USEC;
}

static inline void jiffies_to_timeval(const unsigned long j, struct timeval *value)
{
	value->tv_sec = j / HZ;
	value->tv_usec = (j % HZ) * TICK_USEC;
}

#endif
