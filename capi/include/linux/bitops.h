/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_BITOPS_H
#define _RZ_LINUX_BITOPS_H

/*
 * Single bits of arrays of longs, and the bits of one word. set_bit() and its like
 * are atomic and order nothing; test_and_set_bit() and its like order everything;
 * the _lock and _unlock forms are an acquire and a release. The forms with two
 * underscores are plain accesses, which the caller protects.
 */

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/barrier.h>

#ifndef BITS_PER_BYTE
#define BITS_PER_BYTE		8
#endif
#ifndef BITS_PER_TYPE
#define BITS_PER_TYPE(type)	(sizeof(type) * BITS_PER_BYTE)
#endif
#ifndef BITS_TO_LONGS
#define BITS_TO_LONGS(nr)	(((nr) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#endif
#ifndef BITS_TO_BYTES
#define BITS_TO_BYTES(nr)	(((nr) + BITS_PER_BYTE - 1) / BITS_PER_BYTE)
#endif

#ifndef __ASSEMBLY__

/* The atomic operation on *@word just now is an acquire. */
void __rz_acquired(const volatile void *word);

/* The word of bit @nr, and the bit's place in it. */
#define __rz_bit_word(nr, addr)	((unsigned long *)(addr) + (nr) / BITS_PER_LONG)
#define __rz_bit_mask(nr)	(1UL << ((nr) % BITS_PER_LONG))

static __always_inline void set_bit(long nr, volatile unsigned long *addr)
{
	(void)__atomic_fetch_or(__rz_bit_word(nr, addr), __rz_bit_mask(nr), __ATOMIC_RELAXED);
}

static __always_inline void clear_bit(long nr, volatile unsigned long *addr)
{
	(void)__atomic_fetch_and(__rz_bit_word(nr, addr), ~__rz_bit_mask(nr), __ATOMIC_RELAXED);
}

static __always_inline void change_bit(long nr, volatile unsigned long *addr)
{
	(void)__atomic_fetch_xor(__rz_bit_word(nr, addr), __rz_bit_mask(nr), __ATOMIC_RELAXED);
}

static __always_inline bool test_bit(long nr, const volatile unsigned long *addr)
{
	return __atomic_load_n(__rz_bit_word(nr, addr), __ATOMIC_RELAXED) & __rz_bit_mask(nr);
}

static __always_inline bool test_bit_acquire(long nr, const volatile unsigned long *addr)
{
	return __atomic_load_n(__rz_bit_word(nr, addr), __ATOMIC_ACQUIRE) & __rz_bit_mask(nr);
}

static __always_inline bool test_and_set_bit(long nr, volatile unsigned long *addr)
{
	unsigned long mask = __rz_bit_mask(nr);

	return __atomic_fetch_or(__rz_bit_word(nr, addr), mask, __ATOMIC_SEQ_CST) & mask;
}

static __always_inline bool test_and_clear_bit(long nr, volatile unsigned long *addr)
{
	unsigned long mask = __rz_bit_mask(nr);

	return __atomic_fetch_and(__rz_bit_word(nr, addr), ~mask, __ATOMIC_SEQ_CST) & mask;
}

static __always_inline bool test_and_change_bit(long nr, volatile unsigned long *addr)
{
	unsigned long mask = __rz_bit_mask(nr);

	return __atomic_fetch_xor(__rz_bit_word(nr, addr), mask, __ATOMIC_SEQ_CST) & mask;
}

/* An acquire if the bit was clear; to find it set orders nothing, which the checker is told. */
static __always_inline bool test_and_set_bit_lock(long nr, volatile unsigned long *addr)
{
	unsigned long mask = __rz_bit_mask(nr);
#if defined(__CHECKER__) || defined(__RZ_UNSEEN)
	return __atomic_fetch_or(__rz_bit_word(nr, addr), mask, __ATOMIC_ACQUIRE) & mask;
#else
	bool was_set = __atomic_fetch_or(__rz_bit_word(nr, addr), mask, __ATOMIC_RELAXED) & mask;

	if (!was_set)
		__rz_acquired(__rz_bit_word(nr, addr));
	return was_set;
#endif
}

