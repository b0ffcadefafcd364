// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
// ringzero: cpus 3
/*
 * Three threads, each on its own CPU; each takes a ticket spinlock made by
 * hand, once. 6 executions. The speed of the search is measured with it.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>

#define THREADS	3
#define ROUNDS	1

static atomic_t next_ticket = ATOMIC_INIT(0);
static atomic_t now_serving = ATOMIC_INIT(0);

static int worker(void *unused)
{
	int i, mine;

	for (i = 0; i < ROUNDS; i++) {
		mine = atomic_fetch_add(1, &next_ticket);
		while (atomic_read(&now_serving) != mine)
			cpu_relax();
		atomic_set(&now_serving, mine + 1);
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
