/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_KUNIT_ASSERT_H
#define _RZ_KUNIT_ASSERT_H

/*
 * The expectations and assertions of KUnit. Each evaluates its arguments once. What
 * has failed goes to the runtime as texts and values, which words it.
 */

#include <linux/bug.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/types.h>

struct kunit;

enum {
	__RZ_KUNIT_FAIL,
	__RZ_KUNIT_TRUE,
	__RZ_KUNIT_FALSE,
	__RZ_KUNIT_INT,
	__RZ_KUNIT_PTR,
	__RZ_KUNIT_STR,
	__RZ_KUNIT_MEM,
	__RZ_KUNIT_NOT_ERR
};

/* What failed: the texts of both sides and between them, and their values. */
struct __rz_kunit_failure {
	int kind;
	const char *left;
	const char *op;
	const char *right;
	long long left_value;
	long long right_value;
	size_t size;
	const char *message;
};

/* Notes the failure; does not return if @is_assert. */
void __rz_kunit_fail(struct kunit *test, int is_assert,
		     const struct __rz_kunit_failure *failure);

#define __RZ_KUNIT_FAILED(test, is_assert, kind_, left_, op_, right_, lv, rv, size_, text) \
do {										\
	const struct __rz_kunit_failure __rz_failure = {			\
		.kind = (kind_), .left = (left_), .op = (op_), .right = (right_), \
		.left_value = (lv), .right_value = (rv), .size = (size_),	\
		.message = (text),						\
	};									\
	__rz_kunit_fail(test, is_assert, &__rz_failure);			\
} while (0)

#define __RZ_KUNIT_UNARY(test, is_assert, kind, condition, said, wanted, text)	\
do {										\
	if (unlikely(!!(condition) != (wanted)))				\
		__RZ_KUNIT_FAILED(test, is_assert, kind, said, "", "",	\
				  0, 0, 0, text);				\
} while (0)

#define __RZ_KUNIT_BINARY(test, is_assert, kind, left, ltext, op, right, rtext, text)	\
do {										\
	__auto_type __rz_left = (left);						\
	__auto_type __rz_right = (right);					\
	if (unlikely(!(__rz_left op __rz_right)))				\
		__RZ_KUNIT_FAILED(test, is_assert, kind, ltext, #op, rtext,	\
				  (long long)__rz_left, (long long)__rz_right,	\
				  0, text);					\
} while (0)

#define __RZ_KUNIT_STRINGS(test, is_assert, left, ltext, op, right, rtext, text)	\
do {										\
	const char *__rz_left = (left);						\
	const char *__rz_right = (right);					\
	if (unlikely(!__rz_left || !__rz_right ||				\
		     !(strcmp(__rz_left, __rz_right) op 0)))			\
		__RZ_KUNIT_FAILED(test, is_assert, __RZ_KUNIT_STR,		\
				  ltext, #op, rtext, (long long)__rz_left,	\
				  (long long)__rz_right, 0, text);		\
} while (0)

#define __RZ_KUNIT_BYTES(test, is_assert, left, ltext, op, right, rtext, size, text)	\
do {										\
	const void *__rz_left = (left);						\
	const void *__rz_right = (right);					\
	const size_t __rz_size = (size);					\
	if (unlikely(!__rz_left || !__rz_right ||				\
		     !(memcmp(__rz_left, __rz_right, __rz_size) op 0)))		\
		__RZ_KUNIT_FAILED(test, is_assert, __RZ_KUNIT_MEM,		\
				  ltext, #op, rtext, (long long)__rz_left,	\
				  (long long)__rz_right, __rz_size, text);	\
} while (0)

#define __RZ_KUNIT_NO_ERROR(test, is_assert, ptr, said, text)			\
do {										\
	const void *__rz_ptr = (ptr);						\
	if (unlikely(IS_ERR_OR_NULL(__rz_ptr)))					\
		__RZ_KUNIT_FAILED(test, is_assert, __RZ_KUNIT_NOT_ERR, said,	\
				  "", "", (long long)__rz_ptr, 0, 0, text);	\
} while (0)

