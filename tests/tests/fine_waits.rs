//! Waiting and waking with each atomic instruction and each lock operation a step: no wake-up, and no signal, is lost, and
//! nobody is served twice. All interleavings of two CPUs; of three within a bound.

use ringzero::atomic::{Atomic, BitWord, set_bit};
use ringzero::completion::Completion;
use ringzero::irq::{IrqFlags, IrqReturn, request_irq, set_arrivals};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sched::{
    TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, Task, TaskOptions, schedule, set_current_state, spawn,
};
use ringzero::signal::{SIGKILL, send_sig};
use ringzero::swait::{SwaitQueueHead, swait_event_exclusive, swake_up_one};
use ringzero::wait::{
    WaitQueueHead, block_on, clear_and_wake_up_bit, event, wait_event, wait_event_exclusive, wait_event_interruptible,
    wait_event_interruptible_exclusive, wait_event_timeout, wait_on_bit, wait_on_bit_lock, wait_var_event, wake_up,
    wake_up_var,
};
use ringzero::{Check, PreemptModel, Report, Strategy, Verdict};

ringzero::global! {
    static QUEUE: WaitQueueHead = WaitQueueHead::new().named("queue");
    static SIMPLE: SwaitQueueHead = SwaitQueueHead::new().named("simple");
    static DONE: Completion = Completion::new().named("done");
    static READY: Atomic = Atomic::new(0);
    static BITS: [BitWord; 1] = [BitWord::new(0)];
}

fn run(name: &str, cpus: usize, executions: u64, init: fn()) -> Report {
    let check = Check::new().named(name).cpus(cpus).fine(true).preempt(PreemptModel::None).executions(executions);
    check.strategy(Strategy::Exhaustive).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init)
}

