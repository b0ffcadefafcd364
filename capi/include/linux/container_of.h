/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_CONTAINER_OF_H
#define _RZ_LINUX_CONTAINER_OF_H

/* From a member to the structure that it lies in. */

#include <linux/build_bug.h>
#include <linux/stddef.h>

/*
 * The structure of type @type whose member @member is at @ptr. An error unless
 * @ptr points to that member's type, or to void.
 */
#define container_of(ptr, type, member)					\
({									\
	void *__rz_member = (void *)(ptr);				\
	_Static_assert(__same_type(*(ptr), ((type *)0)->member) ||	\
		       __same_type(*(ptr), void),			\
		       "container_of: the pointer is not one to this member"); \
	(type *)(__rz_member - offsetof(type, member));			\
})

/* The same, and a pointer to const stays one. */
#define container_of_const(ptr, type, member)				\
	_Generic(ptr,							\
		 const typeof(*(ptr)) *:				\
			((const type *)container_of(ptr, type, member)), \
		 default: ((type *)container_of(ptr, type, member)))

/* The same for @ptr that may be an error or NULL, which are passed on. */
#define container_of_safe(ptr, type, member)				\
({									\
	typeof(ptr) __rz_safe = (ptr);					\
	(unsigned long)__rz_safe == 0 ||				\
	(unsigned long)__rz_safe >= (unsigned long)-4095 ?		\
		(type *)(void *)__rz_safe :				\
		container_of(__rz_safe, type, member);			\
})

#define typeof_member(type, member) typeof(((type *)0)->member)

#endif
