// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A reference dropped by atomic_dec_and_test().
 *
 * The two users of a request drop their references at the same time. Dropping
 * one and learning that it was the last are two operations: the other user's
 * may come in between. Then both see zero, and both free the request, or one
 * looks at the count of a request that is gone. They have to be one operation.
 *
 * From atomic_ops.txt, which counts references with atomic_dec_and_test(), and
 * core-api/refcount-vs-atomic.rst.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

struct request {
	atomic_t users;
};

static struct request *request;

static struct task_struct *tasks[2];

/* One thread a CPU. The reference keeps the task_struct until exit. */
static int start(unsigned int cpu, int (*fn)(void *), const char *name)
{
	struct task_struct *task = kthread_create(fn, NULL, "%s", name);

	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	get_task_struct(task);
	wake_up_process(task);
	tasks[cpu] = task;
	return 0;
}

static void put_request(struct request *req)
{
	if (atomic_dec_and_test(&req->users))
		kfree(req);
}

static void stop(unsigned int cpu)
{
	if (!tasks[cpu])
		return;
	/* A thread that is stopped before it ran still has its reference. */
	if (kthread_stop(tasks[cpu]) == -EINTR)
		put_request(request);
	put_task_struct(tasks[cpu]);
}

static int user(void *unused)
{
	put_request(request);
	return 0;
}

static int __init request_init(void)
{
	int err;

	request = kmalloc(sizeof(*request), GFP_KERNEL);
	if (!request)
		return -ENOMEM;
	/* The two threads', and init's own until they are there. */
	atomic_set(&request->users, 3);
	err = start(0, user, "submitter");
	if (err) {
		/* The references of the two that there are not. */
		put_request(request);
		put_request(request);
	} else {
		err = start(1, user, "completer");
		if (err)
			put_request(request);
	}
	put_request(request);
	if (err)
		stop(0);
	return err;
}

static void __exit request_exit(void)
{
	stop(0);
	stop(1);
}

module_init(request_init);
module_exit(request_exit);
MODULE_DESCRIPTION("A request and its two users");
MODULE_LICENSE("Dual MIT/GPL");
