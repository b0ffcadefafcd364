/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_CMPXCHG_H
#define _RZ_ASM_CMPXCHG_H

#include <linux/atomic.h>

#endif
