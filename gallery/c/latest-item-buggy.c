// expect: violated leak
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A pointer overwritten, and with it the last way to what it pointed to.
 *
 * Two samplers keep the latest sample. Whoever comes second overwrites the
 * first one's pointer, and nobody frees that sample any more.
 *
 * From dev-tools/kmemleak.rst.
 * Verdict: violated, leak.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

struct sample {
	unsigned int value;
};

static struct sample *latest;

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

static int sampler(void *unused)
{
	struct sample *sample = kzalloc(sizeof(*sample), GFP_KERNEL);

	if (!sample)
		return -ENOMEM;
	sample->value = 1;
	xchg(&latest, sample);
	return 0;
}

static int __init sampler_init(void)
{
	int err;

	err = start(0, sampler, "one");
	if (err)
		return err;
	err = start(1, sampler, "other");
	if (err)
		stop(0);
	return err;
}

static void __exit sampler_exit(void)
{
	stop(0);
	stop(1);
	kfree(latest);
}

module_init(sampler_init);
module_exit(sampler_exit);
MODULE_DESCRIPTION("The latest sample");
MODULE_LICENSE("Dual MIT/GPL");
