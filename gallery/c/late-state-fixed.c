// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A task that sets its state before it tests the condition.
 *
 * A wake-up between the two finds the state, and sets it back: schedule() comes
 * back at once.
 *
 * From seed 001 (task states, barriers) and memory-barriers.txt (sleep and wake-up).
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

static int work_to_do;

static int worker(void *unused)
{
	(void)unused;
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(work_to_do))
			break;
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