/// Holds in all executions of two CPUs.
#[track_caller]
fn holds(name: &str, init: fn()) {
    let report = run(name, 2, 60_000, init);
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

/// Nothing is found among the first of three CPUs.
#[track_caller]
fn is_not_found(name: &str, init: fn()) {
    let report = run(name, 3, 5_000, init);
    assert_ne!(report.verdict(), Verdict::Violated, "{report}");
}

fn ready() -> bool {
    READY.read() != 0
}

fn make_ready() {
    READY.set(1);
    wake_up(&QUEUE);
}

fn user_task(cpu: u32, f: impl FnOnce() + Send + 'static) -> &'static Task {
    spawn(TaskOptions { allowed: 1 << cpu, ..TaskOptions::new("user") }, f)
}

#[test]
fn a_wake_up_is_not_lost() {
    holds("wait and wake", || {
        kthread_run_on_cpu(make_ready, 1, "waker");
        wait_event(&QUEUE, ready);
    });
}

#[test]
fn a_waker_that_does_not_wake_is_noticed() {
    let report = run("no wake-up", 2, 60_000, || {
        kthread_run_on_cpu(|| READY.set(1), 1, "no waker");
        wait_event(&QUEUE, ready);
    });
    assert_eq!(report.finding(), Some("hang"), "{report}");
}

#[test]
fn an_interrupt_wakes() {
    holds("wake in an interrupt", || {
        set_arrivals(3, 1);
        request_irq(3, IrqFlags::NONE, "waker", |_| {
            make_ready();
            IrqReturn::Handled
        })
        .expect("line 3 is free");
        wait_event(&QUEUE, ready);
    });
}

#[test]
fn a_wake_up_and_the_end_of_the_time() {
    holds("wake or time out", || {
        kthread_run_on_cpu(make_ready, 1, "waker");
        let left = wait_event_timeout(&QUEUE, ready, 1);
        assert!(left == 0 || ready());
    });
}

#[test]
fn a_signal_is_not_lost() {
    holds("signal and schedule", || {
        let task = user_task(1, || {
            set_current_state(TASK_INTERRUPTIBLE);
            schedule();
        });
        send_sig(10, task);
    });
    holds("signal and event", || {
        let task = user_task(1, || assert!(wait_event_interruptible(&QUEUE, || false).is_err()));
        send_sig(10, task);
    });
    holds("signal and completion", || {
        let task = user_task(1, || assert!(DONE.wait_for_completion_killable().is_err()));
        send_sig(SIGKILL, task);
    });
}

#[test]
fn a_signal_uses_up_no_wake_up() {
    let init = || {
        let wait = || {
            if wait_event_interruptible_exclusive(&QUEUE, ready).is_ok() {
                wake_up(&QUEUE);
            }
        };
        let first = user_task(0, wait);
        user_task(1, wait);
        make_ready();
        send_sig(10, first);
    };
    is_not_found("exclusive and signal", init);
    assert_ne!(run("exclusive and signal, two CPUs", 2, 20_000, init).verdict(), Verdict::Violated);
}

#[test]
fn a_completion_is_done_for_one() {
    holds("complete", || {
        kthread_run_on_cpu(|| DONE.complete(), 1, "completer");
        DONE.wait_for_completion();
        assert!(!DONE.completion_done());
    });
    holds("complete or time out", || {
        kthread_run_on_cpu(|| DONE.complete(), 1, "completer");
        if DONE.wait_for_completion_timeout(1) == 0 {
            DONE.wait_for_completion();
        }
        assert!(!DONE.completion_done());
    });
    is_not_found("two wait", || {
        kthread_run_on_cpu(|| DONE.wait_for_completion(), 1, "first");
        kthread_run_on_cpu(|| DONE.wait_for_completion(), 2, "second");
        DONE.complete();
        DONE.complete();
    });
}

#[test]
fn bits() {
    holds("bit", || {
        set_bit(3, &BITS[..]);
        kthread_run_on_cpu(|| clear_and_wake_up_bit(3, &BITS[..]), 1, "clearer");
        wait_on_bit(3, &BITS[..], TASK_UNINTERRUPTIBLE).expect("no signal ends it");
    });
    holds("bit lock", || {
        let section = || {
            wait_on_bit_lock(0, &BITS[..], TASK_UNINTERRUPTIBLE).expect("no signal ends it");
            assert_eq!(READY.xchg(1), 0);
            READY.set(0);
            clear_and_wake_up_bit(0, &BITS[..]);
        };
        kthread_run_on_cpu(section, 1, "other");
        section();
    });
}

#[test]
fn variables() {
    holds("variable", || {
        kthread_run_on_cpu(
            || {
                READY.set(1);
                wake_up_var(&READY);
            },
            1,
            "setter",
        );
        wait_var_event(&READY, ready);
    });
}

#[test]
fn simple_queues() {
    holds("simple", || {
        kthread_run_on_cpu(
            || {
                READY.set(1);
                swake_up_one(&SIMPLE);
            },
            1,
            "waker",
        );
        swait_event_exclusive(&SIMPLE, ready);
    });
}

/// Of two that wait for one thing each, and what else meets on three CPUs.
#[test]
fn three_cpus() {
    is_not_found("event, two wait", || {
        kthread_run_on_cpu(|| wait_event(&QUEUE, ready), 1, "first");
        kthread_run_on_cpu(|| wait_event(&QUEUE, ready), 2, "second");
        make_ready();
    });
    is_not_found("simple, two wait", || {
        kthread_run_on_cpu(|| swait_event_exclusive(&SIMPLE, ready), 1, "first");
        kthread_run_on_cpu(|| swait_event_exclusive(&SIMPLE, ready), 2, "second");
        READY.set(1);
        swake_up_one(&SIMPLE);
        swake_up_one(&SIMPLE);
    });
    is_not_found("bit, two wait", || {
        set_bit(3, &BITS[..]);
        let wait = || wait_on_bit(3, &BITS[..], TASK_UNINTERRUPTIBLE).expect("no signal ends it");
        kthread_run_on_cpu(wait, 1, "first");
        kthread_run_on_cpu(wait, 2, "second");
        clear_and_wake_up_bit(3, &BITS[..]);
    });
    is_not_found("bit lock, three", || {
        let section = || {
            wait_on_bit_lock(0, &BITS[..], TASK_UNINTERRUPTIBLE).expect("no signal ends it");
            assert_eq!(READY.xchg(1), 0);
            READY.set(0);
            clear_and_wake_up_bit(0, &BITS[..]);
        };
        kthread_run_on_cpu(section, 1, "first");
        kthread_run_on_cpu(section, 2, "second");
        section();
    });
    is_not_found("variable, two wait", || {
        kthread_run_on_cpu(|| wait_var_event(&READY, ready), 1, "first");
        kthread_run_on_cpu(|| wait_var_event(&READY, ready), 2, "second");
        READY.set(1);
        wake_up_var(&READY);
    });
    is_not_found("complete all", || {
        kthread_run_on_cpu(|| DONE.wait_for_completion(), 1, "first");
        kthread_run_on_cpu(|| DONE.wait_for_completion(), 2, "second");
        DONE.complete_all();
    });
}

#[test]
fn an_interrupt_completes() {
    holds("an interrupt completes", || {
        set_arrivals(4, 1);
        let complete = |_| {
            DONE.complete();
            IrqReturn::Handled
        };
        request_irq(4, IrqFlags::NONE, "line", complete).unwrap();
        DONE.wait_for_completion();
        assert!(!DONE.completion_done());
    });
}

#[test]
fn exclusive_waiters_pass_it_on() {
    is_not_found("exclusive", || {
        let wait = || {
            wait_event_exclusive(&QUEUE, ready);
            wake_up(&QUEUE);
        };
        kthread_run_on_cpu(wait, 1, "first");
        kthread_run_on_cpu(wait, 2, "second");
        make_ready();
    });
}

#[test]
fn futures() {
    holds("event", || {
        kthread_run_on_cpu(make_ready, 1, "waker");
        block_on(event(&QUEUE, ready));
    });
    holds("completion", || {
        kthread_run_on_cpu(|| DONE.complete(), 1, "completer");
        block_on(DONE.wait_async());
        assert!(!DONE.completion_done());
    });
}
