//! Wound/wait mutexes, and priorities.

use crate::{reach, released_by_another_task};
use ringzero::kthread::{kthread_create_on_cpu, kthread_run_on_cpu, kthread_stop};
use ringzero::sched::{
    SCHED_NORMAL, SCHED_RR, current, rt_task, sched_set_fifo, sched_setscheduler, set_user_nice, task_nice,
    wake_up_process,
};
use ringzero::ww_mutex::{RawWwMutex, WwAcquireCtx, WwClass, WwError, WwMutex};

static WW: WwClass = WwClass::new_ww("ww");
static WD: WwClass = WwClass::new_wd("wd");

ringzero::global! {
    static BUFFERS: [WwMutex<u32>; 2] = [const { WwMutex::new(0, &WW) }; 2];
    static ACCOUNTS: [WwMutex<u32>; 2] = [const { WwMutex::new(0, &WD) }; 2];
    static RAW: RawWwMutex = RawWwMutex::new(&WW).named("raw");
}

/// Takes both, beginning with `first`, and backs off when told to.
fn both(pair: &'static [WwMutex<u32>; 2], class: &'static WwClass, first: usize, backed_off: &'static str) {
    let ctx = WwAcquireCtx::new(class);
    let mut held = pair[first].lock(&ctx).expect("the first is never refused");
    let mut next = 1 - first;
    let mut other = loop {
        match pair[next].lock(&ctx) {
            Ok(guard) => break guard,
            Err(error) => assert_eq!(error, WwError::Deadlock),
        }
        reach(backed_off);
        drop(held);
        held = pair[next].lock_slow(&ctx);
        next = 1 - next;
    };
    ctx.done();
    *held += 1;
    *other += 1;
}

pub fn the_older_one_wounds() {
    let last = kthread_create_on_cpu(|| both(&BUFFERS, &WW, 1, "wounded"), 1, "last");
    wake_up_process(last);
    both(&BUFFERS, &WW, 0, "wounded");
    ringzero::on_exit(|| {
        assert_eq!((*BUFFERS[0].lock_alone(), *BUFFERS[1].lock_alone()), (2, 2));
        reach("both have dined");
    });
}

pub fn the_younger_one_dies() {
    kthread_run_on_cpu(|| both(&ACCOUNTS, &WD, 1, "died"), 1, "other");
    both(&ACCOUNTS, &WD, 0, "died");
    ringzero::on_exit(|| {
        assert_eq!((*ACCOUNTS[0].lock_alone(), *ACCOUNTS[1].lock_alone()), (2, 2));
        reach("both were paid");
    });
}

pub fn one_is_not_taken_twice() {
    let ctx = WwAcquireCtx::new(&WW);
    let held = BUFFERS[0].lock(&ctx).expect("it is free");
    assert_eq!(BUFFERS[0].lock(&ctx).err(), Some(WwError::Already));
    assert!(BUFFERS[0].try_lock(Some(&ctx)).is_none() && BUFFERS[0].is_locked());
    let other = BUFFERS[1].try_lock(Some(&ctx)).expect("it is free");
    assert_eq!(ctx.acquired(), 2);
    drop(held);
    other.unlock();
    reach("not twice");
}

pub fn tasks_have_priorities() {
    let task = kthread_create_on_cpu(|| (), 1, "task");
    assert_eq!((task.prio(), task_nice(task), task.policy()), (120, 0, (SCHED_NORMAL, 0)));
    set_user_nice(task, -5);
    sched_set_fifo(task);
    assert_eq!((task.prio(), task.static_prio(), rt_task(task)), (49, 115, true));
    assert_eq!(sched_setscheduler(task, SCHED_RR, 1), 0);
    assert_eq!(sched_setscheduler(task, SCHED_NORMAL, 0), 0);
    assert_eq!((task.prio(), rt_task(current())), (115, false));
    kthread_stop(task);
    reach("priorities");
}

pub fn unlocked_by_another_task() {
    released_by_another_task(|| RAW.lock_alone(), || RAW.unlock());
}

pub fn without_a_context_in_opposite_order() {
    let take = |first: usize| {
        let held = BUFFERS[first].lock_alone();
        drop(BUFFERS[1 - first].lock_alone());
        drop(held);
    };
    kthread_run_on_cpu(move || take(1), 1, "other");
    take(0);
}

pub fn taken_twice_without_a_context() {
    RAW.lock_alone();
    RAW.lock_alone();
}

pub fn not_backed_off() {
    let ctx = WwAcquireCtx::new(&WW);
    let _held = BUFFERS[0].lock(&ctx);
    let _other = BUFFERS[1].lock_slow(&ctx);
}

pub fn context_of_another_class() {
    let ctx = WwAcquireCtx::new(&WW);
    let _held = ACCOUNTS[0].lock(&ctx);
}

pub fn held_at_the_contexts_end() {
    let ctx = WwAcquireCtx::new(&WW);
    std::mem::forget(BUFFERS[0].lock(&ctx));
}
