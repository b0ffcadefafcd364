// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Every macro of the headers for mutexes, completions, work, tasklets, reference counts
 * and delays, used once, so that each is known to compile. Nothing here is run.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

struct dev {
	struct mutex mutex;
	struct completion done;
	struct work_struct work;
	struct delayed_work later;
	struct tasklet_struct tasklet;
	refcount_t users;
	struct kref kref;
	atomic_t count;
	spinlock_t lock;
	unsigned long state;
};

static void work_fn(struct work_struct *work)
{
	struct dev *d = container_of(work, struct dev, work);

	d->state++;
}

static void later_fn(struct work_struct *work)
{
	struct delayed_work *dwork = to_delayed_work(work);
	struct dev *d = container_of(dwork, struct dev, later);

	schedule_delayed_work(&d->later, d->state);
}

static void tasklet_fn(struct tasklet_struct *t)
{
	struct dev *d = from_tasklet(d, t, tasklet);

	d->state++;
}

static void old_tasklet_fn(unsigned long data)
{
	struct dev *d = (struct dev *)data;

	d->state++;
}

static DEFINE_MUTEX(mutex);
static DECLARE_COMPLETION(done);
static DECLARE_WORK(work, work_fn);
static DECLARE_DELAYED_WORK(later, later_fn);
static DECLARE_DEFERRABLE_WORK(deferrable, later_fn);
static DECLARE_TASKLET(tasklet, tasklet_fn);
static DECLARE_TASKLET(old_tasklet, old_tasklet_fn, 7);
static DECLARE_TASKLET_DISABLED(off_tasklet, tasklet_fn);
static DECLARE_TASKLET_DISABLED(old_off_tasklet, old_tasklet_fn, 7);
static DECLARE_TASKLET_OLD(oldest_tasklet, old_tasklet_fn);
static DECLARE_TASKLET_DISABLED_OLD(oldest_off_tasklet, old_tasklet_fn);
static refcount_t users = REFCOUNT_INIT(1);
static struct kref kref = KREF_INIT(1);
static struct dev the_dev = {
	.mutex = __MUTEX_INITIALIZER(the_dev.mutex),
	.done = COMPLETION_INITIALIZER(the_dev.done),
	.work = __WORK_INITIALIZER(the_dev.work, work_fn),
	.later = __DELAYED_WORK_INITIALIZER(the_dev.later, later_fn, 0),
};

int use_mutexes(struct dev *d);
int use_mutexes(struct dev *d)
{
	mutex_init(&d->mutex);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	if (mutex_lock_interruptible(&d->mutex) || mutex_lock_killable(&the_dev.mutex))
		return -EINTR;
	mutex_lock_nested(&mutex, 1);
	mutex_lock_nest_lock(&mutex, &d->mutex);
	mutex_lock_io(&mutex);
	if (mutex_lock_interruptible_nested(&d->mutex, 1) || mutex_lock_killable_nested(&d->mutex, 1))
		return -EINTR;
	if (mutex_trylock(&mutex) && mutex_is_locked(&mutex))
		mutex_destroy(&d->mutex);
	return atomic_dec_and_mutex_lock(&d->count, &d->mutex);
}

int use_completions(struct dev *d);
int use_completions(struct dev *d)
{
	DECLARE_COMPLETION_ONSTACK(mine);
	long left;

	init_completion(&d->done);
	INIT_COMPLETION(d->done);
	reinit_completion(&done);
	complete(&mine);
	complete_all(&the_dev.done);
	wait_for_completion(&mine);
	wait_for_completion_io(&mine);
	if (wait_for_completion_interruptible(&done) || wait_for_completion_killable(&done))
		return -EINTR;
	left = wait_for_completion_interruptible_timeout(&done, HZ);
	left += wait_for_completion_killable_timeout(&done, HZ);
	left += wait_for_completion_timeout(&done, HZ) + wait_for_completion_io_timeout(&done, HZ);
	return left + try_wait_for_completion(&done) + completion_done(&done);
}

