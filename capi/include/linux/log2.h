/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_LOG2_H
#define _RZ_LINUX_LOG2_H

/* Logarithms to base two and powers of two; of a constant they are constants. */

#include <linux/types.h>

/* The number of the highest bit that is set. @n is not 0. */
#define const_ilog2(n)	(63 - __builtin_clzll(n))
#define ilog2(n)							\
	(__builtin_constant_p(n) ?					\
		((n) < 2 ? 0 : 63 - __builtin_clzll((n) < 2 ? 2 : (n))) : \
		__rz_ilog2(n))

static __always_inline __attribute_const__ int __rz_ilog2(u64 n)
{
	return n ? 63 - __builtin_clzll(n) : -1;
}

static __always_inline __attribute_const__ int __ilog2_u32(u32 n)
{
	return __rz_ilog2(n);
}

static __always_inline __attribute_const__ int __ilog2_u64(u64 n)
{
	return __rz_ilog2(n);
}

static __always_inline __attribute_const__ bool is_power_of_2(unsigned long n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static __always_inline __attribute_const__ unsigned long __roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? 1 : 1UL << (64 - __builtin_clzll(n - 1));
}

static __always_inline __attribute_const__ unsigned long __rounddown_pow_of_two(unsigned long n)
{
	return 1UL << __rz_ilog2(n);
}

/* The next power of two that is not below, or not above, @n. Undefined for 0. */
#define roundup_pow_of_two(n)						\
	(__builtin_constant_p(n) ?					\
		((n) <= 1 ? 1UL :					\
		 1UL << (64 - __builtin_clzll((n) <= 1 ? 1 : (n) - 1))) : \
		__roundup_pow_of_two(n))
#define rounddown_pow_of_two(n)						\
	(__builtin_constant_p(n) ?					\
		1UL << (63 - __builtin_clzll((n) < 1 ? 1 : (n))) :	\
		__rounddown_pow_of_two(n))

/* The smallest power whose value is not below @n; 0 for 0 and 1. */
static __always_inline __attribute_const__ int order_base_2(unsigned long n)
{
	return n <= 1 ? 0 : 64 - __builtin_clzll(n - 1);
}

/* How many bits it takes to write @n. */
#define bits_per(n)	((n) < 2 ? 1 : ilog2(n) + 1)

#endif
