/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SWAB_H
#define _RZ_LINUX_SWAB_H

/* The bytes the other way round. */

#include <linux/types.h>

#define ___constant_swab16(x)	((__u16)__builtin_bswap16(x))
#define ___constant_swab32(x)	((__u32)__builtin_bswap32(x))
#define ___constant_swab64(x)	((__u64)__builtin_bswap64(x))
#define __swab16(x)		((__u16)__builtin_bswap16(x))
#define __swab32(x)		((__u32)__builtin_bswap32(x))
#define __swab64(x)		((__u64)__builtin_bswap64(x))
#define swab16(x)		__swab16(x)
#define swab32(x)		__swab32(x)
#define swab64(x)		__swab64(x)
#define swahw32(x)		((__u32)((__u32)(x) << 16 | (__u32)(x) >> 16))
#define swahb32(x)		swahw32(__swab32(x))

static __always_inline __u16 swab16p(const __u16 *p)
{
	return __swab16(*p);
}

static __always_inline __u32 swab32p(const __u32 *p)
{
	return __swab32(*p);
}

static __always_inline __u64 swab64p(const __u64 *p)
{
	return __swab64(*p);
}

static __always_inline void swab16s(__u16 *p)
{
	*p = __swab16(*p);
}

static __always_inline void swab32s(__u32 *p)
{
	*p = __swab32(*p);
}

static __always_inline void swab64s(__u64 *p)
{
	*p = __swab64(*p);
}

#endif
