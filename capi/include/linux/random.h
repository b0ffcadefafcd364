/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_RANDOM_H
#define _RZ_LINUX_RANDOM_H

/*
 * Random numbers. On the model they are the same in each execution: what a task gets
 * depends on how often it asked. Any context may ask, and none sleeps.
 */

#include <linux/types.h>
#include <linux/bug.h>
#include <linux/prandom.h>

void get_random_bytes(void *buf, size_t len);
u8 get_random_u8(void);
u16 get_random_u16(void);
u32 get_random_u32(void);
u64 get_random_u64(void);
/* Below @ceil, which is not 0. */
u32 __get_random_u32_below(u32 ceil);

#define get_random_int()	((unsigned int)get_random_u32())
#define get_random_long()	((unsigned long)get_random_u64())
#define get_random_canary()	(get_random_long() & ~0xffUL)

static __always_inline u32 get_random_u32_below(u32 ceil)
{
	return __get_random_u32_below(ceil);
}

static __always_inline u32 get_random_u32_above(u32 floor)
{
	return floor + 1 + __get_random_u32_below(0xffffffffU - floor);
}

static __always_inline u32 get_random_u32_inclusive(u32 floor, u32 ceil)
{
	return floor + (ceil - floor == 0xffffffffU ? get_random_u32() :
			__get_random_u32_below(ceil - floor + 1));
}

static __always_inline int wait_for_random_bytes(void)
{
	return 0;
}

static __always_inline int get_random_bytes_wait(void *buf, size_t len)
{
	get_random_bytes(buf, len);
	return 0;
}

static __always_inline bool rng_is_initialized(void)
{
	return true;
}

static __always_inline void add_device_randomness(const void *buf, size_t len)
{
	(void)buf;
	(void)len;
}

static __always_inline void add_interrupt_randomness(int irq)
{
	(void)irq;
}

#endif
