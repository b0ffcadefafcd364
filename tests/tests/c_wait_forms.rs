//! What the forms of waits, completions, signals and priorities do, from C: each name of the headers at least once.

#[path = "c/mod.rs"]
mod c;
#[path = "c/table.rs"]
mod table;

use table::meets;

#[test]
fn waits_that_need_not_wait_say_so() {
    meets("ready-forms", READY);
}

#[test]
fn waits_end_by_a_waker_or_by_their_time() {
    meets("woken-forms", WOKEN);
}

#[test]
fn tasks_are_what_was_set() {
    meets("task-forms", TASKS);
}

const READY: &str = r#"
//# events that are there: holds
#include <linux/ktime.h>
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static DEFINE_SPINLOCK(lock$);
static int before$, after$;
INIT {
	unsigned int ready = 1;

	wait_event(wq$, ready);
	wait_event_exclusive(wq$, ready);
	wait_event_idle(wq$, ready);
	wait_event_idle_exclusive(wq$, ready);
	io_wait_event(wq$, ready);
	BUG_ON(wait_event_interruptible(wq$, ready) || wait_event_killable(wq$, ready));
	BUG_ON(wait_event_interruptible_exclusive(wq$, ready) || wait_event_killable_exclusive(wq$, ready));
	BUG_ON(wait_event_freezable(wq$, ready) || wait_event_freezable_exclusive(wq$, ready));
	BUG_ON(wait_event_timeout(wq$, ready, 5) < 1 || wait_event_interruptible_timeout(wq$, ready, 5) < 1);
	BUG_ON(wait_event_killable_timeout(wq$, ready, 5) < 1 || wait_event_idle_timeout(wq$, ready, 5) < 1);
	BUG_ON(wait_event_idle_exclusive_timeout(wq$, ready, 5) < 1 || wait_event_freezable_timeout(wq$, ready, 5) < 1);
	BUG_ON(wait_event_hrtimeout(wq$, ready, ms_to_ktime(5)));
	BUG_ON(wait_event_interruptible_hrtimeout(wq$, ready, ms_to_ktime(5)));
	wait_event_cmd(wq$, ready, before$++, after$++);
	wait_event_exclusive_cmd(wq$, ready, before$++, after$++);
	BUG_ON(before$ || after$);
	spin_lock_irq(&lock$);
	wait_event_lock_irq(wq$, ready, lock$);
	wait_event_lock_irq_cmd(wq$, ready, lock$, before$++);
	BUG_ON(wait_event_interruptible_lock_irq(wq$, ready, lock$));
	BUG_ON(wait_event_interruptible_lock_irq_cmd(wq$, ready, lock$, before$++));
	BUG_ON(wait_event_lock_irq_timeout(wq$, ready, lock$, 5) < 1);
	BUG_ON(wait_event_interruptible_lock_irq_timeout(wq$, ready, lock$, 5) < 1);
	BUG_ON(before$ || !irqs_disabled());
	spin_unlock_irq(&lock$);
	spin_lock(&wq$.lock);
	BUG_ON(wait_event_interruptible_locked(wq$, ready) || wait_event_interruptible_exclusive_locked(wq$, ready));
	spin_unlock(&wq$.lock);
	spin_lock_irq(&wq$.lock);
	BUG_ON(wait_event_interruptible_locked_irq(wq$, ready));
	BUG_ON(wait_event_interruptible_exclusive_locked_irq(wq$, ready));
	spin_unlock_irq(&wq$.lock);
	BUG_ON(waitqueue_active(&wq$));
}
//# bits and variables that are so: holds
#include <linux/wait_bit.h>
static int asked$;
static int old_action$(void *word) { asked$++; return 0; }
static int action$(struct wait_bit_key *key, int mode) { asked$++; return 0; }
INIT {
	unsigned long bits = 0;
	int ready = 1;

	BUG_ON(wait_on_bit(&bits, 1, TASK_UNINTERRUPTIBLE) || wait_on_bit(&bits, 1, old_action$, TASK_UNINTERRUPTIBLE));
	BUG_ON(wait_on_bit_io(&bits, 1, TASK_UNINTERRUPTIBLE) || wait_on_bit_timeout(&bits, 1, TASK_UNINTERRUPTIBLE, 5));
	BUG_ON(wait_on_bit_action(&bits, 1, action$, TASK_KILLABLE) || bits);
	BUG_ON(wait_on_bit_lock(&bits, 1, TASK_UNINTERRUPTIBLE) || bits != 2);
	BUG_ON(wait_on_bit_timeout(&bits, 1, TASK_UNINTERRUPTIBLE, 2) != -EAGAIN);
	BUG_ON(wait_on_bit_lock(&bits, 2, old_action$, TASK_UNINTERRUPTIBLE) || bits != 6);
	BUG_ON(wait_on_bit_lock_io(&bits, 3, TASK_UNINTERRUPTIBLE) || bits != 14);
	BUG_ON(wait_on_bit_lock_action(&bits, 4, action$, TASK_KILLABLE) || bits != 30 || asked$);
	clear_and_wake_up_bit(4, &bits);
	clear_bit_unlock(3, &bits);
	smp_mb__after_atomic();
	wake_up_bit(&bits, 3);
	BUG_ON(bits != 6 || waitqueue_active(bit_waitqueue(&bits, 1)));
	wait_var_event(&ready, ready);
	BUG_ON(wait_var_event_interruptible(&ready, ready) || wait_var_event_killable(&ready, ready));
	BUG_ON(wait_var_event_timeout(&ready, ready, 5) < 1);
	wake_up_var(&ready);
}
//# completions that are done: holds
static DECLARE_COMPLETION(done$);
static struct completion made$;
INIT {
	DECLARE_COMPLETION_ONSTACK(mine);
	int i;

	init_completion(&made$);
	BUG_ON(completion_done(&made$) || try_wait_for_completion(&made$));
	BUG_ON(wait_for_completion_timeout(&made$, 2) || wait_for_completion_io_timeout(&made$, 2));
	BUG_ON(wait_for_completion_interruptible_timeout(&made$, 2) || wait_for_completion_killable_timeout(&made$, 2));
	for (i = 0; i < 5; i++)
		complete(&made$);
	BUG_ON(!completion_done(&made$) || !try_wait_for_completion(&made$));
	wait_for_completion(&made$);
	wait_for_completion_io(&made$);
	BUG_ON(wait_for_completion_interruptible(&made$) || wait_for_completion_killable(&made$));
	BUG_ON(completion_done(&made$));
	complete_all(&done$);
	wait_for_completion(&done$);
	BUG_ON(wait_for_completion_timeout(&done$, 5) < 1 || wait_for_completion_io_timeout(&done$, 5) < 1);
	BUG_ON(wait_for_completion_interruptible_timeout(&done$, 5) < 1);
	BUG_ON(wait_for_completion_killable_timeout(&done$, 5) < 1);
	BUG_ON(wait_for_completion_state(&done$, TASK_KILLABLE) || !completion_done(&done$));
	reinit_completion(&done$);
	BUG_ON(completion_done(&done$));
	complete_all(&done$);
	INIT_COMPLETION(done$);
	BUG_ON(completion_done(&done$));
	complete_on_current_cpu(&mine);
	wait_for_completion(&mine);
}
//# simple wait queues: holds
#include <linux/swait.h>
static DECLARE_SWAIT_QUEUE_HEAD(wq$);
static struct swait_queue_head made$;
INIT {
	unsigned long flags;
	int ready = 1, late = 0;

	init_swait_queue_head(&made$);
	swait_event_exclusive(wq$, ready);
	swait_event_idle_exclusive(wq$, ready);
	BUG_ON(swait_event_interruptible_exclusive(wq$, ready) || swait_event_timeout_exclusive(wq$, ready, 5) < 1);
	BUG_ON(swait_event_timeout_exclusive(made$, late, 2));
	swake_up_one(&made$);
	swake_up_all(&made$);
	raw_spin_lock_irqsave(&made$.lock, flags);
	swake_up_locked(&made$);
	raw_spin_unlock_irqrestore(&made$.lock, flags);
	BUG_ON(swait_active(&made$) || swq_has_sleeper(&wq$));
}
"#;

