/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_BITFIELD_H
#define _RZ_LINUX_BITFIELD_H

/*
 * Fields of a register, named by their mask: FIELD_PREP puts a value in place,
 * FIELD_GET takes it out. The mask is a constant without holes.
 */

#include <linux/bits.h>
#include <linux/types.h>

#define __bf_shf(mask)		(__builtin_ffsll(mask) - 1)

#define __RZ_FIELD_CHECK(mask)						\
	BUILD_BUG_ON_MSG(!(mask) ||					\
		(((mask) + (1ULL << __bf_shf(mask))) &			\
		 ((mask) + (1ULL << __bf_shf(mask)) - 1)),		\
		"a field's mask is a run of ones")

/* The largest value of the field. */
#define FIELD_MAX(mask)							\
({									\
	__RZ_FIELD_CHECK(mask);						\
	(typeof(mask))((mask) >> __bf_shf(mask));			\
})

/* Whether @val fits. */
#define FIELD_FIT(mask, val)						\
({									\
	__RZ_FIELD_CHECK(mask);						\
	!((((typeof(mask))(val)) << __bf_shf(mask)) & ~(mask));		\
})

#define FIELD_PREP(mask, val)						\
({									\
	__RZ_FIELD_CHECK(mask);						\
	BUILD_BUG_ON_MSG(__builtin_constant_p(val) &&			\
		(((unsigned long long)(val)) &				\
		 ~((unsigned long long)(mask) >> __bf_shf(mask))),	\
		"the value does not fit into the field");		\
	((typeof(mask))(val) << __bf_shf(mask)) & (mask);		\
})

#define FIELD_PREP_CONST(mask, val) \
	(((typeof(mask))(val) << __bf_shf(mask)) & (mask))

#define FIELD_GET(mask, reg)						\
({									\
	__RZ_FIELD_CHECK(mask);						\
	(typeof(mask))(((reg) & (mask)) >> __bf_shf(mask));		\
})

#endif
