/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SMP_H
#define _RZ_LINUX_SMP_H

/*
 * The running CPU, and functions on other CPUs. Such a function runs there in
 * hardirq context with interrupts off; on the caller's own CPU it runs at once.
 * Callers have interrupts on, or two that wait for each other wait for ever.
 */

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/preempt.h>
#include <linux/types.h>

typedef void (*smp_call_func_t)(void *info);
typedef bool (*smp_cond_func_t)(int cpu, void *info);

unsigned int __rz_smp_processor_id(void);
/* Means something only where the caller cannot be moved: get_cpu() sees to that. */
#define smp_processor_id()	((int)__rz_smp_processor_id())
#define raw_smp_processor_id()	((int)__rz_smp_processor_id())
#define __smp_processor_id()	((int)__rz_smp_processor_id())

/* Any context; switches preemption off, so that the caller stays. */
int __rz_get_cpu(void);
#define get_cpu()		__rz_get_cpu()
#define put_cpu()		preempt_enable()

/* Not from a hardirq or an NMI. -ENXIO: no such CPU. With @wait: until it has run. */
int smp_call_function_single(int cpu, smp_call_func_t func, void *info, int wait);
int smp_call_function_any(const struct cpumask *mask, smp_call_func_t func, void *info, int wait);
/* All of @mask but the caller's. Not from a softirq either. */
void smp_call_function_many(const struct cpumask *mask, smp_call_func_t func, void *info,
			    bool wait);
void smp_call_function(smp_call_func_t func, void *info, int wait);
/* The caller's CPU too. */
void on_each_cpu(smp_call_func_t func, void *info, int wait);
void on_each_cpu_mask(const struct cpumask *mask, smp_call_func_t func, void *info, bool wait);
void on_each_cpu_cond(smp_cond_func_t cond_func, smp_call_func_t func, void *info, bool wait);

#endif
