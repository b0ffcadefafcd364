/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_KUNIT_TEST_H
#define _RZ_KUNIT_TEST_H

/*
 * KUnit: suites of cases that check something. Each case is a program of its own to
 * the checker. An expectation that fails marks the case and lets it go on; an
 * assertion that fails ends it there. Both are the finding `kunit`.
 */

#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include <kunit/assert.h>

#define KUNIT_PARAM_DESC_SIZE		128
#define KUNIT_STATUS_COMMENT_SIZE	256
#define KUNIT_LOG_SIZE			2048
#define KUNIT_SUBTEST_INDENT		"    "
#define KUNIT_SUBSUBTEST_INDENT		"        "

enum kunit_status {
	KUNIT_SUCCESS,
	KUNIT_FAILURE,
	KUNIT_SKIPPED
};

/* One case. An array of them ends with an empty one. */
struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	/* The parameter behind @prev (NULL: the first), or NULL; describes it. */
	const void *(*generate_params)(const void *prev, char *desc);
	/* The runtime's. */
	enum kunit_status status;
	char *log;
};

/* A case while it runs. */
struct kunit {
	/* The suite's own. */
	void *priv;
	const char *name;
	const void *param_value;
	int param_index;
	enum kunit_status status;
	char status_comment[KUNIT_STATUS_COMMENT_SIZE];
	/* The runtime's. */
	void *__rz_state;
};

struct kunit_suite {
	const char name[256];
	/* Before the first and after the last case. */
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
	/* Before and after each case. */
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
	/* The runtime's. */
	char status_comment[KUNIT_STATUS_COMMENT_SIZE];
	char *log;
	int suite_init_err;
};

#define KUNIT_CASE(test_name)	{ .run_case = test_name, .name = #test_name }
#define KUNIT_CASE_SLOW(test_name)	KUNIT_CASE(test_name)
#define KUNIT_CASE_ATTR(test_name, attributes)	KUNIT_CASE(test_name)
/* Run once for each parameter that @gen_params makes. */
#define KUNIT_CASE_PARAM(test_name, gen_params) \
	{ .run_case = test_name, .name = #test_name, .generate_params = gen_params }
#define KUNIT_CASE_PARAM_ATTR(test_name, gen_params, attributes) \
	KUNIT_CASE_PARAM(test_name, gen_params)

/* name_gen_params(): the elements of an array, described by @get_desc (or NULL). */
#define KUNIT_ARRAY_PARAM(name, array, get_desc)				\
static const void *name##_gen_params(const void *prev, char *desc)		\
{										\
	typeof((array)[0]) *__rz_next = prev ? (typeof(__rz_next))prev + 1 : (array);	\
	void (*__rz_describe)(typeof(__rz_next), char *) = get_desc;			\
										\
	if (__rz_next == (array) + ARRAY_SIZE(array))				\
		return NULL;							\
	if (__rz_describe)								\
		__rz_describe(__rz_next, desc);						\
	return __rz_next;								\
}

/* Tells the loader of suites: pointers to them, in the section .rz.kunit. */
#define __RZ_KUNIT_SUITES(id, ...)						\
	static struct kunit_suite *id[] __used __section(".rz.kunit")		\
		__aligned(sizeof(void *)) = { __VA_ARGS__ }
#define kunit_test_suites(...) \
	__RZ_KUNIT_SUITES(__UNIQUE_ID(__rz_kunit_suites_), ##__VA_ARGS__)
#define kunit_test_suite(suite)			kunit_test_suites(&suite)
#define kunit_test_init_section_suites(...)	kunit_test_suites(__VA_ARGS__)
#define kunit_test_init_section_suite(suite)	kunit_test_suites(&suite)

#define kunit_suite_for_each_test_case(suite, test_case) \
	for (test_case = (suite)->test_cases; test_case->run_case; test_case++)

/* Memory that is freed when the case ends. May sleep as @gfp says. */
void *kunit_kmalloc_array(struct kunit *test, size_t n, size_t size, gfp_t gfp);
void *__rz_kunit_kcalloc(struct kunit *test, size_t n, size_t size, gfp_t gfp);
/* Frees it now. */
void kunit_kfree(struct kunit *test, const void *ptr);

static __always_inline void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kmalloc_array(test, 1, size, gfp);
}

static __always_inline void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return __rz_kunit_kcalloc(test, 1, size, gfp);
}

static __always_inline void *kunit_kcalloc(struct kunit *test, size_t n, size_t size,
					   gfp_t gfp)
{
	return __rz_kunit_kcalloc(test, n, size, gfp);
}

/* Calls @action(@ctx) when the case ends, the last one first. 0 or -ENOMEM. */
typedef void (kunit_action_t)(void *ctx);
int __must_check kunit_add_action(struct kunit *test, kunit_action_t *action, void *ctx);
/* The same; if it fails, the action runs at once. */
int __must_check kunit_add_action_or_reset(struct kunit *test, kunit_action_t *action,
					   void *ctx);
/* Forgets the last such action; calls it now. */
void kunit_remove_action(struct kunit *test, kunit_action_t *action, void *ctx);
void kunit_release_action(struct kunit *test, kunit_action_t *action, void *ctx);

/* The case that runs, or NULL. */
struct kunit *kunit_get_current_test(void);

/* The case is skipped; kunit_skip() ends it too. @text lives as long as it. */
void __rz_kunit_mark_skipped(struct kunit *test, const char *text);
void __noreturn __rz_kunit_skip(struct kunit *test, const char *text);
#define kunit_mark_skipped(test, fmt, ...) \
	__rz_kunit_mark_skipped(test, __rz_text(fmt, ##__VA_ARGS__))
#define kunit_skip(test, fmt, ...) \
	__rz_kunit_skip(test, __rz_text(fmt, ##__VA_ARGS__))

/* Messages of a case. */
#define kunit_log(lvl, test_or_suite, fmt, ...)					\
do {										\
	(void)(test_or_suite);							\
	printk(lvl fmt, ##__VA_ARGS__);						\
} while (0)
#define kunit_printk(lvl, test, fmt, ...)					\
	kunit_log(lvl, test, KUNIT_SUBTEST_INDENT "# %s: " fmt,			\
		  (test)->name, ##__VA_ARGS__)
#define kunit_info(test, fmt, ...)	kunit_printk(KERN_INFO, test, fmt, ##__VA_ARGS__)
#define kunit_warn(test, fmt, ...)	kunit_printk(KERN_WARNING, test, fmt, ##__VA_ARGS__)
#define kunit_err(test, fmt, ...)	kunit_printk(KERN_ERR, test, fmt, ##__VA_ARGS__)

#endif
