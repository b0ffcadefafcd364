/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_RWONCE_H
#define _RZ_ASM_RWONCE_H

/*
 * READ_ONCE and WRITE_ONCE: one access of the whole word, which the compiler may
 * neither repeat nor split nor leave out. The checker counts them as marked.
 */

#include <linux/compiler_types.h>

#define compiletime_assert_rwonce_type(t) \
	_Static_assert(__native_word(t), "READ_ONCE and WRITE_ONCE need a word of 1, 2, 4 or 8 bytes")

#define __READ_ONCE(x)	(*(const volatile __unqual_scalar_typeof(x) *)&(x))

#define READ_ONCE(x)							\
({									\
	compiletime_assert_rwonce_type(x);				\
	__unqual_scalar_typeof(x) __rz_read = __READ_ONCE(x);		\
	__rz_read;							\
})

#define __WRITE_ONCE(x, val)						\
do {									\
	*(volatile typeof(x) *)&(x) = (val);				\
} while (0)

#define WRITE_ONCE(x, val)						\
do {									\
	compiletime_assert_rwonce_type(x);				\
	__WRITE_ONCE(x, val);						\
} while (0)

#endif
