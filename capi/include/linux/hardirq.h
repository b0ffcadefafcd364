/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_HARDIRQ_H
#define _RZ_LINUX_HARDIRQ_H

/* Which context runs (linux/preempt.h), and waiting for handlers. */

#include <linux/preempt.h>
#include <linux/types.h>

/*
 * Waits until no handler of the line runs. The first may sleep; the second spins,
 * and is for contexts that may not. Neither from a handler of the line, nor under
 * a lock that such a handler takes.
 */
void synchronize_irq(unsigned int irq);
bool synchronize_hardirq(unsigned int irq);

#endif
