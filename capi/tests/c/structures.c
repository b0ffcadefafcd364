// SPDX-License-Identifier: MIT OR Apache-2.0
/* Trees, lists and sorting against the plainest way to do the same. */
#include <kunit/test.h>
#include <linux/bsearch.h>
#include <linux/hashtable.h>
#include <linux/interval_tree.h>
#include <linux/interval_tree_generic.h>
#include <linux/list_sort.h>
#include <linux/min_heap.h>
#include <linux/prandom.h>
#include <linux/rbtree_augmented.h>
#include <linux/sort.h>

#define N 60

struct item {
	struct rb_node rb;
	struct list_head list;
	struct hlist_node hash;
	int key;
	int index;
	bool in;
};

static bool item_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, rb)->key < rb_entry(b, struct item, rb)->key;
}

static int item_cmp(const void *key, const struct rb_node *node)
{
	return *(const int *)key - rb_entry(node, struct item, rb)->key;
}

static int node_cmp(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, rb)->key - rb_entry(b, struct item, rb)->key;
}

/* The black height, or -1 if a rule of the tree is broken. */
static int black_height(struct rb_node *node)
{
	int left, right;

	if (!node)
		return 0;
	if (node->rb_left && rb_parent(node->rb_left) != node)
		return -1;
	if (node->rb_right && rb_parent(node->rb_right) != node)
		return -1;
	if (rb_is_red(node) && ((node->rb_left && rb_is_red(node->rb_left)) ||
				(node->rb_right && rb_is_red(node->rb_right))))
		return -1;
	left = black_height(node->rb_left);
	right = black_height(node->rb_right);
	return left < 0 || left != right ? -1 : left + rb_is_black(node);
}

static void check_tree(struct kunit *test, struct rb_root_cached *tree, struct item *items)
{
	struct rb_root *root = &tree->rb_root;
	struct rb_node *node, *before = NULL;
	struct item *pos, *next;
	int count = 0, expected = 0, i;

	for (i = 0; i < N; i++)
		expected += items[i].in;
	KUNIT_ASSERT_GE(test, black_height(root->rb_node), 0);
	if (root->rb_node)
		KUNIT_ASSERT_TRUE(test, rb_is_black(root->rb_node));
	for (node = rb_first(root); node; before = node, node = rb_next(node)) {
		KUNIT_ASSERT_PTR_EQ(test, rb_prev(node), before);
		if (before)
			KUNIT_ASSERT_LE(test, rb_entry(before, struct item, rb)->key,
					rb_entry(node, struct item, rb)->key);
		count++;
	}
	KUNIT_ASSERT_EQ(test, count, expected);
	KUNIT_ASSERT_PTR_EQ(test, rb_last(root), before);
	KUNIT_ASSERT_PTR_EQ(test, rb_first_cached(tree), rb_first(root));
	count = 0;
	rbtree_postorder_for_each_entry_safe(pos, next, root, rb)
		count++;
	KUNIT_ASSERT_EQ(test, count, expected);
}

static void test_rbtree(struct kunit *test)
{
	struct item *items = kunit_kcalloc(test, N, sizeof(*items), GFP_KERNEL);
	struct rb_root_cached tree = RB_ROOT_CACHED;
	struct rnd_state rnd;
	int i;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 400; i++) {
		struct item *item = &items[prandom_u32_max_state(&rnd, N)];
		struct rb_node *leftmost;

		if (!item->in) {
			item->key = prandom_u32_max_state(&rnd, N / 2);
			leftmost = rb_add_cached(&item->rb, &tree, item_less);
			KUNIT_ASSERT_EQ(test, leftmost != NULL,
					rb_first(&tree.rb_root) == &item->rb);
		} else {
			bool first = rb_first(&tree.rb_root) == &item->rb;

			leftmost = rb_erase_cached(&item->rb, &tree);
			KUNIT_ASSERT_PTR_EQ(test, leftmost,
					    first ? rb_first(&tree.rb_root) : NULL);
			RB_CLEAR_NODE(&item->rb);
			KUNIT_ASSERT_TRUE(test, RB_EMPTY_NODE(&item->rb));
			KUNIT_ASSERT_NULL(test, rb_next(&item->rb));
		}
		item->in = !item->in;
		check_tree(test, &tree, items);
	}
}

