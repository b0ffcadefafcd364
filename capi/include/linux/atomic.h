/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_ATOMIC_H
#define _RZ_LINUX_ATOMIC_H

/*
 * Atomic counters. Each operation is one step of the checker. Ordering: reading,
 * setting and what returns nothing order nothing; what returns a value orders
 * everything, unless its name ends in _relaxed, _acquire or _release. An
 * operation that leaves the value alone (a failed cmpxchg) orders nothing.
 */

#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/barrier.h>

#ifndef __ASSEMBLY__

#define ATOMIC64_INIT(i)	{ (i) }

/* As many bits as a long. */
typedef atomic64_t atomic_long_t;
#define ATOMIC_LONG_INIT(i)	{ (i) }

/* What C has no builtin for as one operation: the value before. */
int __rz_atomic_fetch_add_unless(atomic_t *v, int a, int u);
s64 __rz_atomic64_fetch_add_unless(atomic64_t *v, s64 a, s64 u);
/* The value before, less one; stored only if that is not negative. */
int __rz_atomic_dec_if_positive(atomic_t *v);
s64 __rz_atomic64_dec_if_positive(atomic64_t *v);
/* Whether it was done. */
bool __rz_atomic_inc_unless_negative(atomic_t *v);
bool __rz_atomic64_inc_unless_negative(atomic64_t *v);
bool __rz_atomic_dec_unless_positive(atomic_t *v);
bool __rz_atomic64_dec_unless_positive(atomic64_t *v);

/* On any word: exchange, and exchange if it is what is expected. */
#define __rz_xchg(ptr, v, order)					\
({									\
	typeof(ptr) __rz_at = (ptr);					\
	typeof(*__rz_at) __rz_new = (v);				\
	__atomic_exchange_n(__rz_at, __rz_new, order);			\
})
#define xchg(ptr, v)		__rz_xchg(ptr, v, __ATOMIC_SEQ_CST)
#define xchg_relaxed(ptr, v)	__rz_xchg(ptr, v, __ATOMIC_RELAXED)
#define xchg_acquire(ptr, v)	__rz_xchg(ptr, v, __ATOMIC_ACQUIRE)
#define xchg_release(ptr, v)	__rz_xchg(ptr, v, __ATOMIC_RELEASE)

#define __rz_cmpxchg(ptr, o, n, order)					\
({									\
	typeof(ptr) __rz_at = (ptr);					\
	typeof(*__rz_at) __rz_old = (o);				\
	typeof(*__rz_at) __rz_new = (n);				\
	(void)__atomic_compare_exchange_n(__rz_at, &__rz_old, __rz_new,	\
					  0, order, __ATOMIC_RELAXED);	\
	__rz_old;							\
})
#define cmpxchg(ptr, o, n)		__rz_cmpxchg(ptr, o, n, __ATOMIC_SEQ_CST)
#define cmpxchg_relaxed(ptr, o, n)	__rz_cmpxchg(ptr, o, n, __ATOMIC_RELAXED)
#define cmpxchg_acquire(ptr, o, n)	__rz_cmpxchg(ptr, o, n, __ATOMIC_ACQUIRE)
#define cmpxchg_release(ptr, o, n)	__rz_cmpxchg(ptr, o, n, __ATOMIC_RELEASE)
#define cmpxchg_local(ptr, o, n)	cmpxchg_relaxed(ptr, o, n)
#define cmpxchg64(ptr, o, n)		cmpxchg(ptr, o, n)
#define cmpxchg64_relaxed(ptr, o, n)	cmpxchg_relaxed(ptr, o, n)
#define cmpxchg64_local(ptr, o, n)	cmpxchg_relaxed(ptr, o, n)
#define sync_cmpxchg(ptr, o, n)		cmpxchg(ptr, o, n)

/* Whether it was *@oldp; what it was instead is left there. */
#define __rz_try_cmpxchg(ptr, oldp, n, order)				\
({									\
	typeof(ptr) __rz_at = (ptr);					\
	typeof(*__rz_at) *__rz_oldp = (oldp);				\
	typeof(*__rz_at) __rz_old = *__rz_oldp;				\
	typeof(*__rz_at) __rz_new = (n);				\
	bool __rz_done = __atomic_compare_exchange_n(__rz_at, &__rz_old, \
				__rz_new, 0, order, __ATOMIC_RELAXED);	\
	if (!__rz_done)							\
		*__rz_oldp = __rz_old;					\
	__rz_done;							\
})
#define try_cmpxchg(ptr, o, n)		__rz_try_cmpxchg(ptr, o, n, __ATOMIC_SEQ_CST)
#define try_cmpxchg_relaxed(ptr, o, n)	__rz_try_cmpxchg(ptr, o, n, __ATOMIC_RELAXED)
#define try_cmpxchg_acquire(ptr, o, n)	__rz_try_cmpxchg(ptr, o, n, __ATOMIC_ACQUIRE)
#define try_cmpxchg_release(ptr, o, n)	__rz_try_cmpxchg(ptr, o, n, __ATOMIC_RELEASE)
#define try_cmpxchg64(ptr, o, n)	try_cmpxchg(ptr, o, n)
#define try_cmpxchg_local(ptr, o, n)	try_cmpxchg_relaxed(ptr, o, n)
#define sync_try_cmpxchg(ptr, o, n)	try_cmpxchg(ptr, o, n)

