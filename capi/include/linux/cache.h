/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_CACHE_H
#define _RZ_LINUX_CACHE_H

/* Cache lines, and data that should not share one. */

#include <linux/kconfig.h>
#include <linux/compiler_types.h>
#include <linux/align.h>

#define L1_CACHE_SHIFT			6
#define L1_CACHE_BYTES			(1 << L1_CACHE_SHIFT)
#define SMP_CACHE_BYTES			L1_CACHE_BYTES
#define L1_CACHE_ALIGN(x)		ALIGN(x, L1_CACHE_BYTES)

#define ____cacheline_aligned		__aligned(SMP_CACHE_BYTES)
#define ____cacheline_aligned_in_smp	____cacheline_aligned
#define __cacheline_aligned		____cacheline_aligned
#define __cacheline_aligned_in_smp	____cacheline_aligned
#define ____cacheline_internodealigned_in_smp ____cacheline_aligned

#endif
