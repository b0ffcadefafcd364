/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_ATOMIC_H
#define _RZ_ASM_ATOMIC_H

#include <linux/atomic.h>

#endif