static void test_rbtree_search(struct kunit *test)
{
	static const int keys[] = { 5, 1, 7, 5, 3, 5, 9 };
	struct item items[ARRAY_SIZE(keys)], other = { .key = 5 };
	struct rb_root root = RB_ROOT;
	struct rb_node *node;
	int i, five = 5, count = 0, absent = 6;

	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&root));
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		items[i].key = keys[i];
		items[i].index = i;
		rb_add(&items[i].rb, &root, item_less);
	}
	rb_for_each(node, &five, &root, item_cmp)
		count++;
	KUNIT_EXPECT_EQ(test, count, 3);
	node = rb_find_first(&five, &root, item_cmp);
	KUNIT_EXPECT_EQ(test, rb_entry(node, struct item, rb)->index, 0);
	KUNIT_EXPECT_NOT_NULL(test, rb_find(&five, &root, item_cmp));
	KUNIT_EXPECT_NULL(test, rb_find(&absent, &root, item_cmp));
	KUNIT_EXPECT_NOT_NULL(test, rb_find_add(&other.rb, &root, node_cmp));
	other.key = 6;
	KUNIT_EXPECT_NULL(test, rb_find_add(&other.rb, &root, node_cmp));
	KUNIT_EXPECT_PTR_EQ(test, rb_find(&absent, &root, item_cmp), &other.rb);
	items[0] = (struct item){ .key = 6, .index = 77 };
	rb_replace_node(&other.rb, &items[0].rb, &root);
	node = rb_find(&absent, &root, item_cmp);
	KUNIT_EXPECT_EQ(test, rb_entry(node, struct item, rb)->index, 77);
}

struct span {
	struct rb_node rb;
	u32 from, to, reach;
	bool in;
};
#define FROM(s) ((s)->from)
#define TO(s) ((s)->to)
INTERVAL_TREE_DEFINE(struct span, rb, u32, reach, FROM, TO, static, span)

static void test_intervals(struct kunit *test)
{
	struct span *spans = kunit_kcalloc(test, N, sizeof(*spans), GFP_KERNEL);
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct rnd_state rnd;
	int i, j;

	prandom_seed_state(&rnd, 2);
	for (i = 0; i < 300; i++) {
		struct span *span = &spans[prandom_u32_max_state(&rnd, N)], *found;
		u32 from = prandom_u32_max_state(&rnd, 100);
		u32 to = from + prandom_u32_max_state(&rnd, 20), before = 0;
		int count = 0, expected = 0;

		if (span->in) {
			span_remove(span, &root);
		} else {
			span->from = prandom_u32_max_state(&rnd, 100);
			span->to = span->from + prandom_u32_max_state(&rnd, 10);
			span_insert(span, &root);
		}
		span->in = !span->in;
		for (j = 0; j < N; j++)
			expected += spans[j].in && spans[j].from <= to && from <= spans[j].to;
		for (found = span_iter_first(&root, from, to); found;
		     found = span_iter_next(found, from, to)) {
			KUNIT_ASSERT_TRUE(test, found->from <= to && from <= found->to);
			KUNIT_ASSERT_LE(test, before, found->from);
			before = found->from;
			count++;
		}
		KUNIT_ASSERT_EQ(test, count, expected);
	}
}

