/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_PERCPU_H
#define _RZ_LINUX_PERCPU_H

/* Per-CPU memory that is made at run time. */

#include <linux/percpu-defs.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/gfp_types.h>

#ifndef __ASSEMBLY__

/*
 * One zeroed object for each CPU; NULL when it fails. Task context, may sleep. At
 * most 8 KB an object. free_percpu() may be called anywhere but in an NMI.
 */
void __percpu *__alloc_percpu(size_t size, size_t align);
void __percpu *__alloc_percpu_gfp(size_t size, size_t align, gfp_t gfp);
void free_percpu(void __percpu *ptr);

#define alloc_percpu(type) \
	((typeof(type) __percpu *)__alloc_percpu(sizeof(type), __alignof__(type)))
#define alloc_percpu_gfp(type, gfp) \
	((typeof(type) __percpu *)__alloc_percpu_gfp(sizeof(type), __alignof__(type), gfp))

#endif /* !__ASSEMBLY__ */

#endif
