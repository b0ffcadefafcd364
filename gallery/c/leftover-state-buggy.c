// expect: violated nondeterministic-program
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A module that does something else each time it is loaded.
 *
 * How often the device is tried depends on the processor's own cycle counter,
 * read past the kernel's interface. Nothing can be concluded from one run to
 * the next. get_cycles() is the kernel's clock, which a checker can hold.
 *
 * From dev-tools/kunit/usage.rst: tests do not depend on each other, nor on
 * the machine's mood. Static variables are no such leak in C: they begin anew
 * with each load of the module.
 * Verdict: violated, nondeterministic-program.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

static atomic_t mode = ATOMIC_INIT(0);

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

static int probe(void *unused)
{
	u64 cycles = __builtin_ia32_rdtsc();
	int tries;

	for (tries = (cycles * 0x9e3779b97f4a7c15ULL) >> 58; tries; tries--)
		atomic_set(&mode, tries);
	return 0;
}

static int reset(void *unused)
{
	atomic_set(&mode, 0);
	return 0;
}

static int __init mode_init(void)
{
	int err;

	err = start(0, probe, "probe");
	if (err)
		return err;
	err = start(1, reset, "reset");
	if (err)
		stop(0);
	return err;
}

static void __exit mode_exit(void)
{
	stop(0);
	stop(1);
}

module_init(mode_init);
module_exit(mode_exit);
MODULE_DESCRIPTION("How often a device is tried");
MODULE_LICENSE("Dual MIT/GPL");
