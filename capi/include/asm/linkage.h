/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_LINKAGE_H
#define _RZ_ASM_LINKAGE_H

#include <linux/linkage.h>

#endif
