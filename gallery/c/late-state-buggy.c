// expect: violated hang
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A task that sets its state after it has tested the condition.
 *
 * The condition becomes true, and the wake-up comes, between the test and
 * set_current_state(): the task still runs, so there is nobody to wake. Then it
 * goes to sleep, although what it waits for has happened.
 *
 * From seed 001 (task states, barriers) and memory-barriers.txt (sleep and wake-up).
 * Verdict: violated, hang.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static int work_to_do;

static int worker(void *unused)
{
	(void)unused;
	while (!READ_ONCE(work_to_do)) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int __init late_init(void)
{
	struct task_struct *task = kthread_create(worker, NULL, "worker");

	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, 1);
	get_task_struct(task);
	wake_up_process(task);
	WRITE_ONCE(work_to_do, 1);
	wake_up_process(task);
	put_task_struct(task);
	return 0;
}

static void __exit late_exit(void)
{
}

module_init(late_init);
module_exit(late_exit);
MODULE_DESCRIPTION("Going to sleep in the wrong order");
MODULE_LICENSE("Dual MIT/GPL");