/* Does nothing: a place that a case is meant to reach. */
#define KUNIT_SUCCEED(test)	do { (void)(test); } while (0)
/* Fails anyway. */
#define KUNIT_FAIL(test, fmt, ...) \
	__RZ_KUNIT_FAILED(test, 0, __RZ_KUNIT_FAIL, "", "", "", 0, 0, 0, \
			  __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_FAILURE(test, fmt, ...) \
	__RZ_KUNIT_FAILED(test, 1, __RZ_KUNIT_FAIL, "", "", "", 0, 0, 0, \
			  __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_FAIL_AND_ABORT(test, fmt, ...) \
	KUNIT_ASSERT_FAILURE(test, fmt, ##__VA_ARGS__)


/* A condition. */
#define KUNIT_EXPECT_TRUE(test, condition) \
	__RZ_KUNIT_UNARY(test, 0, __RZ_KUNIT_TRUE, condition, #condition, 1, \
			 NULL)
#define KUNIT_EXPECT_TRUE_MSG(test, condition, fmt, ...) \
	__RZ_KUNIT_UNARY(test, 0, __RZ_KUNIT_TRUE, condition, #condition, 1, \
			 __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_TRUE(test, condition) \
	__RZ_KUNIT_UNARY(test, 1, __RZ_KUNIT_TRUE, condition, #condition, 1, \
			 NULL)
#define KUNIT_ASSERT_TRUE_MSG(test, condition, fmt, ...) \
	__RZ_KUNIT_UNARY(test, 1, __RZ_KUNIT_TRUE, condition, #condition, 1, \
			 __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_FALSE(test, condition) \
	__RZ_KUNIT_UNARY(test, 0, __RZ_KUNIT_FALSE, condition, #condition, 0, \
			 NULL)
#define KUNIT_EXPECT_FALSE_MSG(test, condition, fmt, ...) \
	__RZ_KUNIT_UNARY(test, 0, __RZ_KUNIT_FALSE, condition, #condition, 0, \
			 __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_FALSE(test, condition) \
	__RZ_KUNIT_UNARY(test, 1, __RZ_KUNIT_FALSE, condition, #condition, 0, \
			 NULL)
#define KUNIT_ASSERT_FALSE_MSG(test, condition, fmt, ...) \
	__RZ_KUNIT_UNARY(test, 1, __RZ_KUNIT_FALSE, condition, #condition, 0, \
			 __rz_text(fmt, ##__VA_ARGS__))

/* Numbers. */
#define KUNIT_EXPECT_EQ(test, left, right) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, ==, \
			  right, #right, NULL)
#define KUNIT_EXPECT_EQ_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, ==, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_EQ(test, left, right) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, ==, \
			  right, #right, NULL)
#define KUNIT_ASSERT_EQ_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, ==, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_NE(test, left, right) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, !=, \
			  right, #right, NULL)
#define KUNIT_EXPECT_NE_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, !=, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_NE(test, left, right) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, !=, \
			  right, #right, NULL)
#define KUNIT_ASSERT_NE_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, !=, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_LT(test, left, right) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, <, \
			  right, #right, NULL)
#define KUNIT_EXPECT_LT_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, <, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_LT(test, left, right) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, <, \
			  right, #right, NULL)
#define KUNIT_ASSERT_LT_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, <, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_LE(test, left, right) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, <=, \
			  right, #right, NULL)
#define KUNIT_EXPECT_LE_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, <=, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_LE(test, left, right) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, <=, \
			  right, #right, NULL)
#define KUNIT_ASSERT_LE_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, <=, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_GT(test, left, right) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, >, \
			  right, #right, NULL)
#define KUNIT_EXPECT_GT_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, >, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_GT(test, left, right) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, >, \
			  right, #right, NULL)
#define KUNIT_ASSERT_GT_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, >, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_GE(test, left, right) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, >=, \
			  right, #right, NULL)
#define KUNIT_EXPECT_GE_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_INT, left, #left, >=, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_GE(test, left, right) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, >=, \
			  right, #right, NULL)
#define KUNIT_ASSERT_GE_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_INT, left, #left, >=, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))

/* Pointers. */
#define KUNIT_EXPECT_PTR_EQ(test, left, right) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_PTR, left, #left, ==, \
			  right, #right, NULL)
#define KUNIT_EXPECT_PTR_EQ_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_PTR, left, #left, ==, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_PTR_EQ(test, left, right) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_PTR, left, #left, ==, \
			  right, #right, NULL)
#define KUNIT_ASSERT_PTR_EQ_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_PTR, left, #left, ==, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_PTR_NE(test, left, right) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_PTR, left, #left, !=, \
			  right, #right, NULL)
#define KUNIT_EXPECT_PTR_NE_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_PTR, left, #left, !=, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_PTR_NE(test, left, right) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_PTR, left, #left, !=, \
			  right, #right, NULL)
#define KUNIT_ASSERT_PTR_NE_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_PTR, left, #left, !=, \
			  right, #right, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_NULL(test, ptr) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_PTR, ptr, #ptr, ==, \
			  NULL, "NULL", NULL)
#define KUNIT_EXPECT_NULL_MSG(test, ptr, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_PTR, ptr, #ptr, ==, \
			  NULL, "NULL", __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_NULL(test, ptr) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_PTR, ptr, #ptr, ==, \
			  NULL, "NULL", NULL)
#define KUNIT_ASSERT_NULL_MSG(test, ptr, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_PTR, ptr, #ptr, ==, \
			  NULL, "NULL", __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_NOT_NULL(test, ptr) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_PTR, ptr, #ptr, !=, \
			  NULL, "NULL", NULL)
#define KUNIT_EXPECT_NOT_NULL_MSG(test, ptr, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 0, __RZ_KUNIT_PTR, ptr, #ptr, !=, \
			  NULL, "NULL", __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_NOT_NULL(test, ptr) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_PTR, ptr, #ptr, !=, \
			  NULL, "NULL", NULL)
#define KUNIT_ASSERT_NOT_NULL_MSG(test, ptr, fmt, ...) \
	__RZ_KUNIT_BINARY(test, 1, __RZ_KUNIT_PTR, ptr, #ptr, !=, \
			  NULL, "NULL", __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_NOT_ERR_OR_NULL(test, ptr) \
	__RZ_KUNIT_NO_ERROR(test, 0, ptr, #ptr, NULL)
#define KUNIT_EXPECT_NOT_ERR_OR_NULL_MSG(test, ptr, fmt, ...) \
	__RZ_KUNIT_NO_ERROR(test, 0, ptr, #ptr, __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ptr) \
	__RZ_KUNIT_NO_ERROR(test, 1, ptr, #ptr, NULL)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL_MSG(test, ptr, fmt, ...) \
	__RZ_KUNIT_NO_ERROR(test, 1, ptr, #ptr, __rz_text(fmt, ##__VA_ARGS__))

/* Strings. */
#define KUNIT_EXPECT_STREQ(test, left, right) \
	__RZ_KUNIT_STRINGS(test, 0, left, #left, ==, right, #right, \
			   NULL)
#define KUNIT_EXPECT_STREQ_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_STRINGS(test, 0, left, #left, ==, right, #right, \
			   __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_STREQ(test, left, right) \
	__RZ_KUNIT_STRINGS(test, 1, left, #left, ==, right, #right, \
			   NULL)
#define KUNIT_ASSERT_STREQ_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_STRINGS(test, 1, left, #left, ==, right, #right, \
			   __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_STRNEQ(test, left, right) \
	__RZ_KUNIT_STRINGS(test, 0, left, #left, !=, right, #right, \
			   NULL)
#define KUNIT_EXPECT_STRNEQ_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_STRINGS(test, 0, left, #left, !=, right, #right, \
			   __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_STRNEQ(test, left, right) \
	__RZ_KUNIT_STRINGS(test, 1, left, #left, !=, right, #right, \
			   NULL)
#define KUNIT_ASSERT_STRNEQ_MSG(test, left, right, fmt, ...) \
	__RZ_KUNIT_STRINGS(test, 1, left, #left, !=, right, #right, \
			   __rz_text(fmt, ##__VA_ARGS__))

/* Memory. */
#define KUNIT_EXPECT_MEMEQ(test, left, right, size) \
	__RZ_KUNIT_BYTES(test, 0, left, #left, ==, right, #right, size, \
			 NULL)
#define KUNIT_EXPECT_MEMEQ_MSG(test, left, right, size, fmt, ...) \
	__RZ_KUNIT_BYTES(test, 0, left, #left, ==, right, #right, size, \
			 __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_MEMEQ(test, left, right, size) \
	__RZ_KUNIT_BYTES(test, 1, left, #left, ==, right, #right, size, \
			 NULL)
#define KUNIT_ASSERT_MEMEQ_MSG(test, left, right, size, fmt, ...) \
	__RZ_KUNIT_BYTES(test, 1, left, #left, ==, right, #right, size, \
			 __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_EXPECT_MEMNEQ(test, left, right, size) \
	__RZ_KUNIT_BYTES(test, 0, left, #left, !=, right, #right, size, \
			 NULL)
#define KUNIT_EXPECT_MEMNEQ_MSG(test, left, right, size, fmt, ...) \
	__RZ_KUNIT_BYTES(test, 0, left, #left, !=, right, #right, size, \
			 __rz_text(fmt, ##__VA_ARGS__))
#define KUNIT_ASSERT_MEMNEQ(test, left, right, size) \
	__RZ_KUNIT_BYTES(test, 1, left, #left, !=, right, #right, size, \
			 NULL)
#define KUNIT_ASSERT_MEMNEQ_MSG(test, left, right, size, fmt, ...) \
	__RZ_KUNIT_BYTES(test, 1, left, #left, !=, right, #right, size, \
			 __rz_text(fmt, ##__VA_ARGS__))

#endif
