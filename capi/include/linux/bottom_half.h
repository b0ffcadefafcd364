/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_BOTTOM_HALF_H
#define _RZ_LINUX_BOTTOM_HALF_H

/*
 * Bottom halves off and on. Switching them on runs what is pending, so it is not
 * allowed with interrupts off or in a hardirq (unbalanced-context).
 */

#include <linux/preempt.h>

void local_bh_disable(void);
void local_bh_enable(void);


#endif
