// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A lock that a tasklet takes too, taken with bottom halves off.
 *
 * The card's interrupt schedules the tasklet, which runs when the interrupt
 * returns, on top of the reader that holds the lock. It spins for a holder
 * that it keeps from going on. Whoever shares a lock with a softirq takes it
 * with spin_lock_bh() in process context.
 *
 * From the locking guide's chapter on user context and softirqs
 * (kernel-hacking/locking.rst). In the old spelling: DECLARE_TASKLET with
 * data.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

#define NIC_IRQ	4

static DEFINE_SPINLOCK(backlog_lock);
static unsigned int backlog;
static struct task_struct *reader_task;

static void nic_rx(unsigned long data)
{
	unsigned int *packets = (unsigned int *)data;

	spin_lock(&backlog_lock);
	(*packets)++;
	spin_unlock(&backlog_lock);
}

static DECLARE_TASKLET(nic_tasklet, nic_rx, (unsigned long)&backlog);

static irqreturn_t nic_irq(int irq, void *dev_id)
{
	tasklet_schedule(&nic_tasklet);
	return IRQ_HANDLED;
}

static int reader(void *unused)
{
	spin_lock_bh(&backlog_lock);
	backlog = 0;
	spin_unlock_bh(&backlog_lock);
	return 0;
}

static int __init nic_init(void)
{
	int err;

	irq_set_affinity(NIC_IRQ, cpumask_of(0));
	err = request_irq(NIC_IRQ, nic_irq, 0, "nic", NULL);
	if (err)
		return err;
	reader_task = kthread_create(reader, NULL, "reader");
	if (IS_ERR(reader_task)) {
		free_irq(NIC_IRQ, NULL);
		tasklet_kill(&nic_tasklet);
		return PTR_ERR(reader_task);
	}
	kthread_bind(reader_task, 0);
	get_task_struct(reader_task);
	wake_up_process(reader_task);
	return 0;
}

static void __exit nic_exit(void)
{
	kthread_stop(reader_task);
	put_task_struct(reader_task);
	free_irq(NIC_IRQ, NULL);
	tasklet_kill(&nic_tasklet);
}

module_init(nic_init);
module_exit(nic_exit);
MODULE_DESCRIPTION("A lock shared with a tasklet");
MODULE_LICENSE("Dual MIT/GPL");