static void test_interval_tree(struct kunit *test)
{
	struct interval_tree_node a = { .start = 1, .last = 5 }, b = { .start = 5, .last = 9 };
	struct rb_root_cached root = RB_ROOT_CACHED;

	interval_tree_insert(&b, &root);
	interval_tree_insert(&a, &root);
	KUNIT_EXPECT_PTR_EQ(test, interval_tree_iter_first(&root, 5, 5), &a);
	KUNIT_EXPECT_PTR_EQ(test, interval_tree_iter_next(&a, 5, 5), &b);
	KUNIT_EXPECT_PTR_EQ(test, interval_tree_iter_first(&root, 6, 6), &b);
	KUNIT_EXPECT_NULL(test, interval_tree_iter_first(&root, 10, ULONG_MAX));
	interval_tree_remove(&a, &root);
	KUNIT_EXPECT_NULL(test, interval_tree_iter_first(&root, 0, 4));
}

/* The keys in the order of an iteration, as the digits of a number. */
#define DIGITS(iteration)		\
({					\
	long __digits = 0;		\
	iteration			\
		__digits = __digits * 10 + pos->key; \
	__digits;			\
})

static void test_list_iterators(struct kunit *test)
{
	struct item items[5], *pos, *n;
	struct list_head *node;
	LIST_HEAD(head);
	LIST_HEAD(none);
	int i;

	for (i = 0; i < 5; i++) {
		items[i].key = i + 1;
		list_add_tail(&items[i].list, &head);
	}
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &head, list)), 12345);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_reverse(pos, &head, list)), 54321);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_safe(pos, n, &head, list)), 12345);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_safe_reverse(pos, n, &head, list)), 54321);
	pos = &items[1];
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_continue(pos, &head, list)), 345);
	pos = &items[3];
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_continue_reverse(pos, &head, list)), 321);
	pos = &items[1];
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_from(pos, &head, list)), 2345);
	pos = &items[1];
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_from_reverse(pos, &head, list)), 21);
	pos = &items[1];
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_safe_continue(pos, n, &head, list)), 345);
	pos = &items[1];
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_safe_from(pos, n, &head, list)), 2345);
	pos = list_prepare_entry(((struct item *)NULL), &head, list);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_continue(pos, &head, list)), 12345);
	list_for_each_entry_safe(pos, n, &head, list) {
		if (pos->key == 2) {
			list_del(&items[2].list);
			list_safe_reset_next(pos, n, list);
		}
	}
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &head, list)), 1245);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&head), 4);
	KUNIT_EXPECT_PTR_EQ(test, list_next_entry_circular(&items[4], &head, list), &items[0]);
	KUNIT_EXPECT_PTR_EQ(test, list_prev_entry_circular(&items[0], &head, list), &items[4]);
	KUNIT_EXPECT_NULL(test, list_first_entry_or_null(&none, struct item, list));
	KUNIT_EXPECT_PTR_EQ(test, list_last_entry_or_null(&head, struct item, list), &items[4]);
	node = &items[1].list;
	i = 0;
	list_for_each_continue(node, &head)
		i++;
	KUNIT_EXPECT_EQ(test, i, 2);
	KUNIT_EXPECT_PTR_EQ(test, items[2].list.next, LIST_POISON1);
}

static void test_list_moves(struct kunit *test)
{
	struct item items[6], *pos;
	LIST_HEAD(a);
	LIST_HEAD(b);
	int i;

	for (i = 0; i < 6; i++) {
		items[i].key = i + 1;
		list_add_tail(&items[i].list, i < 4 ? &a : &b);
	}
	list_swap(&items[0].list, &items[4].list);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &a, list)), 5234);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &b, list)), 16);
	list_swap(&items[2].list, &items[1].list);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &a, list)), 5324);
	list_cut_position(&b, &a, &a);
	KUNIT_EXPECT_TRUE(test, list_empty(&b));
	list_cut_before(&b, &a, &items[1].list);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &b, list)), 53);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &a, list)), 24);
	list_splice_tail_init(&b, &a);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry_reverse(pos, &a, list)), 3542);
	list_rotate_to_front(&items[4].list, &a);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &a, list)), 5324);
	list_bulk_move_tail(&b, &items[2].list, &items[1].list);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &b, list)), 32);
	KUNIT_EXPECT_EQ(test, DIGITS(list_for_each_entry(pos, &a, list)), 54);
}

