// expect: violated soft-lockup
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A loop that polls a plain word, without READ_ONCE() and cpu_relax().
 *
 * The compiler reads a plain word once: nothing in the loop can change it, as
 * far as it knows. What is left is a loop without an end. A loop that waits
 * for another CPU reads by READ_ONCE(), atomic_read() or smp_load_acquire(),
 * and says cpu_relax() in each round.
 *
 * From process/volatile-considered-harmful.rst and
 * admin-guide/lockup-watchdogs.rst.
 * Verdict: violated, soft-lockup.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

static int done;

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

static int poller(void *unused)
{
	while (!done)
		;
	return 0;
}

static int device(void *unused)
{
	done = 1;
	return 0;
}

static int __init poll_init(void)
{
	int err;

	err = start(0, device, "device");
	if (err)
		return err;
	err = start(1, poller, "poller");
	if (err)
		stop(0);
	return err;
}

static void __exit poll_exit(void)
{
	stop(0);
	stop(1);
}

module_init(poll_init);
module_exit(poll_exit);
MODULE_DESCRIPTION("Polling a word that another CPU sets");
MODULE_LICENSE("Dual MIT/GPL");
