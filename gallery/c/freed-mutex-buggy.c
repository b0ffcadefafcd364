// expect: violated use-after-free
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A mutex in an object whose last user frees it.
 *
 * The count of users is under the mutex itself. The first one counts down, and its
 * mutex_unlock() lets the second one in; that counts down to zero, unlocks and
 * frees the object, while the first is still in mutex_unlock(), looking for whom
 * to wake. A mutex has to live until mutex_unlock() has returned, so the count
 * that decides about its life is outside of it.
 *
 * From locking/mutex-design.rst: mutex_unlock() is not for releasing the object.
 * Verdict: violated, use-after-free.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

struct conn {
	struct mutex lock;
	unsigned int users;
};

static struct conn *the_conn;
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

static void stop(unsigned int cpu)
{
	if (!tasks[cpu])
		return;
	kthread_stop(tasks[cpu]);
	put_task_struct(tasks[cpu]);
}

static void put_conn(struct conn *conn)
{
	bool last;

	mutex_lock(&conn->lock);
	last = --conn->users == 0;
	mutex_unlock(&conn->lock);
	if (last)
		kfree(conn);
}

static int user(void *unused)
{
	put_conn(the_conn);
	return 0;
}

static int __init conn_init(void)
{
	int err;

	the_conn = kzalloc(sizeof(*the_conn), GFP_KERNEL);
	if (!the_conn)
		return -ENOMEM;
	mutex_init(&the_conn->lock);
	the_conn->users = 2;
	err = start(0, user, "first");
	if (err) {
		kfree(the_conn);
		return err;
	}
	err = start(1, user, "second");
	if (err)
		put_conn(the_conn);
	return 0;
}

static void __exit conn_exit(void)
{
	stop(0);
	stop(1);
}

module_init(conn_init);
module_exit(conn_exit);
MODULE_DESCRIPTION("A mutex in an object that its users free");
MODULE_LICENSE("Dual MIT/GPL");
