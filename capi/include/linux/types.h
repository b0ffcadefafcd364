/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_TYPES_H
#define _RZ_LINUX_TYPES_H

/*
 * The types of the kernel: fixed sizes, the ones that have a name of their own,
 * and the structures that lists, counters and callbacks are made of.
 */

#include <linux/compiler_types.h>
#include <linux/stddef.h>
#include <asm/bitsperlong.h>

#ifndef __ASSEMBLY__

typedef signed char		__s8;
typedef unsigned char		__u8;
typedef signed short		__s16;
typedef unsigned short		__u16;
typedef signed int		__s32;
typedef unsigned int		__u32;
typedef signed long long	__s64;
typedef unsigned long long	__u64;

typedef __s8	s8;
typedef __u8	u8;
typedef __s16	s16;
typedef __u16	u16;
typedef __s32	s32;
typedef __u32	u32;
typedef __s64	s64;
typedef __u64	u64;

typedef __s8	int8_t;
typedef __u8	uint8_t;
typedef __u8	u_int8_t;
typedef __s16	int16_t;
typedef __u16	uint16_t;
typedef __u16	u_int16_t;
typedef __s32	int32_t;
typedef __u32	uint32_t;
typedef __u32	u_int32_t;
typedef __s64	int64_t;
typedef __u64	uint64_t;
typedef __u64	u_int64_t;

typedef _Bool	bool;

typedef unsigned long	__kernel_ulong_t;
typedef long		__kernel_long_t;
typedef unsigned long	__kernel_size_t;
typedef long		__kernel_ssize_t;
typedef long		__kernel_ptrdiff_t;

#ifdef __SIZE_TYPE__
typedef __SIZE_TYPE__	size_t;
#else
typedef unsigned long	size_t;
#endif
typedef long		ssize_t;
typedef long		ptrdiff_t;
typedef long		intptr_t;
typedef unsigned long	uintptr_t;

typedef unsigned char	u_char;
typedef unsigned short	u_short;
typedef unsigned int	u_int;
typedef unsigned long	u_long;
typedef unsigned char	unchar;
typedef unsigned short	ushort;
typedef unsigned int	uint;
typedef unsigned long	ulong;

typedef int		pid_t;
typedef unsigned int	uid_t;
typedef unsigned int	gid_t;
typedef u32		dev_t;
typedef unsigned int	mode_t;
typedef unsigned short	umode_t;
typedef u32		nlink_t;
typedef long		off_t;
typedef long long	loff_t;
typedef long		clock_t;
typedef int		clockid_t;
typedef int		timer_t;
typedef long		suseconds_t;
typedef char		*caddr_t;
typedef s64		time64_t;
typedef s64		ktime_t;
typedef unsigned long	ino_t;
typedef unsigned long	pgoff_t;
typedef u64		sector_t;
typedef u64		blkcnt_t;
typedef u64		dma_addr_t;
typedef u64		phys_addr_t;
typedef phys_addr_t	resource_size_t;
typedef unsigned long	irq_hw_number_t;

/* Numbers whose byte order is part of the type; sparse keeps them apart. */
typedef __u16 __bitwise	__le16;
typedef __u16 __bitwise	__be16;
typedef __u32 __bitwise	__le32;
typedef __u32 __bitwise	__be32;
typedef __u64 __bitwise	__le64;
typedef __u64 __bitwise	__be64;
typedef __u16 __bitwise	__sum16;
typedef __u32 __bitwise	__wsum;

/* How an allocation may go about it: linux/gfp.h. */
typedef unsigned int __bitwise	gfp_t;
typedef unsigned int __bitwise	slab_flags_t;
typedef unsigned int __bitwise	fmode_t;
typedef unsigned int __bitwise	__poll_t;

/* Counters: linux/atomic.h. */
typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

#define ATOMIC_INIT(i) { (i) }

/* A node, or the head, of a doubly linked list: linux/list.h. */
struct list_head {
	struct list_head *next, *prev;
};

/* The head of a list with one pointer, and its node. */
struct hlist_head {
	struct hlist_node *first;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

/* A callback in a chain of them. */
struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
} __aligned(sizeof(void *));
#define rcu_head callback_head

typedef void (*rcu_callback_t)(struct rcu_head *head);
typedef void (*call_rcu_func_t)(struct rcu_head *head, rcu_callback_t func);

/* What sort() and its relatives call. */
typedef void (*swap_r_func_t)(void *a, void *b, int size, const void *priv);
typedef void (*swap_func_t)(void *a, void *b, int size);
typedef int (*cmp_r_func_t)(const void *a, const void *b, const void *priv);
typedef int (*cmp_func_t)(const void *a, const void *b);

/* An array of @bits bits. */
#define DECLARE_BITMAP(name, bits) \
	unsigned long name[((bits) + BITS_PER_LONG - 1) / BITS_PER_LONG]

#endif /* !__ASSEMBLY__ */

#endif
