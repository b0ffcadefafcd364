// expect: violated leak
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An error path that forgets what was allocated before the error.
 *
 * Two probes run at once, for two devices on one exclusive line. The second
 * one to request it gets EBUSY and returns, and nobody has the pointer to its
 * memory any more.
 *
 * From process/coding-style.rst ("Centralized exiting of functions") and
 * dev-tools/kmemleak.rst.
 * Verdict: violated, leak.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#define DEVICE_IRQ	4

struct device_data {
	atomic_t interrupts;
};

static struct device_data *bound;

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

static irqreturn_t device_irq(int irq, void *dev_id)
{
	struct device_data *dev = dev_id;

	atomic_inc(&dev->interrupts);
	return IRQ_HANDLED;
}

static int probe(void *unused)
{
	struct device_data *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int err;

	if (!dev)
		return -ENOMEM;
	err = request_irq(DEVICE_IRQ, device_irq, 0, "device", dev);
	if (err)
		return err;
	bound = dev;
	return 0;
}

static void device_remove(void)
{
	stop(0);
	stop(1);
	if (bound) {
		free_irq(DEVICE_IRQ, bound);
		kfree(bound);
	}
}

static int __init device_init(void)
{
	int err;

	irq_set_affinity(DEVICE_IRQ, cpumask_of(0));
	err = start(0, probe, "probe0");
	if (!err)
		err = start(1, probe, "probe1");
	if (err)
		device_remove();
	return err;
}

static void __exit device_exit(void)
{
	device_remove();
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("Two probes on one line");
MODULE_LICENSE("Dual MIT/GPL");