/* Spin until the condition, which speaks of VAL, holds of the value. */
#define atomic_cond_read_acquire(v, c)		smp_cond_load_acquire(&(v)->counter, (c))
#define atomic_cond_read_relaxed(v, c)		smp_cond_load_relaxed(&(v)->counter, (c))
#define atomic64_cond_read_acquire(v, c)	smp_cond_load_acquire(&(v)->counter, (c))
#define atomic64_cond_read_relaxed(v, c)	smp_cond_load_relaxed(&(v)->counter, (c))
#define atomic_long_cond_read_acquire(v, c)	smp_cond_load_acquire(&(v)->counter, (c))
#define atomic_long_cond_read_relaxed(v, c)	smp_cond_load_relaxed(&(v)->counter, (c))

/* One form of an operation: on @atype, whose value the functions call @itype. */
#define __RZ_FETCH(p, atype, itype, op, sfx, order)			\
static __always_inline itype p##_fetch_##op##sfx(itype i, atype *v)	\
{									\
	return __atomic_fetch_##op(&v->counter, i, order);		\
}
#define __RZ_RETURN(p, atype, itype, op, sfx, order)			\
static __always_inline itype p##_##op##_return##sfx(itype i, atype *v)	\
{									\
	return __atomic_##op##_fetch(&v->counter, i, order);		\
}
#define __RZ_ONE(p, atype, itype, sfx, order)				\
static __always_inline itype p##_inc_return##sfx(atype *v)		\
{									\
	return __atomic_add_fetch(&v->counter, 1, order);		\
}									\
static __always_inline itype p##_dec_return##sfx(atype *v)		\
{									\
	return __atomic_sub_fetch(&v->counter, 1, order);		\
}									\
static __always_inline itype p##_fetch_inc##sfx(atype *v)		\
{									\
	return __atomic_fetch_add(&v->counter, 1, order);		\
}									\
static __always_inline itype p##_fetch_dec##sfx(atype *v)		\
{									\
	return __atomic_fetch_sub(&v->counter, 1, order);		\
}									\
static __always_inline itype p##_fetch_andnot##sfx(itype i, atype *v)	\
{									\
	return __atomic_fetch_and(&v->counter, ~i, order);		\
}									\
static __always_inline bool p##_add_negative##sfx(itype i, atype *v)	\
{									\
	return __atomic_add_fetch(&v->counter, i, order) < 0;		\
}									\
static __always_inline itype p##_xchg##sfx(atype *v, itype i)		\
{									\
	return __atomic_exchange_n(&v->counter, i, order);		\
}									\
static __always_inline itype p##_cmpxchg##sfx(atype *v, itype o, itype n) \
{									\
	typeof(v->counter) old = o;					\
	(void)__atomic_compare_exchange_n(&v->counter, &old, n, 0,	\
					  order, __ATOMIC_RELAXED);	\
	return old;							\
}									\
static __always_inline bool p##_try_cmpxchg##sfx(atype *v, itype *o, itype n) \
{									\
	typeof(v->counter) old = *o;					\
	bool done = __atomic_compare_exchange_n(&v->counter, &old, n, 0, \
						order, __ATOMIC_RELAXED); \
	if (!done)							\
		*o = old;						\
	return done;							\
}

/* All operations of one ordering, then the whole family. */
#define __RZ_ORDERED(p, atype, itype, sfx, order)			\
	__RZ_FETCH(p, atype, itype, add, sfx, order)			\
	__RZ_FETCH(p, atype, itype, sub, sfx, order)			\
	__RZ_FETCH(p, atype, itype, and, sfx, order)			\
	__RZ_FETCH(p, atype, itype, or, sfx, order)			\
	__RZ_FETCH(p, atype, itype, xor, sfx, order)			\
	__RZ_RETURN(p, atype, itype, add, sfx, order)			\
	__RZ_RETURN(p, atype, itype, sub, sfx, order)			\
	__RZ_ONE(p, atype, itype, sfx, order)

