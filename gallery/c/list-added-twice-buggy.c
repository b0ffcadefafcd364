// expect: violated soft-lockup
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An entry put on a list where it is already.
 *
 * Two threads queue the same request. The second list_add() makes the entry
 * its own neighbour, and who walks the list goes round in it for ever.
 *
 * From core-api/list.rst. A kernel with CONFIG_DEBUG_LIST says "double add".
 * Verdict: violated, soft-lockup.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

struct request {
	struct list_head list;
	unsigned int sectors;
};

static DEFINE_SPINLOCK(queue_lock);
static LIST_HEAD(queue);
static struct request request = {
	.list = LIST_HEAD_INIT(request.list),
	.sectors = 8,
};
static unsigned int total;

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

static int submit(void *unused)
{
	spin_lock(&queue_lock);
	list_add(&request.list, &queue);
	spin_unlock(&queue_lock);
	return 0;
}

static int __init queue_init(void)
{
	int err;

	err = start(0, submit, "one");
	if (err)
		return err;
	err = start(1, submit, "other");
	if (err)
		stop(0);
	return err;
}

static void __exit queue_exit(void)
{
	struct request *req;

	stop(0);
	stop(1);
	list_for_each_entry(req, &queue, list)
		total += req->sectors;
}

module_init(queue_init);
module_exit(queue_exit);
MODULE_DESCRIPTION("A request queued by two");
MODULE_LICENSE("Dual MIT/GPL");
