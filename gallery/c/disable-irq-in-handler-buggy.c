// expect: violated self-deadlock
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * disable_irq() inside the line's own handler.
 *
 * disable_irq() returns when no handler of the line runs any more, so in such
 * a handler it never does. disable_irq_nosync() does not wait. A tasklet
 * switches the line on again when the work is done.
 *
 * From core-api/genericirq.rst and the description of disable_irq().
 * Verdict: violated, self-deadlock.
 */
#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/module.h>

#define DISK_IRQ	4

static atomic_t blocks = ATOMIC_INIT(0);

/* The work, and then the line may come again. */
static void block_done(struct tasklet_struct *unused)
{
	atomic_inc(&blocks);
	enable_irq(DISK_IRQ);
}

static DECLARE_TASKLET(block_tasklet, block_done);

static irqreturn_t disk_irq(int irq, void *dev_id)
{
	disable_irq(irq);
	tasklet_schedule(&block_tasklet);
	return IRQ_HANDLED;
}

static int __init disk_init(void)
{
	irq_set_affinity(DISK_IRQ, cpumask_of(0));
	return request_irq(DISK_IRQ, disk_irq, 0, "disk", NULL);
}

static void __exit disk_exit(void)
{
	disable_irq(DISK_IRQ);
	tasklet_kill(&block_tasklet);
	free_irq(DISK_IRQ, NULL);
}

module_init(disk_init);
module_exit(disk_exit);
MODULE_DESCRIPTION("A line that its handler switches off");
MODULE_LICENSE("Dual MIT/GPL");
