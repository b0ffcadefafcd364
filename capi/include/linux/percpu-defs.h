/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_PERCPU_DEFS_H
#define _RZ_LINUX_PERCPU_DEFS_H

/*
 * Variables of which each CPU has its own. The variable itself is only the
 * template of the copies: it is reached through the accessors.
 *
 * this_cpu_*() is one step on the copy of the running CPU, which neither an
 * interrupt nor a migration can divide. __this_cpu_*() and raw_cpu_*() are plain
 * accesses, which the caller protects from both.
 */

#include <linux/compiler.h>
#include <linux/preempt.h>
#include <linux/types.h>

#define PER_CPU_BASE_SECTION	".data..percpu"

#define __PCPU_ATTRS(sec)	__percpu __section(PER_CPU_BASE_SECTION)
#define DECLARE_PER_CPU_SECTION(type, name, sec) \
	extern __PCPU_ATTRS(sec) __typeof__(type) name
#define DEFINE_PER_CPU_SECTION(type, name, sec) \
	__PCPU_ATTRS(sec) __typeof__(type) name

#define DECLARE_PER_CPU(type, name)	DECLARE_PER_CPU_SECTION(type, name, "")
#define DEFINE_PER_CPU(type, name)	DEFINE_PER_CPU_SECTION(type, name, "")
#define DECLARE_PER_CPU_SHARED_ALIGNED(type, name) DECLARE_PER_CPU(type, name) __aligned(64)
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU(type, name) __aligned(64)
#define DECLARE_PER_CPU_ALIGNED(type, name)	DECLARE_PER_CPU(type, name) __aligned(64)
#define DEFINE_PER_CPU_ALIGNED(type, name)	DEFINE_PER_CPU(type, name) __aligned(64)
#define DECLARE_PER_CPU_PAGE_ALIGNED(type, name) DECLARE_PER_CPU(type, name) __aligned(4096)
#define DEFINE_PER_CPU_PAGE_ALIGNED(type, name)	DEFINE_PER_CPU(type, name) __aligned(4096)
#define DECLARE_PER_CPU_READ_MOSTLY(type, name)	DECLARE_PER_CPU(type, name)
#define DEFINE_PER_CPU_READ_MOSTLY(type, name)	DEFINE_PER_CPU(type, name)
#define EXPORT_PER_CPU_SYMBOL(var)
#define EXPORT_PER_CPU_SYMBOL_GPL(var)

#ifndef __ASSEMBLY__

/* A copy: of a CPU, and of the one that the caller runs on. Unknown ones are a finding. */
void *__rz_per_cpu_ptr(const void *ptr, unsigned int cpu);
void *__rz_this_cpu_ptr(const void *ptr);

#define per_cpu_ptr(ptr, cpu) \
	((typeof(*(ptr)) __kernel __force *)__rz_per_cpu_ptr((const void __force *)(ptr), (cpu)))
#define raw_cpu_ptr(ptr) \
	((typeof(*(ptr)) __kernel __force *)__rz_this_cpu_ptr((const void __force *)(ptr)))
#define this_cpu_ptr(ptr)	raw_cpu_ptr(ptr)
#define per_cpu(var, cpu)	(*per_cpu_ptr(&(var), cpu))
#define __get_cpu_var(var)	(*this_cpu_ptr(&(var)))

/* With preemption off, so that the copy stays the caller's. */
#define get_cpu_var(var)						\
(*({									\
	preempt_disable();						\
	this_cpu_ptr(&(var));						\
}))
#define put_cpu_var(var)						\
do {									\
	(void)&(var);							\
	preempt_enable();						\
} while (0)
#define get_cpu_ptr(ptr)						\
({									\
	preempt_disable();						\
	this_cpu_ptr(ptr);						\
})
#define put_cpu_ptr(ptr)						\
do {									\
	(void)(ptr);							\
	preempt_enable();						\
} while (0)

/* One step on the running CPU's copy, of 1, 2, 4 or 8 bytes; the value before. */
enum {
	__RZ_THIS_CPU_READ,
	__RZ_THIS_CPU_WRITE,
	__RZ_THIS_CPU_ADD,
	__RZ_THIS_CPU_AND,
	__RZ_THIS_CPU_OR,
	__RZ_THIS_CPU_XCHG,
	__RZ_THIS_CPU_CMPXCHG,
};
unsigned long __rz_this_cpu_op(const void *ptr, unsigned int op, unsigned int size,
			       unsigned long value, unsigned long expected);

