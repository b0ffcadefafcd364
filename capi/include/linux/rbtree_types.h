/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_RBTREE_TYPES_H
#define _RZ_LINUX_RBTREE_TYPES_H

/* The nodes and roots of red-black trees. */

#include <linux/types.h>

/* Lowest bit of the first word: 1 if black; the others: the parent. */
struct rb_node {
	unsigned long __rb_parent_color;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
} __aligned(sizeof(long));

struct rb_root {
	struct rb_node *rb_node;
};

/* A root that knows its leftmost node. */
struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};

#define RB_ROOT		(struct rb_root){ NULL }
#define RB_ROOT_CACHED	(struct rb_root_cached){ { NULL }, NULL }

#endif
