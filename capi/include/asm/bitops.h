/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_BITOPS_H
#define _RZ_ASM_BITOPS_H

#include <linux/bitops.h>

#endif
