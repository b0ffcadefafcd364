//! What Linux promises of wait queues, and what it forbids, from C: entries that are used wrongly, orders, barriers, where one may
//! wait, and how often an argument is evaluated.

#[path = "c/mod.rs"]
mod c;
#[path = "c/table.rs"]
mod table;

use table::meets;

#[test]
fn entries_are_put_once_and_taken_off_once() {
    meets("wait-entries", ENTRIES);
}

#[test]
fn orders_and_barriers_are_linuxs() {
    meets("wait-orders", ORDERS);
}

#[test]
fn forms_of_ones_own_wait() {
    meets("wait-own-forms", OWN_FORMS);
}

const ENTRIES: &str = r#"
//# put twice: warn
static DECLARE_WAIT_QUEUE_HEAD(wq$);
INIT {
	DECLARE_WAITQUEUE(wait, current);

	add_wait_queue(&wq$, &wait);
	add_wait_queue(&wq$, &wait);
	remove_wait_queue(&wq$, &wait);
}
//# put twice with the lock held: warn
static DECLARE_WAIT_QUEUE_HEAD(wq$);
INIT {
	DEFINE_WAIT(wait);

	spin_lock_irq(&wq$.lock);
	__add_wait_queue(&wq$, &wait);
	__add_wait_queue_entry_tail(&wq$, &wait);
	__remove_wait_queue(&wq$, &wait);
	spin_unlock_irq(&wq$.lock);
}
//# taken off, but never put: warn
static DECLARE_WAIT_QUEUE_HEAD(wq$);
INIT {
	DECLARE_WAITQUEUE(wait, current);

	remove_wait_queue(&wq$, &wait);
}
//# an entry with a function, taken off, but never put: warn
static DECLARE_WAIT_QUEUE_HEAD(wq$);
INIT {
	wait_queue_entry_t wait;

	init_waitqueue_func_entry(&wait, default_wake_function);
	remove_wait_queue(&wq$, &wait);
}
//# taken off twice: warn
static DECLARE_WAIT_QUEUE_HEAD(wq$);
INIT {
	DEFINE_WAIT(wait);

	add_wait_queue(&wq$, &wait);
	remove_wait_queue(&wq$, &wait);
	remove_wait_queue(&wq$, &wait);
}
//# taken off another queue: warn
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static DECLARE_WAIT_QUEUE_HEAD(other$);
INIT {
	DECLARE_WAITQUEUE(wait, current);

	add_wait_queue(&wq$, &wait);
	remove_wait_queue(&other$, &wait);
	remove_wait_queue(&wq$, &wait);
}
//# prepared for two queues: warn
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static DECLARE_WAIT_QUEUE_HEAD(other$);
INIT {
	DEFINE_WAIT(wait);

	prepare_to_wait(&wq$, &wait, TASK_INTERRUPTIBLE);
	prepare_to_wait(&other$, &wait, TASK_INTERRUPTIBLE);
	finish_wait(&other$, &wait);
	finish_wait(&wq$, &wait);
}
//# what may be repeated: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
INIT {
	DEFINE_WAIT(wait);
	DEFINE_WAIT_FUNC(own, autoremove_wake_function);

	finish_wait(&wq$, &wait);
	prepare_to_wait(&wq$, &wait, TASK_INTERRUPTIBLE);
	prepare_to_wait(&wq$, &wait, TASK_INTERRUPTIBLE);
	finish_wait(&wq$, &wait);
	finish_wait(&wq$, &wait);
	/* Its list is an empty one. */
	remove_wait_queue(&wq$, &wait);
	add_wait_queue(&wq$, &own);
	set_current_state(TASK_INTERRUPTIBLE);
	/* Takes it off. */
	wake_up(&wq$);
	BUG_ON(waitqueue_active(&wq$));
	remove_wait_queue(&wq$, &own);
	add_wait_queue(&wq$, &own);
	remove_wait_queue(&wq$, &own);
}
"#;

