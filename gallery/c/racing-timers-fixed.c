// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Objects destroyed by whoever del_timer() says.
 *
 * Each object on the list has a timer that destroys it, and module exit
 * destroys them all. A timer can have gone off just before exit takes the
 * list's lock: then del_timer() deletes nothing, the callback waits for the
 * lock, gets it when its object has been freed, takes it off the list and
 * frees it once more. What del_timer() returns tells. If the timer was not
 * pending, its callback is on the way, and the object is the callback's to
 * free.
 *
 * From the locking guide (kernel-hacking/locking.rst, "Racing Timers: A Kernel
 * Pastime").
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

struct foo {
	struct list_head list;
	struct timer_list timer;
};

static LIST_HEAD(foos);
static DEFINE_SPINLOCK(list_lock);
/* Changed under list_lock. */
static atomic_t listed = ATOMIC_INIT(0);

/* The object has lived long enough. */
static void foo_expire(struct timer_list *t)
{
	struct foo *foo = from_timer(foo, t, timer);

	spin_lock(&list_lock);
	list_del(&foo->list);
	atomic_dec(&listed);
	spin_unlock(&list_lock);
	kfree(foo);
}

static void foo_destroy_all(void)
{
	struct foo *foo;
	int before;

retry:
	spin_lock_bh(&list_lock);
	while (!list_empty(&foos)) {
		foo = list_first_entry(&foos, struct foo, list);
		if (!del_timer(&foo->timer)) {
			/* Give the callback a chance to destroy it. */
			before = atomic_read(&listed);
			spin_unlock_bh(&list_lock);
			while (atomic_read(&listed) == before)
				cpu_relax();
			goto retry;
		}
		list_del(&foo->list);
		atomic_dec(&listed);
		kfree(foo);
	}
	spin_unlock_bh(&list_lock);
}

static int __init foo_init(void)
{
	struct foo *foo;
	int i;

	for (i = 0; i < 2; i++) {
		foo = kmalloc(sizeof(*foo), GFP_KERNEL);
		if (!foo) {
			foo_destroy_all();
			return -ENOMEM;
		}
		timer_setup(&foo->timer, foo_expire, 0);
		foo->timer.expires = jiffies + 1;
		spin_lock_bh(&list_lock);
		list_add_tail(&foo->list, &foos);
		atomic_inc(&listed);
		add_timer_on(&foo->timer, 1);
		spin_unlock_bh(&list_lock);
	}
	return 0;
}

static void __exit foo_exit(void)
{
	foo_destroy_all();
}

module_init(foo_init);
module_exit(foo_exit);
MODULE_DESCRIPTION("Objects with a timer each");
MODULE_LICENSE("Dual MIT/GPL");