const WOKEN: &str = r#"
//# one exclusive waiter of two: holds
static wait_queue_head_t wq$;
static int seen$;
static int note$(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	BUG_ON(entry->private != &seen$ && entry->private != &wq$);
	seen$ = seen$ * 10 + (entry->private == &wq$) + 1;
	return 1;
}
INIT {
	wait_queue_entry_t shared, first, second;

	init_waitqueue_head(&wq$);
	init_waitqueue_func_entry(&shared, note$);
	init_waitqueue_func_entry(&first, note$);
	init_waitqueue_func_entry(&second, note$);
	BUG_ON(first.func != note$);
	first.private = second.private = &wq$;
	shared.private = &seen$;
	spin_lock_irq(&wq$.lock);
	first.flags |= WQ_FLAG_EXCLUSIVE;
	__add_wait_queue_entry_tail_exclusive(&wq$, &first);
	__add_wait_queue_tail_exclusive(&wq$, &second);
	spin_unlock_irq(&wq$.lock);
	add_wait_queue(&wq$, &shared);
	BUG_ON(!waitqueue_active(&wq$) || !(second.flags & WQ_FLAG_EXCLUSIVE));
	wake_up(&wq$);
	BUG_ON(seen$ != 12);
	wake_up_all(&wq$);
	BUG_ON(seen$ != 12122);
	seen$ = 0;
	wake_up_nr(&wq$, 2);
	BUG_ON(seen$ != 122);
	seen$ = 0;
	spin_lock_irq(&wq$.lock);
	wake_up_locked(&wq$);
	BUG_ON(seen$ != 12);
	wake_up_all_locked(&wq$);
	spin_unlock_irq(&wq$.lock);
	BUG_ON(seen$ != 12122);
	remove_wait_queue(&wq$, &shared);
	remove_wait_queue(&wq$, &first);
	remove_wait_queue(&wq$, &second);
	seen$ = 0;
	add_wait_queue_exclusive(&wq$, &first);
	add_wait_queue_priority(&wq$, &shared);
	BUG_ON(!(shared.flags & WQ_FLAG_PRIORITY));
	__wake_up(&wq$, TASK_NORMAL, 1, NULL);
	BUG_ON(seen$ != 12 && seen$ != 1);
	seen$ = 0;
	wake_up_interruptible_all(&wq$);
	BUG_ON(seen$ != 12);
	remove_wait_queue(&wq$, &shared);
	spin_lock_irq(&wq$.lock);
	__remove_wait_queue(&wq$, &first);
	__add_wait_queue_exclusive(&wq$, &first);
	spin_unlock_irq(&wq$.lock);
	seen$ = 0;
	wake_up_interruptible(&wq$);
	wake_up_sync(&wq$);
	wake_up_interruptible_sync(&wq$);
	wake_up_poll(&wq$, 1);
	wake_up_interruptible_poll(&wq$, 1);
	BUG_ON(seen$ != 22222);
	remove_wait_queue(&wq$, &first);
	BUG_ON(waitqueue_active(&wq$));
}
//# by hand: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static int ready$;
A {
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait(&wq$, &wait, TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(ready$))
			break;
		schedule();
	}
	finish_wait(&wq$, &wait);
}
B {
	WRITE_ONCE(ready$, 1);
	wake_up(&wq$);
}
//# by hand, exclusive, with an own function: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static int ready$;
static int own$(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	return key ? autoremove_wake_function(entry, mode, flags, key) : default_wake_function(entry, mode, flags, key);
}
A {
	DEFINE_WAIT_FUNC(wait, own$);

	for (;;) {
		prepare_to_wait_exclusive(&wq$, &wait, TASK_INTERRUPTIBLE);
		if (READ_ONCE(ready$))
			break;
		schedule();
	}
	finish_wait(&wq$, &wait);
}
B {
	WRITE_ONCE(ready$, 1);
	wake_up(&wq$);
}
//# by hand, with signals: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static int ready$;
A {
	DEFINE_WAIT(wait);

	while (!READ_ONCE(ready$)) {
		BUG_ON(prepare_to_wait_event(&wq$, &wait, TASK_KILLABLE));
		if (!READ_ONCE(ready$))
			schedule();
		finish_wait(&wq$, &wait);
	}
}
B {
	WRITE_ONCE(ready$, 1);
	wake_up_all(&wq$);
}
//# while awake: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static int ready$;
A {
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(&wq$, &wait);
	while (!READ_ONCE(ready$))
		wait_woken(&wait, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	remove_wait_queue(&wq$, &wait);
}
B {
	WRITE_ONCE(ready$, 1);
	wake_up(&wq$);
}
//# a condition of the lock, with a command: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static DEFINE_SPINLOCK(lock$);
static int ready$, commands$;
A {
	spin_lock_irq(&lock$);
	wait_event_lock_irq_cmd(wq$, ready$, lock$, commands$++);
	BUG_ON(!ready$ || !irqs_disabled());
	spin_unlock_irq(&lock$);
}
B {
	spin_lock_irq(&lock$);
	ready$ = 1;
	wake_up(&wq$);
	spin_unlock_irq(&lock$);
}
//# a condition of the queue's lock: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static int ready$;
A {
	spin_lock_irq(&wq$.lock);
	BUG_ON(wait_event_interruptible_exclusive_locked_irq(wq$, ready$));
	BUG_ON(!ready$);
	spin_unlock_irq(&wq$.lock);
}
B {
	spin_lock_irq(&wq$.lock);
	ready$ = 1;
	wake_up_locked(&wq$);
	spin_unlock_irq(&wq$.lock);
}
//# a bit as a lock that sleeps: holds
#include <linux/wait_bit.h>
static unsigned long bits$;
static int owned$;
A {
	BUG_ON(wait_on_bit_lock(&bits$, 0, TASK_UNINTERRUPTIBLE));
	BUG_ON(owned$++);
	owned$--;
	clear_and_wake_up_bit(0, &bits$);
}
B {
	BUG_ON(wait_on_bit_lock(&bits$, 0, TASK_UNINTERRUPTIBLE));
	BUG_ON(owned$++);
	owned$--;
	clear_and_wake_up_bit(0, &bits$);
}
//# nobody comes: holds
#include <linux/ktime.h>
static DECLARE_WAIT_QUEUE_HEAD(wq$);
INIT {
	int late = 0;

	BUG_ON(wait_event_timeout(wq$, late, 2) || wait_event_interruptible_timeout(wq$, late, 2));
	BUG_ON(wait_event_killable_timeout(wq$, late, 2) || wait_event_idle_timeout(wq$, late, 2));
	BUG_ON(wait_event_hrtimeout(wq$, late, ms_to_ktime(5)) != -ETIME);
	BUG_ON(wait_event_interruptible_hrtimeout(wq$, late, ms_to_ktime(5)) != -ETIME);
	BUG_ON(schedule_timeout_interruptible(2) || schedule_timeout_killable(2) || schedule_timeout_uninterruptible(2));
	BUG_ON(io_schedule_timeout(2) < 0);
}
"#;

const TASKS: &str = r#"
//# priorities: holds
#include <linux/topology.h>
#include <linux/sched/prio.h>
#include <linux/sched/rt.h>
#include <linux/sched/types.h>
static int sleep$(void *unused)
{
	return 0;
}
INIT {
	struct task_struct *on_node = kthread_create_on_node(sleep$, NULL, cpu_to_node(1), "n");
	struct sched_param param = { .sched_priority = 7 }, none = { .sched_priority = 0 };
	struct sched_param most = { .sched_priority = MAX_USER_RT_PRIO };
	struct task_struct *t = kthread_create(sleep$, NULL, "t");

	BUG_ON(MAX_RT_PRIO != 100 || MAX_PRIO != 140 || DEFAULT_PRIO != 120);
	BUG_ON(NICE_TO_PRIO(-20) != 100 || PRIO_TO_NICE(139) != 19 || rt_prio(100) || !rt_prio(99));
	BUG_ON(t->policy != SCHED_NORMAL || t->prio != DEFAULT_PRIO || task_nice(t) || task_prio(t) != 20 || rt_task(t));
	set_user_nice(t, 5);
	BUG_ON(task_nice(t) != 5 || t->static_prio != 125 || t->prio != 125);
	BUG_ON(sched_setscheduler(t, SCHED_FIFO, &param) || t->policy != SCHED_FIFO || t->prio != 92 || !rt_task(t));
	BUG_ON(sched_setscheduler_nocheck(t, SCHED_RR, &param) || t->policy != SCHED_RR || task_prio(t) != -8);
	BUG_ON(sched_setscheduler(t, SCHED_FIFO, &most) != -EINVAL || sched_setscheduler(t, SCHED_FIFO, &none) != -EINVAL);
	BUG_ON(sched_setscheduler(t, SCHED_BATCH, &none) || t->policy != SCHED_BATCH || t->prio != 125);
	BUG_ON(sched_setscheduler(t, SCHED_IDLE, &none) || t->policy != SCHED_IDLE || rt_task(t));
	sched_set_fifo(t);
	BUG_ON(t->policy != SCHED_FIFO || t->rt_priority != MAX_RT_PRIO / 2);
	sched_set_fifo_low(t);
	BUG_ON(t->rt_priority != 1);
	sched_set_normal(t, -3);
	BUG_ON(t->policy != SCHED_NORMAL || t->normal_prio != 117);
	BUG_ON(kthread_stop(t) != -EINTR);
	BUG_ON(kthread_stop(on_node) != -EINTR);
	yield();
	cond_resched();
}
//# states and masks: holds
static DECLARE_COMPLETION(started$);
static int sleep$(void *unused)
{
	BUG_ON(smp_processor_id() != 1);
	complete(&started$);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 3;
}
INIT {
	struct task_struct *t = kthread_create(sleep$, NULL, "t");

	BUG_ON(TASK_KILLABLE != (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE));
	BUG_ON(TASK_NORMAL != (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE));
	BUG_ON(set_cpus_allowed_ptr(t, cpumask_of(0)));
	kthread_bind_mask(t, cpumask_of(1));
	get_task_struct(t);
	wake_up_process(t);
	wait_for_completion(&started$);
	BUG_ON(kthread_stop(t) != 3);
	put_task_struct(t);
}
//# signals: holds
#include <linux/sched/signal.h>
static int ask$;
static int hear$(void *unused)
{
	BUG_ON(signal_pending(current));
	allow_signal(SIGTERM);
	WRITE_ONCE(ask$, 1);
	while (!signal_pending(current))
		schedule_timeout_interruptible(MAX_SCHEDULE_TIMEOUT);
	BUG_ON(fatal_signal_pending(current) || signal_pending_state(TASK_KILLABLE, current));
	BUG_ON(!signal_pending_state(TASK_INTERRUPTIBLE, current));
	BUG_ON(kernel_dequeue_signal() != SIGTERM || signal_pending(current));
	disallow_signal(SIGTERM);
	allow_signal(SIGKILL);
	force_sig(SIGKILL);
	BUG_ON(!fatal_signal_pending(current));
	flush_signals(current);
	BUG_ON(signal_pending(current) || ERESTARTSYS != 512);
	return 0;
}
INIT {
	struct task_struct *t = kthread_create(hear$, NULL, "t");

	get_task_struct(t);
	wake_up_process(t);
	while (!READ_ONCE(ask$))
		schedule_timeout_uninterruptible(1);
	BUG_ON(send_sig(SIGTERM, t, 0));
	kthread_stop(t);
	put_task_struct(t);
}
"#;