const ORDERS: &str = r#"
//# those with priority in their order: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static int seen$;
static int note$(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	seen$ = seen$ * 10 + (entry->private ? 2 : 1);
	return 0;
}
INIT {
	wait_queue_entry_t first, second;

	init_waitqueue_func_entry(&first, note$);
	init_waitqueue_func_entry(&second, note$);
	second.private = &wq$;
	add_wait_queue_priority(&wq$, &first);
	add_wait_queue_priority(&wq$, &second);
	wake_up(&wq$);
	BUG_ON(seen$ != 12);
	remove_wait_queue(&wq$, &first);
	remove_wait_queue(&wq$, &second);
}
//# a barrier behind the state: holds
static int data$, flag$;
A {
	data$ = 1;
	set_current_state(TASK_RUNNING);
	WRITE_ONCE(flag$, 1);
}
B {
	if (smp_load_acquire(&flag$))
		use(data$);
}
//# no barrier behind the state: data-race
static int data$, flag$;
A {
	data$ = 1;
	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(flag$, 1);
}
B {
	if (smp_load_acquire(&flag$))
		use(data$);
}
//# a section of the queue in the middle: bug
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static DECLARE_WAITQUEUE(wait$, NULL);
static int between$;
A {
	spin_lock(&wq$.lock);
	WRITE_ONCE(between$, 1);
	__add_wait_queue(&wq$, &wait$);
	WRITE_ONCE(between$, 1);
	__remove_wait_queue(&wq$, &wait$);
	spin_unlock(&wq$.lock);
}
B {
	BUG_ON(waitqueue_active(&wq$));
}
//# commands that drop a lock: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static DEFINE_SPINLOCK(lock$);
static int ready$;
A {
	spin_lock_irq(&lock$);
	wait_event_cmd(wq$, ready$, spin_unlock_irq(&lock$), spin_lock_irq(&lock$));
	wait_event_exclusive_cmd(wq$, ready$, spin_unlock_irq(&lock$), spin_lock_irq(&lock$));
	spin_unlock_irq(&lock$);
}
B {
	spin_lock_irq(&lock$);
	ready$ = 1;
	spin_unlock_irq(&lock$);
	wake_up(&wq$);
}
//# commands that drop no lock: sleep-in-atomic
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static DEFINE_SPINLOCK(lock$);
A {
	int never = 0;

	spin_lock(&lock$);
	wait_event_cmd(wq$, never, , );
	spin_unlock(&lock$);
}
//# a simple queue's event that is there: holds
#include <linux/swait.h>
static DECLARE_SWAIT_QUEUE_HEAD(wq$);
static DEFINE_SPINLOCK(lock$);
INIT {
	int ready = 1;

	spin_lock(&lock$);
	swait_event_exclusive(wq$, ready);
	BUG_ON(swait_event_timeout_exclusive(wq$, ready, 5) != 5);
	spin_unlock(&lock$);
}
"#;

