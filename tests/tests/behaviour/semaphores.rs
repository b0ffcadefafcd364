//! Semaphores.

use crate::reach;
use ringzero::atomic::PlainCell;
use ringzero::completion::Completion;
use ringzero::context::preempt_disable;
use ringzero::delay::msleep;
use ringzero::irq::{IrqFlags, IrqReturn, request_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sched::{TaskOptions, WaitError, spawn};
use ringzero::semaphore::{Interrupted, Semaphore};
use ringzero::signal::{SIGKILL, send_sig};

ringzero::global! {
    static ONE: Semaphore = Semaphore::new(1).named("one");
    static TWO: Semaphore = Semaphore::new(2).named("two");
    static NONE: Semaphore = Semaphore::new(0).named("none");
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static ONE_IN: Completion = Completion::new();
    static OTHER_IN: Completion = Completion::new();
}

pub fn one_is_inside_at_a_time() {
    let section = || {
        ONE.down();
        PLAIN.update(|n| n + 1);
        ONE.up();
        let permit = ONE.acquire();
        PLAIN.update(|n| n + 1);
        drop(permit);
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
    ringzero::on_exit(|| {
        assert_eq!(PLAIN.get(), 4);
        reach("semaphore counted all");
    });
}

pub fn two_are_inside_at_a_time() {
    kthread_run_on_cpu(
        || {
            TWO.down();
            ONE_IN.complete();
            OTHER_IN.wait_for_completion();
            TWO.up();
        },
        1,
        "one",
    );
    TWO.down();
    OTHER_IN.complete();
    ONE_IN.wait_for_completion();
    // The other one may be out already.
    reach(if TWO.down_trylock() { "one inside" } else { "two inside" });
}

pub fn who_tries_does_not_wait() {
    kthread_run_on_cpu(
        || {
            ONE.down();
            ONE.up();
        },
        1,
        "other",
    );
    reach(if ONE.down_trylock() {
        assert!(ONE.try_acquire().is_none());
        ONE.up();
        "semaphore was open"
    } else {
        "semaphore was closed"
    });
}

pub fn an_interrupt_gives() {
    let give = |_| {
        NONE.up();
        IrqReturn::Handled
    };
    request_irq(4, IrqFlags::NONE, "line", give).unwrap();
    kthread_run_on_cpu(
        || {
            NONE.down();
            reach("given by an irq");
            NONE.up();
        },
        1,
        "taker",
    );
    // The line may never come.
    NONE.up();
}

pub fn a_wait_for_one_may_time_out() {
    kthread_run_on_cpu(|| NONE.up(), 1, "giver");
    match NONE.down_timeout(2) {
        Ok(left) => {
            assert!((1..=2).contains(&left));
            reach("given in time");
        }
        Err(error) => {
            assert_eq!(error, WaitError::TimedOut);
            reach("given too late");
        }
    }
}

pub fn a_waiter_is_killed() {
    let victim = spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("victim") }, || match NONE.down_killable() {
        Ok(()) => reach("given before the kill"),
        Err(Interrupted) => {
            // What was given is still there, if it was.
            reach("killed while waiting");
        }
    });
    kthread_run_on_cpu(|| NONE.up(), 0, "giver");
    send_sig(SIGKILL, victim);
}

/// Who is killed is found among others that wait for the same, and they go on waiting.
pub fn one_of_two_waiters_is_killed() {
    let wait = |cpu: u64, name| {
        let wait = || {
            reach(if NONE.down_killable().is_ok() { "the other one got it" } else { "the one was killed" });
            ONE_IN.complete();
        };
        spawn(TaskOptions { allowed: 1 << cpu, ..TaskOptions::new(name) }, wait)
    };
    wait(0, "patient");
    let victim = wait(1, "victim");
    // On threads, so that both sleep.
    msleep(1);
    send_sig(SIGKILL, victim);
    ONE_IN.wait_for_completion();
    NONE.up();
    ONE_IN.wait_for_completion();
}

pub fn a_kthread_hears_no_signal() {
    let task = kthread_run_on_cpu(
        || {
            assert_eq!(NONE.down_interruptible(), Ok(()));
            reach("not interrupted");
        },
        1,
        "deaf",
    );
    send_sig(SIGKILL, task);
    NONE.up();
}

pub fn taken_in_an_interrupt() {
    let take = |_| {
        ONE.down();
        IrqReturn::Handled
    };
    request_irq(4, IrqFlags::NONE, "line", take).unwrap();
}

pub fn taken_with_preemption_off() {
    preempt_disable();
    ONE.down();
}

pub fn nobody_gives() {
    NONE.down();
}
