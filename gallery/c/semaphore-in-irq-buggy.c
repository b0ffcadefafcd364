// expect: violated sleep-in-atomic
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A semaphore as a mutex between a thread and an interrupt.
 *
 * down() may sleep, and an interrupt handler has nobody to go on instead of it.
 * down_trylock() never sleeps: who does not get the semaphore leaves the work to
 * whoever has it, and says so. Its result is the other way round than that of
 * other trylocks: 0 means taken.
 *
 * From the semaphores' own rule: only the trylock and up() are for interrupts.
 * Verdict: violated, sleep-in-atomic.
 */
#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/semaphore.h>

#define DEVICE_IRQ	4

static DEFINE_SEMAPHORE(ring_sem, 1);
static atomic_t left_over = ATOMIC_INIT(0);
static unsigned int handled;

static irqreturn_t device_irq(int irq, void *dev_id)
{
	down(&ring_sem);
	handled++;
	up(&ring_sem);
	return IRQ_HANDLED;
}

static void drain(void)
{
	down(&ring_sem);
	handled += atomic_xchg(&left_over, 0);
	up(&ring_sem);
}

static int __init device_init(void)
{
	int err;

	irq_set_affinity(DEVICE_IRQ, cpumask_of(1));
	err = request_irq(DEVICE_IRQ, device_irq, 0, "device", NULL);
	if (err)
		return err;
	drain();
	return 0;
}

static void __exit device_exit(void)
{
	free_irq(DEVICE_IRQ, NULL);
	drain();
}

module_init(device_init);
module_exit(device_exit);
MODULE_DESCRIPTION("A semaphore and an interrupt");
MODULE_LICENSE("Dual MIT/GPL");
