// expect: holds
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Work found pending and queued again only while nobody cancels it.
 *
 * A notification kicks the work that is to acquire the image's lock: if it is
 * pending, let it run now. Unmap cancels the work between the test and the
 * queueing, waits for notifications to end, and frees the image. The work runs
 * after that.
 *
 * Rebuilt small from the description of a fix in the rbd block driver (commit
 * 9fc75b71fdd3): time of check, time of use. There the work is a delayed one.
 * Verdict: holds.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define WATCH_IRQ	4

struct image {
	struct work_struct lock_work;
	spinlock_t lock;
	bool unmapping;
	bool owner;
};

static struct image *image;
static struct task_struct *unmap_task;

static void acquire_lock(struct work_struct *work)
{
	struct image *img = container_of(work, struct image, lock_work);

	spin_lock_irq(&img->lock);
	img->owner = true;
	spin_unlock_irq(&img->lock);
}

static irqreturn_t watch_irq(int irq, void *dev_id)
{
	struct image *img = dev_id;

	spin_lock(&img->lock);
	if (work_pending(&img->lock_work) && !img->unmapping)
		schedule_work(&img->lock_work);
	spin_unlock(&img->lock);
	return IRQ_HANDLED;
}

static int unmap(void *unused)
{
	spin_lock_irq(&image->lock);
	image->unmapping = true;
	spin_unlock_irq(&image->lock);
	cancel_work_sync(&image->lock_work);
	free_irq(WATCH_IRQ, image);
	kfree(image);
	return 0;
}

static int __init image_init(void)
{
	int err;

	image = kzalloc(sizeof(*image), GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	spin_lock_init(&image->lock);
	INIT_WORK(&image->lock_work, acquire_lock);
	irq_set_affinity(WATCH_IRQ, cpumask_of(1));
	err = request_irq(WATCH_IRQ, watch_irq, 0, "watch", image);
	if (err) {
		kfree(image);
		return err;
	}
	schedule_work(&image->lock_work);
	unmap_task = kthread_create(unmap, NULL, "unmap");
	if (IS_ERR(unmap_task)) {
		unmap(NULL);
		return PTR_ERR(unmap_task);
	}
	kthread_bind(unmap_task, 0);
	get_task_struct(unmap_task);
	wake_up_process(unmap_task);
	return 0;
}

static void __exit image_exit(void)
{
	/* A thread that is stopped before it runs never runs. */
	if (kthread_stop(unmap_task) == -EINTR)
		unmap(NULL);
	put_task_struct(unmap_task);
}

module_init(image_init);
module_exit(image_exit);
MODULE_DESCRIPTION("Work kicked while it is cancelled");
MODULE_LICENSE("Dual MIT/GPL");
