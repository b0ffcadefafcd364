/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_UACCESS_H
#define _RZ_LINUX_UACCESS_H

/*
 * Memory of user processes: any memory that the module calls __user. Every access
 * may sleep, and may fault where the checker's --failures allows it. Task context.
 */

#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/types.h>

/* How many bytes were not copied: 0, or all of them. What is not copied in is zeroed. */
unsigned long __must_check copy_from_user(void *to, const void __user *from, unsigned long n);
unsigned long __must_check copy_to_user(void __user *to, const void *from, unsigned long n);
unsigned long __must_check clear_user(void __user *to, unsigned long n);
/* The length, at most @count, or -EFAULT. */
long strncpy_from_user(char *dst, const char __user *src, long count);
/* The length with its end, 0 on a fault, more than @count if it has no end by then. */
long strnlen_user(const char __user *src, long count);

/* One value of 1, 2, 4 or 8 bytes: 0 or -EFAULT. */
int __rz_get_user(void *to, const void __user *from, unsigned long size);
int __rz_put_user(const void *from, void __user *to, unsigned long size);

#define get_user(x, ptr)						\
({									\
	__unqual_scalar_typeof(*(ptr)) __rz_got;			\
	int __rz_fault = __rz_get_user(&__rz_got, (ptr), sizeof(*(ptr))); \
	(x) = (typeof(x))(__rz_fault ? (typeof(__rz_got))0 : __rz_got);	\
	__rz_fault;							\
})
#define put_user(x, ptr)						\
({									\
	__unqual_scalar_typeof(*(ptr)) __rz_put = (x);			\
	__rz_put_user(&__rz_put, (ptr), sizeof(*(ptr)));		\
})

#define __copy_from_user(to, from, n)	copy_from_user(to, from, n)
#define __copy_to_user(to, from, n)	copy_to_user(to, from, n)
#define __clear_user(to, n)		clear_user(to, n)
#define __get_user(x, ptr)		get_user(x, ptr)
#define __put_user(x, ptr)		put_user(x, ptr)

/* There are no limits to user memory. The three-argument form is the old one. */
#define access_ok(...)			1
#define VERIFY_READ			0
#define VERIFY_WRITE			1

#endif
