/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_IRQFLAGS_H
#define _RZ_ASM_IRQFLAGS_H

#include <linux/irqflags.h>

#endif
