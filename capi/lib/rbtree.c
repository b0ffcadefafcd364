// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Red-black trees after Cormen, Leiserson, Rivest and Stein, chapter 13, with NULL
 * in place of the sentinel.
 *
 * 1. A red node has black children.
 * 2. All paths from a node down to NULL pass the same number of black nodes.
 * 3. The root is black; NULL counts as black.
 */
#include <linux/rbtree_augmented.h>

typedef void (*rotate_fn)(struct rb_node *old, struct rb_node *new);

static void no_propagate(struct rb_node *node, struct rb_node *stop)
{
	(void)node;
	(void)stop;
}

static void no_copy(struct rb_node *old, struct rb_node *new)
{
	(void)old;
	(void)new;
}

static const struct rb_augment_callbacks no_augment = {
	.propagate = no_propagate,
	.copy = no_copy,
	.rotate = no_copy,
};

static __always_inline bool is_red(const struct rb_node *node)
{
	return node && rb_is_red(node);
}

static __always_inline void set_color(struct rb_node *node, int color)
{
	node->__rb_parent_color = (node->__rb_parent_color & ~1UL) | color;
}

/* The left child's slot, or the right one's. */
static __always_inline struct rb_node **child_of(struct rb_node *node, bool left)
{
	return left ? &node->rb_left : &node->rb_right;
}

/* Puts @new (or nothing) where @old hangs below @parent, or at the root. */
static __always_inline void replace_child(struct rb_root *root, struct rb_node *parent,
					  struct rb_node *old, struct rb_node *new)
{
	if (!parent)
		root->rb_node = new;
	else
		*child_of(parent, parent->rb_left == old) = new;
}

/*
 * Turns @node down to its left (or right) side: its other child takes its place.
 * The colours stay with the nodes.
 */
static void rotate(struct rb_root *root, struct rb_node *node, bool left, rotate_fn augment)
{
	struct rb_node *up = *child_of(node, !left);
	struct rb_node *middle = *child_of(up, left);
	struct rb_node *parent = rb_parent(node);

	*child_of(node, !left) = middle;
	if (middle)
		rb_set_parent(middle, node);
	replace_child(root, parent, node, up);
	rb_set_parent(up, parent);
	*child_of(up, left) = node;
	rb_set_parent(node, up);
	augment(node, up);
}

void __rb_insert_augmented(struct rb_node *node, struct rb_root *root, rotate_fn augment)
{
	struct rb_node *parent;

	/* @node is red; only rule 1 may be broken, between it and its parent. */
	set_color(node, RB_RED);
	while (is_red(parent = rb_parent(node))) {
		/* A red node is not the root, so there is a grandparent. */
		struct rb_node *grand = rb_parent(parent);
		bool left = parent == grand->rb_left;
		struct rb_node *uncle = *child_of(grand, !left);

		if (is_red(uncle)) {
			set_color(parent, RB_BLACK);
			set_color(uncle, RB_BLACK);
			set_color(grand, RB_RED);
			node = grand;
			continue;
		}
		/* An inner grandchild becomes the outer one. */
		if (node == *child_of(parent, !left)) {
			rotate(root, parent, left, augment);
			parent = node;
		}
		set_color(parent, RB_BLACK);
		set_color(grand, RB_RED);
		rotate(root, grand, !left, augment);
		break;
	}
	set_color(root->rb_node, RB_BLACK);
}

/*
 * The paths through @node, a child of @parent and maybe NULL, pass one black node
 * too few.
 */
