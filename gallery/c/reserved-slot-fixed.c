// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Room looked for and taken in one section under the lock.
 *
 * There is one slot left, and both producers see it. The second one to fill it
 * writes behind the end of the buffer, into whatever lies there.
 *
 * A classic of ring buffers; dev-tools/kasan.rst shows how such a write looks.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define SLOTS	3

static DEFINE_SPINLOCK(ring_lock);
static u32 *ring;
static unsigned int used;

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

static int producer(void *unused)
{
	bool room;

	spin_lock(&ring_lock);
	room = used < SLOTS;
	if (room)
		ring[used++] = 42;
	spin_unlock(&ring_lock);
	return room ? 0 : -ENOSPC;
}

static int __init ring_init(void)
{
	int err;

	ring = kmalloc_array(SLOTS, sizeof(*ring), GFP_KERNEL);
	if (!ring)
		return -ENOMEM;
	used = SLOTS - 1;
	err = start(0, producer, "one");
	if (!err)
		err = start(1, producer, "other");
	if (err) {
		stop(0);
		kfree(ring);
	}
	return err;
}

static void __exit ring_exit(void)
{
	stop(0);
	stop(1);
	kfree(ring);
}

module_init(ring_init);
module_exit(ring_exit);
MODULE_DESCRIPTION("The last slot of a buffer");
MODULE_LICENSE("Dual MIT/GPL");
