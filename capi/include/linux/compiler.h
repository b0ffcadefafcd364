/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_COMPILER_H
#define _RZ_LINUX_COMPILER_H

/*
 * What the kernel asks of the compiler: hints, barriers against it, marked
 * accesses, and checks at compile time.
 */

#include <linux/compiler_types.h>

#ifndef __ASSEMBLY__

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define likely_notrace(x)	likely(x)
#define unlikely_notrace(x)	unlikely(x)

/* The compiler keeps no memory in registers across this, and moves nothing over it. */
#ifndef barrier
#define barrier()	__asm__ __volatile__("" : : : "memory")
#endif
#define barrier_data(ptr) __asm__ __volatile__("" : : "r"(ptr) : "memory")
#define barrier_before_unreachable() do { } while (0)
#define unreachable()	__builtin_unreachable()

/* The compiler forgets what it knows of the value. */
#define OPTIMIZER_HIDE_VAR(var)	__asm__("" : "=r"(var) : "0"(var))
#define RELOC_HIDE(ptr, off)						\
({									\
	unsigned long __rz_hidden = (unsigned long)(ptr);		\
	OPTIMIZER_HIDE_VAR(__rz_hidden);				\
	(typeof(ptr))(__rz_hidden + (off));				\
})
#define absolute_pointer(val)	RELOC_HIDE((void *)(val), 0)

#include <asm/rwonce.h>

/* The name before READ_ONCE: an lvalue that is accessed once. */
#define ACCESS_ONCE(x)	(*(volatile typeof(x) *)&(x))

/*
 * The accesses in @expr may race, and that is meant: the checker reports no data
 * race for them. They stay what they are otherwise.
 */
#if defined(__CHECKER__) || defined(__RZ_UNSEEN)
#define data_race(expr)	(expr)
#else
void __rz_data_race_begin(void);
void __rz_data_race_end(void);
#define data_race(expr)							\
({									\
	__rz_data_race_begin();						\
	typeof(({ expr; })) __rz_raced = ({ expr; });			\
	__rz_data_race_end();						\
	__rz_raced;							\
})
#endif

/* Claims about who else accesses a variable; the checker finds out by itself. */
#define ASSERT_EXCLUSIVE_WRITER(var)		((void)sizeof(var))
#define ASSERT_EXCLUSIVE_WRITER_SCOPED(var)	((void)sizeof(var))
#define ASSERT_EXCLUSIVE_ACCESS(var)		((void)sizeof(var))
#define ASSERT_EXCLUSIVE_ACCESS_SCOPED(var)	((void)sizeof(var))

/* An error at compile time unless @condition; 0 where a value is wanted. */
#define __RZ_ZERO_UNLESS(condition, msg) \
	((int)(sizeof(struct { _Static_assert(!(condition), msg); char __rz_c; }) * 0))
#define compiletime_assert(condition, msg) _Static_assert(condition, msg)
#define compiletime_assert_atomic_type(t) \
	compiletime_assert(__native_word(t), "needs a word of 1, 2, 4 or 8 bytes")

/* 0, or an error when @a is a pointer and no array. */
#ifdef __CHECKER__
#define __must_be_array(a)	0
#else
#define __must_be_array(a) \
	__RZ_ZERO_UNLESS(__same_type((a), &(a)[0]), "this is a pointer, not an array")
#endif

#define __ADDRESSABLE(sym) \
	static void * __used __section(".discard.addressable") \
		__UNIQUE_ID(__addressable_##sym) = (void *)&sym

#define offset_to_ptr(off)	((void *)((unsigned long)(off) + *(off)))

#endif /* !__ASSEMBLY__ */

#endif