static void add_black(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
		      rotate_fn augment)
{
	while (parent && !is_red(node)) {
		/* The sibling's side has a black node more, so it is no NULL. */
		bool left = node == parent->rb_left;
		struct rb_node *sibling = *child_of(parent, !left);
		struct rb_node *near, *far;

		if (is_red(sibling)) {
			set_color(sibling, RB_BLACK);
			set_color(parent, RB_RED);
			rotate(root, parent, left, augment);
			sibling = *child_of(parent, !left);
		}
		near = *child_of(sibling, left);
		far = *child_of(sibling, !left);
		if (!is_red(near) && !is_red(far)) {
			/* The other side loses one too; the fault moves up. */
			set_color(sibling, RB_RED);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (!is_red(far)) {
			set_color(near, RB_BLACK);
			set_color(sibling, RB_RED);
			rotate(root, sibling, !left, augment);
			far = sibling;
			sibling = near;
		}
		set_color(sibling, rb_color(parent));
		set_color(parent, RB_BLACK);
		set_color(far, RB_BLACK);
		rotate(root, parent, left, augment);
		return;
	}
	if (node)
		set_color(node, RB_BLACK);
}

/*
 * Puts the next node in order in the place of @node, which has two children. What
 * is missing then is missing below *@parent, where *@child is; returns the colour
 * that was lost there.
 */
static int replace_by_next(struct rb_root *root, struct rb_node *node,
			   struct rb_node **child, struct rb_node **parent,
			   const struct rb_augment_callbacks *augment)
{
	struct rb_node *next = node->rb_right;
	int lost;

	while (next->rb_left)
		next = next->rb_left;
	lost = rb_color(next);
	*child = next->rb_right;
	*parent = next;
	if (next != node->rb_right) {
		*parent = rb_parent(next);
		(*parent)->rb_left = *child;
		if (*child)
			rb_set_parent(*child, *parent);
		next->rb_right = node->rb_right;
		rb_set_parent(next->rb_right, next);
	}
	next->rb_left = node->rb_left;
	rb_set_parent(next->rb_left, next);
	replace_child(root, rb_parent(node), node, next);
	next->__rb_parent_color = node->__rb_parent_color;

	augment->copy(node, next);
	augment->propagate(*parent, next);
	augment->propagate(next, NULL);
	return lost;
}

void __rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			  const struct rb_augment_callbacks *augment)
{
	struct rb_node *child, *parent;
	int lost;

	if (node->rb_left && node->rb_right) {
		lost = replace_by_next(root, node, &child, &parent, augment);
	} else {
		child = node->rb_left ? node->rb_left : node->rb_right;
		parent = rb_parent(node);
		lost = rb_color(node);
		replace_child(root, parent, node, child);
		if (child)
			rb_set_parent(child, parent);
		augment->propagate(parent, NULL);
	}
	if (lost == RB_BLACK)
		add_black(root, child, parent, augment->rotate);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	__rb_insert_augmented(node, root, no_copy);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	__rb_erase_augmented(node, root, &no_augment);
}

/* The last node on the way down to one side. */
static struct rb_node *outermost(struct rb_node *node, bool left)
{
	struct rb_node *child;

	while (node && (child = *child_of(node, left)))
		node = child;
	return node;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->rb_node, true);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->rb_node, false);
}

/* The neighbour in order, towards the right or the left. */
static struct rb_node *neighbour(const struct rb_node *node, bool right)
{
	struct rb_node *child, *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	child = right ? node->rb_right : node->rb_left;
	if (child)
		return outermost(child, right);
	/* Up to the first ancestor that this lies on the other side of. */
	while ((parent = rb_parent(node)) &&
	       node == (right ? parent->rb_right : parent->rb_left))
		node = parent;
	return parent;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, true);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, false);
}

/* The first node below @node whose children come first: a leaf, the leftmost way. */
static struct rb_node *deepest_first(struct rb_node *node)
{
	while (node->rb_left || node->rb_right)
		node = node->rb_left ? node->rb_left : node->rb_right;
	return node;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return root->rb_node ? deepest_first(root->rb_node) : NULL;
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent;

	if (!node)
		return NULL;
	parent = rb_parent(node);
	if (parent && node == parent->rb_left && parent->rb_right)
		return deepest_first(parent->rb_right);
	return parent;
}

void rb_replace_node(struct rb_node *victim, struct rb_node *new, struct rb_root *root)
{
	*new = *victim;
	if (victim->rb_left)
		rb_set_parent(victim->rb_left, new);
	if (victim->rb_right)
		rb_set_parent(victim->rb_right, new);
	replace_child(root, rb_parent(victim), victim, new);
}
