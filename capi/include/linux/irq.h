/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_IRQ_H
#define _RZ_LINUX_IRQ_H

/* Interrupt lines as their controller sees them. */

#include <linux/interrupt.h>

#define NR_IRQS		64
#define nr_irqs		NR_IRQS

/*
 * Raises a line from software: it enters as soon as it can, and is latched once
 * while it cannot. Any context. 0, or -EINVAL when there is no such line.
 */
int generic_handle_irq(unsigned int irq);
#define generic_handle_irq_safe(irq)	generic_handle_irq(irq)

#endif
