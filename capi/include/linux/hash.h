/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_HASH_H
#define _RZ_LINUX_HASH_H

/* Hashes of numbers: multiplication by the golden ratio, the high bits kept. */

#include <linux/types.h>
#include <asm/bitsperlong.h>

/* 2^n divided by the golden ratio, an odd number beside it. */
#define GOLDEN_RATIO_32	0x61C88647
#define GOLDEN_RATIO_64	0x61C8864680B583EBull
#define GOLDEN_RATIO_PRIME GOLDEN_RATIO_64

#define hash_long(val, bits)	hash_64(val, bits)

static __always_inline u32 __hash_32_generic(u32 val)
{
	return val * GOLDEN_RATIO_32;
}
#define __hash_32 __hash_32_generic

/* @val as a number of @bits bits. */
static __always_inline u32 hash_32(u32 val, unsigned int bits)
{
	return __hash_32(val) >> (32 - bits);
}

static __always_inline u32 hash_64_generic(u64 val, unsigned int bits)
{
	return (u32)(val * GOLDEN_RATIO_64 >> (64 - bits));
}
#define hash_64 hash_64_generic

/*
 * A pointer's hash is that of its place in its page: the rest of an address differs
 * from process to process, and what code does must not.
 */
#define __rz_page_place(ptr)	((unsigned long)(ptr) & 0xfff)

static __always_inline u32 hash_ptr(const void *ptr, unsigned int bits)
{
	return (u32)hash_long(__rz_page_place(ptr), bits);
}

static __always_inline u32 hash32_ptr(const void *ptr)
{
	return (u32)__rz_page_place(ptr);
}

#endif
