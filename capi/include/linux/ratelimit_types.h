/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_RATELIMIT_TYPES_H
#define _RZ_LINUX_RATELIMIT_TYPES_H

/* How often something may be said. */

#include <linux/types.h>
#include <linux/kconfig.h>

#define DEFAULT_RATELIMIT_INTERVAL	(5 * CONFIG_HZ)
#define DEFAULT_RATELIMIT_BURST		10

#define RATELIMIT_MSG_ON_RELEASE	1

/* At most @burst times in @interval jiffies. The words below belong to the runtime. */
struct ratelimit_state {
	int interval;
	int burst;
	int printed;
	int missed;
	u64 begin_ns;
	unsigned long flags;
};

#define RATELIMIT_STATE_INIT(name, interval_init, burst_init) \
	{ .interval = (interval_init), .burst = (burst_init) }
#define RATELIMIT_STATE_INIT_DISABLED \
	{ .interval = 0, .burst = DEFAULT_RATELIMIT_BURST }
#define RATELIMIT_STATE_INIT_FLAGS(name, interval_init, burst_init, flags_init) \
	{ .interval = (interval_init), .burst = (burst_init), .flags = (flags_init) }

#define DEFINE_RATELIMIT_STATE(name, interval_init, burst_init) \
	struct ratelimit_state name = \
		RATELIMIT_STATE_INIT(name, interval_init, burst_init)

/* True if it may be said now. A step, since code may go either way. */
int ___ratelimit(struct ratelimit_state *rs, const char *func);
#define __ratelimit(state) ___ratelimit(state, __func__)

#endif
