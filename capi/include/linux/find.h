/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_FIND_H
#define _RZ_LINUX_FIND_H

/*
 * Looking for bits in arrays of longs: plain reads. What is not found is the size
 * of the array in bits.
 */

#include <linux/bitops.h>

/*
 * The first bit from @start on that is set in (a & b), where a missing @b counts as
 * all ones, and @flip inverts a, @flip_b inverts b.
 */
static inline unsigned long __rz_find(const unsigned long *a, const unsigned long *b,
				      unsigned long size, unsigned long start,
				      unsigned long flip, unsigned long flip_b)
{
	unsigned long at, word;

	for (at = start - start % BITS_PER_LONG; at < size && start < size; at += BITS_PER_LONG) {
		word = a[at / BITS_PER_LONG] ^ flip;
		if (b)
			word &= b[at / BITS_PER_LONG] ^ flip_b;
		if (at < start)
			word &= ~0UL << (start - at);
		if (word) {
			at += __builtin_ctzl(word);
			return at < size ? at : size;
		}
	}
	return size;
}

static inline unsigned long find_next_bit(const unsigned long *addr, unsigned long size,
					  unsigned long offset)
{
	return __rz_find(addr, (void *)0, size, offset, 0, 0);
}

static inline unsigned long find_first_bit(const unsigned long *addr, unsigned long size)
{
	return __rz_find(addr, (void *)0, size, 0, 0, 0);
}

static inline unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size,
					       unsigned long offset)
{
	return __rz_find(addr, (void *)0, size, offset, ~0UL, 0);
}

static inline unsigned long find_first_zero_bit(const unsigned long *addr, unsigned long size)
{
	return __rz_find(addr, (void *)0, size, 0, ~0UL, 0);
}

static inline unsigned long find_next_and_bit(const unsigned long *a, const unsigned long *b,
					      unsigned long size, unsigned long offset)
{
	return __rz_find(a, b, size, offset, 0, 0);
}

static inline unsigned long find_first_and_bit(const unsigned long *a, const unsigned long *b,
					       unsigned long size)
{
	return __rz_find(a, b, size, 0, 0, 0);
}

static inline unsigned long find_next_andnot_bit(const unsigned long *a, const unsigned long *b,
						 unsigned long size, unsigned long offset)
{
	return __rz_find(a, b, size, offset, 0, ~0UL);
}

static inline unsigned long find_last_bit(const unsigned long *addr, unsigned long size)
{
	unsigned long at;

	for (at = size; at-- > 0;)
		if (addr[at / BITS_PER_LONG] >> (at % BITS_PER_LONG) & 1)
			return at;
	return size;
}

/* The bit after @n others that are set. */
static inline unsigned long find_nth_bit(const unsigned long *addr, unsigned long size,
					 unsigned long n)
{
	unsigned long at = find_first_bit(addr, size);

	while (n-- && at < size)
		at = find_next_bit(addr, size, at + 1);
	return at;
}

/* The same of the bits that are set in both. */
static inline unsigned long find_nth_and_bit(const unsigned long *a, const unsigned long *b,
					     unsigned long size, unsigned long n)
{
	unsigned long at = find_first_and_bit(a, b, size);

	while (n-- && at < size)
		at = find_next_and_bit(a, b, size, at + 1);
	return at;
}

static inline unsigned long find_first_andnot_bit(const unsigned long *a, const unsigned long *b,
						  unsigned long size)
{
	return __rz_find(a, b, size, 0, 0, ~0UL);
}

/* Set in one of the two at least. */
static inline unsigned long find_next_or_bit(const unsigned long *a, const unsigned long *b,
					     unsigned long size, unsigned long offset)
{
	unsigned long in_a = __rz_find(a, (void *)0, size, offset, 0, 0);
	unsigned long in_b = __rz_find(b, (void *)0, size, offset, 0, 0);

	return in_a < in_b ? in_a : in_b;
}

