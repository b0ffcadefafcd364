// expect: violated deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two locks, taken in two orders on two CPUs (AB-BA).
 *
 * Each of the two threads holds the lock that the other one waits for. The
 * rule is one order for all who hold both.
 *
 * From the locking guide (kernel-hacking/locking.rst, "Deadlock: Simple and
 * Advanced") and locking/lockdep-design.rst. In the old spelling:
 * SPIN_LOCK_UNLOCKED.
 * Verdict: violated, deadlock.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

struct account {
	spinlock_t lock;
	int balance;
};

static struct account checking = { .lock = SPIN_LOCK_UNLOCKED, .balance = 10 };
static struct account savings = { .lock = SPIN_LOCK_UNLOCKED, .balance = 10 };

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

static int save(void *unused)
{
	spin_lock(&checking.lock);
	spin_lock(&savings.lock);
	checking.balance--;
	savings.balance++;
	spin_unlock(&savings.lock);
	spin_unlock(&checking.lock);
	return 0;
}

static int spend(void *unused)
{
	spin_lock(&savings.lock);
	spin_lock(&checking.lock);
	savings.balance--;
	checking.balance++;
	spin_unlock(&checking.lock);
	spin_unlock(&savings.lock);
	return 0;
}

static int __init bank_init(void)
{
	int err;

	err = start(0, save, "save");
	if (err)
		return err;
	err = start(1, spend, "spend");
	if (err)
		stop(0);
	return err;
}

static void __exit bank_exit(void)
{
	stop(0);
	stop(1);
}

module_init(bank_init);
module_exit(bank_exit);
MODULE_DESCRIPTION("Two locks and their order");
MODULE_LICENSE("Dual MIT/GPL");
