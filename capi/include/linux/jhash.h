/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_JHASH_H
#define _RZ_LINUX_JHASH_H

/*
 * Hashes of keys for tables: MurmurHash3's mixing of 32-bit words (A. Appleby, public
 * domain). Called jhash after Bob Jenkins, whose function Linux has here; the values
 * differ from it, and code must not expect particular ones.
 */

#include <linux/types.h>
#include <asm/unaligned.h>

#define JHASH_INITVAL	0xdeadbeef
#define jhash_size(n)	((u32)1 << (n))
#define jhash_mask(n)	(jhash_size(n) - 1)

static __always_inline u32 __rz_rotate(u32 x, int by)
{
	return x << by | x >> (32 - by);
}

static __always_inline u32 __rz_mix(u32 hash, u32 word)
{
	hash ^= __rz_rotate(word * 0xcc9e2d51, 15) * 0x1b873593;
	return __rz_rotate(hash, 13) * 5 + 0xe6546b64;
}

static __always_inline u32 __rz_finish(u32 hash)
{
	hash = (hash ^ hash >> 16) * 0x85ebca6b;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35;
	return hash ^ hash >> 16;
}

/* The hash of @length bytes. */
static __always_inline u32 jhash(const void *key, u32 length, u32 initval)
{
	const u8 *bytes = key;
	u32 hash = initval ^ JHASH_INITVAL, left = length, tail = 0;

	for (; left >= 4; left -= 4, bytes += 4)
		hash = __rz_mix(hash, get_unaligned_le32(bytes));
	while (left--)
		tail = tail << 8 | bytes[left];
	return __rz_finish(__rz_mix(hash, tail) ^ length);
}

/* The hash of @length words. */
static __always_inline u32 jhash2(const u32 *k, u32 length, u32 initval)
{
	u32 hash = initval ^ JHASH_INITVAL, i;

	for (i = 0; i < length; i++)
		hash = __rz_mix(hash, k[i]);
	return __rz_finish(hash ^ length);
}

static __always_inline u32 jhash_3words(u32 a, u32 b, u32 c, u32 initval)
{
	return __rz_finish(__rz_mix(__rz_mix(__rz_mix(initval ^ JHASH_INITVAL, a), b), c));
}

static __always_inline u32 jhash_2words(u32 a, u32 b, u32 initval)
{
	return jhash_3words(a, b, 0, initval);
}

static __always_inline u32 jhash_1word(u32 a, u32 initval)
{
	return jhash_3words(a, 0, 0, initval);
}

#endif
