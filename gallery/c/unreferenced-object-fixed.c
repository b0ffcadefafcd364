// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An object used after the lock of its list was dropped, with a reference.
 *
 * The lock protects the list, so the object stays on it while the lock is
 * held, and no longer. The reader still has the pointer when the other CPU
 * takes the object off and frees it. Whoever takes a pointer out of the locked
 * section takes a reference while he holds the lock. The last one to drop his
 * frees the object.
 *
 * From the locking guide's chapter on reference counts
 * (kernel-hacking/locking.rst), and core-api/kref.rst.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

struct foo {
	struct list_head list;
	atomic_t use;
	atomic_t hits;
};

static LIST_HEAD(foos);
static DEFINE_SPINLOCK(list_lock);

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

static struct foo *find_foo(void)
{
	struct foo *foo;

	spin_lock_bh(&list_lock);
	foo = list_first_entry_or_null(&foos, struct foo, list);
	if (foo)
		atomic_inc(&foo->use);
	spin_unlock_bh(&list_lock);
	return foo;
}

static void put_foo(struct foo *foo)
{
	if (atomic_dec_and_test(&foo->use))
		kfree(foo);
}

static int reader(void *unused)
{
	struct foo *foo = find_foo();

	if (foo) {
		atomic_inc(&foo->hits);
		put_foo(foo);
	}
	return 0;
}

static int destroyer(void *unused)
{
	struct foo *foo;

	spin_lock_bh(&list_lock);
	foo = list_first_entry_or_null(&foos, struct foo, list);
	if (foo)
		list_del(&foo->list);
	spin_unlock_bh(&list_lock);
	if (foo)
		put_foo(foo);
	return 0;
}

static int __init foo_init(void)
{
	struct foo *foo = kzalloc(sizeof(*foo), GFP_KERNEL);
	int err;

	if (!foo)
		return -ENOMEM;
	atomic_set(&foo->use, 1);
	list_add(&foo->list, &foos);
	err = start(0, reader, "reader");
	if (!err)
		err = start(1, destroyer, "destroyer");
	if (err) {
		stop(0);
		destroyer(NULL);
	}
	return err;
}

static void __exit foo_exit(void)
{
	stop(0);
	stop(1);
	/* In case that the thread was stopped before it ran. */
	destroyer(NULL);
}

module_init(foo_init);
module_exit(foo_exit);
MODULE_DESCRIPTION("An object and who may use it");
MODULE_LICENSE("Dual MIT/GPL");
