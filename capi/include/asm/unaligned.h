/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_UNALIGNED_H
#define _RZ_ASM_UNALIGNED_H

/* Words at any address, in either byte order. */

#include <linux/types.h>
#include <asm/byteorder.h>

#define __rz_get_unaligned(type, ptr)					\
({									\
	const struct { type __rz_word; } __packed *__rz_at = (const void *)(ptr); \
	__rz_at->__rz_word;						\
})
#define __rz_put_unaligned(type, val, ptr)				\
do {									\
	struct { type __rz_word; } __packed *__rz_at = (void *)(ptr);	\
	__rz_at->__rz_word = (val);					\
} while (0)

#define get_unaligned(ptr)	__rz_get_unaligned(typeof(*(ptr)), ptr)
#define put_unaligned(val, ptr)	__rz_put_unaligned(typeof(*(ptr)), val, ptr)

static __always_inline u16 get_unaligned_le16(const void *p)
{
	return le16_to_cpu(__rz_get_unaligned(__le16, p));
}

static __always_inline void put_unaligned_le16(u16 val, void *p)
{
	__rz_put_unaligned(__le16, cpu_to_le16(val), p);
}

static __always_inline u32 get_unaligned_le32(const void *p)
{
	return le32_to_cpu(__rz_get_unaligned(__le32, p));
}

static __always_inline void put_unaligned_le32(u32 val, void *p)
{
	__rz_put_unaligned(__le32, cpu_to_le32(val), p);
}

static __always_inline u64 get_unaligned_le64(const void *p)
{
	return le64_to_cpu(__rz_get_unaligned(__le64, p));
}

static __always_inline void put_unaligned_le64(u64 val, void *p)
{
	__rz_put_unaligned(__le64, cpu_to_le64(val), p);
}

static __always_inline u16 get_unaligned_be16(const void *p)
{
	return be16_to_cpu(__rz_get_unaligned(__be16, p));
}

static __always_inline void put_unaligned_be16(u16 val, void *p)
{
	__rz_put_unaligned(__be16, cpu_to_be16(val), p);
}

static __always_inline u32 get_unaligned_be32(const void *p)
{
	return be32_to_cpu(__rz_get_unaligned(__be32, p));
}

static __always_inline void put_unaligned_be32(u32 val, void *p)
{
	__rz_put_unaligned(__be32, cpu_to_be32(val), p);
}

static __always_inline u64 get_unaligned_be64(const void *p)
{
	return be64_to_cpu(__rz_get_unaligned(__be64, p));
}

static __always_inline void put_unaligned_be64(u64 val, void *p)
{
	__rz_put_unaligned(__be64, cpu_to_be64(val), p);
}

#endif
