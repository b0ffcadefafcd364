/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_BITMAP_H
#define _RZ_LINUX_BITMAP_H

/*
 * Arrays of bits as wholes: plain accesses. Bits of the last word beyond the
 * array's size are written with it and count for nothing.
 */

#include <linux/bitops.h>
#include <linux/find.h>
#include <linux/gfp_types.h>
#include <linux/slab.h>
#include <linux/types.h>

#define BITMAP_FIRST_WORD_MASK(start)	(~0UL << ((start) & (BITS_PER_LONG - 1)))
#define BITMAP_LAST_WORD_MASK(nbits)	(~0UL >> (-(nbits) & (BITS_PER_LONG - 1)))
#define bitmap_size(nbits)		(BITS_TO_LONGS(nbits) * sizeof(long))

/* The bits of word @at that belong to an array of @nbits. */
static __always_inline unsigned long __rz_bitmap_mask(unsigned int at, unsigned int nbits)
{
	return at + 1 == BITS_TO_LONGS(nbits) ? BITMAP_LAST_WORD_MASK(nbits) : ~0UL;
}

#define __rz_bitmap_each(at, nbits) \
	for (unsigned int at = 0; at < BITS_TO_LONGS(nbits); at++)

static inline unsigned long *bitmap_alloc(unsigned int nbits, gfp_t flags)
{
	return kmalloc_array(BITS_TO_LONGS(nbits), sizeof(unsigned long), flags);
}

static inline unsigned long *bitmap_zalloc(unsigned int nbits, gfp_t flags)
{
	return kcalloc(BITS_TO_LONGS(nbits), sizeof(unsigned long), flags);
}

static inline void bitmap_free(const unsigned long *bitmap)
{
	kfree(bitmap);
}

static inline void bitmap_zero(unsigned long *dst, unsigned int nbits)
{
	__rz_bitmap_each(at, nbits)
		dst[at] = 0;
}

static inline void bitmap_fill(unsigned long *dst, unsigned int nbits)
{
	__rz_bitmap_each(at, nbits)
		dst[at] = ~0UL;
}

static inline void bitmap_copy(unsigned long *dst, const unsigned long *src, unsigned int nbits)
{
	__rz_bitmap_each(at, nbits)
		dst[at] = src[at];
}

static inline bool bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b,
			      unsigned int nbits)
{
	unsigned long any = 0;

	__rz_bitmap_each(at, nbits)
		any |= dst[at] = a[at] & b[at] & __rz_bitmap_mask(at, nbits);
	return any != 0;
}

static inline bool bitmap_andnot(unsigned long *dst, const unsigned long *a,
				 const unsigned long *b, unsigned int nbits)
{
	unsigned long any = 0;

	__rz_bitmap_each(at, nbits)
		any |= dst[at] = a[at] & ~b[at] & __rz_bitmap_mask(at, nbits);
	return any != 0;
}

static inline void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b,
			     unsigned int nbits)
{
	__rz_bitmap_each(at, nbits)
		dst[at] = a[at] | b[at];
}

static inline void bitmap_xor(unsigned long *dst, const unsigned long *a, const unsigned long *b,
			      unsigned int nbits)
{
	__rz_bitmap_each(at, nbits)
		dst[at] = a[at] ^ b[at];
}

static inline void bitmap_complement(unsigned long *dst, const unsigned long *src,
				     unsigned int nbits)
{
	__rz_bitmap_each(at, nbits)
		dst[at] = ~src[at];
}

/* The bits of @new where @mask has them, the bits of @old elsewhere. */
static inline void bitmap_replace(unsigned long *dst, const unsigned long *old,
				  const unsigned long *new, const unsigned long *mask,
				  unsigned int nbits)
{
	__rz_bitmap_each(at, nbits)
		dst[at] = (old[at] & ~mask[at]) | (new[at] & mask[at]);
}

static inline bool bitmap_equal(const unsigned long *a, const unsigned long *b,
				unsigned int nbits)
{
	__rz_bitmap_each(at, nbits)
		if ((a[at] ^ b[at]) & __rz_bitmap_mask(at, nbits))
			return false;
	return true;
}

static inline bool bitmap_intersects(const unsigned long *a, const unsigned long *b,
				     unsigned int nbits)
{
	return find_first_and_bit(a, b, nbits) < nbits;
}

static inline bool bitmap_subset(const unsigned long *a, const unsigned long *b,
				 unsigned int nbits)
{
	return find_next_andnot_bit(a, b, nbits, 0) >= nbits;
}

static inline bool bitmap_empty(const unsigned long *src, unsigned int nbits)
{
	return find_first_bit(src, nbits) >= nbits;
}

static inline bool bitmap_full(const unsigned long *src, unsigned int nbits)
{
	return find_first_zero_bit(src, nbits) >= nbits;
}

static inline unsigned int bitmap_weight(const unsigned long *src, unsigned int nbits)
{
	unsigned int weight = 0;

	__rz_bitmap_each(at, nbits)
		weight += hweight64(src[at] & __rz_bitmap_mask(at, nbits));
	return weight;
}

static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int nbits)
{
	while (nbits--)
		__set_bit(start++, map);
}

static inline void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nbits)
{
	while (nbits--)
		__clear_bit(start++, map);
}

/*
 * Where @nr bits in a row are clear, from @start on, at a multiple of @align_mask +
 * 1; beyond @size if nowhere.
 */
static inline unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
						       unsigned long start, unsigned int nr,
						       unsigned long align_mask)
{
	for (;;) {
		unsigned long at = find_next_zero_bit(map, size, start), taken;

		at = (at + align_mask) & ~align_mask;
		if (at + nr > size)
			return at + nr;
		taken = find_next_bit(map, at + nr, at);
		if (taken >= at + nr)
			return at;
		start = taken + 1;
	}
}

/* Regions of 2 to the power of @order bits. */
static inline void bitmap_release_region(unsigned long *bitmap, unsigned int pos, int order)
{
	bitmap_clear(bitmap, pos, 1U << order);
}

static inline int bitmap_find_free_region(unsigned long *bitmap, unsigned int bits, int order)
{
	unsigned long nr = 1UL << order;
	unsigned long at = bitmap_find_next_zero_area(bitmap, bits, 0, nr, nr - 1);

	if (at + nr > bits)
		return -12;
	bitmap_set(bitmap, at, nr);
	return at;
}

#endif
