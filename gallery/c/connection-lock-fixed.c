// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An event that comes while the process side holds the connection is marked.
 *
 * The process side locks a connection for long: it only counts itself as a
 * user under a spinlock. The interrupt side locks it for short, and holds the
 * spinlock itself. A completion event that comes while the connection has a
 * user must not touch it. It leaves a mark, and the process side looks for the
 * mark when it unlocks, and drains the queue itself. Without the mark the
 * event lies in the queue, and no further interrupt comes for it.
 *
 * From a mail about the locking of the sockets direct protocol
 * (openib-general, February 2005). The wait queue by which one process waits
 * for another is left out: there is one.
 * Verdict: holds.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

#define CQ_IRQ	4

static struct {
	spinlock_t slock;
	unsigned int users;
	bool pending;
} conn = { .slock = __SPIN_LOCK_UNLOCKED(conn.slock) };

/* Completions that the device has queued and nobody has taken out. */
static atomic_t queued = ATOMIC_INIT(0);
static atomic_t taken = ATOMIC_INIT(0);
static struct task_struct *process_task;

/* For whoever has the connection. */
static void drain(void)
{
	atomic_add(atomic_xchg(&queued, 0), &taken);
}

static irqreturn_t cq_irq(int irq, void *dev_id)
{
	atomic_inc(&queued);
	spin_lock(&conn.slock);
	if (!conn.users)
		drain();
	else
		conn.pending = true;
	spin_unlock(&conn.slock);
	return IRQ_HANDLED;
}

static int process(void *unused)
{
	spin_lock_irq(&conn.slock);
	conn.users++;
	spin_unlock_irq(&conn.slock);

	atomic_read(&taken);

	spin_lock_irq(&conn.slock);
	if (conn.pending) {
		conn.pending = false;
		drain();
	}
	conn.users--;
	spin_unlock_irq(&conn.slock);
	return 0;
}

static int __init conn_init(void)
{
	int err;

	irq_set_affinity(CQ_IRQ, cpumask_of(0));
	err = request_irq(CQ_IRQ, cq_irq, 0, "cq", NULL);
	if (err)
		return err;
	process_task = kthread_create(process, NULL, "process");
	if (IS_ERR(process_task)) {
		free_irq(CQ_IRQ, NULL);
		return PTR_ERR(process_task);
	}
	kthread_bind(process_task, 0);
	get_task_struct(process_task);
	wake_up_process(process_task);
	return 0;
}

static void __exit conn_exit(void)
{
	kthread_stop(process_task);
	put_task_struct(process_task);
	free_irq(CQ_IRQ, NULL);
	/* A completion left here is one that nobody comes for. */
	WARN_ON(atomic_read(&queued));
}

module_init(conn_init);
module_exit(conn_exit);
MODULE_DESCRIPTION("A connection locked by process and interrupt");
MODULE_LICENSE("Dual MIT/GPL");
