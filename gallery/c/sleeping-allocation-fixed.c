// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * kmalloc(GFP_KERNEL) before the spinlock is taken.
 *
 * The allocator may sleep to free memory. Under a spinlock that would leave
 * the other CPUs spinning for a holder that does not run. Allocate before
 * taking the lock, or with GFP_ATOMIC and an answer to its failure.
 *
 * From the locking guide's chapter on things which sleep, and
 * core-api/memory-allocation.rst.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

struct item {
	int value;
};

static DEFINE_SPINLOCK(item_lock);
static struct item *item;
static struct task_struct *adder_task;

static int adder(void *unused)
{
	struct item *new = kmalloc(sizeof(*new), GFP_KERNEL);

	spin_lock(&item_lock);
	if (!item) {
		item = new;
		new = NULL;
	}
	spin_unlock(&item_lock);
	kfree(new);
	return 0;
}

static int __init item_init(void)
{
	adder_task = kthread_create(adder, NULL, "adder");
	if (IS_ERR(adder_task))
		return PTR_ERR(adder_task);
	kthread_bind(adder_task, 1);
	get_task_struct(adder_task);
	wake_up_process(adder_task);
	return 0;
}

static void __exit item_exit(void)
{
	kthread_stop(adder_task);
	put_task_struct(adder_task);
	kfree(item);
}

module_init(item_init);
module_exit(item_exit);
MODULE_DESCRIPTION("An allocation and a spinlock");
MODULE_LICENSE("Dual MIT/GPL");
