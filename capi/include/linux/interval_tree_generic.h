/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_INTERVAL_TREE_GENERIC_H
#define _RZ_LINUX_INTERVAL_TREE_GENERIC_H

/* Interval trees over a structure of one's own. */

#include <linux/rbtree_augmented.h>

/*
 * Defines ITPREFIX_insert(), _remove(), _iter_first() and _iter_next() for ITSTRUCT,
 * whose node is ITRB and whose largest end below is ITSUBTREE of type ITTYPE.
 * ITSTART(n) and ITLAST(n) are the ends of an interval, both of them inside. The
 * tree is sorted by the start. _iter_ gives each interval that meets [start, last].
 */
#define INTERVAL_TREE_DEFINE(ITSTRUCT, ITRB, ITTYPE, ITSUBTREE, ITSTART, ITLAST,	\
			     ITSTATIC, ITPREFIX)					\
RB_DECLARE_CALLBACKS_MAX(static, ITPREFIX##_augment, ITSTRUCT, ITRB, ITTYPE,		\
			 ITSUBTREE, ITLAST)						\
											\
ITSTATIC void ITPREFIX##_insert(ITSTRUCT *node, struct rb_root_cached *root)		\
{											\
	struct rb_node **link = &root->rb_root.rb_node, *parent = NULL;			\
	ITTYPE start = ITSTART(node), last = ITLAST(node);				\
	bool leftmost = true;								\
											\
	while (*link) {									\
		ITSTRUCT *at;								\
											\
		parent = *link;								\
		at = rb_entry(parent, ITSTRUCT, ITRB);					\
		if (at->ITSUBTREE < last)						\
			at->ITSUBTREE = last;						\
		if (start < ITSTART(at)) {						\
			link = &parent->rb_left;					\
		} else {								\
			link = &parent->rb_right;					\
			leftmost = false;						\
		}									\
	}										\
	node->ITSUBTREE = last;								\
	rb_link_node(&node->ITRB, parent, link);					\
	rb_insert_augmented_cached(&node->ITRB, root, leftmost, &ITPREFIX##_augment);	\
}											\
											\
ITSTATIC void ITPREFIX##_remove(ITSTRUCT *node, struct rb_root_cached *root)		\
{											\
	rb_erase_augmented_cached(&node->ITRB, root, &ITPREFIX##_augment);		\
}											\
											\
/* The leftmost interval below @rb that meets [start, last]. */				\
static ITSTRUCT *ITPREFIX##_subtree_search(struct rb_node *rb, ITTYPE start,		\
					   ITTYPE last)					\
{											\
	while (rb) {									\
		ITSTRUCT *at = rb_entry(rb, ITSTRUCT, ITRB);				\
		struct rb_node *left = rb->rb_left;					\
											\
		if (at->ITSUBTREE < start)						\
			return NULL;							\
		/* If the left side reaches far enough, the answer is there or nowhere. */ \
		if (left && start <= rb_entry(left, ITSTRUCT, ITRB)->ITSUBTREE) {	\
			rb = left;							\
			continue;							\
		}									\
		if (last < ITSTART(at))							\
			return NULL;							\
		if (start <= ITLAST(at))						\
			return at;							\
		rb = rb->rb_right;							\
	}										\
	return NULL;									\
}											\
											\
ITSTATIC ITSTRUCT *ITPREFIX##_iter_first(struct rb_root_cached *root, ITTYPE start,	\
					 ITTYPE last)					\
{											\
	return ITPREFIX##_subtree_search(root->rb_root.rb_node, start, last);		\
}											\
											\
ITSTATIC ITSTRUCT *ITPREFIX##_iter_next(ITSTRUCT *node, ITTYPE start, ITTYPE last)	\
{											\
	struct rb_node *rb = &node->ITRB;						\
											\
	for (;;) {									\
		ITSTRUCT *at = ITPREFIX##_subtree_search(rb->rb_right, start, last);	\
		struct rb_node *child;							\
											\
		if (at)									\
			return at;							\
		/* Up to the first one that this was to the left of. */		\
		do {									\
			child = rb;							\
			rb = rb_parent(rb);						\
			if (!rb)							\
				return NULL;						\
		} while (child == rb->rb_right);					\
		at = rb_entry(rb, ITSTRUCT, ITRB);					\
		if (last < ITSTART(at))							\
			return NULL;							\
		if (start <= ITLAST(at))						\
			return at;							\
	}										\
}

#endif
