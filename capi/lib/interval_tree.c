// SPDX-License-Identifier: MIT OR Apache-2.0
/* The interval tree over its own node (CLRS, chapter on augmenting data structures). */
#include <linux/interval_tree.h>
#include <linux/interval_tree_generic.h>

#define START(node) ((node)->start)
#define LAST(node) ((node)->last)

INTERVAL_TREE_DEFINE(struct interval_tree_node, rb, unsigned long, __subtree_last,
		     START, LAST, , interval_tree)
