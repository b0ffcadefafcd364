/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_PROCESSOR_H
#define _RZ_ASM_PROCESSOR_H

/*
 * Marks one failed round of a loop that waits: while (READ_ONCE(x)) cpu_relax();
 * The checker needs it to tell waiting from working. Keeps the CPU; any context.
 */
void cpu_relax(void);

#define cpu_relax_lowlatency()	cpu_relax()
#define cpu_relax_yield()	cpu_relax()

static inline void prefetch(const void *at)
{
	(void)at;
}

static inline void prefetchw(const void *at)
{
	(void)at;
}

#endif
