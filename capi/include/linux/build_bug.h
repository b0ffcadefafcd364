/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_BUILD_BUG_H
#define _RZ_LINUX_BUILD_BUG_H

/* Checks at compile time, as statements and as values. */

#include <linux/compiler.h>

/* An error if @e is not 0; else 0, of type int. */
#define BUILD_BUG_ON_ZERO(e)	__RZ_ZERO_UNLESS(e, "BUILD_BUG_ON_ZERO(" #e ")")
/* The same for a pointer. */
#define BUILD_BUG_ON_NULL(e)	((void *)(long)BUILD_BUG_ON_ZERO(e))
/* 0; @e is only looked at, to see that it is an expression. */
#define BUILD_BUG_ON_INVALID(e)	((void)(sizeof((long)(e))))
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) \
	BUILD_BUG_ON((n) == 0 || (((n) & ((n) - 1)) != 0))
#define __BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON(((n) & ((n) - 1)) != 0)

/*
 * An error if @cond is true. It need not be a constant expression, only something
 * that the compiler can work out.
 */
#ifdef __CHECKER__
#define BUILD_BUG_ON_MSG(cond, msg)	do { } while (0)
#else
#define __RZ_BUILD_BUG_ON(cond, msg, fn)				\
do {									\
	__compiletime_error(msg) extern void fn(void);			\
	if (cond)							\
		fn();							\
} while (0)
#define BUILD_BUG_ON_MSG(cond, msg) \
	__RZ_BUILD_BUG_ON(cond, msg, __UNIQUE_ID(__rz_build_bug_))
#endif
#define BUILD_BUG_ON(cond)	BUILD_BUG_ON_MSG(cond, "BUILD_BUG_ON(" #cond ")")
#define BUILD_BUG()		BUILD_BUG_ON_MSG(1, "BUILD_BUG()")

#ifndef static_assert
#define static_assert(expr, ...) __RZ_STATIC_ASSERT(expr, ##__VA_ARGS__, #expr)
#define __RZ_STATIC_ASSERT(expr, msg, ...) _Static_assert(expr, msg)
#endif

#endif
