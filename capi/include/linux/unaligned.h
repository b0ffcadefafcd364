/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_UNALIGNED_H
#define _RZ_LINUX_UNALIGNED_H

#include <asm/unaligned.h>

#endif
