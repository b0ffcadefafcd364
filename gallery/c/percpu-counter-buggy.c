// expect: violated data-race
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A per-CPU counter of a CPU that the task may leave meanwhile.
 *
 * smp_processor_id() tells where the task is, and it stays true only while
 * preemption is off. Here the task may be moved, or another one may run in
 * between, and the counter has two users at once. get_cpu() switches
 * preemption off and put_cpu() on again.
 *
 * The first example of every text on per-CPU data.
 * Verdict: violated, data-race.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/smp.h>

static unsigned long counts[NR_CPUS];
static struct task_struct *tasks[2];

static int counter(void *unused)
{
	int cpu = smp_processor_id();

	counts[cpu]++;
	return 0;
}

static void stop_all(void)
{
	int i;

	for (i = 0; i < 2 && tasks[i]; i++) {
		kthread_stop(tasks[i]);
		put_task_struct(tasks[i]);
	}
}

static int __init counter_init(void)
{
	struct task_struct *task;
	int i;

	for (i = 0; i < 2; i++) {
		task = kthread_create(counter, NULL, "counter/%d", i);
		if (IS_ERR(task)) {
			stop_all();
			return PTR_ERR(task);
		}
		kthread_bind(task, 1);
		get_task_struct(task);
		tasks[i] = task;
		wake_up_process(task);
	}
	return 0;
}

static void __exit counter_exit(void)
{
	stop_all();
}

module_init(counter_init);
module_exit(counter_exit);
MODULE_DESCRIPTION("A counter of each CPU");
MODULE_LICENSE("Dual MIT/GPL");
