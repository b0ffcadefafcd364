// expect: violated data-race
// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * ringdev: a driver for a device that does not exist, with the parts that
 * drivers have, and statistics that are read without their lock.
 *
 * The device has a sample now and then and raises its line. The handler puts
 * the sample into the ring. The tasklet counts it, and wakes the reader when
 * there are as many as the watermark says. If the ring ran over, the tasklet
 * has the work reset the device, which may sleep. A reader thread takes
 * samples out of the ring. A control thread gives commands through
 * ringdev_ioctl(), as a program would through its file descriptor.
 *
 * Locking:
 *   dev->mutex       commands and resets, one at a time; may sleep
 *   dev->lock        the ring, the watermark; taken by the handler, so that
 *                    everybody else takes it with interrupts off
 *   dev->stats_lock  the statistics; taken inside dev->lock
 *
 * ringdev_get_stats() copies the statistics while the tasklet changes them: it
 * may see one field from before and one from after.
 * Verdict: violated, data-race.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

static unsigned int irq_line = 4;
module_param(irq_line, uint, 0444);
MODULE_PARM_DESC(irq_line, "interrupt line of the device");

static unsigned int ring_size = 4;
module_param(ring_size, uint, 0444);
MODULE_PARM_DESC(ring_size, "samples that the ring holds, a power of two");

static unsigned int watermark = 1;
module_param(watermark, uint, 0444);
MODULE_PARM_DESC(watermark, "samples that wake the reader");

static bool verbose;
module_param(verbose, bool, 0644);
MODULE_PARM_DESC(verbose, "say what the device does");

/* Commands of ringdev_ioctl(). */
#define RINGDEV_SET_WATERMARK	1
#define RINGDEV_GET_STATS	2
#define RINGDEV_RESET		3

/* Of the samples that were received, the ring lost those that were dropped. */
struct ringdev_stats {
	unsigned long received;
	unsigned long dropped;
	unsigned long read;
};

/* head and tail run freely; their difference is what lies in the ring. */
struct ring {
	u32 *samples;
	unsigned int size;
	unsigned int head;
	unsigned int tail;
};

struct ringdev {
	unsigned int irq;
	spinlock_t lock;
	struct ring ring;
	unsigned int watermark;
	bool overrun;
	u32 next_sample;
	/* What the tasklet has to count. */
	unsigned int new_received;
	unsigned int new_dropped;

	spinlock_t stats_lock;
	struct ringdev_stats stats;

	struct mutex mutex;
	bool up;
	wait_queue_head_t up_wait;
	wait_queue_head_t read_wait;

	struct tasklet_struct tasklet;
	struct work_struct reset_work;
	struct task_struct *reader;
	struct task_struct *control;
};

static struct ringdev *ringdev;

/* The ring. The caller holds dev->lock. */

static unsigned int ring_count(const struct ring *ring)
{
	return ring->head - ring->tail;
}

static bool ring_put(struct ring *ring, u32 sample)
{
	if (ring_count(ring) == ring->size)
		return false;
	ring->samples[ring->head++ & (ring->size - 1)] = sample;
	return true;
}

static bool ring_get(struct ring *ring, u32 *sample)
{
	if (!ring_count(ring))
		return false;
	*sample = ring->samples[ring->tail++ & (ring->size - 1)];
	return true;
}

static int ring_alloc(struct ring *ring, unsigned int size)
{
	if (!size || size & (size - 1))
		return -EINVAL;
	ring->samples = kcalloc(size, sizeof(*ring->samples), GFP_KERNEL);
	if (!ring->samples)
		return -ENOMEM;
	ring->size = size;
	ring->head = 0;
	ring->tail = 0;
	return 0;
}

/* Hardirq: fetch the sample, and leave the rest to the tasklet. */
static irqreturn_t ringdev_irq(int irq, void *dev_id)
{
	struct ringdev *dev = dev_id;

	spin_lock(&dev->lock);
	dev->new_received++;
	if (!ring_put(&dev->ring, dev->next_sample++)) {
		dev->new_dropped++;
		dev->overrun = true;
	}
	spin_unlock(&dev->lock);
	tasklet_schedule(&dev->tasklet);
	return IRQ_HANDLED;
}

