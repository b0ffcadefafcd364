/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_GFP_TYPES_H
#define _RZ_LINUX_GFP_TYPES_H

/*
 * How an allocation may go about it. What counts here is whether it may sleep
 * (__GFP_DIRECT_RECLAIM), whether it may fail (without __GFP_NOFAIL it may, within
 * the checker's --failures), and whether it is zeroed.
 */

#include <linux/types.h>

#define __RZ_GFP(bit)		((__force gfp_t)(1u << (bit)))

#define __GFP_DMA		__RZ_GFP(0)
#define __GFP_DMA32		__RZ_GFP(1)
#define __GFP_HIGHMEM		__RZ_GFP(2)
#define __GFP_MOVABLE		__RZ_GFP(3)
#define __GFP_DIRECT_RECLAIM	__RZ_GFP(4)
#define __GFP_WAIT		__GFP_DIRECT_RECLAIM
#define __GFP_HIGH		__RZ_GFP(5)
#define __GFP_IO		__RZ_GFP(6)
#define __GFP_FS		__RZ_GFP(7)
#define __GFP_COLD		__RZ_GFP(8)
#define __GFP_NOWARN		__RZ_GFP(9)
#define __GFP_RETRY_MAYFAIL	__RZ_GFP(10)
#define __GFP_REPEAT		__GFP_RETRY_MAYFAIL
#define __GFP_NOFAIL		__RZ_GFP(11)
#define __GFP_NORETRY		__RZ_GFP(12)
#define __GFP_MEMALLOC		__RZ_GFP(13)
#define __GFP_COMP		__RZ_GFP(14)
#define __GFP_ZERO		__RZ_GFP(15)
#define __GFP_NOMEMALLOC	__RZ_GFP(16)
#define __GFP_HARDWALL		__RZ_GFP(17)
#define __GFP_THISNODE		__RZ_GFP(18)
#define __GFP_RECLAIMABLE	__RZ_GFP(19)
#define __GFP_ACCOUNT		__RZ_GFP(20)
#define __GFP_KMEMCG		__GFP_ACCOUNT
#define __GFP_NOTRACK		__RZ_GFP(21)
#define __GFP_NO_KSWAPD		__RZ_GFP(22)
#define __GFP_OTHER_NODE	__RZ_GFP(23)
#define __GFP_WRITE		__RZ_GFP(24)
/* Wake the reclaim thread: today part of every usual combination. */
#define __GFP_KSWAPD_RECLAIM	__RZ_GFP(25)
#define __GFP_RECLAIM		(__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define __GFP_BITS_SHIFT	26
#define __GFP_BITS_MASK		((__force gfp_t)((1u << __GFP_BITS_SHIFT) - 1))

/* In a task that may sleep. */
#define GFP_KERNEL		(__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)
/* In handlers, softirqs and under a spinlock: never sleeps, may fail. */
#define GFP_ATOMIC		(__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT		(__GFP_KSWAPD_RECLAIM)
/* May sleep, but starts no block I/O; calls no file system. */
#define GFP_NOIO		(__GFP_RECLAIM)
#define GFP_NOFS		(__GFP_RECLAIM | __GFP_IO)
#define GFP_USER		(__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HARDWALL)
#define GFP_HIGHUSER		(GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE	(GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_TEMPORARY		(GFP_KERNEL | __GFP_RECLAIMABLE)
#define GFP_IOFS		(__GFP_IO | __GFP_FS)
#define GFP_DMA			__GFP_DMA
#define GFP_DMA32		__GFP_DMA32

#endif
