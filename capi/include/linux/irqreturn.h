/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_IRQRETURN_H
#define _RZ_LINUX_IRQRETURN_H

/* What an interrupt handler says about an arrival. */
enum irqreturn {
	IRQ_NONE	= 0,	/* not from this device */
	IRQ_HANDLED	= 1,	/* dealt with */
	IRQ_WAKE_THREAD	= 2,	/* the line's thread goes on: there are none yet */
};

typedef enum irqreturn irqreturn_t;
#define IRQ_RETVAL(x)	((x) ? IRQ_HANDLED : IRQ_NONE)

#endif