/* Softirq: count the sample, and tell those who wait. */
static void ringdev_tasklet(struct tasklet_struct *t)
{
	struct ringdev *dev = from_tasklet(dev, t, tasklet);
	unsigned long flags;
	bool overrun, readable;

	spin_lock_irqsave(&dev->lock, flags);
	overrun = dev->overrun;
	readable = ring_count(&dev->ring) >= dev->watermark;
	spin_lock(&dev->stats_lock);
	dev->stats.received += dev->new_received;
	dev->stats.dropped += dev->new_dropped;
	spin_unlock(&dev->stats_lock);
	dev->new_received = 0;
	dev->new_dropped = 0;
	spin_unlock_irqrestore(&dev->lock, flags);

	if (overrun)
		schedule_work(&dev->reset_work);
	if (readable)
		wake_up(&dev->read_wait);
}

/* Process context: bring the device up, or up again. */
static void ringdev_reset(struct work_struct *work)
{
	struct ringdev *dev = container_of(work, struct ringdev, reset_work);

	mutex_lock(&dev->mutex);
	spin_lock_irq(&dev->lock);
	dev->new_dropped += ring_count(&dev->ring);
	dev->ring.head = 0;
	dev->ring.tail = 0;
	dev->overrun = false;
	spin_unlock_irq(&dev->lock);
	if (verbose)
		pr_info("ringdev: reset\n");
	WRITE_ONCE(dev->up, true);
	wake_up(&dev->up_wait);
	mutex_unlock(&dev->mutex);
}

/* Waits until the device has been brought up. */
static void ringdev_wait_until_up(struct ringdev *dev)
{
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait(&dev->up_wait, &wait, TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(dev->up))
			break;
		schedule();
	}
	finish_wait(&dev->up_wait, &wait);
}

static bool ringdev_readable(struct ringdev *dev)
{
	bool readable;

	spin_lock_irq(&dev->lock);
	readable = ring_count(&dev->ring) >= dev->watermark;
	spin_unlock_irq(&dev->lock);
	return readable;
}

/* Takes what is in the ring. Returns how many samples it was. */
static unsigned int ringdev_read(struct ringdev *dev, u32 *buf,
				 unsigned int len)
{
	unsigned int n = 0;

	spin_lock_irq(&dev->lock);
	while (n < len && ring_get(&dev->ring, &buf[n]))
		n++;
	spin_lock(&dev->stats_lock);
	dev->stats.read += n;
	spin_unlock(&dev->stats_lock);
	spin_unlock_irq(&dev->lock);
	return n;
}

static int ringdev_set_watermark(struct ringdev *dev, unsigned int watermark)
{
	if (!watermark || watermark > dev->ring.size)
		return -EINVAL;
	spin_lock_irq(&dev->lock);
	dev->watermark = watermark;
	spin_unlock_irq(&dev->lock);
	/* There may be enough by now. */
	wake_up(&dev->read_wait);
	return 0;
}

static void ringdev_get_stats(struct ringdev *dev, struct ringdev_stats *stats)
{
	memcpy(stats, &dev->stats, sizeof(*stats));
}

/* The entry of a program's commands. May sleep. */
static long ringdev_ioctl(struct ringdev *dev, unsigned int cmd,
			  unsigned long arg)
{
	long ret = 0;

	mutex_lock(&dev->mutex);
	switch (cmd) {
	case RINGDEV_SET_WATERMARK:
		ret = ringdev_set_watermark(dev, arg);
		break;
	case RINGDEV_GET_STATS:
		ringdev_get_stats(dev, (struct ringdev_stats *)arg);
		break;
	case RINGDEV_RESET:
		schedule_work(&dev->reset_work);
		break;
	default:
		ret = -ENOTTY;
	}
	mutex_unlock(&dev->mutex);
	return ret;
}

static int ringdev_reader(void *data)
{
	struct ringdev *dev = data;
	u32 buf[4];
	unsigned int n;

	while (!kthread_should_stop()) {
		n = ringdev_read(dev, buf, ARRAY_SIZE(buf));
		if (verbose)
			pr_info("ringdev: %u samples\n", n);
		wait_event_interruptible(dev->read_wait,
					 ringdev_readable(dev) ||
					 kthread_should_stop());
	}
	return 0;
}

