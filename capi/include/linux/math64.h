/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_MATH64_H
#define _RZ_LINUX_MATH64_H

/*
 * 64-bit division under its own names, as 32-bit machines need it, and products
 * with an intermediate result of 128 bits.
 */

#include <linux/types.h>
#include <linux/math.h>

#define div64_long(x, y)	div64_s64((x), (y))
#define div64_ul(x, y)		div64_u64((x), (y))

static __always_inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static __always_inline s64 div_s64_rem(s64 dividend, s32 divisor, s32 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static __always_inline u64 div64_u64_rem(u64 dividend, u64 divisor, u64 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static __always_inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

static __always_inline s64 div64_s64(s64 dividend, s64 divisor)
{
	return dividend / divisor;
}

static __always_inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

static __always_inline s64 div_s64(s64 dividend, s32 divisor)
{
	return dividend / divisor;
}

#define DIV64_U64_ROUND_UP(ll, d)					\
({									\
	u64 __rz_by = (d);						\
	div64_u64((ll) + __rz_by - 1, __rz_by);				\
})
#define DIV64_U64_ROUND_CLOSEST(dividend, divisor)			\
({									\
	u64 __rz_by = (divisor);					\
	div64_u64((dividend) + __rz_by / 2, __rz_by);			\
})
#define DIV_S64_ROUND_CLOSEST(dividend, divisor)			\
({									\
	s64 __rz_n = (dividend);					\
	s32 __rz_d = (divisor);						\
	((__rz_n > 0) == (__rz_d > 0)) ?				\
		(__rz_n + __rz_d / 2) / __rz_d :			\
		(__rz_n - __rz_d / 2) / __rz_d;				\
})

/* Divides the variable @n by @base in place; the value is the remainder. */
#define do_div(n, base)							\
({									\
	u32 __rz_base = (base);						\
	u32 __rz_rem = (u64)(n) % __rz_base;				\
	(n) = (u64)(n) / __rz_base;					\
	__rz_rem;							\
})

/* How often @divisor goes into @dividend; for quotients that are small. */
static __always_inline u32 iter_div_u64_rem(u64 dividend, u32 divisor, u64 *remainder)
{
	*remainder = dividend % divisor;
	return (u32)(dividend / divisor);
}

static __always_inline u64 mul_u32_u32(u32 a, u32 b)
{
	return (u64)a * b;
}

static __always_inline u64 mul_u64_u32_shr(u64 a, u32 mul, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * mul) >> shift);
}

static __always_inline u64 mul_u64_u64_shr(u64 a, u64 mul, unsigned int shift)
{
	return (u64)(((unsigned __int128)a * mul) >> shift);
}

static __always_inline u64 mul_s64_u64_shr(s64 a, u64 b, unsigned int shift)
{
	u64 product = mul_u64_u64_shr(a < 0 ? -(u64)a : (u64)a, b, shift);

	return a < 0 ? -product : product;
}

/* a * mul / div, with the whole product. The quotient must fit. */
u64 mul_u64_u64_div_u64(u64 a, u64 mul, u64 div);

static __always_inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 div)
{
	return mul_u64_u64_div_u64(a, mul, div);
}

static __always_inline u64 roundup_u64(u64 x, u32 y)
{
	return (x + y - 1) / y * y;
}

#endif
