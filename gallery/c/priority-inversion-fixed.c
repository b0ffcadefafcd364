// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A bus that tasks of three priorities share a CPU with (priority inversion),
 * with a mutex whose owner inherits priorities.
 *
 * The weather task, which has no real-time priority, holds the bus when the
 * bus manager, which has the highest, wants it. The radio task, between the
 * two, needs no bus, but computes until the manager is done. Meanwhile the
 * weather task has the priority of the manager, which waits for it: it is
 * preempted by nobody, and releases the bus.
 *
 * From seed 003, and locking/rt-mutex.rst.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rtmutex.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

static DEFINE_RT_MUTEX(bus);
static unsigned int frames;
static int managed;

static struct task_struct *tasks[3];

static void use_bus(void)
{
	rt_mutex_lock(&bus);
	frames++;
	rt_mutex_unlock(&bus);
}

static int weather(void *unused)
{
	use_bus();
	return 0;
}

static int manager(void *unused)
{
	use_bus();
	WRITE_ONCE(managed, 1);
	return 0;
}

static int radio(void *unused)
{
	/* Computes, and never sleeps. */
	while (!READ_ONCE(managed))
		cpu_relax();
	return 0;
}

/* A thread of CPU 0. The reference keeps the task_struct until exit. */
static int prepare(unsigned int n, int (*fn)(void *), const char *name)
{
	struct task_struct *task = kthread_create(fn, NULL, "%s", name);

	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, 0);
	get_task_struct(task);
	tasks[n] = task;
	return 0;
}

static void stop_all(void)
{
	unsigned int n;

	for (n = 0; n < 3; n++) {
		if (!tasks[n])
			continue;
		kthread_stop(tasks[n]);
		put_task_struct(tasks[n]);
	}
}

static int __init bus_init(void)
{
	int err = prepare(0, weather, "weather");

	if (!err)
		err = prepare(1, manager, "manager");
	if (!err)
		err = prepare(2, radio, "radio");
	if (err) {
		stop_all();
		return err;
	}
	sched_set_fifo(tasks[1]);
	sched_set_fifo_low(tasks[2]);
	wake_up_process(tasks[0]);
	wake_up_process(tasks[1]);
	wake_up_process(tasks[2]);
	return 0;
}

static void __exit bus_exit(void)
{
	stop_all();
}

module_init(bus_init);
module_exit(bus_exit);
MODULE_DESCRIPTION("A bus, and three priorities");
MODULE_LICENSE("Dual MIT/GPL");
