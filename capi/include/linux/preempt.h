/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_PREEMPT_H
#define _RZ_LINUX_PREEMPT_H

/*
 * Preemption, and what the running context is. The count is kept under every
 * preemption model, so in_atomic() is exact. All of these may be called anywhere
 * and do not sleep.
 */

#include <linux/compiler_types.h>

/* The fields of the count, from the lowest bit up. */
#define PREEMPT_BITS	8
#define SOFTIRQ_BITS	8
#define HARDIRQ_BITS	10
#define NMI_BITS	1

#define PREEMPT_SHIFT	0
#define SOFTIRQ_SHIFT	(PREEMPT_SHIFT + PREEMPT_BITS)
#define HARDIRQ_SHIFT	(SOFTIRQ_SHIFT + SOFTIRQ_BITS)
#define NMI_SHIFT	(HARDIRQ_SHIFT + HARDIRQ_BITS)

#define PREEMPT_OFFSET	(1UL << PREEMPT_SHIFT)
#define SOFTIRQ_OFFSET	(1UL << SOFTIRQ_SHIFT)
#define HARDIRQ_OFFSET	(1UL << HARDIRQ_SHIFT)
#define NMI_OFFSET	(1UL << NMI_SHIFT)
#define SOFTIRQ_DISABLE_OFFSET	(2 * SOFTIRQ_OFFSET)
#define PREEMPT_ACTIVE	(1UL << (NMI_SHIFT + NMI_BITS))

#define PREEMPT_MASK	(SOFTIRQ_OFFSET - PREEMPT_OFFSET)
#define SOFTIRQ_MASK	(HARDIRQ_OFFSET - SOFTIRQ_OFFSET)
#define HARDIRQ_MASK	(NMI_OFFSET - HARDIRQ_OFFSET)
#define NMI_MASK	(PREEMPT_ACTIVE - NMI_OFFSET)

#ifndef __ASSEMBLY__

void __rz_preempt_disable(void);
void __rz_preempt_enable(void);
int __rz_preempt_count(void);
int __rz_irqs_disabled(void);

#define preempt_disable()		__rz_preempt_disable()
#define preempt_enable()		__rz_preempt_enable()
#define preempt_enable_no_resched()	__rz_preempt_enable()
#define preempt_disable_notrace()	__rz_preempt_disable()
#define preempt_enable_notrace()	__rz_preempt_enable()
#define preempt_check_resched()		do { } while (0)

#define preempt_count()		__rz_preempt_count()
#define hardirq_count()		(preempt_count() & HARDIRQ_MASK)
#define softirq_count()		(preempt_count() & SOFTIRQ_MASK)
#define nmi_count()		(preempt_count() & NMI_MASK)
#define irq_count()		(preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_MASK))

/* An NMI handler runs. */
#define in_nmi()		(nmi_count() != 0)
/* A hardirq or NMI handler runs; the old name does not count NMIs. */
#define in_hardirq()		(hardirq_count() != 0)
#define in_irq()		(hardirq_count() != 0 && nmi_count() == 0)
/* Softirqs are processed, or bottom halves are off. */
#define in_softirq()		(softirq_count() != 0)
#define in_serving_softirq()	((preempt_count() & SOFTIRQ_OFFSET) != 0)
#define in_servng_softirq()	in_serving_softirq()
/* An NMI, a hardirq or a softirq runs, or bottom halves are off. */
#define in_interrupt()		(irq_count() != 0)
/* A task runs, whatever it has switched off. */
#define in_task()		(!(preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET)))
/* Something is counted that forbids to sleep. Says nothing of interrupts. */
#define in_atomic()		((preempt_count() & ~PREEMPT_ACTIVE) != 0)
/* Another task may take this CPU. */
#define preemptible()		(preempt_count() == 0 && !__rz_irqs_disabled())

#endif /* !__ASSEMBLY__ */

#endif
