// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A reference taken by kref_get_unless_zero().
 *
 * The last reference is dropped without the list's lock: only the release
 * function takes it, to take the object off the list. In between the object is
 * found by somebody else, who raises the count from zero and believes to own a
 * reference.
 *
 * refcount_t tells of it before the object is used after it was freed.
 *
 * From core-api/kref.rst, which has both forms.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

struct client {
	struct list_head list;
	struct kref ref;
	atomic_t requests;
};

static LIST_HEAD(clients);
static DEFINE_SPINLOCK(clients_lock);
static struct client *owned;

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

static void client_release(struct kref *ref)
{
	struct client *c = container_of(ref, struct client, ref);

	spin_lock(&clients_lock);
	list_del(&c->list);
	spin_unlock(&clients_lock);
	kfree(c);
}

static struct client *client_find(void)
{
	struct client *c;

	spin_lock(&clients_lock);
	c = list_first_entry_or_null(&clients, struct client, list);
	if (c && !kref_get_unless_zero(&c->ref))
		c = NULL;
	spin_unlock(&clients_lock);
	return c;
}

static int request(void *unused)
{
	struct client *c = client_find();

	if (c) {
		atomic_inc(&c->requests);
		kref_put(&c->ref, client_release);
	}
	return 0;
}

/* Drops the reference that init has taken, once. */
static int hangup(void *unused)
{
	struct client *c = xchg(&owned, NULL);

	if (c)
		kref_put(&c->ref, client_release);
	return 0;
}

static int __init client_init(void)
{
	int err;

	owned = kzalloc(sizeof(*owned), GFP_KERNEL);
	if (!owned)
		return -ENOMEM;
	kref_init(&owned->ref);
	list_add(&owned->list, &clients);
	err = start(0, request, "request");
	if (!err)
		err = start(1, hangup, "hangup");
	if (err) {
		stop(0);
		hangup(NULL);
	}
	return err;
}

static void __exit client_exit(void)
{
	stop(0);
	stop(1);
	hangup(NULL);
}

module_init(client_init);
module_exit(client_exit);
MODULE_DESCRIPTION("A reference to a client");
MODULE_LICENSE("Dual MIT/GPL");
