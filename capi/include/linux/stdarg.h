/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_STDARG_H
#define _RZ_LINUX_STDARG_H

/* The arguments behind the dots. */

typedef __builtin_va_list va_list;

#define va_start(list, last)	__builtin_va_start(list, last)
#define va_end(list)		__builtin_va_end(list)
#define va_arg(list, type)	__builtin_va_arg(list, type)
#define va_copy(to, from)	__builtin_va_copy(to, from)

#endif
