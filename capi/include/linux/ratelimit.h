/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_RATELIMIT_H
#define _RZ_LINUX_RATELIMIT_H

#include <linux/ratelimit_types.h>
#include <linux/printk.h>
#include <linux/bug.h>

static __always_inline void ratelimit_state_init(struct ratelimit_state *rs,
						 int interval, int burst)
{
	*rs = (struct ratelimit_state){ .interval = interval, .burst = burst };
}

static __always_inline void ratelimit_default_init(struct ratelimit_state *rs)
{
	ratelimit_state_init(rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
}

static __always_inline void ratelimit_set_flags(struct ratelimit_state *rs,
						unsigned long flags)
{
	rs->flags = flags;
}

static __always_inline void ratelimit_state_exit(struct ratelimit_state *rs)
{
	(void)rs;
}

/* WARN at most as often as @state allows. */
#define WARN_ON_RATELIMIT(condition, state)				\
({									\
	bool __rz_rate_cond = !!(condition);				\
	WARN_ON(__rz_rate_cond && __ratelimit(state));			\
	__rz_rate_cond;							\
})
#define WARN_RATELIMIT(condition, fmt, ...)				\
({									\
	static DEFINE_RATELIMIT_STATE(__rz_warn_rate,			\
				      DEFAULT_RATELIMIT_INTERVAL,	\
				      DEFAULT_RATELIMIT_BURST);		\
	int __rz_rate_cond = !!(condition);				\
	if (unlikely(__rz_rate_cond && __ratelimit(&__rz_warn_rate)))	\
		WARN(1, fmt, ##__VA_ARGS__);				\
	__rz_rate_cond;							\
})

#endif
