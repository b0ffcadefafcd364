/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_BYTEORDER_H
#define _RZ_ASM_BYTEORDER_H

/* Byte orders. The machine is little-endian. */

#include <linux/types.h>
#include <linux/swab.h>

#ifndef __LITTLE_ENDIAN
#define __LITTLE_ENDIAN 1234
#endif
#define __LITTLE_ENDIAN_BITFIELD

#define cpu_to_le16(x)	((__force __le16)(__u16)(x))
#define le16_to_cpu(x)	((__force __u16)(__le16)(x))
#define cpu_to_be16(x)	((__force __be16)__swab16(x))
#define be16_to_cpu(x)	__swab16((__force __u16)(__be16)(x))
#define __cpu_to_le16(x)	cpu_to_le16(x)
#define __le16_to_cpu(x)	le16_to_cpu(x)
#define __cpu_to_be16(x)	cpu_to_be16(x)
#define __be16_to_cpu(x)	be16_to_cpu(x)
#define __constant_cpu_to_le16(x)	cpu_to_le16(x)
#define __constant_cpu_to_be16(x)	cpu_to_be16(x)

#define cpu_to_le32(x)	((__force __le32)(__u32)(x))
#define le32_to_cpu(x)	((__force __u32)(__le32)(x))
#define cpu_to_be32(x)	((__force __be32)__swab32(x))
#define be32_to_cpu(x)	__swab32((__force __u32)(__be32)(x))
#define __cpu_to_le32(x)	cpu_to_le32(x)
#define __le32_to_cpu(x)	le32_to_cpu(x)
#define __cpu_to_be32(x)	cpu_to_be32(x)
#define __be32_to_cpu(x)	be32_to_cpu(x)
#define __constant_cpu_to_le32(x)	cpu_to_le32(x)
#define __constant_cpu_to_be32(x)	cpu_to_be32(x)

#define cpu_to_le64(x)	((__force __le64)(__u64)(x))
#define le64_to_cpu(x)	((__force __u64)(__le64)(x))
#define cpu_to_be64(x)	((__force __be64)__swab64(x))
#define be64_to_cpu(x)	__swab64((__force __u64)(__be64)(x))
#define __cpu_to_le64(x)	cpu_to_le64(x)
#define __le64_to_cpu(x)	le64_to_cpu(x)
#define __cpu_to_be64(x)	cpu_to_be64(x)
#define __be64_to_cpu(x)	be64_to_cpu(x)
#define __constant_cpu_to_le64(x)	cpu_to_le64(x)
#define __constant_cpu_to_be64(x)	cpu_to_be64(x)

#define htons(x)	cpu_to_be16(x)
#define ntohs(x)	be16_to_cpu(x)
#define htonl(x)	cpu_to_be32(x)
#define ntohl(x)	be32_to_cpu(x)

static __always_inline __le16 cpu_to_le16p(const __u16 *p)
{
	return cpu_to_le16(*p);
}

static __always_inline __u16 le16_to_cpup(const __le16 *p)
{
	return le16_to_cpu(*p);
}

static __always_inline void cpu_to_le16s(__u16 *p)
{
	*p = (__force __u16)cpu_to_le16(*p);
}

static __always_inline void le16_to_cpus(__u16 *p)
{
	*p = le16_to_cpu((__force __le16)*p);
}

static __always_inline void le16_add_cpu(__le16 *var, __u16 val)
{
	*var = cpu_to_le16(le16_to_cpu(*var) + val);
}

static __always_inline __le32 cpu_to_le32p(const __u32 *p)
{
	return cpu_to_le32(*p);
}

static __always_inline __u32 le32_to_cpup(const __le32 *p)
{
	return le32_to_cpu(*p);
}

static __always_inline void cpu_to_le32s(__u32 *p)
{
	*p = (__force __u32)cpu_to_le32(*p);
}

static __always_inline void le32_to_cpus(__u32 *p)
{
	*p = le32_to_cpu((__force __le32)*p);
}

static __always_inline void le32_add_cpu(__le32 *var, __u32 val)
{
	*var = cpu_to_le32(le32_to_cpu(*var) + val);
}

static __always_inline __le64 cpu_to_le64p(const __u64 *p)
{
	return cpu_to_le64(*p);
}

static __always_inline __u64 le64_to_cpup(const __le64 *p)
{
	return le64_to_cpu(*p);
}

static __always_inline void cpu_to_le64s(__u64 *p)
{
	*p = (__force __u64)cpu_to_le64(*p);
}

static __always_inline void le64_to_cpus(__u64 *p)
{
	*p = le64_to_cpu((__force __le64)*p);
}

static __always_inline void le64_add_cpu(__le64 *var, __u64 val)
{
	*var = cpu_to_le64(le64_to_cpu(*var) + val);
}

static __always_inline __be16 cpu_to_be16p(const __u16 *p)
{
	return cpu_to_be16(*p);
}

static __always_inline __u16 be16_to_cpup(const __be16 *p)
{
	return be16_to_cpu(*p);
}

static __always_inline void cpu_to_be16s(__u16 *p)
{
	*p = (__force __u16)cpu_to_be16(*p);
}

static __always_inline void be16_to_cpus(__u16 *p)
{
	*p = be16_to_cpu((__force __be16)*p);
}

static __always_inline void be16_add_cpu(__be16 *var, __u16 val)
{
	*var = cpu_to_be16(be16_to_cpu(*var) + val);
}

static __always_inline __be32 cpu_to_be32p(const __u32 *p)
{
	return cpu_to_be32(*p);
}

static __always_inline __u32 be32_to_cpup(const __be32 *p)
{
	return be32_to_cpu(*p);
}

static __always_inline void cpu_to_be32s(__u32 *p)
{
	*p = (__force __u32)cpu_to_be32(*p);
}

static __always_inline void be32_to_cpus(__u32 *p)
{
	*p = be32_to_cpu((__force __be32)*p);
}

static __always_inline void be32_add_cpu(__be32 *var, __u32 val)
{
	*var = cpu_to_be32(be32_to_cpu(*var) + val);
}

static __always_inline __be64 cpu_to_be64p(const __u64 *p)
{
	return cpu_to_be64(*p);
}

static __always_inline __u64 be64_to_cpup(const __be64 *p)
{
	return be64_to_cpu(*p);
}

static __always_inline void cpu_to_be64s(__u64 *p)
{
	*p = (__force __u64)cpu_to_be64(*p);
}

static __always_inline void be64_to_cpus(__u64 *p)
{
	*p = be64_to_cpu((__force __be64)*p);
}

static __always_inline void be64_add_cpu(__be64 *var, __u64 val)
{
	*var = cpu_to_be64(be64_to_cpu(*var) + val);
}

#endif
