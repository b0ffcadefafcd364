// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two threads, each on its own CPU; each reads and then sets one word, 4
 * times. 3334 executions. The speed of the search is measured with it.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>

#define THREADS	2
#define ROUNDS	4

static atomic_t count = ATOMIC_INIT(0);

static int worker(void *unused)
{
	int i, n;

	for (i = 0; i < ROUNDS; i++) {
		n = atomic_read(&count);
		atomic_set(&count, n + 1);
	}
	return 0;
}

static int __init bench_init(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < THREADS; cpu++)
		if (IS_ERR(kthread_run_on_cpu(worker, NULL, cpu, "worker/%u")))
			pr_warn("worker %u does not run\n", cpu);
	return 0;
}

/* No exit: the module stays, and its threads end by themselves. */
module_init(bench_init);
MODULE_DESCRIPTION("A program that the search is measured with");
MODULE_LICENSE("Dual MIT/GPL");