static void test_hash(struct kunit *test)
{
	DECLARE_HASHTABLE(table, 3);
	struct item items[20], *pos;
	struct hlist_node *n;
	int i, bkt, count = 0;

	hash_init(table);
	KUNIT_EXPECT_TRUE(test, hash_empty(table));
	for (i = 0; i < 20; i++) {
		items[i].key = i;
		hash_add(table, &items[i].hash, i);
	}
	hash_for_each(table, bkt, pos, hash)
		count++;
	KUNIT_EXPECT_EQ(test, count, 20);
	hash_for_each_possible(table, pos, hash, 7)
		if (pos->key == 7)
			break;
	KUNIT_EXPECT_PTR_EQ(test, pos, &items[7]);
	hash_for_each_safe(table, bkt, n, pos, hash)
		if (pos->key != 7)
			hash_del(&pos->hash);
	KUNIT_EXPECT_FALSE(test, hash_hashed(&items[6].hash));
	KUNIT_EXPECT_TRUE(test, hash_hashed(&items[7].hash));
	hash_del(&items[7].hash);
	KUNIT_EXPECT_TRUE(test, hash_empty(table));
}

static void test_hlist(struct kunit *test)
{
	struct item items[3], *pos;
	HLIST_HEAD(a);
	HLIST_HEAD(b);
	int i;

	for (i = 0; i < 3; i++) {
		items[i].key = 3 - i;
		hlist_add_head(&items[i].hash, &a);
	}
	KUNIT_EXPECT_EQ(test, DIGITS(hlist_for_each_entry(pos, &a, hash)), 123);
	KUNIT_EXPECT_EQ(test, hlist_count_nodes(&a), 3);
	hlist_del_init(&items[0].hash);
	hlist_del_init(&items[0].hash);
	hlist_add_head(&items[0].hash, &b);
	hlist_splice_init(&a, &items[1].hash, &b);
	KUNIT_EXPECT_EQ(test, DIGITS(hlist_for_each_entry(pos, &b, hash)), 123);
	KUNIT_EXPECT_TRUE(test, hlist_empty(&a));
	hlist_del(&items[1].hash);
	KUNIT_EXPECT_EQ(test, DIGITS(hlist_for_each_entry(pos, &b, hash)), 13);
}

static int by_key(void *priv, const struct list_head *a, const struct list_head *b)
{
	(*(int *)priv)++;
	return list_entry(a, struct item, list)->key > list_entry(b, struct item, list)->key;
}

static void test_list_sort(struct kunit *test)
{
	struct item *items = kunit_kcalloc(test, N, sizeof(*items), GFP_KERNEL), *pos, *before;
	struct rnd_state rnd;
	int len, i, calls;

	prandom_seed_state(&rnd, 3);
	for (len = 0; len <= N; len++) {
		LIST_HEAD(head);
		int count = 0;

		for (i = 0; i < len; i++) {
			items[i].key = prandom_u32_max_state(&rnd, 8);
			items[i].index = i;
			list_add_tail(&items[i].list, &head);
		}
		calls = 0;
		list_sort(&calls, &head, by_key);
		before = NULL;
		list_for_each_entry(pos, &head, list) {
			KUNIT_ASSERT_PTR_EQ(test, pos->list.next->prev, &pos->list);
			if (before)
				KUNIT_ASSERT_TRUE(test, before->key < pos->key ||
						  (before->key == pos->key &&
						   before->index < pos->index));
			before = pos;
			count++;
		}
		KUNIT_ASSERT_EQ(test, count, len);
		KUNIT_ASSERT_LE(test, calls, len * order_base_2(len + 1));
	}
}

static int compare_bytes(const void *a, const void *b)
{
	return *(const u8 *)a - *(const u8 *)b;
}

