//! Mutexes with priority inheritance.

use crate::{reach, released_by_another_task};
use ringzero::context::{in_atomic, local_bh_disable};
use ringzero::delay::msleep;
use ringzero::kthread::{kthread_create_on_cpu, kthread_run_on_cpu};
use ringzero::machine::Place;
use ringzero::rtmutex::{RawRtMutex, RtError, RtMutex};
use ringzero::sched::{
    SCHED_FIFO, SCHED_NORMAL, Task, TaskOptions, current, sched_setscheduler, set_user_nice, spawn, wake_up_process,
};
use ringzero::signal::{SIGKILL, send_sig};
use ringzero::tasklet::{Tasklet, tasklet_schedule};

ringzero::global! {
    static MUTEX: RtMutex<u32> = RtMutex::new(5).named("state");
    static INNER: RtMutex<u32> = RtMutex::new(0).named("inner");
    static ORDER: RtMutex<Vec<i32>> = RtMutex::new(Vec::new()).named("order");
    static RAW: RawRtMutex = RawRtMutex::new().named("raw");
    static OTHER: RawRtMutex = RawRtMutex::new().named("other");
    static SOFTIRQ: Tasklet = Tasklet::new(|_| {
        let _ = RAW.trylock();
    });
}

/// A kthread of CPU 1 with a real-time priority, which runs.
fn urgent(rt_priority: u32, f: fn()) -> &'static Task {
    let task = kthread_create_on_cpu(f, 1, "urgent");
    assert_eq!(sched_setscheduler(task, SCHED_FIFO, rt_priority), 0);
    wake_up_process(task);
    task
}

pub fn sections_exclude_each_other() {
    let add = || {
        let mut state = MUTEX.lock();
        *state += 1;
    };
    kthread_run_on_cpu(add, 1, "other");
    add();
    ringzero::on_exit(|| {
        assert_eq!(*MUTEX.lock(), 7);
        reach("rt_mutex counted both");
    });
}

pub fn trying_takes_a_free_one_only() {
    kthread_run_on_cpu(
        || match MUTEX.try_lock() {
            Some(state) => reach(if *state == 5 { "rt_mutex was free" } else { "rt_mutex was free again" }),
            None => reach("rt_mutex was held"),
        },
        1,
        "tries",
    );
    *MUTEX.lock() += 1;
}

pub fn guards_unlock() {
    let mut guard = MUTEX.lock();
    *guard += 1;
    assert!(MUTEX.is_locked() && !in_atomic() && MUTEX.try_lock().is_none());
    assert!(MUTEX.owner().is_some_and(|owner| std::ptr::eq(owner, current())));
    guard.unlock();
    assert_eq!(MUTEX.lock_interruptible(true).as_deref(), Ok(&6));
    assert_eq!(MUTEX.lock_killable(false).as_deref(), Ok(&6));
    assert_eq!(MUTEX.timed_lock(10, false).as_deref(), Ok(&6));
    assert_eq!(*MUTEX.lock_nested(1), 6);
    assert!(!MUTEX.is_locked() && MUTEX.owner().is_none());
    reach("rt guards unlock");
}

pub fn a_holder_inherits() {
    let state = MUTEX.lock();
    let waiter = urgent(50, || *MUTEX.lock() += 1);
    msleep(1);
    match current().prio() {
        120 => reach("came too late to boost"),
        prio => {
            assert_eq!((prio, current().normal_prio()), (49, 120));
            // The better of both.
            sched_setscheduler(current(), SCHED_FIFO, 10);
            assert_eq!(current().prio(), 49);
            sched_setscheduler(current(), SCHED_FIFO, 60);
            assert_eq!(current().prio(), 39);
            sched_setscheduler(current(), SCHED_NORMAL, 0);
            // What a waiter becomes.
            sched_setscheduler(waiter, SCHED_FIFO, 70);
            assert_eq!(current().prio(), 29);
            sched_setscheduler(waiter, SCHED_NORMAL, 0);
            set_user_nice(waiter, -5);
            assert_eq!(current().prio(), 115);
            reach("boosted");
        }
    }
    drop(state);
    assert_eq!(current().prio(), 120);
}

