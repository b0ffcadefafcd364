/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SLAB_H
#define _RZ_LINUX_SLAB_H

/*
 * Memory for kernel objects. An allocation that may sleep (GFP_KERNEL) is for
 * tasks outside atomic sections; one that may not may be made anywhere but in an
 * NMI, and may fail. Addresses are not used again, so what is used after its
 * kfree() is found, and what is never freed is reported as leaked.
 */

#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/types.h>

#define ZERO_SIZE_PTR		((void *)16)
#define ZERO_OR_NULL_PTR(x)	((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)
#define KMALLOC_MAX_SIZE	(4UL << 20)
#define ARCH_KMALLOC_MINALIGN	16

void *kmalloc(size_t size, gfp_t flags) __alloc_size(1);
void *kzalloc(size_t size, gfp_t flags) __alloc_size(1);
/* NULL when the product overflows. */
void *kmalloc_array(size_t n, size_t size, gfp_t flags) __alloc_size(1, 2);
void *kcalloc(size_t n, size_t size, gfp_t flags) __alloc_size(1, 2);
/* Always moves: whoever keeps the old pointer is found. */
void *krealloc(const void *p, size_t new_size, gfp_t flags) __alloc_size(2);
void kfree(const void *p);
/* Overwritten with zeroes before. */
void kfree_sensitive(const void *p);
#define kzfree(p)		kfree_sensitive(p)
size_t ksize(const void *p);
#define kmalloc_size_roundup(size) (size)

#define kmalloc_node(size, flags, node)		((void)(node), kmalloc(size, flags))
#define kzalloc_node(size, flags, node)		((void)(node), kzalloc(size, flags))
#define kmalloc_array_node(n, size, flags, node) ((void)(node), kmalloc_array(n, size, flags))
#define kcalloc_node(n, size, flags, node)	((void)(node), kcalloc(n, size, flags))
#define kmalloc_track_caller(size, flags)	kmalloc(size, flags)
#define krealloc_array(p, n, size, flags)	krealloc(p, size_mul(n, size), flags)

/* Larger than kmalloc() may give: may sleep, whatever the flags. */
void *kvmalloc(size_t size, gfp_t flags) __alloc_size(1);
void *kvzalloc(size_t size, gfp_t flags) __alloc_size(1);
void *kvmalloc_array(size_t n, size_t size, gfp_t flags) __alloc_size(1, 2);
void *kvcalloc(size_t n, size_t size, gfp_t flags) __alloc_size(1, 2);
/* A task that may sleep, or an interrupt; not under a spinlock. */
void kvfree(const void *p);
#define kvfree_sensitive(p, len)	((void)(len), kvfree(p))
#define kvmalloc_node(size, flags, node)	((void)(node), kvmalloc(size, flags))
#define kvzalloc_node(size, flags, node)	((void)(node), kvzalloc(size, flags))

/* Objects of one kind. */
struct kmem_cache;

#define SLAB_CONSISTENCY_CHECKS	((__force slab_flags_t)0x00000100U)
#define SLAB_RED_ZONE		((__force slab_flags_t)0x00000400U)
#define SLAB_POISON		((__force slab_flags_t)0x00000800U)
#define SLAB_HWCACHE_ALIGN	((__force slab_flags_t)0x00002000U)
#define SLAB_CACHE_DMA		((__force slab_flags_t)0x00004000U)
#define SLAB_STORE_USER		((__force slab_flags_t)0x00010000U)
#define SLAB_RECLAIM_ACCOUNT	((__force slab_flags_t)0x00020000U)
#define SLAB_TEMPORARY		SLAB_RECLAIM_ACCOUNT
#define SLAB_PANIC		((__force slab_flags_t)0x00040000U)
#define SLAB_MEM_SPREAD		((__force slab_flags_t)0x00100000U)
#define SLAB_NO_MERGE		((__force slab_flags_t)0x01000000U)
#define SLAB_ACCOUNT		((__force slab_flags_t)0x04000000U)

/* Task context, may sleep; @ctor runs on each object as it is allocated. */
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     slab_flags_t flags, void (*ctor)(void *));
#define kmem_cache_create_usercopy(name, size, align, flags, offset, usersize, ctor) \
	((void)(offset), (void)(usersize), kmem_cache_create(name, size, align, flags, ctor))
/* All its objects have been freed before, or it is reported. */
void kmem_cache_destroy(struct kmem_cache *s);
void *kmem_cache_alloc(struct kmem_cache *s, gfp_t flags);
void *kmem_cache_zalloc(struct kmem_cache *s, gfp_t flags);
void kmem_cache_free(struct kmem_cache *s, void *p);
unsigned int kmem_cache_size(struct kmem_cache *s);
#define kmem_cache_alloc_node(s, flags, node)	((void)(node), kmem_cache_alloc(s, flags))
#define kmem_cache_shrink(s)			((void)(s), 0)
#define KMEM_CACHE(__struct, __flags)					\
	kmem_cache_create(#__struct, sizeof(struct __struct),		\
			  __alignof__(struct __struct), (__flags), (void *)0)

#endif
