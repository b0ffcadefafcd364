/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_CPUMASK_H
#define _RZ_LINUX_CPUMASK_H

/*
 * Sets of CPUs, and which CPUs there are: all of the machine, online all the time.
 * A set is one word. cpumask_set_cpu() and its like are atomic, the forms with two
 * underscores and what works on whole sets are plain accesses.
 */

#include <linux/bitops.h>
#include <linux/threads.h>
#include <linux/types.h>

struct cpumask {
	unsigned long bits[BITS_TO_LONGS(NR_CPUS)];
};
typedef struct cpumask cpumask_t;
typedef struct cpumask cpumask_var_t[1];

#define cpumask_bits(maskp)	((maskp)->bits)
#define cpumask_size()		sizeof(struct cpumask)
#define to_cpumask(bitmap)	((struct cpumask *)(bitmap))

unsigned int __rz_nr_cpus(void);
const struct cpumask *__rz_cpu_online_mask(void);
const struct cpumask *__rz_cpumask_of(unsigned int cpu);
const struct cpumask *__rz_cpu_all_mask(void);
const struct cpumask *__rz_cpu_none_mask(void);

#define nr_cpu_ids		__rz_nr_cpus()
#define nr_cpumask_bits		((unsigned int)NR_CPUS)
#define num_online_cpus()	__rz_nr_cpus()
#define num_possible_cpus()	__rz_nr_cpus()
#define num_present_cpus()	__rz_nr_cpus()
#define num_active_cpus()	__rz_nr_cpus()
#define cpu_online(cpu)		((unsigned int)(cpu) < nr_cpu_ids)
#define cpu_possible(cpu)	cpu_online(cpu)
#define cpu_present(cpu)	cpu_online(cpu)
#define cpu_active(cpu)		cpu_online(cpu)
#define cpu_is_offline(cpu)	(!cpu_online(cpu))
#define cpu_online_mask		__rz_cpu_online_mask()
#define cpu_possible_mask	__rz_cpu_online_mask()
#define cpu_present_mask	__rz_cpu_online_mask()
#define cpu_active_mask		__rz_cpu_online_mask()
#define cpu_all_mask		__rz_cpu_all_mask()
#define cpu_none_mask		__rz_cpu_none_mask()
#define cpumask_of(cpu)		__rz_cpumask_of(cpu)
#define cpumask_of_node(node)	((void)(node), __rz_cpu_online_mask())

#define CPU_BITS_NONE		{ [0] = 0UL }
#define CPU_BITS_CPU0		{ [0] = 1UL }
#define CPU_BITS_ALL		{ [0] = ~0UL }
#define CPU_MASK_NONE		(cpumask_t){ CPU_BITS_NONE }
#define CPU_MASK_CPU0		(cpumask_t){ CPU_BITS_CPU0 }
#define CPU_MASK_ALL		(cpumask_t){ CPU_BITS_ALL }

/* Single CPUs of a set. */
static __always_inline void cpumask_set_cpu(unsigned int cpu, struct cpumask *mask)
{
	set_bit(cpu, cpumask_bits(mask));
}

static __always_inline void __cpumask_set_cpu(unsigned int cpu, struct cpumask *mask)
{
	__set_bit(cpu, cpumask_bits(mask));
}

static __always_inline void cpumask_clear_cpu(int cpu, struct cpumask *mask)
{
	clear_bit(cpu, cpumask_bits(mask));
}

static __always_inline void __cpumask_clear_cpu(int cpu, struct cpumask *mask)
{
	__clear_bit(cpu, cpumask_bits(mask));
}

static __always_inline bool cpumask_test_cpu(int cpu, const struct cpumask *mask)
{
	return test_bit(cpu, cpumask_bits(mask));
}

static __always_inline bool cpumask_test_and_set_cpu(int cpu, struct cpumask *mask)
{
	return test_and_set_bit(cpu, cpumask_bits(mask));
}

static __always_inline bool cpumask_test_and_clear_cpu(int cpu, struct cpumask *mask)
{
	return test_and_clear_bit(cpu, cpumask_bits(mask));
}
#define cpu_isset(cpu, mask)	cpumask_test_cpu(cpu, &(mask))

/* Whole sets. */
static inline void cpumask_clear(struct cpumask *dst)
{
	dst->bits[0] = 0;
}

static inline void cpumask_setall(struct cpumask *dst)
{
	dst->bits[0] = ~0UL;
}

static inline void cpumask_copy(struct cpumask *dst, const struct cpumask *src)
{
	dst->bits[0] = src->bits[0];
}

static inline bool cpumask_and(struct cpumask *dst, const struct cpumask *a,
			       const struct cpumask *b)
{
	return (dst->bits[0] = a->bits[0] & b->bits[0]) != 0;
}

