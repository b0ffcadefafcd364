/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_TYPECHECK_H
#define _RZ_LINUX_TYPECHECK_H

/* 1, or a warning when the types differ. */

#define typecheck(type, x)						\
({									\
	type __rz_type;							\
	typeof(x) __rz_value;						\
	(void)(&__rz_type == &__rz_value);				\
	1;								\
})

#define typecheck_fn(type, function)					\
({									\
	typeof(type) __rz_fn = function;				\
	(void)__rz_fn;							\
})

#define typecheck_pointer(x)						\
({									\
	typeof(x) __rz_ptr;						\
	(void)sizeof(*__rz_ptr);					\
	1;								\
})

#endif
