/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_VMALLOC_H
#define _RZ_LINUX_VMALLOC_H

/* Large memory. Task context, may sleep; at most 4 MB here. */

#include <linux/gfp_types.h>
#include <linux/types.h>

void *vmalloc(unsigned long size) __alloc_size(1);
void *vzalloc(unsigned long size) __alloc_size(1);
#define vmalloc_user(size)		vzalloc(size)
#define vmalloc_32(size)		vmalloc(size)
#define vmalloc_node(size, node)	((void)(node), vmalloc(size))
#define vzalloc_node(size, node)	((void)(node), vzalloc(size))
#define vmalloc_array(n, size)		vmalloc((unsigned long)(n) * (size))
#define vcalloc(n, size)		vzalloc((unsigned long)(n) * (size))
/* A task that may sleep, or an interrupt; not under a spinlock, not in an NMI. */
void vfree(const void *addr);

#endif
