//! Completions, and sleeping for a time.

use crate::reach;
use ringzero::atomic::{Atomic, PlainCell};
use ringzero::completion::Completion;
use ringzero::context::preempt_disable;
use ringzero::delay::{mdelay, msleep, udelay, usleep_range};
use ringzero::irq::{IrqFlags, IrqReturn, request_irq, set_arrivals};
use ringzero::kthread::{kthread_run_on_cpu, kthread_should_stop, kthread_stop};
use ringzero::sched::{
    MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE, schedule_timeout, schedule_timeout_interruptible, set_current_state,
    wake_up_process,
};
use ringzero::timer::{jiffies, time_after_eq};
use ringzero::wait::{WaitQueueHead, wait_event_timeout, wake_up};

ringzero::global! {
    static DONE: Completion = Completion::new();
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static PASSED: Atomic = Atomic::new(0);
    static READY: Atomic = Atomic::new(0);
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
}

pub fn a_waiter_sees_what_was_done() {
    kthread_run_on_cpu(
        || {
            PLAIN.set(7);
            DONE.complete();
        },
        1,
        "worker",
    );
    DONE.wait_for_completion();
    assert_eq!(PLAIN.get(), 7);
    reach("completed");
}

pub fn each_call_lets_one_pass() {
    let wait = || {
        DONE.wait_for_completion();
        PASSED.inc();
    };
    kthread_run_on_cpu(wait, 0, "first");
    kthread_run_on_cpu(wait, 1, "second");
    DONE.complete();
    DONE.complete();
    ringzero::on_exit(|| {
        assert!(PASSED.read() == 2 && !DONE.completion_done() && !DONE.try_wait_for_completion());
        reach("two passed");
    });
}

pub fn calls_are_counted() {
    assert!(!DONE.try_wait_for_completion() && !DONE.completion_done());
    DONE.complete();
    DONE.complete();
    assert!(DONE.completion_done() && DONE.try_wait_for_completion());
    DONE.wait_for_completion();
    assert!(!DONE.completion_done());
    DONE.complete_all();
    DONE.wait_for_completion();
    assert_eq!(DONE.wait_for_completion_interruptible(), Ok(()));
    DONE.complete();
    assert!(DONE.try_wait_for_completion() && DONE.completion_done());
    DONE.reinit();
    assert!(!DONE.completion_done());
    reach("counted calls");
}

pub fn all_may_pass() {
    let wait = || {
        DONE.wait_for_completion();
        PASSED.inc();
    };
    kthread_run_on_cpu(wait, 0, "first");
    kthread_run_on_cpu(wait, 1, "second");
    DONE.complete_all();
    ringzero::on_exit(|| {
        assert!(PASSED.read() == 2 && DONE.completion_done());
        reach("all passed");
    });
}

pub fn an_interrupt_completes() {
    set_arrivals(3, 1);
    request_irq(3, IrqFlags::NONE, "done", |_| {
        PLAIN.set(1);
        DONE.complete();
        IrqReturn::Handled
    })
    .expect("line 3 is free");
    DONE.wait_for_completion();
    assert_eq!(PLAIN.get(), 1);
    reach("irq completed");
}

/// What the timeout is for: the one who completes may be late.
pub fn a_wait_may_time_out() {
    kthread_run_on_cpu(
        || {
            PLAIN.set(1);
            DONE.complete();
        },
        1,
        "completer",
    );
    let start = jiffies();
    let left = DONE.wait_for_completion_timeout(2);
    if left == 0 {
        assert!(time_after_eq(jiffies(), start + 2));
        reach("wait timed out");
    } else {
        assert!(left <= 2 && PLAIN.get() == 1);
        reach("in time");
    }
}

pub fn a_wait_without_an_end_has_no_timer() {
    DONE.complete();
    assert_eq!(DONE.wait_for_completion_timeout(MAX_SCHEDULE_TIMEOUT), MAX_SCHEDULE_TIMEOUT);
    assert_eq!(DONE.wait_for_completion_timeout(0), 0);
    reach("no timer");
}

/// One timer serves many sleeps, more than its bound.
pub fn sleeping_takes_time() {
    let start = jiffies();
    for n in 1..=4 {
        msleep(10);
        assert!(time_after_eq(jiffies(), start + n));
    }
    usleep_range(10, 100);
    udelay(10);
    mdelay(10);
    assert!(time_after_eq(jiffies(), start + 5));
    reach("slept for a time");
}

pub fn a_sleep_is_ended_by_waking() {
    let sleeper = kthread_run_on_cpu(
        || {
            let left = schedule_timeout_interruptible(100);
            assert!(left == 0 || left == 100);
            reach(if left == 0 { "slept out" } else { "woken early" });
        },
        1,
        "sleeper",
    );
    wake_up_process(sleeper);
}

pub fn a_running_task_does_not_sleep_for_a_time() {
    if schedule_timeout(5) > 0 {
        reach("not asleep");
    }
    set_current_state(TASK_INTERRUPTIBLE);
    assert_eq!(schedule_timeout(1), 0);
}

pub fn a_sleeping_kthread_is_stopped() {
    let task = kthread_run_on_cpu(
        || {
            while !kthread_should_stop() {
                msleep(10);
                PASSED.inc();
            }
        },
        1,
        "poller",
    );
    ringzero::on_exit(move || {
        kthread_stop(task);
        if PASSED.read() > 2 {
            reach("stopped past its bound");
        }
    });
}

pub fn waiting_for_an_event_may_time_out() {
    kthread_run_on_cpu(
        || {
            READY.set(1);
            wake_up(&QUEUE);
        },
        1,
        "waker",
    );
    let left = wait_event_timeout(&QUEUE, || READY.read() == 1, 2);
    if left == 0 {
        reach("event timed out");
    } else {
        assert!(left <= 2 && READY.read() == 1);
        reach("event in time");
    }
}

pub fn nobody_completes() {
    DONE.wait_for_completion();
}

pub fn waited_for_in_an_atomic_section() {
    DONE.complete();
    preempt_disable();
    DONE.wait_for_completion();
}

pub fn slept_in_an_atomic_section() {
    preempt_disable();
    msleep(1);
}

/// One completion, two who wait for it.
pub fn one_too_few() {
    kthread_run_on_cpu(|| DONE.wait_for_completion(), 1, "other");
    DONE.complete();
    DONE.wait_for_completion();
}
