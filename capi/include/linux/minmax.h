/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_MINMAX_H
#define _RZ_LINUX_MINMAX_H

/*
 * The smaller and the larger of things, each argument evaluated once. An error if
 * a signed and an unsigned value meet, since the comparison would not mean what it
 * says; signed constants that are not negative go with both.
 */

#include <linux/build_bug.h>
#include <linux/const.h>
#include <linux/types.h>

#define __rz_is_signed(x)	(((typeof((x) + 0))(-1)) < (typeof((x) + 0))1)
/* A signed constant that is not negative. */
#define __rz_is_nonneg(x)						\
	__builtin_choose_expr(__is_constexpr(x) && __rz_is_signed(x),	\
			      !((unsigned long long)(x) >> 63), 0)
#define __rz_comparable(x, y)						\
	(__rz_is_signed(x) == __rz_is_signed(y) ||			\
	 __rz_is_nonneg(x) || __rz_is_nonneg(y))

#ifdef __CHECKER__
#define __rz_check_signs(x, y, name)	do { } while (0)
#else
#define __rz_check_signs(x, y, name)					\
	_Static_assert(__rz_comparable(x, y),				\
		       name ": one is signed, the other is not; use " name "_t")
#endif

#define __rz_pick(x, y, op)						\
({									\
	typeof(x) __rz_x = (x);						\
	typeof(y) __rz_y = (y);						\
	__rz_x op __rz_y ? __rz_x : __rz_y;				\
})

/* Where both are constants, the result is one. */
#define __rz_minmax(x, y, op, name)					\
	__builtin_choose_expr(__is_constexpr((x) - (y)),		\
		(x) op (y) ? (x) : (y),					\
		({ __rz_check_signs(x, y, name); __rz_pick(x, y, op); }))

#define min(x, y)	__rz_minmax(x, y, <, "min")
#define max(x, y)	__rz_minmax(x, y, >, "max")
#define min3(x, y, z)	min((typeof(x))min(x, y), z)
#define max3(x, y, z)	max((typeof(x))max(x, y), z)

/* Both as @type. */
#define min_t(type, x, y)	__rz_minmax((type)(x), (type)(y), <, "min")
#define max_t(type, x, y)	__rz_minmax((type)(x), (type)(y), >, "max")

/* The smaller one that is not 0. */
#define min_not_zero(x, y)						\
({									\
	typeof(x) __rz_nx = (x);					\
	typeof(y) __rz_ny = (y);					\
	__rz_nx == 0 ? __rz_ny : (__rz_ny == 0 ? __rz_nx : min(__rz_nx, __rz_ny)); \
})

/* @val, but not below @lo and not above @hi. */
#define clamp(val, lo, hi)	min((typeof(val))max(val, lo), hi)
#define clamp_t(type, val, lo, hi) min_t(type, max_t(type, val, lo), hi)
#define clamp_val(val, lo, hi)	clamp_t(typeof(val), val, lo, hi)

/* Exchanges two variables of one type. */
#define swap(a, b)							\
do {									\
	typeof(a) __rz_swapped = (a);					\
	(a) = (b);							\
	(b) = __rz_swapped;						\
} while (0)

#endif
