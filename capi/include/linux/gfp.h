/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_GFP_H
#define _RZ_LINUX_GFP_H

/* Pages. Contexts and failing as for kmalloc(). */

#include <linux/gfp_types.h>
#include <asm/page.h>

static inline bool gfpflags_allow_blocking(const gfp_t flags)
{
	return (flags & __GFP_DIRECT_RECLAIM) != 0;
}

/* 2 to the power of @order pages, aligned to that; 0 when it fails. */
unsigned long __get_free_pages(gfp_t flags, unsigned int order);
unsigned long get_zeroed_page(gfp_t flags);
void free_pages(unsigned long addr, unsigned int order);
#define __get_free_page(flags)	__get_free_pages((flags), 0)
#define __get_dma_pages(flags, order) __get_free_pages((flags) | GFP_DMA, (order))
#define free_page(addr)		free_pages((addr), 0)
void *alloc_pages_exact(size_t size, gfp_t flags);
void free_pages_exact(void *virt, size_t size);

#endif