static int compare_down(const void *a, const void *b, const void *priv)
{
	return (*(const u8 *)b - *(const u8 *)a) * *(const int *)priv;
}

static int swaps;

static void swap_six(void *a, void *b, int size)
{
	u8 tmp[6];

	swaps++;
	memcpy(tmp, a, size);
	memcpy(a, b, size);
	memcpy(b, tmp, size);
}

static void test_sort(struct kunit *test)
{
	static const int sizes[] = { 1, 2, 3, 4, 6, 8, 16 };
	u8 *data = kunit_kmalloc(test, N * 16, GFP_KERNEL);
	struct rnd_state rnd;
	int s, len, i, one = 1;

	prandom_seed_state(&rnd, 4);
	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		int size = sizes[s];

		for (len = 0; len <= N; len += 1 + len / 7) {
			u32 sum = 0;

			prandom_bytes_state(&rnd, data, N * 16);
			for (i = 0; i < len; i++)
				sum += data[i * size];
			sort(data, len, size, compare_bytes, size == 6 ? swap_six : NULL);
			for (i = 1; i < len; i++)
				KUNIT_ASSERT_LE(test, data[(i - 1) * size], data[i * size]);
			for (i = 0; i < len; i++)
				sum -= data[i * size];
			KUNIT_ASSERT_EQ(test, sum, 0);
			sort_r(data, len, size, compare_down, NULL, &one);
			for (i = 1; i < len; i++)
				KUNIT_ASSERT_GE(test, data[(i - 1) * size], data[i * size]);
		}
	}
	KUNIT_EXPECT_GT(test, swaps, 0);
}

static void test_bsearch(struct kunit *test)
{
	static const u8 odd[] = { 1, 3, 5, 7, 9 };
	u8 key;

	for (key = 0; key <= 10; key++) {
		const u8 *at = bsearch(&key, odd, ARRAY_SIZE(odd), 1, compare_bytes);

		if (key % 2)
			KUNIT_EXPECT_PTR_EQ(test, at, &odd[key / 2]);
		else
			KUNIT_EXPECT_NULL(test, at);
	}
}

static bool heap_less(const void *a, const void *b)
{
	return *(const long *)a < *(const long *)b;
}

static void heap_swap(void *a, void *b)
{
	swap(*(long *)a, *(long *)b);
}

static void test_heap(struct kunit *test)
{
	static const struct min_heap_callbacks funcs = {
		.elem_size = sizeof(long), .less = heap_less, .swp = heap_swap,
	};
	long values[N], last = LONG_MIN;
	struct min_heap heap = { .data = values, .nr = 0, .size = N };
	struct rnd_state rnd;
	int i;

	prandom_seed_state(&rnd, 5);
	for (i = 0; i < N; i++) {
		long value = prandom_u32_max_state(&rnd, 50);

		min_heap_push(&heap, &value, &funcs);
	}
	for (i = 0; i < N; i++) {
		KUNIT_ASSERT_LE(test, last, values[0]);
		last = values[0];
		min_heap_pop(&heap, &funcs);
	}
	KUNIT_EXPECT_EQ(test, heap.nr, 0);
}

static struct kunit_case structures_cases[] = {
	KUNIT_CASE(test_rbtree),
	KUNIT_CASE(test_rbtree_search),
	KUNIT_CASE(test_intervals),
	KUNIT_CASE(test_interval_tree),
	KUNIT_CASE(test_list_iterators),
	KUNIT_CASE(test_list_moves),
	KUNIT_CASE(test_hash),
	KUNIT_CASE(test_hlist),
	KUNIT_CASE(test_list_sort),
	KUNIT_CASE(test_sort),
	KUNIT_CASE(test_bsearch),
	KUNIT_CASE(test_heap),
	{}
};

static struct kunit_suite structures_suite = {
	.name = "structures",
	.test_cases = structures_cases,
};
kunit_test_suite(structures_suite);

MODULE_LICENSE("Dual MIT/GPL");
