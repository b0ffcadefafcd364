//! Kernel threads, sleeping and waking.

use crate::reach;
use ringzero::atomic::Atomic;
use ringzero::kthread::*;
use ringzero::sched::{EINTR, TASK_INTERRUPTIBLE, TASK_RUNNING, schedule, set_current_state, wake_up_process};
use ringzero::smp::smp_processor_id;
use ringzero::wait::{
    WaitQueueEntry, WaitQueueHead, finish_wait, prepare_to_wait_exclusive, wait_event, waitqueue_active, wake_up,
};
use std::pin::pin;

ringzero::global! {
    static RAN: Atomic = Atomic::new(0);
    static READY: Atomic = Atomic::new(0);
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
}

pub fn a_created_kthread_waits_to_be_woken() {
    let task = kthread_create(|| RAN.inc(), "sleeper");
    READY.set(1);
    assert_eq!(RAN.read(), 0, "nobody has woken it");
    assert!(wake_up_process(task));
    ringzero::on_exit(|| {
        assert_eq!(RAN.read(), 1);
        reach("woken");
    });
}

pub fn a_running_task_is_not_woken() {
    let task = kthread_run_on_cpu(|| RAN.inc(), 1, "runner");
    assert!(!wake_up_process(task));
    reach("not woken");
}

pub fn a_kthread_that_is_stopped() {
    let task = kthread_run_on_cpu(
        || {
            loop {
                set_current_state(TASK_INTERRUPTIBLE);
                if kthread_should_stop() {
                    break;
                }
                schedule();
            }
            set_current_state(TASK_RUNNING);
            reach("told to stop");
            RAN.inc();
            7
        },
        1,
        "server",
    );
    let code = kthread_stop(task);
    assert!(code == 7 && RAN.read() == 1 || code == -EINTR && RAN.read() == 0, "{code}");
    reach("stopped");
}

pub fn a_kthread_stopped_before_its_start() {
    let task = kthread_create(|| RAN.inc(), "sleeper");
    assert_eq!(kthread_stop(task), -EINTR);
    assert_eq!(RAN.read(), 0);
    reach("never ran");
}

pub fn a_bound_kthread_stays() {
    let task = kthread_create(
        || {
            assert_eq!(smp_processor_id(), 1);
            RAN.inc();
            assert_eq!(smp_processor_id(), 1);
            reach("bound to 1");
        },
        "bound",
    );
    kthread_bind(task, 1);
    wake_up_process(task);
    RAN.inc();
    assert_eq!(smp_processor_id(), 0, "init is on CPU 0");
}

pub fn what_a_kthread_returns() {
    let task = kthread_run_on_cpu(|| -22, 1, "failing");
    READY.set(1);
    let code = kthread_stop(task);
    assert!(code == -22 || code == -EINTR, "{code}");
    if code == -22 {
        reach("exit code");
    }
}

pub fn schedule_waits_for_a_wake_up() {
    let task = kthread_run_on_cpu(
        || {
            set_current_state(TASK_INTERRUPTIBLE);
            if READY.read() == 0 {
                schedule();
                assert_eq!(READY.read(), 1, "only one wakes it, and after that");
                reach("slept");
            }
            set_current_state(TASK_RUNNING);
        },
        1,
        "sleeper",
    );
    READY.set(1);
    wake_up_process(task);
}

pub fn wait_event_sees_the_condition() {
    kthread_run_on_cpu(
        || {
            wait_event(&QUEUE, || READY.read() == 2);
            assert_eq!(READY.read(), 2);
            assert!(!waitqueue_active(&QUEUE));
            reach("event");
        },
        1,
        "waiter",
    );
    READY.set(1);
    wake_up(&QUEUE);
    READY.set(2);
    wake_up(&QUEUE);
}

fn wait_exclusively() {
    let entry = pin!(WaitQueueEntry::new());
    loop {
        prepare_to_wait_exclusive(&QUEUE, entry.as_ref(), TASK_INTERRUPTIBLE);
        if READY.read() != 0 {
            break;
        }
        schedule();
    }
    finish_wait(&QUEUE, entry.as_ref());
    RAN.inc();
    wake_up(&QUEUE);
}

/// Each wakes the next one.
pub fn wake_up_wakes_one_exclusive_waiter() {
    kthread_run_on_cpu(wait_exclusively, 1, "first");
    READY.set(1);
    wake_up(&QUEUE);
    wait_exclusively();
    ringzero::on_exit(|| {
        assert_eq!(RAN.read(), 2);
        reach("all woken");
    });
}