/// The same without real time, where the search is shorter: the best that an ordinary task can have.
fn nice(f: fn()) -> &'static Task {
    let task = kthread_create_on_cpu(f, 1, "nice");
    set_user_nice(task, -20);
    wake_up_process(task);
    task
}

pub fn a_chain_inherits() {
    let inner = INNER.lock();
    let middle = kthread_create_on_cpu(
        || {
            let state = MUTEX.lock();
            *INNER.lock() += *state;
        },
        1,
        "middle",
    );
    wake_up_process(middle);
    nice(|| *MUTEX.lock() += 1);
    msleep(1);
    if current().prio() != 120 {
        assert_eq!((current().prio(), middle.prio(), middle.normal_prio()), (100, 100, 120));
        reach("boosted along a chain");
    }
    drop(inner);
    assert_eq!(current().prio(), 120);
}

pub fn who_leaves_takes_it_back() {
    let state = MUTEX.lock();
    let lock = || match MUTEX.lock_interruptible(false) {
        Ok(_) => reach("locked before the signal"),
        Err(error) => assert_eq!(error, RtError::Interrupted),
    };
    let victim = spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("victim") }, lock);
    set_user_nice(victim, -20);
    let boosted = current().prio() == 100;
    send_sig(SIGKILL, victim);
    if boosted && current().prio() == 120 {
        reach("the boost was taken back");
    }
    drop(state);
    assert_eq!(current().prio(), 120);
}

pub fn a_wait_may_time_out() {
    let timed = || match MUTEX.timed_lock(2, true) {
        Ok(mut state) => {
            *state += 1;
            reach("rt_mutex in time");
        }
        Err(error) => {
            assert_eq!(error, RtError::TimedOut);
            reach("rt_mutex timed out");
        }
    };
    kthread_run_on_cpu(timed, 1, "waiter");
    let state = MUTEX.lock();
    msleep(2);
    drop(state);
}

fn note(mine: i32) {
    ORDER.lock().push(mine);
}

pub fn the_best_comes_first() {
    let order = ORDER.lock();
    urgent(10, || note(10));
    urgent(20, || note(20));
    let both = current().prio() == 79;
    drop(order);
    if both {
        reach("both waited");
    }
    ringzero::on_exit(|| {
        let order = ORDER.lock();
        assert_eq!(order.len(), 2);
        reach(if *order == [20, 10] { "by priority" } else { "as they came" });
    });
}

pub fn deadlocks_are_told() {
    let both = |first: &'static RtMutex<u32>, second: &'static RtMutex<u32>| {
        let mut held = first.lock();
        assert_eq!(first.lock_interruptible(true).err(), Some(RtError::Deadlock));
        match second.lock_interruptible(true) {
            Ok(mut other) => *other += 1,
            Err(error) => {
                assert_eq!(error, RtError::Deadlock);
                reach("a deadlock");
            }
        }
        *held += 1;
    };
    kthread_run_on_cpu(move || both(&INNER, &MUTEX), 1, "other");
    both(&MUTEX, &INNER);
    reach("no deadlock");
}

pub fn locked_twice() {
    RAW.lock();
    RAW.lock();
}

pub fn in_opposite_order() {
    let both = |first: &RawRtMutex, second: &RawRtMutex| {
        first.lock();
        second.lock();
        second.unlock();
        first.unlock();
    };
    kthread_run_on_cpu(move || both(&OTHER, &RAW), 1, "other");
    both(&RAW, &OTHER);
}

pub fn unlocked_by_another_task() {
    released_by_another_task(|| RAW.lock(), || RAW.unlock());
}

pub fn unlocked_while_it_is_free() {
    RAW.unlock();
}

pub fn tried_in_a_softirq() {
    tasklet_schedule(&SOFTIRQ);
}

pub fn locked_with_bottom_halves_off() {
    local_bh_disable();
    RAW.lock();
}

pub fn held_at_the_tasks_end() {
    kthread_run_on_cpu(|| RAW.lock(), 1, "forgetful");
}

pub fn destroyed_while_it_is_held() {
    RAW.lock();
    RAW.destroy();
}

pub fn initialised_while_it_is_held() {
    let at = std::ptr::from_ref(&*RAW).cast_mut();
    RAW.lock();
    // SAFETY: nobody else uses it; what it held is what this is about.
    unsafe { RawRtMutex::init_at(at, Some("raw"), Place::here()) };
}
