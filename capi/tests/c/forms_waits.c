// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Every macro of the headers for wait queues, bits, variables, simple queues and
 * signals, used once, so that each is known to compile. Nothing here is run.
 */
#include <linux/completion.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/swait.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

struct dev {
	wait_queue_head_t wq;
	struct swait_queue_head simple;
	struct completion done;
	spinlock_t lock;
	unsigned long bits;
	int ready;
};

static DECLARE_SWAIT_QUEUE_HEAD(simple);

long use_events(struct dev *d);
long use_events(struct dev *d)
{
	long n = 0;

	wait_event_exclusive(d->wq, d->ready);
	wait_event_idle_exclusive(d->wq, d->ready);
	io_wait_event(d->wq, d->ready);
	n += wait_event_killable_exclusive(d->wq, d->ready);
	n += wait_event_freezable(d->wq, d->ready);
	n += wait_event_freezable_exclusive(d->wq, d->ready);
	n += wait_event_freezable_timeout(d->wq, d->ready, HZ);
	n += wait_event_killable_timeout(d->wq, d->ready, HZ);
	n += wait_event_idle_timeout(d->wq, d->ready, HZ);
	n += wait_event_idle_exclusive_timeout(d->wq, d->ready, HZ);
	n += wait_event_hrtimeout(d->wq, d->ready, ms_to_ktime(5));
	n += wait_event_interruptible_hrtimeout(d->wq, d->ready, ms_to_ktime(5));
	wait_event_exclusive_cmd(d->wq, d->ready, n++, n--);
	spin_lock_irq(&d->lock);
	n += wait_event_lock_irq_timeout(d->wq, d->ready, d->lock, HZ);
	n += wait_event_interruptible_lock_irq_timeout(d->wq, d->ready, d->lock, HZ);
	n += wait_event_interruptible_lock_irq_cmd(d->wq, d->ready, d->lock, n++);
	spin_unlock_irq(&d->lock);
	spin_lock_irq(&d->wq.lock);
	n += wait_event_interruptible_locked_irq(d->wq, d->ready);
	n += wait_event_interruptible_exclusive_locked_irq(d->wq, d->ready);
	wake_up_locked(&d->wq);
	wake_up_all_locked(&d->wq);
	wake_up_locked_poll(&d->wq, 1);
	__wake_up_locked_key(&d->wq, TASK_NORMAL, NULL);
	spin_unlock_irq(&d->wq.lock);
	n += wait_for_completion_state(&d->done, TASK_KILLABLE);
	complete_on_current_cpu(&d->done);
	return n;
}

static int own(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	if (key_to_poll(key) & 1)
		return default_wake_function(entry, mode, flags, key);
	return autoremove_wake_function(entry, mode, flags, key);
}

long use_entries(struct dev *d);
long use_entries(struct dev *d)
{
	DEFINE_WAIT_FUNC(first, own);
	DEFINE_WAIT_FUNC(second, woken_wake_function);
	wait_queue_entry_t third;
	long n;

	init_waitqueue_func_entry(&third, own);
	third.private = current;
	third.flags |= WQ_FLAG_EXCLUSIVE;
	add_wait_queue(&d->wq, &first);
	add_wait_queue_priority(&d->wq, &third);
	add_wait_queue(&d->wq, &second);
	n = wait_woken(&second, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	n += prepare_to_wait_event(&d->wq, &third, TASK_KILLABLE);
	wake_up_sync(&d->wq);
	wake_up_interruptible_sync(&d->wq);
	wake_up_poll(&d->wq, 4);
	wake_up_interruptible_poll(&d->wq, 4);
	wake_up_interruptible_sync_poll(&d->wq, 4);
	wake_up_interruptible_nr(&d->wq, 2);
	wake_up_interruptible_all(&d->wq);
	__wake_up(&d->wq, TASK_NORMAL, 1, NULL);
	__wake_up_sync_key(&d->wq, TASK_INTERRUPTIBLE, poll_to_key(2));
	remove_wait_queue(&d->wq, &first);
	remove_wait_queue(&d->wq, &second);
	remove_wait_queue(&d->wq, &third);
	return n + wq_has_sleeper(&d->wq);
}

static int sleep_old(void *word)
{
	schedule();
	return *(unsigned long *)word == 0;
}

static int sleep_new(struct wait_bit_key *key, int mode)
{
	return bit_wait(key, mode);
}

long use_bits(struct dev *d);
long use_bits(struct dev *d)
{
	long n = wait_on_bit(&d->bits, 1, TASK_UNINTERRUPTIBLE);

	n += wait_on_bit(&d->bits, 1, sleep_old, TASK_UNINTERRUPTIBLE);
	n += wait_on_bit_io(&d->bits, 1, TASK_UNINTERRUPTIBLE);
	n += wait_on_bit_timeout(&d->bits, 1, TASK_UNINTERRUPTIBLE, HZ);
	n += wait_on_bit_action(&d->bits, 1, sleep_new, TASK_KILLABLE);
	n += wait_on_bit_lock(&d->bits, 2, TASK_UNINTERRUPTIBLE);
	n += wait_on_bit_lock(&d->bits, 2, sleep_old, TASK_UNINTERRUPTIBLE);
	n += wait_on_bit_lock_io(&d->bits, 2, TASK_UNINTERRUPTIBLE);
	n += wait_on_bit_lock_action(&d->bits, 2, sleep_new, TASK_KILLABLE);
	clear_and_wake_up_bit(2, &d->bits);
	wake_up_bit(&d->bits, 1);
	wait_var_event(&d->ready, d->ready);
	n += wait_var_event_interruptible(&d->ready, d->ready);
	n += wait_var_event_killable(&d->ready, d->ready);
	n += wait_var_event_timeout(&d->ready, d->ready, HZ);
	wake_up_var(&d->ready);
	return n + waitqueue_active(bit_waitqueue(&d->bits, 1));
}

long use_simple(struct dev *d);
long use_simple(struct dev *d)
{
	DECLARE_SWAITQUEUE(wait);
	long n = 0;

	init_swait_queue_head(&d->simple);
	swait_event_exclusive(simple, d->ready);
	swait_event_idle_exclusive(simple, d->ready);
	n += swait_event_timeout_exclusive(simple, d->ready, HZ);
	n += swait_event_interruptible_exclusive(simple, d->ready);
	n += swait_event_interruptible_timeout_exclusive(simple, d->ready, HZ);
	n += swait_event_idle_timeout_exclusive(simple, d->ready, HZ);
	prepare_to_swait_exclusive(&d->simple, &wait, TASK_INTERRUPTIBLE);
	n += prepare_to_swait_event(&d->simple, &wait, TASK_INTERRUPTIBLE);
	finish_swait(&d->simple, &wait);
	swake_up_one(&d->simple);
	swake_up_all(&d->simple);
	n += swait_active(&d->simple) + swq_has_sleeper(&d->simple);
	return n;
}

int use_signals(struct task_struct *task);
int use_signals(struct task_struct *task)
{
	allow_signal(SIGTERM);
	if (signal_pending(current) || fatal_signal_pending(task) ||
	    __fatal_signal_pending(task) || signal_pending_state(TASK_KILLABLE, task))
		flush_signals(current);
	disallow_signal(SIGTERM);
	force_sig(SIGKILL);
	force_sig(SIGKILL, task);
	io_schedule();
	return send_sig(SIGKILL, task, 0) + kernel_dequeue_signal() + (int)io_schedule_timeout(1);
}
