/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_LINKAGE_H
#define _RZ_LINUX_LINKAGE_H

#include <linux/compiler_types.h>
#include <linux/export.h>
#include <linux/stringify.h>

#ifndef asmlinkage
#define asmlinkage
#endif
#define __page_aligned_data	__aligned(4096)
#define __page_aligned_bss	__aligned(4096)

#endif