#define __rz_this_cpu(var, op, value, expected)				\
	((typeof(var))__rz_this_cpu_op((const void __force *)&(var),	\
		__RZ_THIS_CPU_##op, sizeof(var),			\
		(unsigned long)(value), (unsigned long)(expected)))

#define this_cpu_read(var)		__rz_this_cpu(var, READ, 0, 0)
#define this_cpu_write(var, val)	((void)__rz_this_cpu(var, WRITE, val, 0))
#define this_cpu_add(var, val)		((void)__rz_this_cpu(var, ADD, val, 0))
#define this_cpu_sub(var, val)		((void)__rz_this_cpu(var, ADD, -(typeof(var))(val), 0))
#define this_cpu_inc(var)		this_cpu_add(var, 1)
#define this_cpu_dec(var)		this_cpu_sub(var, 1)
#define this_cpu_and(var, val)		((void)__rz_this_cpu(var, AND, val, 0))
#define this_cpu_or(var, val)		((void)__rz_this_cpu(var, OR, val, 0))
#define this_cpu_add_return(var, val)					\
({									\
	typeof(var) __rz_by = (val);					\
	(typeof(var))(__rz_this_cpu(var, ADD, __rz_by, 0) + __rz_by);	\
})
#define this_cpu_sub_return(var, val)	this_cpu_add_return(var, -(typeof(var))(val))
#define this_cpu_inc_return(var)	this_cpu_add_return(var, 1)
#define this_cpu_dec_return(var)	this_cpu_add_return(var, -1)
#define this_cpu_xchg(var, new)		__rz_this_cpu(var, XCHG, new, 0)
#define this_cpu_cmpxchg(var, old, new)	__rz_this_cpu(var, CMPXCHG, new, old)

#define raw_cpu_read(var)		(*raw_cpu_ptr(&(var)))
#define raw_cpu_write(var, val)		((void)(*raw_cpu_ptr(&(var)) = (val)))
#define raw_cpu_add(var, val)		((void)(*raw_cpu_ptr(&(var)) += (val)))
#define raw_cpu_sub(var, val)		((void)(*raw_cpu_ptr(&(var)) -= (val)))
#define raw_cpu_inc(var)		raw_cpu_add(var, 1)
#define raw_cpu_dec(var)		raw_cpu_sub(var, 1)
#define raw_cpu_and(var, val)		((void)(*raw_cpu_ptr(&(var)) &= (val)))
#define raw_cpu_or(var, val)		((void)(*raw_cpu_ptr(&(var)) |= (val)))
#define raw_cpu_add_return(var, val)	(*raw_cpu_ptr(&(var)) += (val))
#define raw_cpu_xchg(var, new)						\
({									\
	typeof(&(var)) __rz_mine = raw_cpu_ptr(&(var));			\
	typeof(var) __rz_was = *__rz_mine;				\
	*__rz_mine = (new);						\
	__rz_was;							\
})
#define raw_cpu_cmpxchg(var, old, new)					\
({									\
	typeof(&(var)) __rz_mine = raw_cpu_ptr(&(var));			\
	typeof(var) __rz_was = *__rz_mine;				\
	if (__rz_was == (old))						\
		*__rz_mine = (new);					\
	__rz_was;							\
})

#define __this_cpu_read(var)		raw_cpu_read(var)
#define __this_cpu_write(var, val)	raw_cpu_write(var, val)
#define __this_cpu_add(var, val)	raw_cpu_add(var, val)
#define __this_cpu_sub(var, val)	raw_cpu_sub(var, val)
#define __this_cpu_inc(var)		raw_cpu_inc(var)
#define __this_cpu_dec(var)		raw_cpu_dec(var)
#define __this_cpu_and(var, val)	raw_cpu_and(var, val)
#define __this_cpu_or(var, val)		raw_cpu_or(var, val)
#define __this_cpu_add_return(var, val)	raw_cpu_add_return(var, val)
#define __this_cpu_sub_return(var, val)	raw_cpu_add_return(var, -(typeof(var))(val))
#define __this_cpu_inc_return(var)	raw_cpu_add_return(var, 1)
#define __this_cpu_dec_return(var)	raw_cpu_add_return(var, -1)
#define __this_cpu_xchg(var, new)	raw_cpu_xchg(var, new)
#define __this_cpu_cmpxchg(var, old, new) raw_cpu_cmpxchg(var, old, new)

#endif /* !__ASSEMBLY__ */

#endif