const OWN_FORMS: &str = r#"
//# as Linux makes them: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static int ready$, sleeps$;
A {
	BUG_ON(___wait_event(wq$, READ_ONCE(ready$), TASK_INTERRUPTIBLE, 1, 0, sleeps$++; schedule()));
	BUG_ON(___wait_event(wq$, ___wait_cond_timeout(READ_ONCE(ready$)), TASK_UNINTERRUPTIBLE, 0, 7L,
			     __ret = schedule_timeout(__ret)) != 7);
	BUG_ON(sleeps$ > 1);
}
B {
	BUG_ON(wait_event_state(wq$, READ_ONCE(ready$), TASK_INTERRUPTIBLE | TASK_NOLOAD));
}
INIT {
	BUG_ON(!___wait_is_interruptible(TASK_KILLABLE) || ___wait_is_interruptible(TASK_UNINTERRUPTIBLE));
}
EXIT {
	WRITE_ONCE(ready$, 1);
	wake_up_all(&wq$);
}
//# ended by a signal or a time: holds
#include <linux/sched/signal.h>
static DECLARE_WAIT_QUEUE_HEAD(wq$);
A {
	int never = 0;

	BUG_ON(___wait_event(wq$, ___wait_cond_timeout(never), TASK_INTERRUPTIBLE, 0, 2L,
			     __ret = schedule_timeout(__ret)));
	allow_signal(SIGTERM);
	force_sig(SIGTERM);
	BUG_ON(___wait_event(wq$, never, TASK_INTERRUPTIBLE, 0, 0, schedule()) != -ERESTARTSYS);
	BUG_ON(wait_event_state(wq$, never, TASK_INTERRUPTIBLE) != -ERESTARTSYS);
	/* A time that is over comes first. */
	BUG_ON(wait_event_interruptible_timeout(wq$, never, 0));
	BUG_ON(wait_event_interruptible_timeout(wq$, never, 5) != -ERESTARTSYS);
	BUG_ON(waitqueue_active(&wq$) || !task_is_running(current));
}
//# behind all others: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static int seen$;
static int note$(wait_queue_entry_t *entry, unsigned int mode, int flags, void *key)
{
	seen$ = seen$ * 10 + (entry->private ? 2 : 1);
	return 1;
}
INIT {
	wait_queue_entry_t one, last;

	init_waitqueue_func_entry(&one, note$);
	init_waitqueue_func_entry(&last, note$);
	last.private = &wq$;
	BUG_ON(wq_has_single_sleeper(&wq$));
	add_wait_queue_exclusive(&wq$, &one);
	BUG_ON(!wq_has_single_sleeper(&wq$));
	spin_lock_irq(&wq$.lock);
	__add_wait_queue_entry_tail(&wq$, &last);
	spin_unlock_irq(&wq$.lock);
	BUG_ON(last.flags & WQ_FLAG_EXCLUSIVE || wq_has_single_sleeper(&wq$) || !wq_has_sleeper(&wq$));
	wake_up_all(&wq$);
	BUG_ON(seen$ != 12);
	remove_wait_queue(&wq$, &one);
	remove_wait_queue(&wq$, &last);
}
//# an entry by its function: holds
static DECLARE_WAIT_QUEUE_HEAD(wq$);
static int ready$;
A {
	wait_queue_entry_t wait;

	init_wait_entry(&wait, WQ_FLAG_EXCLUSIVE);
	BUG_ON(wait.private != current || wait.flags != WQ_FLAG_EXCLUSIVE);
	while (!prepare_to_wait_event(&wq$, &wait, TASK_UNINTERRUPTIBLE) && !READ_ONCE(ready$))
		schedule();
	finish_wait(&wq$, &wait);
}
B {
	WRITE_ONCE(ready$, 1);
	wake_up(&wq$);
}
//# each argument once: holds
#include <linux/kthread.h>
#include <linux/seqlock.h>
#include <linux/wait_bit.h>
static DECLARE_COMPLETION(done$);
static seqcount_spinlock_t seq$;
static DEFINE_SPINLOCK(lock$);
static int n$;
static unsigned int state$(unsigned int state) { n$++; return state; }
static struct completion *which$(void) { n$++; return &done$; }
static struct task_struct *task$(void) { n$++; return current; }
static seqcount_spinlock_t *count$(void) { n$++; return &seq$; }
static int sleep$(void *unused) { return 0; }
INIT {
	char comm[TASK_COMM_LEN];
	struct task_struct *t;
	int ready = 1, late = 0;

	complete_all(&done$);
	BUG_ON(wait_for_completion_state(which$(), state$(TASK_UNINTERRUPTIBLE)) || n$ != 2);
	BUG_ON(wait_for_completion_state(which$(), state$(TASK_KILLABLE)) || n$ != 4);
	BUG_ON(wait_for_completion_state(which$(), state$(TASK_INTERRUPTIBLE)) || n$ != 6);
	n$ = 0;
	BUG_ON(get_task_comm(comm, task$()) != comm || n$ != 1 || comm[TASK_COMM_LEN - 1]);
	n$ = 0;
	BUG_ON(wait_var_event_timeout((n$++, &late), late, 2) || n$ != 1);
	n$ = 0;
	wait_var_event((n$++, &ready), ready);
	BUG_ON(n$);
	seqcount_spinlock_init(&seq$, &lock$);
	spin_lock(&lock$);
	write_seqcount_begin(count$());
	write_seqcount_end(count$());
	write_seqcount_invalidate(count$());
	spin_unlock(&lock$);
	BUG_ON(n$ != 3);
	n$ = 0;
	t = kthread_create_on_cpu(sleep$, NULL, (n$++, 1), "t/%u");
	BUG_ON(IS_ERR(t) || n$ != 1 || kthread_stop(t) != -EINTR);
}
"#;
