/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_CONST_H
#define _RZ_LINUX_CONST_H

/*
 * Constants with a type, which the assembler and the compiler both take, and the
 * question whether an expression is a constant.
 */

#ifdef __ASSEMBLY__
#define _AC(x, suffix)	x
#define _AT(type, x)	x
#else
#define __RZ_AC(x, suffix) (x##suffix)
#define _AC(x, suffix)	__RZ_AC(x, suffix)
#define _AT(type, x)	((type)(x))
#endif

#define _UL(x)		(_AC(x, UL))
#define _ULL(x)		(_AC(x, ULL))
#define UL(x)		(_UL(x))
#define ULL(x)		(_ULL(x))
#define _BITUL(x)	(_UL(1) << (x))
#define _BITULL(x)	(_ULL(1) << (x))

/*
 * 1 if @x is an integer constant expression. A null pointer constant beside a
 * typed pointer leaves the type alone; any other void pointer makes it void *.
 */
#define __is_constexpr(x) \
	__builtin_types_compatible_p(typeof(0 ? (void *)((long)(x) * 0l) : (int *)0), int *)

#endif
