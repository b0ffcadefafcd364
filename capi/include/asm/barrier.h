/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_BARRIER_H
#define _RZ_ASM_BARRIER_H

/*
 * Memory barriers. The model is sequentially consistent, so they change no
 * outcome; the detector of data races takes the edge. No barrier is a step.
 */

#include <linux/compiler.h>

#ifndef __ASSEMBLY__

#ifdef __CHECKER__
#define __rz_fence(order)	barrier()
#else
/* The compiler's own detector could not follow a fence; ours can. */
#pragma GCC diagnostic push
#if !defined(__clang__) && __GNUC__ >= 11
#pragma GCC diagnostic ignored "-Wtsan"
#endif
static __always_inline void __rz_fence_full(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
static __always_inline void __rz_fence_acquire(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}
static __always_inline void __rz_fence_release(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
#pragma GCC diagnostic pop
#define __rz_fence(order)	__rz_fence_##order()
#endif

/* Orders everything before with everything after. */
#define smp_mb()	__rz_fence(full)
/* Orders reads before with reads after. Pairs with smp_wmb(). */
#define smp_rmb()	__rz_fence(acquire)
/* Orders writes before with writes after. Pairs with smp_rmb(). */
#define smp_wmb()	__rz_fence(release)

/* The same, for devices too. */
#define mb()		smp_mb()
#define rmb()		smp_rmb()
#define wmb()		smp_wmb()
#define dma_mb()	smp_mb()
#define dma_rmb()	smp_rmb()
#define dma_wmb()	smp_wmb()
#define mmiowb()	do { } while (0)

/* Dependencies order by themselves. */
#define smp_read_barrier_depends()	do { } while (0)
#define read_barrier_depends()		do { } while (0)

/* Makes an atomic without a result ordered with what comes before or after it. */
#define smp_mb__before_atomic()		smp_mb()
#define smp_mb__after_atomic()		smp_mb()
#define smp_mb__before_atomic_inc()	smp_mb()
#define smp_mb__after_atomic_inc()	smp_mb()
#define smp_mb__before_atomic_dec()	smp_mb()
#define smp_mb__after_atomic_dec()	smp_mb()
#define smp_mb__before_clear_bit()	smp_mb()
#define smp_mb__after_clear_bit()	smp_mb()

/* Makes the control dependency before it an acquire. */
#define smp_acquire__after_ctrl_dep()	smp_rmb()

/* A read that what comes after stays after, and the write that it pairs with. */
#define smp_load_acquire(p)						\
({									\
	compiletime_assert_rwonce_type(*(p));				\
	__atomic_load_n(p, __ATOMIC_ACQUIRE);				\
})
#define smp_store_release(p, v)						\
do {									\
	compiletime_assert_rwonce_type(*(p));				\
	__atomic_store_n(p, v, __ATOMIC_RELEASE);			\
} while (0)

/* A write, and a full barrier after it. */
#define smp_store_mb(var, value)					\
do {									\
	WRITE_ONCE(var, value);						\
	smp_mb();							\
} while (0)
#define set_mb(var, value)	smp_store_mb(var, value)

void cpu_relax(void);

/*
 * Spins until @cond_expr holds of VAL, which is *@ptr read once each time; the
 * value then. What comes after the second stays after.
 */
#define smp_cond_load_relaxed(ptr, cond_expr)				\
({									\
	typeof(ptr) __rz_at = (ptr);					\
	__unqual_scalar_typeof(*(ptr)) VAL;				\
	for (;;) {							\
		VAL = READ_ONCE(*__rz_at);				\
		if (cond_expr)						\
			break;						\
		cpu_relax();						\
	}								\
	(typeof(*(ptr)))VAL;						\
})
#define smp_cond_load_acquire(ptr, cond_expr)				\
({									\
	typeof(ptr) __rz_at = (ptr);					\
	__unqual_scalar_typeof(*(ptr)) VAL;				\
	for (;;) {							\
		VAL = smp_load_acquire(__rz_at);			\
		if (cond_expr)						\
			break;						\
		cpu_relax();						\
	}								\
	(typeof(*(ptr)))VAL;						\
})

#endif /* !__ASSEMBLY__ */

#endif
