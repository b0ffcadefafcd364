/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_COMPILER_TYPES_H
#define _RZ_LINUX_COMPILER_TYPES_H

/*
 * What every file of the kernel may take for granted: the annotations that
 * sparse reads, and attributes. Included by all headers here.
 */

#ifndef __ASSEMBLY__

#include <linux/kconfig.h>
#include <linux/compiler_attributes.h>

#ifdef __CHECKER__
/* Address spaces: a pointer into one may only be followed by its accessors. */
#define __kernel	__attribute__((address_space(0)))
#define __user		__attribute__((noderef, address_space(__user)))
#define __iomem		__attribute__((noderef, address_space(__iomem)))
#define __percpu	__attribute__((noderef, address_space(__percpu)))
#define __rcu		__attribute__((noderef, address_space(__rcu)))
/* Integers that must not mix with plain ones. */
#define __bitwise	__attribute__((bitwise))
#define __nocast	__attribute__((nocast))
#define __force		__attribute__((force))
#define __safe		__attribute__((safe))
#define __private	__attribute__((noderef))
/* Locks: what a function expects to hold, and what it changes. */
#define __must_hold(x)	__attribute__((context(x, 1, 1)))
#define __acquires(x)	__attribute__((context(x, 0, 1)))
#define __releases(x)	__attribute__((context(x, 1, 0)))
#define __acquire(x)	__context__(x, 1)
#define __release(x)	__context__(x, -1)
#define __cond_lock(x, c) ((c) ? ({ __acquire(x); 1; }) : 0)
#define ACCESS_PRIVATE(p, member) (*((typeof((p)->member) __force *)&(p)->member))
#else
#define __kernel
#define __user
#define __iomem
#define __percpu
#define __rcu
#define __bitwise
#define __nocast
#define __force
#define __safe
#define __private
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)
#define __acquire(x)	((void)0)
#define __release(x)	((void)0)
#define __cond_lock(x, c) (c)
#define ACCESS_PRIVATE(p, member) ((p)->member)
#endif

/* A function that takes @x only when it returns non-zero. */
#define __cond_acquires(x)
#define __chk_user_ptr(x)	((void)(x))
#define __chk_io_ptr(x)		((void)(x))

/* Static functions that nobody calls are normal in headers. */
#define inline inline __gnu_inline __maybe_unused
#define __inline__ inline
#define __inline inline

#ifndef __same_type
#define __same_type(a, b) __builtin_types_compatible_p(typeof(a), typeof(b))
#endif

#define __CONCAT_(a, b)	a ## b
#ifndef __PASTE
#define __PASTE(a, b)	__CONCAT_(a, b)
#endif

/* An identifier that no other line has. */
#define __UNIQUE_ID(prefix) __PASTE(__PASTE(__UNIQUE_ID_, prefix), __COUNTER__)

/* The type of @x without const and volatile, where it is a plain number. */
#define __unqual_scalar_typeof(x) typeof(_Generic((x),				\
		_Bool: (_Bool)0,						\
		char: (char)0,							\
		signed char: (signed char)0, unsigned char: (unsigned char)0,	\
		short: (short)0, unsigned short: (unsigned short)0,		\
		int: 0, unsigned int: 0u, long: 0l, unsigned long: 0ul,		\
		long long: 0ll, unsigned long long: 0ull,			\
		default: (x)))

/* Whether loads and stores of this type are one access. */
#define __native_word(t) \
	(sizeof(t) == 1 || sizeof(t) == 2 || sizeof(t) == 4 || sizeof(t) == 8)

#endif /* !__ASSEMBLY__ */

#endif
