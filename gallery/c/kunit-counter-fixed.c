// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A KUnit suite whose expectation holds in all runs.
 *
 * Two threads count to two. With read and write as two steps an increment is
 * lost now and then, and the expectation fails in that run and in no other.
 *
 * From dev-tools/kunit/usage.rst.
 * Verdict: holds.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static atomic_t count;
static DECLARE_COMPLETION(counted);

static void increment(void)
{
	atomic_inc(&count);
}

static int incrementer(void *unused)
{
	increment();
	complete(&counted);
	return 0;
}

static struct task_struct *start(struct kunit *test, unsigned int cpu)
{
	struct task_struct *task;

	task = kthread_create(incrementer, NULL, "counter/%u", cpu);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	kthread_bind(task, cpu);
	get_task_struct(task);
	wake_up_process(task);
	return task;
}

static void stop(struct task_struct *task)
{
	kthread_stop(task);
	put_task_struct(task);
}

static void counts_one(struct kunit *test)
{
	atomic_set(&count, 0);
	increment();
	KUNIT_EXPECT_EQ(test, atomic_read(&count), 1);
}

static void counts_two(struct kunit *test)
{
	struct task_struct *one, *other;

	atomic_set(&count, 0);
	one = start(test, 0);
	other = start(test, 1);
	wait_for_completion(&counted);
	wait_for_completion(&counted);
	stop(one);
	stop(other);
	KUNIT_EXPECT_EQ(test, atomic_read(&count), 2);
}

static struct kunit_case counter_cases[] = {
	KUNIT_CASE(counts_one),
	KUNIT_CASE(counts_two),
	{}
};

static struct kunit_suite counter_suite = {
	.name = "counter",
	.test_cases = counter_cases,
};

kunit_test_suite(counter_suite);
MODULE_DESCRIPTION("A KUnit suite with threads");
MODULE_LICENSE("Dual MIT/GPL");