int use_work(struct dev *d);
int use_work(struct dev *d)
{
	struct work_struct on_stack;
	struct delayed_work later_on_stack;
	int n = 0;

	INIT_WORK(&d->work, work_fn);
	INIT_WORK_ONSTACK(&on_stack, work_fn);
	INIT_DELAYED_WORK(&d->later, later_fn);
	INIT_DELAYED_WORK_ONSTACK(&later_on_stack, later_fn);
	INIT_DEFERRABLE_WORK(&d->later, later_fn);
	PREPARE_WORK(&d->work, work_fn);
	PREPARE_DELAYED_WORK(&d->later, later_fn);
	n += schedule_work(&work) + schedule_work_on(1, &work);
	n += queue_work(system_wq, &work) + queue_work_on(WORK_CPU_UNBOUND, system_wq, &work);
	n += schedule_delayed_work(&later, 1) + schedule_delayed_work_on(1, &deferrable, 1);
	n += queue_delayed_work(system_wq, &later, 1);
	n += queue_delayed_work_on(1, system_wq, &later, 1);
	n += mod_delayed_work(system_wq, &later, 1) + mod_delayed_work_on(1, system_wq, &later, 1);
	n += cancel_work(&work) + cancel_delayed_work(&later);
	n += cancel_work_sync(&work) + cancel_delayed_work_sync(&later);
	n += flush_work(&work) + flush_delayed_work(&later);
	flush_workqueue(system_wq);
	flush_scheduled_work();
	destroy_work_on_stack(&on_stack);
	destroy_delayed_work_on_stack(&later_on_stack);
	return n + work_pending(&work) + delayed_work_pending(&later) +
	       (work_busy(&work) & (WORK_BUSY_PENDING | WORK_BUSY_RUNNING)) + keventd_up();
}

void use_tasklets(struct dev *d);
void use_tasklets(struct dev *d)
{
	tasklet_setup(&d->tasklet, tasklet_fn);
	tasklet_init(&d->tasklet, old_tasklet_fn, (unsigned long)d);
	tasklet_schedule(&tasklet);
	tasklet_hi_schedule(&old_tasklet);
	tasklet_disable(&off_tasklet);
	tasklet_disable_in_atomic(&off_tasklet);
	tasklet_disable_nosync(&old_off_tasklet);
	tasklet_unlock_wait(&oldest_tasklet);
	tasklet_enable(&oldest_off_tasklet);
	tasklet_hi_enable(&off_tasklet);
	tasklet_kill(&tasklet);
	if (test_bit(TASKLET_STATE_SCHED, &tasklet.state) || test_bit(TASKLET_STATE_RUN, &tasklet.state))
		d->state++;
}

static void release(struct kref *k)
{
	struct dev *d = container_of(k, struct dev, kref);

	d->state++;
}

int use_counts(struct dev *d);
int use_counts(struct dev *d)
{
	unsigned long flags;
	int n = 0;

	refcount_set(&d->users, 1);
	refcount_inc(&users);
	refcount_add(2, &users);
	refcount_dec(&users);
	n += refcount_inc_not_zero(&users) + refcount_add_not_zero(2, &users);
	n += refcount_dec_and_test(&users) + refcount_sub_and_test(2, &users);
	n += refcount_dec_if_one(&users) + refcount_dec_not_one(&users);
	if (refcount_dec_and_mutex_lock(&users, &d->mutex))
		mutex_unlock(&d->mutex);
	if (refcount_dec_and_lock(&users, &d->lock))
		spin_unlock(&d->lock);
	if (refcount_dec_and_lock_irqsave(&users, &d->lock, &flags))
		spin_unlock_irqrestore(&d->lock, flags);
	kref_init(&d->kref);
	kref_get(&kref);
	n += kref_get_unless_zero(&d->kref) + kref_read(&d->kref);
	n += kref_put(&d->kref, release);
	n += kref_put_mutex(&d->kref, release, &d->mutex);
	n += kref_put_lock(&d->kref, release, &d->lock);
	return n + (refcount_read(&users) == REFCOUNT_MAX) + (refcount_read(&users) == REFCOUNT_SATURATED);
}

unsigned long use_delays(void);
unsigned long use_delays(void)
{
	udelay(10);
	ndelay(10);
	mdelay(1);
	msleep(10);
	ssleep(1);
	usleep_range(10, 20);
	usleep_range_state(10, 20, TASK_UNINTERRUPTIBLE);
	usleep_idle_range(10, 20);
	fsleep(100);
	return msleep_interruptible(10);
}
