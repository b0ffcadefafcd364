// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A plain field read through a pointer that was fetched under a lock, under
 * it.
 *
 * The updater puts a new configuration in place and frees the old one. The
 * sender has fetched the old one's address before, and reads it when it has
 * the queue's lock, which has nothing to do with configurations.
 *
 * A use-after-free as syzbot reports them by the hundred; dev-tools/kasan.rst.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

struct config {
	unsigned int burst;
};

static DEFINE_SPINLOCK(config_lock);
static struct config *config;
static DEFINE_SPINLOCK(queue_lock);
static unsigned int queued;

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

static int sender(void *unused)
{
	struct config *cfg;
	unsigned int burst;

	spin_lock(&config_lock);
	cfg = config;
	burst = cfg->burst;
	spin_unlock(&config_lock);

	spin_lock(&queue_lock);
	queued += burst;
	spin_unlock(&queue_lock);
	return 0;
}

static int updater(void *unused)
{
	struct config *new, *old;

	new = kmalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->burst = 8;
	spin_lock(&config_lock);
	old = config;
	config = new;
	spin_unlock(&config_lock);
	kfree(old);
	return 0;
}

static int __init config_init(void)
{
	int err;

	config = kmalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return -ENOMEM;
	config->burst = 4;
	err = start(0, sender, "sender");
	if (!err)
		err = start(1, updater, "updater");
	if (err) {
		stop(0);
		kfree(config);
	}
	return err;
}

static void __exit config_exit(void)
{
	stop(0);
	stop(1);
	kfree(config);
}

module_init(config_init);
module_exit(config_exit);
MODULE_DESCRIPTION("A configuration replaced while it is used");
MODULE_LICENSE("Dual MIT/GPL");
