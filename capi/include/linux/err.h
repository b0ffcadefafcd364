/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_ERR_H
#define _RZ_LINUX_ERR_H

/* Error numbers in pointers: the last page of the address space holds them. */

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/errno.h>

#define MAX_ERRNO	4095

#define IS_ERR_VALUE(x)	unlikely((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)

/* The pointer that carries -@error. */
static __always_inline void *__must_check ERR_PTR(long error)
{
	return (void *)error;
}

/* The negative number that an error pointer carries. */
static __always_inline long __must_check PTR_ERR(__force const void *ptr)
{
	return (long)ptr;
}

static __always_inline bool __must_check IS_ERR(__force const void *ptr)
{
	return IS_ERR_VALUE(ptr);
}

static __always_inline bool __must_check IS_ERR_OR_NULL(__force const void *ptr)
{
	return unlikely(!ptr) || IS_ERR_VALUE(ptr);
}

/* An error pointer as a pointer of another type. */
static __always_inline void *__must_check ERR_CAST(__force const void *ptr)
{
	return (void *)ptr;
}

/* The number in an error pointer, else 0. */
static __always_inline int __must_check PTR_ERR_OR_ZERO(__force const void *ptr)
{
	return IS_ERR(ptr) ? (int)PTR_ERR(ptr) : 0;
}

#endif
