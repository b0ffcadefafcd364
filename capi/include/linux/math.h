/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_MATH_H
#define _RZ_LINUX_MATH_H

/* Integer arithmetic: rounding, division, absolute values. */

#include <linux/types.h>

/* To a multiple of @y, which is a power of two. */
#define __round_mask(x, y)	((typeof(x))((y) - 1))
#define round_up(x, y)		((((x) - 1) | __round_mask(x, y)) + 1)
#define round_down(x, y)	((x) & ~__round_mask(x, y))

/* To a multiple of any @y. */
#define roundup(x, y)							\
({									\
	typeof(y) __rz_unit = (y);					\
	(((x) + (__rz_unit - 1)) / __rz_unit) * __rz_unit;		\
})
#define rounddown(x, y)							\
({									\
	typeof(x) __rz_value = (x);					\
	__rz_value - (__rz_value % (y));				\
})

#define DIV_ROUND_UP_POW2(n, d)	((n) / (d) + !!((n) & ((d) - 1)))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define DIV_ROUND_DOWN_ULL(ll, d) ((unsigned long long)(ll) / (d))
#define DIV_ROUND_UP_ULL(ll, d) \
	DIV_ROUND_DOWN_ULL((unsigned long long)(ll) + (d) - 1, (d))
#define DIV_ROUND_UP_SECTOR_T(ll, d)	DIV_ROUND_UP_ULL(ll, d)

/* To the nearest, halves away from 0. Negative divisors only with signed dividends. */
#define DIV_ROUND_CLOSEST(x, divisor)					\
({									\
	typeof(x) __rz_n = (x);						\
	typeof(divisor) __rz_d = (divisor);				\
	__rz_n < 1 && __rz_n != 0 ?					\
		(__rz_d > 0 ? (__rz_n - __rz_d / 2) / __rz_d :		\
			      (__rz_n + __rz_d / 2) / __rz_d) :		\
		(((typeof(x))-1) > 0 || __rz_d > 0 ?			\
			(__rz_n + __rz_d / 2) / __rz_d :		\
			(__rz_n - __rz_d / 2) / __rz_d);		\
})
#define DIV_ROUND_CLOSEST_ULL(x, divisor)				\
({									\
	unsigned long long __rz_n = (x);				\
	typeof(divisor) __rz_d = (divisor);				\
	(__rz_n + __rz_d / 2) / __rz_d;					\
})

/* @x times @n / @d without overflow of the product with @x's whole part. */
#define mult_frac(x, n, d)						\
({									\
	typeof(x) __rz_x = (x);						\
	typeof(n) __rz_n = (n);						\
	typeof(d) __rz_d = (d);						\
	(__rz_x / __rz_d) * __rz_n + (__rz_x % __rz_d) * __rz_n / __rz_d; \
})
#define sector_div(n, d)	do_div(n, d)

/* The absolute value. Of a narrower type than int it is an int. */
#define abs(x)								\
({									\
	typeof((x) + 0) __rz_abs = (x);					\
	__rz_abs < (typeof((x) + 0))1 && __rz_abs != 0 ? -__rz_abs : __rz_abs; \
})

/* @val scaled from 0..@ep_ro to 0..@ep_rw. */
static __always_inline u32 reciprocal_scale(u32 val, u32 ep_ro)
{
	return (u32)(((u64)val * ep_ro) >> 32);
}

/* The largest number whose square is not above @x. */
unsigned long int_sqrt(unsigned long x);
#define int_sqrt64(x)	((u32)int_sqrt(x))
/* @a to the power of @b; wraps. */
u64 int_pow(u64 base, unsigned int exp);

#endif
