/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_TIME_H
#define _RZ_LINUX_TIME_H

#include <linux/math64.h>
#include <linux/time64.h>

#define CLOCK_REALTIME	0
#define CLOCK_MONOTONIC	1

/* The old types: seconds with nanoseconds, and with microseconds. */
struct timespec {
	long tv_sec;
	long tv_nsec;
};

struct timeval {
	long tv_sec;
	long tv_usec;
};

#endif
