// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An entry with a function of its own, which takes the second wake-up.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/completion.h>
#include <linux/swait.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

static struct task_struct *task;

static int start(int (*fn)(void *), void *data)
{
	task = kthread_create(fn, data, "other");
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, 1);
	get_task_struct(task);
	wake_up_process(task);
	return 0;
}

struct waiter {
	wait_queue_entry_t entry;
	int calls;
};

static DECLARE_WAIT_QUEUE_HEAD(wq);
static DECLARE_COMPLETION(queued);

static int at_the_second(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	struct waiter *w = container_of(entry, struct waiter, entry);

	BUG_ON(key_to_poll(key) != 4);
	if (++w->calls < 2)
		return 0;
	return autoremove_wake_function(entry, mode, flags, key);
}

static int waker(void *unused)
{
	(void)unused;
	wait_for_completion(&queued);
	wake_up_poll(&wq, 4);
	wake_up_poll(&wq, 4);
	return 0;
}

static int __init wait_init(void)
{
	struct waiter w = { .calls = 0 };
	int err = start(waker, NULL);

	if (err)
		return err;
	init_waitqueue_func_entry(&w.entry, at_the_second);
	w.entry.private = current;
	prepare_to_wait(&wq, &w.entry, TASK_UNINTERRUPTIBLE);
	complete(&queued);
	schedule();
	finish_wait(&wq, &w.entry);
	BUG_ON(w.calls != 2);
	return 0;
}

static void __exit wait_exit(void)
{
	if (!IS_ERR_OR_NULL(task)) {
		kthread_stop(task);
		put_task_struct(task);
	}
}

module_init(wait_init);
module_exit(wait_exit);
MODULE_DESCRIPTION("A wake function of one's own");
MODULE_LICENSE("Dual MIT/GPL");