/* From @offset on, then from the start. */
static inline unsigned long find_next_bit_wrap(const unsigned long *addr, unsigned long size,
					       unsigned long offset)
{
	unsigned long at = find_next_bit(addr, size, offset);

	if (at < size || !offset)
		return at;
	at = find_first_bit(addr, offset);
	return at < offset ? at : size;
}

/* The one after @at on the round that began at @start; the size at its end. */
static inline unsigned long __rz_next_bit_wrap(const unsigned long *addr, unsigned long size,
					       unsigned long start, unsigned long at)
{
	unsigned long next;

	if (at >= start) {
		next = find_next_bit(addr, size, at + 1);
		if (next < size)
			return next;
		at = ~0UL;
	}
	next = find_next_bit(addr, start, at + 1);
	return next < start ? next : size;
}

#define for_each_set_bit(bit, addr, size)				\
	for ((bit) = find_first_bit((addr), (size)); (bit) < (size);	\
	     (bit) = find_next_bit((addr), (size), (bit) + 1))
/* All of them, from @start on and then from the start. */
#define for_each_set_bit_wrap(bit, addr, size, start)			\
	for ((bit) = find_next_bit_wrap((addr), (size), (start));	\
	     (bit) < (size);						\
	     (bit) = __rz_next_bit_wrap((addr), (size), (start), (bit)))
#define for_each_set_bit_from(bit, addr, size)				\
	for ((bit) = find_next_bit((addr), (size), (bit)); (bit) < (size); \
	     (bit) = find_next_bit((addr), (size), (bit) + 1))
#define for_each_and_bit(bit, addr1, addr2, size)			\
	for ((bit) = find_first_and_bit((addr1), (addr2), (size)); (bit) < (size); \
	     (bit) = find_next_and_bit((addr1), (addr2), (size), (bit) + 1))
#define for_each_clear_bit(bit, addr, size)				\
	for ((bit) = find_first_zero_bit((addr), (size)); (bit) < (size); \
	     (bit) = find_next_zero_bit((addr), (size), (bit) + 1))
#define for_each_clear_bit_from(bit, addr, size)			\
	for ((bit) = find_next_zero_bit((addr), (size), (bit)); (bit) < (size); \
	     (bit) = find_next_zero_bit((addr), (size), (bit) + 1))
/* Each run of bits that are set: @b is its first, @e the one after its last. */
#define for_each_set_bitrange(b, e, addr, size)				\
	for ((b) = find_first_bit((addr), (size)),			\
	     (e) = find_next_zero_bit((addr), (size), (b) + 1);		\
	     (b) < (size);						\
	     (b) = find_next_bit((addr), (size), (e) + 1),		\
	     (e) = find_next_zero_bit((addr), (size), (b) + 1))
#define for_each_set_bitrange_from(b, e, addr, size)			\
	for ((b) = find_next_bit((addr), (size), (b)),			\
	     (e) = find_next_zero_bit((addr), (size), (b) + 1);		\
	     (b) < (size);						\
	     (b) = find_next_bit((addr), (size), (e) + 1),		\
	     (e) = find_next_zero_bit((addr), (size), (b) + 1))
#define for_each_clear_bitrange(b, e, addr, size)			\
	for ((b) = find_first_zero_bit((addr), (size)),			\
	     (e) = find_next_bit((addr), (size), (b) + 1);		\
	     (b) < (size);						\
	     (b) = find_next_zero_bit((addr), (size), (e) + 1),		\
	     (e) = find_next_bit((addr), (size), (b) + 1))
#define for_each_clear_bitrange_from(b, e, addr, size)			\
	for ((b) = find_next_zero_bit((addr), (size), (b)),		\
	     (e) = find_next_bit((addr), (size), (b) + 1);		\
	     (b) < (size);						\
	     (b) = find_next_zero_bit((addr), (size), (e) + 1),		\
	     (e) = find_next_bit((addr), (size), (b) + 1))

#endif
