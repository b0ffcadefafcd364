/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_RBTREE_AUGMENTED_H
#define _RZ_LINUX_RBTREE_AUGMENTED_H

/*
 * Trees whose nodes carry a value that is computed from their subtree (the largest
 * end below, a count). Whoever inserts updates the values on the way down; the
 * callbacks keep them right while the tree is balanced.
 */

#include <linux/compiler.h>
#include <linux/rbtree.h>

#define RB_RED		0
#define RB_BLACK	1

#define __rb_parent(pc)		((struct rb_node *)((pc) & ~3UL))
#define __rb_color(pc)		((pc) & 1)
#define __rb_is_black(pc)	__rb_color(pc)
#define __rb_is_red(pc)		(!__rb_color(pc))
#define rb_color(rb)		__rb_color((rb)->__rb_parent_color)
#define rb_is_red(rb)		__rb_is_red((rb)->__rb_parent_color)
#define rb_is_black(rb)		__rb_is_black((rb)->__rb_parent_color)

struct rb_augment_callbacks {
	/* Computes anew from @node up to @stop, which is left alone. */
	void (*propagate)(struct rb_node *node, struct rb_node *stop);
	/* @new takes @old's place and its subtree. */
	void (*copy)(struct rb_node *old, struct rb_node *new);
	/* @new went up into @old's place, and @old is its child now. */
	void (*rotate)(struct rb_node *old, struct rb_node *new);
};

void __rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			   void (*augment_rotate)(struct rb_node *old, struct rb_node *new));
void __rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			  const struct rb_augment_callbacks *augment);

static __always_inline void rb_set_parent(struct rb_node *rb, struct rb_node *p)
{
	rb->__rb_parent_color = rb_color(rb) + (unsigned long)p;
}

static __always_inline void rb_set_parent_color(struct rb_node *rb, struct rb_node *p,
						int color)
{
	rb->__rb_parent_color = (unsigned long)p + color;
}

static __always_inline void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
						const struct rb_augment_callbacks *augment)
{
	__rb_insert_augmented(node, root, augment->rotate);
}

static __always_inline void
rb_insert_augmented_cached(struct rb_node *node, struct rb_root_cached *root, bool newleft,
			   const struct rb_augment_callbacks *augment)
{
	if (newleft)
		root->rb_leftmost = node;
	rb_insert_augmented(node, &root->rb_root, augment);
}

static __always_inline void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
					       const struct rb_augment_callbacks *augment)
{
	__rb_erase_augmented(node, root, augment);
}

static __always_inline void
rb_erase_augmented_cached(struct rb_node *node, struct rb_root_cached *root,
			  const struct rb_augment_callbacks *augment)
{
	if (root->rb_leftmost == node)
		root->rb_leftmost = rb_next(node);
	rb_erase_augmented(node, &root->rb_root, augment);
}

/*
 * The callbacks RBNAME of a structure RBSTRUCT with the node RBFIELD and the value
 * RBAUGMENTED. bool RBCOMPUTE(struct RBSTRUCT *node, bool exit) computes the value
 * from the node and its children; with @exit it returns true if nothing changed.
 */
#define RB_DECLARE_CALLBACKS(RBSTATIC, RBNAME, RBSTRUCT, RBFIELD, RBAUGMENTED, RBCOMPUTE) \
static void RBNAME##_propagate(struct rb_node *rb, struct rb_node *stop)	\
{										\
	while (rb != stop) {							\
		RBSTRUCT *at = rb_entry(rb, RBSTRUCT, RBFIELD);			\
										\
		if (RBCOMPUTE(at, true))					\
			break;							\
		rb = rb_parent(rb);						\
	}									\
}										\
static void RBNAME##_copy(struct rb_node *rb_old, struct rb_node *rb_new)	\
{										\
	RBSTRUCT *from = rb_entry(rb_old, RBSTRUCT, RBFIELD);			\
	RBSTRUCT *to = rb_entry(rb_new, RBSTRUCT, RBFIELD);			\
										\
	to->RBAUGMENTED = from->RBAUGMENTED;					\
}										\
static void RBNAME##_rotate(struct rb_node *rb_old, struct rb_node *rb_new)	\
{										\
	RBNAME##_copy(rb_old, rb_new);						\
	RBCOMPUTE(rb_entry(rb_old, RBSTRUCT, RBFIELD), false);			\
}										\
RBSTATIC const struct rb_augment_callbacks RBNAME = {				\
	.propagate = RBNAME##_propagate,					\
	.copy = RBNAME##_copy,							\
	.rotate = RBNAME##_rotate						\
};

/* The same where the value is the largest RBCOMPUTE(node), of type RBTYPE, below. */
#define RB_DECLARE_CALLBACKS_MAX(RBSTATIC, RBNAME, RBSTRUCT, RBFIELD, RBTYPE,	\
				 RBAUGMENTED, RBCOMPUTE)			\
static __always_inline bool RBNAME##_compute_max(RBSTRUCT *node, bool exit)	\
{										\
	RBTYPE max = RBCOMPUTE(node);						\
										\
	if (node->RBFIELD.rb_left) {						\
		RBSTRUCT *left = rb_entry(node->RBFIELD.rb_left, RBSTRUCT, RBFIELD); \
										\
		if (left->RBAUGMENTED > max)					\
			max = left->RBAUGMENTED;				\
	}									\
	if (node->RBFIELD.rb_right) {						\
		RBSTRUCT *right = rb_entry(node->RBFIELD.rb_right, RBSTRUCT, RBFIELD); \
										\
		if (right->RBAUGMENTED > max)					\
			max = right->RBAUGMENTED;				\
	}									\
	if (exit && node->RBAUGMENTED == max)					\
		return true;							\
	node->RBAUGMENTED = max;						\
	return false;								\
}										\
RB_DECLARE_CALLBACKS(RBSTATIC, RBNAME, RBSTRUCT, RBFIELD, RBAUGMENTED,		\
		     RBNAME##_compute_max)

#endif
