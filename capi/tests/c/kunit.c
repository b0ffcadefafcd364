// SPDX-License-Identifier: MIT OR Apache-2.0
/* What KUnit itself does: `good` holds; each case of `bad` is a finding. */
#include <kunit/test.h>

static int undone;

static void undo(void *ctx)
{
	undone = undone * 10 + (int)(long)ctx;
}

static int good_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, 16, GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void good_exit(struct kunit *test)
{
	/* Before what the case left to be undone. */
	BUG_ON(undone);
	kunit_info(test, "exit of %s\n", test->name);
}

static void actions(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, kunit_add_action(test, undo, (void *)1), 0);
	KUNIT_EXPECT_EQ(test, kunit_add_action(test, undo, (void *)2), 0);
	KUNIT_EXPECT_EQ(test, kunit_add_action_or_reset(test, undo, (void *)3), 0);
	kunit_remove_action(test, undo, (void *)2);
	kunit_release_action(test, undo, (void *)3);
	KUNIT_EXPECT_EQ(test, undone, 3);
	undone = 0;
}

static void memory(struct kunit *test)
{
	int *numbers = kunit_kmalloc_array(test, 4, sizeof(int), GFP_KERNEL);
	int *early = kunit_kcalloc(test, 4, sizeof(int), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, numbers);
	KUNIT_ASSERT_NOT_NULL(test, early);
	KUNIT_EXPECT_EQ(test, early[3], 0);
	kunit_kfree(test, early);
	KUNIT_EXPECT_PTR_EQ(test, kunit_get_current_test(), test);
	KUNIT_SUCCEED(test);
}

/* Both sides are evaluated once. */
static void once(struct kunit *test)
{
	int a = 0, b = 0;

	KUNIT_EXPECT_EQ(test, ++a, ++b);
	KUNIT_EXPECT_LT_MSG(test, a++, ++b, "never %s", "said");
	KUNIT_EXPECT_TRUE(test, a++);
	KUNIT_ASSERT_EQ(test, a, 3);
	KUNIT_ASSERT_EQ(test, b, 2);
}

static const int squares[] = { 1, 4, 9 };

static void describe(const int *square, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "the square %d", *square);
}

KUNIT_ARRAY_PARAM(squares, squares, describe);

static void with_params(struct kunit *test)
{
	const int *square = test->param_value;

	KUNIT_EXPECT_EQ(test, *square, (test->param_index + 1) * (test->param_index + 1));
}

static void skips(struct kunit *test)
{
	kunit_skip(test, "no %s here", "hardware");
	KUNIT_FAIL(test, "never reached");
}

static void marks_skipped(struct kunit *test)
{
	kunit_mark_skipped(test, "said and went on");
}

static struct kunit_case good_cases[] = {
	KUNIT_CASE(actions),
	KUNIT_CASE(memory),
	KUNIT_CASE(once),
	KUNIT_CASE_PARAM(with_params, squares_gen_params),
	KUNIT_CASE(skips),
	KUNIT_CASE(marks_skipped),
	{}
};

static struct kunit_suite good_suite = {
	.name = "good",
	.init = good_init,
	.exit = good_exit,
	.test_cases = good_cases,
};

static void expects(struct kunit *test)
{
	int n = 4;

	KUNIT_EXPECT_EQ(test, n, 5);
	KUNIT_EXPECT_TRUE_MSG(test, n == 6, "second of %d", 2);
	pr_info("went on\n");
}

static void asserts(struct kunit *test)
{
	KUNIT_ASSERT_STREQ_MSG(test, "left", "right", "strings of %d", 1);
	pr_info("never reached\n");
}

static void asserts_after_expecting(struct kunit *test)
{
	KUNIT_EXPECT_NOT_NULL(test, kunit_get_current_test() == test ? NULL : test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ERR_PTR(-ENOMEM));
}

static void fails(struct kunit *test)
{
	KUNIT_FAIL(test, "because of %s", "this");
}

static void bug(struct kunit *test)
{
	BUG_ON(test != NULL);
}

static void warns(struct kunit *test)
{
	WARN(test != NULL, "odd: %d", 42);
}

static void leaks(struct kunit *test)
{
	test->priv = kmalloc(8, GFP_KERNEL);
}

static struct kunit_case bad_cases[] = {
	KUNIT_CASE(expects),
	KUNIT_CASE(asserts),
	KUNIT_CASE(asserts_after_expecting),
	KUNIT_CASE(fails),
	KUNIT_CASE(bug),
	KUNIT_CASE(warns),
	KUNIT_CASE(leaks),
	{}
};

static struct kunit_suite bad_suite = {
	.name = "bad",
	.test_cases = bad_cases,
};

static int refuses(struct kunit *test)
{
	return -EBUSY;
}

static void never(struct kunit *test)
{
	BUG();
}

static struct kunit_case refused_cases[] = {
	KUNIT_CASE(never),
	{}
};

static struct kunit_suite refused_suite = {
	.name = "refused",
	.init = refuses,
	.test_cases = refused_cases,
};
kunit_test_suites(&good_suite, &bad_suite, &refused_suite);

MODULE_LICENSE("Dual MIT/GPL");