#define __RZ_VOID(p, atype, itype, op)					\
static __always_inline void p##_##op(itype i, atype *v)			\
{									\
	(void)__atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED);	\
}

#define __RZ_ATOMIC(p, atype, itype, base, btype)			\
static __always_inline itype p##_read(const atype *v)			\
{									\
	return __atomic_load_n((const volatile typeof(v->counter) *)&v->counter, __ATOMIC_RELAXED);		\
}									\
static __always_inline itype p##_read_acquire(const atype *v)		\
{									\
	return __atomic_load_n((const volatile typeof(v->counter) *)&v->counter, __ATOMIC_ACQUIRE);		\
}									\
static __always_inline void p##_set(atype *v, itype i)			\
{									\
	__atomic_store_n((volatile typeof(v->counter) *)&v->counter, i, __ATOMIC_RELAXED);		\
}									\
static __always_inline void p##_set_release(atype *v, itype i)		\
{									\
	__atomic_store_n((volatile typeof(v->counter) *)&v->counter, i, __ATOMIC_RELEASE);		\
}									\
__RZ_VOID(p, atype, itype, add)						\
__RZ_VOID(p, atype, itype, sub)						\
__RZ_VOID(p, atype, itype, and)						\
__RZ_VOID(p, atype, itype, or)						\
__RZ_VOID(p, atype, itype, xor)						\
static __always_inline void p##_andnot(itype i, atype *v)		\
{									\
	(void)__atomic_fetch_and(&v->counter, ~i, __ATOMIC_RELAXED);	\
}									\
static __always_inline void p##_inc(atype *v)				\
{									\
	(void)__atomic_fetch_add(&v->counter, 1, __ATOMIC_RELAXED);	\
}									\
static __always_inline void p##_dec(atype *v)				\
{									\
	(void)__atomic_fetch_sub(&v->counter, 1, __ATOMIC_RELAXED);	\
}									\
__RZ_ORDERED(p, atype, itype, , __ATOMIC_SEQ_CST)			\
__RZ_ORDERED(p, atype, itype, _relaxed, __ATOMIC_RELAXED)		\
__RZ_ORDERED(p, atype, itype, _acquire, __ATOMIC_ACQUIRE)		\
__RZ_ORDERED(p, atype, itype, _release, __ATOMIC_RELEASE)		\
static __always_inline bool p##_sub_and_test(itype i, atype *v)		\
{									\
	return p##_sub_return(i, v) == 0;				\
}									\
static __always_inline bool p##_dec_and_test(atype *v)			\
{									\
	return p##_dec_return(v) == 0;					\
}									\
static __always_inline bool p##_inc_and_test(atype *v)			\
{									\
	return p##_inc_return(v) == 0;					\
}									\
/* Adds unless the value is @u; what it was, or whether it added. */	\
static __always_inline itype p##_fetch_add_unless(atype *v, itype a, itype u) \
{									\
	return base##_fetch_add_unless((btype *)v, a, u);		\
}									\
static __always_inline bool p##_add_unless(atype *v, itype a, itype u)	\
{									\
	return p##_fetch_add_unless(v, a, u) != u;			\
}									\
static __always_inline bool p##_inc_not_zero(atype *v)			\
{									\
	return p##_add_unless(v, 1, 0);					\
}									\
static __always_inline itype p##_dec_if_positive(atype *v)		\
{									\
	return base##_dec_if_positive((btype *)v);			\
}									\
static __always_inline bool p##_inc_unless_negative(atype *v)		\
{									\
	return base##_inc_unless_negative((btype *)v);			\
}									\
static __always_inline bool p##_dec_unless_positive(atype *v)		\
{									\
	return base##_dec_unless_positive((btype *)v);			\
}

__RZ_ATOMIC(atomic, atomic_t, int, __rz_atomic, atomic_t)
__RZ_ATOMIC(atomic64, atomic64_t, s64, __rz_atomic64, atomic64_t)
__RZ_ATOMIC(atomic_long, atomic_long_t, long, __rz_atomic64, atomic64_t)

/* Old names. */
#define atomic_set_mask(mask, v)	atomic_or(mask, v)
#define atomic_clear_mask(mask, v)	atomic_andnot(mask, v)
#define atomic_inc_not_zero_hint(v, hint) ((void)(hint), atomic_inc_not_zero(v))
#define ATOMIT64_INIT(i)		ATOMIC64_INIT(i)

#endif /* !__ASSEMBLY__ */

#endif