static inline void cpumask_or(struct cpumask *dst, const struct cpumask *a,
			      const struct cpumask *b)
{
	dst->bits[0] = a->bits[0] | b->bits[0];
}

static inline void cpumask_xor(struct cpumask *dst, const struct cpumask *a,
			       const struct cpumask *b)
{
	dst->bits[0] = a->bits[0] ^ b->bits[0];
}

static inline bool cpumask_andnot(struct cpumask *dst, const struct cpumask *a,
				  const struct cpumask *b)
{
	return (dst->bits[0] = a->bits[0] & ~b->bits[0]) != 0;
}

static inline void cpumask_complement(struct cpumask *dst, const struct cpumask *src)
{
	dst->bits[0] = ~src->bits[0];
}

static inline bool cpumask_equal(const struct cpumask *a, const struct cpumask *b)
{
	return a->bits[0] == b->bits[0];
}

static inline bool cpumask_intersects(const struct cpumask *a, const struct cpumask *b)
{
	return (a->bits[0] & b->bits[0]) != 0;
}

static inline bool cpumask_subset(const struct cpumask *a, const struct cpumask *b)
{
	return (a->bits[0] & ~b->bits[0]) == 0;
}

static inline bool cpumask_empty(const struct cpumask *src)
{
	return src->bits[0] == 0;
}

static inline bool cpumask_full(const struct cpumask *src)
{
	return src->bits[0] == ~0UL;
}

static inline unsigned int cpumask_weight(const struct cpumask *src)
{
	return hweight64(src->bits[0]);
}

/* The first CPU of a set from a number on; nr_cpu_ids or more: there is none. */
static inline unsigned int cpumask_first(const struct cpumask *src)
{
	return find_first_bit(src->bits, NR_CPUS);
}

static inline unsigned int cpumask_first_zero(const struct cpumask *src)
{
	return find_first_zero_bit(src->bits, NR_CPUS);
}

static inline unsigned int cpumask_first_and(const struct cpumask *a, const struct cpumask *b)
{
	return find_first_and_bit(a->bits, b->bits, NR_CPUS);
}

static inline unsigned int cpumask_last(const struct cpumask *src)
{
	return find_last_bit(src->bits, NR_CPUS);
}

static inline unsigned int cpumask_next(int n, const struct cpumask *src)
{
	return find_next_bit(src->bits, NR_CPUS, n + 1);
}

static inline unsigned int cpumask_next_zero(int n, const struct cpumask *src)
{
	return find_next_zero_bit(src->bits, NR_CPUS, n + 1);
}

static inline unsigned int cpumask_next_and(int n, const struct cpumask *a,
					    const struct cpumask *b)
{
	return find_next_and_bit(a->bits, b->bits, NR_CPUS, n + 1);
}

static inline unsigned int cpumask_next_wrap(int n, const struct cpumask *src)
{
	return find_next_bit_wrap(src->bits, NR_CPUS, n + 1);
}

static inline unsigned int cpumask_any_but(const struct cpumask *mask, unsigned int cpu)
{
	unsigned int i = cpumask_first(mask);

	return i == cpu ? cpumask_next(i, mask) : i;
}
#define cpumask_any(src)		cpumask_first(src)
#define cpumask_any_and(a, b)		cpumask_first_and(a, b)
#define cpumask_local_spread(i, node)	((void)(node), (i) % nr_cpu_ids)

#define for_each_cpu(cpu, mask)						\
	for ((cpu) = cpumask_first(mask); (cpu) < nr_cpu_ids;		\
	     (cpu) = cpumask_next((cpu), (mask)))
#define for_each_cpu_not(cpu, mask)					\
	for ((cpu) = cpumask_first_zero(mask); (cpu) < nr_cpu_ids;	\
	     (cpu) = cpumask_next_zero((cpu), (mask)))
#define for_each_cpu_and(cpu, mask1, mask2)				\
	for ((cpu) = cpumask_first_and((mask1), (mask2)); (cpu) < nr_cpu_ids; \
	     (cpu) = cpumask_next_and((cpu), (mask1), (mask2)))
#define for_each_online_cpu(cpu) \
	for ((cpu) = 0; (unsigned int)(cpu) < nr_cpu_ids; (cpu)++)
#define for_each_possible_cpu(cpu)	for_each_online_cpu(cpu)
#define for_each_present_cpu(cpu)	for_each_online_cpu(cpu)

/* A set that may be large and so comes from the heap: here it never is. */
#define alloc_cpumask_var(mask, flags)	((void)(mask), (void)(flags), true)
static inline bool __rz_zalloc_cpumask_var(struct cpumask *mask)
{
	cpumask_clear(mask);
	return true;
}
#define zalloc_cpumask_var(mask, flags)	((void)(flags), __rz_zalloc_cpumask_var(*(mask)))
#define free_cpumask_var(mask)		((void)(mask))

#endif
