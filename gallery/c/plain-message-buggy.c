// expect: violated data-race
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A message published by a plain flag.
 *
 * The reader that sees the flag set need not see the fields that were written
 * before it: nothing orders the two but the text of the program. A release
 * that an acquire sees does.
 *
 * The message-passing pattern of memory-barriers.txt and of the kernel's
 * litmus tests.
 * Verdict: violated, data-race.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched/task.h>

static struct {
	unsigned int length;
	unsigned int type;
	int ready;
} message;
static unsigned int seen;

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
	message.length = 64;
	message.type = 1;
	message.ready = 1;
	return 0;
}

static int receiver(void *unused)
{
	if (message.ready)
		seen = message.length + message.type;
	return 0;
}

static int __init message_init(void)
{
	int err;

	err = start(0, sender, "sender");
	if (err)
		return err;
	err = start(1, receiver, "receiver");
	if (err)
		stop(0);
	return err;
}

static void __exit message_exit(void)
{
	stop(0);
	stop(1);
	pr_info("seen %u\n", seen);
}

module_init(message_init);
module_exit(message_exit);
MODULE_DESCRIPTION("A message from one CPU to another");
MODULE_LICENSE("Dual MIT/GPL");