static int ringdev_control(void *data)
{
	struct ringdev *dev = data;
	struct ringdev_stats stats;
	long ret;

	ret = ringdev_ioctl(dev, RINGDEV_GET_STATS, (unsigned long)&stats);
	if (!ret && verbose)
		pr_info("ringdev: %lu received\n", stats.received);
	return ret;
}

static struct task_struct *ringdev_start(struct ringdev *dev, unsigned int cpu,
					 int (*fn)(void *), const char *name)
{
	struct task_struct *task = kthread_create(fn, dev, "ringdev-%s", name);

	if (IS_ERR(task))
		return task;
	kthread_bind(task, cpu);
	get_task_struct(task);
	wake_up_process(task);
	return task;
}

static void ringdev_stop(struct task_struct *task)
{
	kthread_stop(task);
	put_task_struct(task);
}

static struct ringdev *ringdev_alloc(void)
{
	struct ringdev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	err = ring_alloc(&dev->ring, ring_size);
	if (err) {
		kfree(dev);
		return ERR_PTR(err);
	}
	dev->irq = irq_line;
	dev->watermark = 1;
	spin_lock_init(&dev->lock);
	spin_lock_init(&dev->stats_lock);
	mutex_init(&dev->mutex);
	init_waitqueue_head(&dev->up_wait);
	init_waitqueue_head(&dev->read_wait);
	tasklet_setup(&dev->tasklet, ringdev_tasklet);
	INIT_WORK(&dev->reset_work, ringdev_reset);
	return dev;
}

/* In the end each sample was read, or dropped, or is in the ring. */
static void ringdev_account(struct ringdev *dev)
{
	unsigned long received = dev->stats.received + dev->new_received;
	unsigned long dropped = dev->stats.dropped + dev->new_dropped;
	unsigned int left = ring_count(&dev->ring);

	pr_info("ringdev: %lu received, %lu read, %lu dropped, %u left\n",
		received, dev->stats.read, dropped, left);
	WARN_ON(received != dev->stats.read + dropped + left);
}

static void ringdev_free(struct ringdev *dev)
{
	kfree(dev->ring.samples);
	kfree(dev);
}

static int __init ringdev_init(void)
{
	struct ringdev *dev = ringdev_alloc();
	int err;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	/* On the other CPU, while this one waits. */
	schedule_work_on(1, &dev->reset_work);
	ringdev_wait_until_up(dev);
	/* From here on it runs when it is asked for. */
	flush_work(&dev->reset_work);
	err = ringdev_ioctl(dev, RINGDEV_SET_WATERMARK, watermark);
	if (err)
		goto err_work;

	/* The reader's CPU takes the interrupts. */
	irq_set_affinity(dev->irq, cpumask_of(1));
	err = request_irq(dev->irq, ringdev_irq, 0, "ringdev", dev);
	if (err)
		goto err_work;
	dev->reader = ringdev_start(dev, 1, ringdev_reader, "reader");
	if (IS_ERR(dev->reader)) {
		err = PTR_ERR(dev->reader);
		goto err_irq;
	}
	dev->control = ringdev_start(dev, 0, ringdev_control, "control");
	if (IS_ERR(dev->control)) {
		err = PTR_ERR(dev->control);
		goto err_reader;
	}
	ringdev = dev;
	return 0;

err_reader:
	ringdev_stop(dev->reader);
err_irq:
	free_irq(dev->irq, dev);
	tasklet_kill(&dev->tasklet);
err_work:
	cancel_work_sync(&dev->reset_work);
	ringdev_free(dev);
	return err;
}

static void __exit ringdev_exit(void)
{
	struct ringdev *dev = ringdev;

	ringdev_stop(dev->control);
	ringdev_stop(dev->reader);
	/* From the source on: nobody queues what has been stopped. */
	free_irq(dev->irq, dev);
	tasklet_kill(&dev->tasklet);
	cancel_work_sync(&dev->reset_work);
	ringdev_account(dev);
	ringdev_free(dev);
}

module_init(ringdev_init);
module_exit(ringdev_exit);
MODULE_DESCRIPTION("A driver with all the parts that drivers have");
MODULE_LICENSE("Dual MIT/GPL");