static __always_inline void clear_bit_unlock(long nr, volatile unsigned long *addr)
{
	(void)__atomic_fetch_and(__rz_bit_word(nr, addr), ~__rz_bit_mask(nr), __ATOMIC_RELEASE);
}

/*
 * Flips the bits of @mask, all below bit 7, in the first byte, as a release; whether bit
 * 7 of that byte is set. Then by its old name, for one bit that is set.
 */
static __always_inline bool xor_unlock_is_negative_byte(unsigned long mask,
							volatile unsigned long *addr)
{
	return __atomic_fetch_xor((unsigned long *)addr, mask, __ATOMIC_RELEASE) & BIT(7);
}

static __always_inline bool clear_bit_unlock_is_negative_byte(long nr,
							      volatile unsigned long *addr)
{
	return __atomic_fetch_and((unsigned long *)addr, ~BIT(nr), __ATOMIC_RELEASE) & BIT(7);
}

/* For the holder of a bit lock whose other bits nobody changes. */
static __always_inline void __clear_bit_unlock(long nr, volatile unsigned long *addr)
{
	unsigned long *word = __rz_bit_word(nr, addr);

	__atomic_store_n(word, READ_ONCE(*word) & ~__rz_bit_mask(nr), __ATOMIC_RELEASE);
}

static __always_inline void __set_bit(long nr, volatile unsigned long *addr)
{
	*__rz_bit_word(nr, addr) |= __rz_bit_mask(nr);
}

static __always_inline void __clear_bit(long nr, volatile unsigned long *addr)
{
	*__rz_bit_word(nr, addr) &= ~__rz_bit_mask(nr);
}

static __always_inline void __change_bit(long nr, volatile unsigned long *addr)
{
	*__rz_bit_word(nr, addr) ^= __rz_bit_mask(nr);
}

static __always_inline bool __test_and_set_bit(long nr, volatile unsigned long *addr)
{
	unsigned long *word = __rz_bit_word(nr, addr), old = *word;

	*word = old | __rz_bit_mask(nr);
	return old & __rz_bit_mask(nr);
}

static __always_inline bool __test_and_clear_bit(long nr, volatile unsigned long *addr)
{
	unsigned long *word = __rz_bit_word(nr, addr), old = *word;

	*word = old & ~__rz_bit_mask(nr);
	return old & __rz_bit_mask(nr);
}

static __always_inline bool __test_and_change_bit(long nr, volatile unsigned long *addr)
{
	unsigned long *word = __rz_bit_word(nr, addr), old = *word;

	*word = old ^ __rz_bit_mask(nr);
	return old & __rz_bit_mask(nr);
}

#define assign_bit(nr, addr, value) \
	((value) ? set_bit((nr), (addr)) : clear_bit((nr), (addr)))
#define __assign_bit(nr, addr, value) \
	((value) ? __set_bit((nr), (addr)) : __clear_bit((nr), (addr)))

/* Number of the first bit from 0 that is set, or clear; undefined if there is none. */
static __always_inline __attribute_const__ unsigned long __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

static __always_inline __attribute_const__ unsigned long ffz(unsigned long word)
{
	return __builtin_ctzl(~word);
}

/* Number of the last bit that is set; undefined if there is none. */
static __always_inline __attribute_const__ unsigned long __fls(unsigned long word)
{
	return BITS_PER_LONG - 1 - __builtin_clzl(word);
}

/* Counted from 1; 0 if no bit is set. */
static __always_inline __attribute_const__ int ffs(int x)
{
	return __builtin_ffs(x);
}

