/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_INTERRUPT_H
#define _RZ_LINUX_INTERRUPT_H

/*
 * Interrupt lines, softirqs and tasklets. A line that is requested may fire
 * whenever its CPU has interrupts on, as often as the checker's bound allows.
 * Lines are numbered 0 to 63.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/cpumask.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/irqreturn.h>
#include <linux/kernel.h>
#include <linux/linkage.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* What triggers the line: of no meaning here. */
#define IRQF_TRIGGER_NONE	0x00000000
#define IRQF_TRIGGER_RISING	0x00000001
#define IRQF_TRIGGER_FALLING	0x00000002
#define IRQF_TRIGGER_HIGH	0x00000004
#define IRQF_TRIGGER_LOW	0x00000008
#define IRQF_TRIGGER_MASK	0x0000000f
#define IRQF_TRIGGER_PROBE	0x00000010
/* Several handlers share the line; each says so, and has a dev_id. */
#define IRQF_SHARED		0x00000080
#define IRQF_PROBE_SHARED	0x00000100
#define IRQF_PERCPU		0x00000400
#define IRQF_NOBALANCING	0x00000800
#define IRQF_IRQPOLL		0x00001000
#define IRQF_ONESHOT		0x00002000
#define IRQF_NO_SUSPEND		0x00004000
#define IRQF_FORCE_RESUME	0x00008000
#define IRQF_NO_THREAD		0x00010000
#define IRQF_EARLY_RESUME	0x00020000
#define IRQF_COND_SUSPEND	0x00040000
/* The line stays off until enable_irq(). */
#define IRQF_NO_AUTOEN		0x00080000
/* Old names. Handlers always run with interrupts off. */
#define IRQF_DISABLED		0x00000020
#define SA_INTERRUPT		IRQF_DISABLED
#define SA_SHIRQ		IRQF_SHARED

#define IRQ_NOTCONNECTED	(1U << 31)

#ifndef __ASSEMBLY__

typedef irqreturn_t (*irq_handler_t)(int irq, void *dev_id);

/*
 * Installs a handler, which runs in hardirq context with interrupts off. Task
 * context, may sleep. 0, or -EINVAL (no such line; IRQF_SHARED without a dev_id),
 * -EBUSY (the line is taken, or this dev_id is).
 */
int __must_check request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags,
			     const char *name, void *dev_id);

/*
 * Takes the handler with this dev_id off the line and waits until none of the
 * line's handlers runs. Task context, may sleep; not under a lock that the
 * handler takes. The name that it was requested with.
 */
const void *free_irq(unsigned int irq, void *dev_id);

/* A line that is not maskable. */
int request_nmi(unsigned int irq, irq_handler_t handler, unsigned long flags,
		const char *name, void *dev_id);
const void *free_nmi(unsigned int irq, void *dev_id);
void enable_nmi(unsigned int irq);
void disable_nmi_nosync(unsigned int irq);

/* Off, and wait for handlers that run; nests. Not from the line's own handler. */
void disable_irq(unsigned int irq);
bool disable_hardirq(unsigned int irq);
/* Off, without waiting. Any context. */
void disable_irq_nosync(unsigned int irq);
/* Undoes one of the others. Any context. */
void enable_irq(unsigned int irq);

int irq_set_affinity(unsigned int irq, const struct cpumask *mask);
int irq_force_affinity(unsigned int irq, const struct cpumask *mask);
static inline int irq_set_affinity_hint(unsigned int irq, const struct cpumask *mask)
{
	(void)irq;
	(void)mask;
	return 0;
}
static inline int irq_can_set_affinity(unsigned int irq)
{
	(void)irq;
	return 1;
}

/* Softirqs, from the first processed to the last. */
enum {
	HI_SOFTIRQ = 0,
	TIMER_SOFTIRQ,
	NET_TX_SOFTIRQ,
	NET_RX_SOFTIRQ,
	BLOCK_SOFTIRQ,
	IRQ_POLL_SOFTIRQ,
	TASKLET_SOFTIRQ,
	SCHED_SOFTIRQ,
	HRTIMER_SOFTIRQ,
	RCU_SOFTIRQ,

	NR_SOFTIRQS
};
#define BLOCK_IOPOLL_SOFTIRQ	IRQ_POLL_SOFTIRQ

struct softirq_action {
	void (*action)(struct softirq_action *);
};

/* Registers the handler of a vector, for good. */
void open_softirq(int nr, void (*action)(struct softirq_action *));
/* Makes a vector pending on this CPU; the second where interrupts are off. */
void raise_softirq(unsigned int nr);
void raise_softirq_irqoff(unsigned int nr);
#define __raise_softirq_irqoff(nr)	raise_softirq_irqoff(nr)
/* Processes what is pending, unless an interrupt or a softirq runs here. */
void do_softirq(void);
#define __do_softirq()			do_softirq()
#define invoke_softirq()		do_softirq()
unsigned int __rz_local_softirq_pending(void);
#define local_softirq_pending()		__rz_local_softirq_pending()

#endif /* !__ASSEMBLY__ */

#include <ringzero/tasklet.h>

#endif
