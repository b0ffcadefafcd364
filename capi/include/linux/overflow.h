/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_OVERFLOW_H
#define _RZ_LINUX_OVERFLOW_H

/* Arithmetic that says when it overflows, and sizes that saturate. */

#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/const.h>

/* True on overflow; the wrapped result is in *@d either way. */
#define check_add_overflow(a, b, d)	__rz_must_check(__builtin_add_overflow(a, b, d))
#define check_sub_overflow(a, b, d)	__rz_must_check(__builtin_sub_overflow(a, b, d))
#define check_mul_overflow(a, b, d)	__rz_must_check(__builtin_mul_overflow(a, b, d))

static __always_inline bool __must_check __rz_must_check(bool overflow)
{
	return unlikely(overflow);
}

/* @a shifted left by @s; true if bits or the sign are lost. */
#define check_shl_overflow(a, s, d)					\
({									\
	typeof(a) __rz_a = (a);						\
	typeof(s) __rz_s = (s);						\
	typeof(d) __rz_d = (d);						\
	bool __rz_bad = __rz_s < 0 ||					\
		(size_t)__rz_s >= 8 * sizeof(*__rz_d);			\
									\
	*__rz_d = __rz_bad ? 0 : (typeof(*__rz_d))((u64)__rz_a << __rz_s); \
	__rz_bad || __rz_a < 0 || *__rz_d < 0 ||			\
		(u64)*__rz_d >> __rz_s != (u64)__rz_a;			\
})

static __always_inline size_t __must_check size_mul(size_t a, size_t b)
{
	size_t bytes;

	return __builtin_mul_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

static __always_inline size_t __must_check size_add(size_t a, size_t b)
{
	size_t bytes;

	return __builtin_add_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

static __always_inline size_t __must_check size_sub(size_t a, size_t b)
{
	size_t bytes;

	if (a == SIZE_MAX || b == SIZE_MAX || __builtin_sub_overflow(a, b, &bytes))
		return SIZE_MAX;
	return bytes;
}

/* Sizes of arrays and of a structure with an array at its end; SIZE_MAX if too large. */
#define array_size(a, b)	size_mul(a, b)
#define array3_size(a, b, c)	size_mul(size_mul(a, b), c)
#define flex_array_size(p, member, count) \
	size_mul(count, sizeof(*(p)->member) + __must_be_array((p)->member))
#define struct_size(p, member, count) \
	size_add(sizeof(*(p)), flex_array_size(p, member, count))
#define struct_size_t(type, member, count) \
	struct_size((type *)NULL, member, count)

#endif
