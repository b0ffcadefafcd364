// expect: violated double-free
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A session that two threads find before either has taken it off.
 *
 * Finding the session and taking it off are two sections under the lock. Two
 * threads can both be between them, and both free it. In one section, whoever
 * takes it off owns it.
 *
 * From the locking guide ("which has already been freed!") and
 * dev-tools/kasan.rst.
 * Verdict: violated, double-free.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

struct session {
	int id;
};

static DEFINE_SPINLOCK(session_lock);
static struct session *session;

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

static int close_session(void *unused)
{
	struct session *found;

	spin_lock(&session_lock);
	found = session;
	spin_unlock(&session_lock);
	if (!found)
		return 0;
	spin_lock(&session_lock);
	session = NULL;
	spin_unlock(&session_lock);
	kfree(found);
	return 0;
}

static int __init session_init(void)
{
	int err;

	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		return -ENOMEM;
	err = start(0, close_session, "close");
	if (!err)
		err = start(1, close_session, "timeout");
	if (err) {
		stop(0);
		close_session(NULL);
	}
	return err;
}

static void __exit session_exit(void)
{
	stop(0);
	stop(1);
	/* In case that both threads were stopped before they ran. */
	close_session(NULL);
}

module_init(session_init);
module_exit(session_exit);
MODULE_DESCRIPTION("A session closed twice");
MODULE_LICENSE("Dual MIT/GPL");
