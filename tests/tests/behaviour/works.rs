//! Work items.

use crate::reach;
use ringzero::atomic::{Atomic, PlainCell};
use ringzero::completion::Completion;
use ringzero::context::{in_task, might_sleep, preempt_disable};
use ringzero::irq::{IrqFlags, IrqReturn, request_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::mutex::RawMutex;
use ringzero::slab::{GFP_KERNEL, KPtr, kmalloc_obj};
use ringzero::smp::smp_processor_id;
use ringzero::timer::{jiffies, time_after_eq};
use ringzero::workqueue::{
    DelayedWork, Work, cancel_delayed_work, cancel_delayed_work_sync, cancel_work, cancel_work_sync,
    flush_delayed_work, flush_scheduled_work, flush_work, from_work, mod_delayed_work, queue_work,
    schedule_delayed_work, schedule_work, schedule_work_on, system_wq, work_busy, work_pending,
};

ringzero::global! {
    static RAN: Atomic = Atomic::new(0);
    static INSIDE: Atomic = Atomic::new(0);
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static DONE: Completion = Completion::new();
    static MUTEX: RawMutex = RawMutex::new().named("mutex");
    static COUNTS: Work = Work::new(count);
    static ALONE: Work = Work::new(alone);
    static AGAIN: Work = Work::new(again);
    static OFTEN: Work = Work::new(|work| {
        if RAN.inc_return() < 3 {
            schedule_work(work);
        }
    });
    static WAITS: Work = Work::new(|_| {
        DONE.wait_for_completion();
        RAN.inc();
    });
    static COMPLETES: Work = Work::new(|_| {
        assert_eq!(RAN.read(), 0, "it is what the other one waits for");
        DONE.complete();
    });
    static SPINS: Work = Work::new(|_| {
        RAN.cond_read_acquire(|ran| ran != 0);
    });
    static LOCKS: Work = Work::new(|_| {
        MUTEX.lock();
        MUTEX.unlock();
    });
    static LOCKED: Work = Work::new(locked);
    static LOCKED_TOO: Work = Work::new(locked);
    static CANCELS: Work = Work::new(|work| {
        cancel_work_sync(work);
    });
    static FLUSHES: Work = Work::new(|_| flush_scheduled_work());
    static HERE: Work = Work::new(|_| {
        assert_eq!(smp_processor_id(), 1);
        INSIDE.inc();
        reach("work on cpu 1");
    });
    static LATER: DelayedWork = DelayedWork::new(later);
}

fn count(_: &'static Work) {
    assert!(in_task());
    might_sleep();
    PLAIN.set(PLAIN.get() + 1);
    RAN.inc();
}

fn alone(_: &'static Work) {
    assert_eq!(INSIDE.inc_return(), 1, "it is executed by one worker at a time");
    PLAIN.set(PLAIN.get() + 1);
    INSIDE.dec();
}

fn again(work: &'static Work) {
    assert!(!work_pending(work));
    if RAN.inc_return() == 1 {
        assert!(schedule_work(work) && !schedule_work(work));
        assert!(work_pending(work));
    }
}

fn locked(_: &'static Work) {
    MUTEX.lock();
    PLAIN.update(|n| n + 1);
    MUTEX.unlock();
}

fn later(work: &'static Work) {
    count(work);
}

pub fn it_is_executed_by_a_task() {
    PLAIN.set(10);
    assert!(!work_pending(&COUNTS) && work_busy(&COUNTS) == 0);
    assert!(schedule_work(&COUNTS));
    ringzero::on_exit(|| {
        assert_eq!((RAN.read(), PLAIN.get()), (1, 11));
        assert!(!flush_work(&COUNTS) && work_busy(&COUNTS) == 0);
        reach("executed");
    });
}

pub fn it_is_pending_once() {
    let first = schedule_work(&COUNTS);
    let second = queue_work(system_wq(), &COUNTS);
    assert!(first);
    ringzero::on_exit(move || {
        assert_eq!(RAN.read(), if second { 2 } else { 1 });
        reach(if second { "executed twice" } else { "pending once" });
    });
}

pub fn it_runs_where_it_was_queued() {
    schedule_work_on(1, &HERE);
}

pub fn it_queues_itself() {
    schedule_work(&AGAIN);
    ringzero::on_exit(|| {
        assert_eq!(RAN.read(), 2);
        reach("work again");
    });
}

/// Queued on both CPUs: it may be executed twice, and not at once.
pub fn it_is_executed_by_one_at_a_time() {
    kthread_run_on_cpu(
        || {
            schedule_work(&ALONE);
        },
        1,
        "other",
    );
    schedule_work(&ALONE);
    ringzero::on_exit(|| {
        let n = PLAIN.get();
        assert!(n == 1 || n == 2);
        reach(if n == 1 { "work once" } else { "work twice" });
    });
}

pub fn an_interrupt_queues_it() {
    request_irq(3, IrqFlags::NONE, "dev", |_| {
        schedule_work(&COUNTS);
        IrqReturn::Handled
    })
    .expect("line 3 is free");
    ringzero::on_exit(|| {
        if RAN.read() == 1 {
            reach("queued by an irq");
        }
    });
}

pub fn cancelling_waits_for_it() {
    schedule_work(&ALONE);
    let pending = cancel_work_sync(&ALONE);
    assert!(INSIDE.read() == 0 && !work_pending(&ALONE));
    // Nobody else may touch it now: no data race.
    assert_eq!(PLAIN.get(), u32::from(!pending));
    PLAIN.set(5);
    reach(if pending { "cancelled in time" } else { "cancelled too late" });
}

pub fn cancelling_one_that_queues_itself() {
    schedule_work(&OFTEN);
    cancel_work_sync(&OFTEN);
    let n = RAN.read();
    assert!(work_busy(&OFTEN) == 0 && RAN.read() == n);
    if n == 1 || n == 2 {
        reach("cancelled for good");
    }
}

pub fn flushing_waits_for_it() {
    schedule_work(&COUNTS);
    flush_work(&COUNTS);
    assert_eq!((RAN.read(), PLAIN.get()), (1, 1));
    reach("flushed");
}

pub fn flushing_all_waits_for_all() {
    schedule_work(&COUNTS);
    schedule_work_on(1, &HERE);
    flush_scheduled_work();
    assert!(RAN.read() == 1 && PLAIN.get() == 1 && INSIDE.read() == 1);
    reach("all flushed");
}

/// The second one goes on while the first one sleeps.
pub fn a_sleeping_one_lets_the_next_go_on() {
    schedule_work(&WAITS);
    schedule_work(&COMPLETES);
    ringzero::on_exit(|| {
        assert_eq!(RAN.read(), 1);
        reach("went on meanwhile");
    });
}

struct Object {
    work: Work,
}

/// Whatever a worker tells its pool around a sleep, the lock is taken in the step that waits for it.
pub fn workers_exclude_each_other() {
    schedule_work(&LOCKED);
    schedule_work_on(1, &LOCKED_TOO);
    ringzero::on_exit(|| {
        assert_eq!(PLAIN.get(), 2);
        reach("workers took turns");
    });
}

pub fn it_may_free_itself() {
    fn free(work: &'static Work) {
        // SAFETY: only the items of `Object`s have this function.
        let object: &'static Object = unsafe { from_work!(work, Object, work) };
        KPtr::from_ref(object).kfree();
        reach("freed itself");
    }
    let object = kmalloc_obj(Object { work: Work::new(free) }, GFP_KERNEL).expect("GFP_KERNEL does not fail");
    schedule_work(&object.get().work);
}

pub fn a_delayed_one_waits() {
    let start = jiffies();
    assert!(schedule_delayed_work(&LATER, 2) && (LATER.is_pending() || time_after_eq(jiffies(), start + 2)));
    ringzero::on_exit(move || {
        if cancel_delayed_work_sync(&LATER) {
            assert_eq!(RAN.read(), 0);
            reach("delayed and cancelled");
        } else {
            assert!(RAN.read() == 1 && time_after_eq(jiffies(), start + 2));
            reach("delayed and executed");
        }
    });
}

pub fn a_delayed_one_is_cancelled() {
    schedule_delayed_work(&LATER, 1);
    let was = cancel_delayed_work(&LATER);
    cancel_delayed_work_sync(&LATER);
    assert_eq!(RAN.read(), i32::from(!was));
    reach(if was { "taken back" } else { "not taken back" });
}

pub fn a_delayed_one_is_modified() {
    assert!(!mod_delayed_work(system_wq(), &LATER, 1));
    let was = mod_delayed_work(system_wq(), &LATER, 3);
    ringzero::on_exit(move || {
        if was && RAN.read() == 1 {
            assert!(time_after_eq(jiffies(), 3));
            reach("modified delay");
        }
    });
}

pub fn a_delayed_one_is_flushed() {
    schedule_delayed_work(&LATER, 5);
    flush_delayed_work(&LATER);
    assert_eq!((RAN.read(), PLAIN.get()), (1, 1));
    assert!(!flush_delayed_work(&LATER) && !LATER.is_pending());
    schedule_delayed_work(&LATER, 0);
    flush_work(&LATER.work);
    assert_eq!(RAN.read(), 2);
    reach("delayed and flushed");
}

pub fn cancelling_itself() {
    schedule_work(&CANCELS);
}

pub fn flushing_from_within() {
    schedule_work(&FLUSHES);
}

pub fn cancelled_with_its_mutex_held() {
    schedule_work(&LOCKS);
    MUTEX.lock();
    cancel_work_sync(&LOCKS);
    MUTEX.unlock();
}

pub fn spinning_for_the_next_one() {
    schedule_work(&SPINS);
    schedule_work(&COUNTS);
}

pub fn waiting_for_ever() {
    schedule_work(&WAITS);
}

pub fn freed_while_pending() {
    let object: KPtr<Work> = kmalloc_obj(Work::new(count), GFP_KERNEL).expect("GFP_KERNEL does not fail");
    schedule_work(object.get());
    object.kfree();
}

pub fn flushed_in_an_atomic_section() {
    preempt_disable();
    flush_work(&COUNTS);
}

/// The function is not waited for.
pub fn only_cancelled() {
    schedule_work(&COUNTS);
    cancel_work(&COUNTS);
    PLAIN.set(7);
}