static __always_inline __attribute_const__ int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static __always_inline __attribute_const__ int fls64(__u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static __always_inline __attribute_const__ unsigned int fls_long(unsigned long l)
{
	return fls64(l);
}

static __always_inline __attribute_const__ unsigned int __ffs64(__u64 word)
{
	return __builtin_ctzll(word);
}

/* How many bits are set; no builtin, which would call a library. */
static __always_inline __attribute_const__ unsigned int hweight64(__u64 w)
{
	w -= (w >> 1) & 0x5555555555555555ull;
	w = (w & 0x3333333333333333ull) + ((w >> 2) & 0x3333333333333333ull);
	w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (w * 0x0101010101010101ull) >> 56;
}
#define hweight32(w)	hweight64((__u32)(w))
#define hweight16(w)	hweight64((__u16)(w))
#define hweight8(w)	hweight64((__u8)(w))
#define hweight_long(w)	hweight64(w)
#define HWEIGHT64(w)	((unsigned int)__builtin_popcountll(w))
#define HWEIGHT32(w)	((unsigned int)__builtin_popcount((__u32)(w)))
#define HWEIGHT16(w)	HWEIGHT32((__u16)(w))
#define HWEIGHT8(w)	HWEIGHT32((__u8)(w))

static inline int get_bitmask_order(unsigned int count)
{
	return fls(count);
}

static inline __u64 rol64(__u64 word, unsigned int shift)
{
	return (word << (shift & 63)) | (word >> ((-shift) & 63));
}

static inline __u64 ror64(__u64 word, unsigned int shift)
{
	return (word >> (shift & 63)) | (word << ((-shift) & 63));
}

static inline __u32 rol32(__u32 word, unsigned int shift)
{
	return (word << (shift & 31)) | (word >> ((-shift) & 31));
}

static inline __u32 ror32(__u32 word, unsigned int shift)
{
	return (word >> (shift & 31)) | (word << ((-shift) & 31));
}

static inline __u16 rol16(__u16 word, unsigned int shift)
{
	return (word << (shift & 15)) | (word >> ((-shift) & 15));
}

static inline __u16 ror16(__u16 word, unsigned int shift)
{
	return (word >> (shift & 15)) | (word << ((-shift) & 15));
}

static inline __u8 rol8(__u8 word, unsigned int shift)
{
	return (word << (shift & 7)) | (word >> ((-shift) & 7));
}

static inline __u8 ror8(__u8 word, unsigned int shift)
{
	return (word >> (shift & 7)) | (word << ((-shift) & 7));
}

/* The number whose sign is bit @index of @value. */
static __always_inline __s32 sign_extend32(__u32 value, int index)
{
	__u8 shift = 31 - index;

	return (__s32)(value << shift) >> shift;
}

static __always_inline __s64 sign_extend64(__u64 value, int index)
{
	__u8 shift = 63 - index;

	return (__s64)(value << shift) >> shift;
}

/* *@ptr with the bits of @mask replaced by @bits, as one change; the new value, or the old. */
#define __rz_change_mask(ptr, mask, bits, result)			\
({									\
	typeof(ptr) __rz_word = (ptr);					\
	typeof(*__rz_word) __rz_mask = (mask), __rz_bits = (bits);	\
	typeof(*__rz_word) __rz_was = READ_ONCE(*__rz_word), __rz_is;	\
	do {								\
		__rz_is = (__rz_was & ~__rz_mask) | __rz_bits;		\
	} while (!__atomic_compare_exchange_n(__rz_word, &__rz_was,	\
			__rz_is, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)); \
	result;								\
})
#define set_mask_bits(ptr, mask, bits)	__rz_change_mask(ptr, mask, bits, __rz_was)
#define bit_clear_unless(ptr, clear, test)				\
({									\
	typeof(ptr) __rz_word = (ptr);					\
	typeof(*__rz_word) __rz_test = (test), __rz_clear = (clear);	\
	typeof(*__rz_word) __rz_was = READ_ONCE(*__rz_word);		\
	while (!(__rz_was & __rz_test) &&				\
	       !__atomic_compare_exchange_n(__rz_word, &__rz_was,	\
			__rz_was & ~__rz_clear, 0,			\
			__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))		\
		;							\
	!(__rz_was & __rz_test);					\
})

#include <linux/find.h>

#endif /* !__ASSEMBLY__ */

#endif
