/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_STRINGHASH_H
#define _RZ_LINUX_STRINGHASH_H

/*
 * Hashes of names: FNV-1a (Fowler, Noll, Vo), begun with @salt. The values are not
 * those of Linux, which says nothing of them.
 */

#include <linux/types.h>
#include <linux/hash.h>

#define init_name_hash(salt)	(14695981039346656037UL ^ __rz_page_place(salt))

static __always_inline unsigned long partial_name_hash(unsigned long c, unsigned long hash)
{
	return (hash ^ (c & 0xff)) * 1099511628211UL;
}

static __always_inline unsigned int end_name_hash(unsigned long hash)
{
	return hash_long(hash, 32);
}

/* The hash of @len bytes. */
static __always_inline unsigned int full_name_hash(const void *salt, const char *name,
						   unsigned int len)
{
	unsigned long hash = init_name_hash(salt);

	while (len--)
		hash = partial_name_hash((unsigned char)*name++, hash);
	return end_name_hash(hash);
}

/* A hash and a length in one word. */
#define hashlen_hash(hashlen)	((u32)(hashlen))
#define hashlen_len(hashlen)	((u32)((hashlen) >> 32))
#define hashlen_create(hash, len) ((u64)(len) << 32 | (u32)(hash))

static __always_inline u64 hashlen_string(const void *salt, const char *name)
{
	unsigned int len = 0;

	while (name[len])
		len++;
	return hashlen_create(full_name_hash(salt, name, len), len);
}

#endif
