// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A loop of parents looked for and prevented in one section under the lock.
 *
 * A directory is moved below another one, unless that one lies below it. Two
 * moves at once both see no loop, and together they make one. Whoever walks up
 * by recursion from there runs out of stack.
 *
 * Why renames of directories are serialised:
 * filesystems/directory-locking.rst.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

struct dir {
	struct dir *parent;
};

static DEFINE_SPINLOCK(tree_lock);
static struct dir a, b;

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

static bool lies_below(struct dir *dir, struct dir *top)
{
	for (; dir; dir = dir->parent)
		if (dir == top)
			return true;
	return false;
}

static noinline unsigned int depth(struct dir *dir)
{
	return dir->parent ? 1 + depth(dir->parent) : 0;
}

static void move(struct dir *dir, struct dir *to)
{
	bool loop;

	spin_lock(&tree_lock);
	loop = lies_below(to, dir);
	if (!loop)
		dir->parent = to;
	spin_unlock(&tree_lock);
}

static int mover_a(void *unused)
{
	move(&a, &b);
	return 0;
}

static int mover_b(void *unused)
{
	move(&b, &a);
	return 0;
}

static int __init tree_init(void)
{
	int err;

	err = start(0, mover_a, "mover_a");
	if (err)
		return err;
	err = start(1, mover_b, "mover_b");
	if (err)
		stop(0);
	return err;
}

static void __exit tree_exit(void)
{
	stop(0);
	stop(1);
	pr_info("a lies %u deep\n", depth(&a));
}

module_init(tree_init);
module_exit(tree_exit);
MODULE_DESCRIPTION("Directories moved below each other");
MODULE_LICENSE("Dual MIT/GPL");
