//! Mutexes with priority inheritance: one is inside at a time, nobody waits for ever, whoever ends a wait, and
//! priorities are what they should be at every step. What they protect is unmarked, so that a missing order is a data
//! race.

use ringzero::atomic::{Atomic, PlainCell, cpu_relax};
use ringzero::kthread::{kthread_create_on_cpu, kthread_run_on_cpu};
use ringzero::mutex::Mutex;
use ringzero::on_exit;
use ringzero::rtmutex::{RtError, RtMutex};
use ringzero::sched::{
    SCHED_FIFO, SCHED_NORMAL, Task, TaskOptions, current, sched_setscheduler, set_user_nice, spawn, wake_up_process,
};
use ringzero::signal::{SIGKILL, send_sig};
use ringzero::{Check, PreemptModel, Report, Strategy, Verdict};
use std::collections::BTreeSet;

type Lock = RtMutex<PlainCell<u32>>;

/// What some execution has seen. No step: nothing depends on it.
static SEEN: std::sync::Mutex<BTreeSet<&'static str>> = std::sync::Mutex::new(BTreeSet::new());

fn see(what: &'static str) {
    SEEN.lock().expect("nobody panics with it").insert(what);
}

#[track_caller]
fn assert_seen(all: &[&'static str]) {
    let seen = SEEN.lock().expect("nobody panics with it");
    assert!(all.iter().all(|what| seen.contains(what)), "{all:?}: {seen:?}");
}

ringzero::global! {
    static A: Lock = RtMutex::new(PlainCell::new(0)).named("a");
    static B: Lock = RtMutex::new(PlainCell::new(0)).named("b");
    static C: Lock = RtMutex::new(PlainCell::new(0)).named("c");
    /// Who of several came first; protected by `A`.
    static FIRST: PlainCell<u32> = PlainCell::new(0);
    static OUTER: Mutex<u32> = Mutex::new(0);
    static INNER: Mutex<u32> = Mutex::new(0);
    static DONE: Atomic = Atomic::new(0);
}

fn count(held: &PlainCell<u32>) {
    held.set(held.get() + 1);
}

fn check(name: &str, fine: bool) -> Check {
    Check::new().named(name).fine(fine).preempt(PreemptModel::None).seconds(300.0)
}

/// Searches to the end, in both granularities.
#[track_caller]
fn holds(name: &str, init: fn()) {
    for fine in [false, true] {
        let check = check(name, fine).strategy(Strategy::Exhaustive).trace_dir(env!("CARGO_TARGET_TMPDIR"));
        let report = check.run(init);
        assert_eq!(report.verdict(), Verdict::Holds, "{report}");
        println!("{name}: {} executions", report.executions());
    }
}

/// Three CPUs, as far as the bounds go.
#[track_caller]
fn bounded(name: &str, init: fn()) {
    for fine in [false, true] {
        let report: Report = check(name, fine).cpus(3).executions(10_000).run(init);
        assert_ne!(report.verdict(), Verdict::Violated, "{report}");
        println!("{name}: {} executions, {:?}", report.executions(), report.verdict());
    }
}

/// A kthread of this CPU with a real-time priority.
fn urgent(cpu: u32, rt_priority: u32, f: fn()) -> &'static Task {
    let task = kthread_create_on_cpu(f, cpu, "urgent");
    assert_eq!(sched_setscheduler(task, SCHED_FIFO, rt_priority), 0);
    wake_up_process(task);
    task
}

fn user_task(f: fn()) -> &'static Task {
    spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("user") }, f)
}

fn lock_a() {
    count(&A.lock());
}

fn lock_a_as(rt_priority: u32) {
    let held = A.lock();
    count(&held);
    if FIRST.get() == 0 {
        FIRST.set(rt_priority);
    }
}

fn lock_b() {
    count(&B.lock());
}

/// Takes two, one within the other.
fn nested(first: &Lock, second: &Lock) {
    let held = first.lock();
    count(&second.lock());
    count(&held);
}

/// Nobody inherits anything any more, and nothing is held.
fn at_rest() {
    assert_eq!((current().prio(), current().normal_prio()), (120, 120));
    assert!(![&*A, &*B, &*C].iter().any(|lock| lock.is_locked()));
}

#[test]
fn one_is_inside_at_a_time() {
    holds("rt-two", || {
        kthread_run_on_cpu(lock_a, 1, "other");
        lock_a();
        lock_a();
        on_exit(|| {
            assert_eq!(A.lock().get(), 3);
            at_rest();
        });
    });
}

#[test]
fn one_tries() {
    holds("rt-tries", || {
        let tries = || match A.try_lock() {
            Some(held) => {
                count(&held);
                see("tried, free");
            }
            None => see("tried, held"),
        };
        kthread_run_on_cpu(tries, 1, "other");
        lock_a();
        lock_a();
    });
    assert_seen(&["tried, free", "tried, held"]);
}

#[test]
fn a_signal_ends_a_wait() {
    holds("rt-signal", || {
        let victim = user_task(|| match A.lock_interruptible(false) {
            Ok(held) => {
                count(&held);
                see("locked before the signal");
            }
            Err(error) => {
                assert_eq!(error, RtError::Interrupted);
                see("interrupted");
            }
        });
        send_sig(SIGKILL, victim);
        lock_a();
        on_exit(at_rest);
    });
    assert_seen(&["locked before the signal", "interrupted"]);
}

#[test]
fn a_fatal_signal_ends_a_wait_that_lends_its_priority() {
    holds("rt-killed", || {
        let victim = user_task(|| match A.lock_killable(false) {
            Ok(held) => count(&held),
            Err(error) => assert_eq!(error, RtError::Interrupted),
        });
        sched_setscheduler(victim, SCHED_FIFO, 50);
        let held = A.lock();
        count(&held);
        send_sig(SIGKILL, victim);
        drop(held);
        assert_eq!(current().prio(), 120);
        on_exit(at_rest);
    });
}

#[test]
fn a_time_ends_a_wait() {
    holds("rt-time", || {
        let timed = || match A.timed_lock(1, false) {
            Ok(held) => {
                count(&held);
                see("in time");
            }
            Err(error) => {
                assert_eq!(error, RtError::TimedOut);
                see("timed out");
            }
        };
        kthread_run_on_cpu(timed, 1, "timed");
        lock_a();
        on_exit(at_rest);
    });
    assert_seen(&["in time", "timed out"]);
}

#[test]
fn a_holder_has_the_priority_of_who_waits() {
    holds("rt-boost", || {
        urgent(1, 50, lock_a);
        {
            let held = A.lock();
            let first = current().prio();
            count(&held);
            let second = current().prio();
            match (first, second) {
                (120, 120) => see("not boosted"),
                (120, 49) => see("boosted meanwhile"),
                (49, 49) => see("boosted"),
                _ => panic!("{first} {second}"),
            }
        }
        assert_eq!(current().prio(), 120);
    });
    assert_seen(&["not boosted", "boosted meanwhile", "boosted"]);
}

#[test]
fn a_change_of_a_waiter_is_passed_on() {
    holds("rt-change", || {
        let waiter = urgent(1, 50, lock_a);
        let held = A.lock();
        count(&held);
        sched_setscheduler(waiter, SCHED_NORMAL, 0);
        assert_eq!(current().prio(), 120, "no priority is left to inherit");
        drop(held);
        assert_eq!(current().prio(), 120);
    });
}

#[test]
fn a_chain_of_two() {
    holds("rt-chain", || {
        kthread_run_on_cpu(|| nested(&A, &B), 1, "nested");
        lock_b();
        lock_a();
        on_exit(at_rest);
    });
}

#[test]
fn a_circle_is_told() {
    holds("rt-circle", || {
        let both = |first: &Lock, second: &Lock| {
            let held = first.lock();
            match second.lock_interruptible(true) {
                Ok(other) => count(&other),
                Err(error) => {
                    assert_eq!(error, RtError::Deadlock);
                    see("a circle of two");
                }
            }
            count(&held);
        };
        kthread_run_on_cpu(move || both(&B, &A), 1, "other");
        both(&A, &B);
        on_exit(|| {
            let sum = A.lock().get() + B.lock().get();
            assert!(sum == 3 || sum == 4, "one of them has to back off at most: {sum}");
            at_rest();
        });
    });
    assert_seen(&["a circle of two"]);
}

#[test]
fn who_does_not_ask_is_found() {
    let report = check("rt-deadlock", false).run(|| {
        kthread_run_on_cpu(|| nested(&B, &A), 1, "other");
        nested(&A, &B);
    });
    assert_eq!(report.finding(), Some("deadlock"), "{report}");
}

#[test]
fn three_at_one() {
    bounded("rt-three", || {
        kthread_run_on_cpu(lock_a, 1, "one");
        kthread_run_on_cpu(lock_a, 2, "two");
        lock_a();
        lock_a();
        on_exit(|| {
            assert_eq!(A.lock().get(), 4);
            at_rest();
        });
    });
}

#[test]
fn three_priorities_at_one() {
    bounded("rt-priorities", || {
        urgent(1, 10, || lock_a_as(10));
        urgent(2, 20, || lock_a_as(20));
        let held = A.lock();
        let came_first = FIRST.get();
        // The less urgent one waited first, and the other one came, too.
        let both = (current().prio(), current().prio()) == (89, 79);
        drop(held);
        assert_eq!(current().prio(), 120);
        if both {
            assert_eq!(came_first, 0);
            let held = A.lock();
            assert_eq!(FIRST.get(), 20, "the best is served first");
            drop(held);
            see("the best first");
        }
        on_exit(at_rest);
    });
    assert_seen(&["the best first"]);
}

#[test]
fn a_waiter_leaves_others() {
    bounded("rt-leaves", || {
        let victim = user_task(|| match A.lock_interruptible(false) {
            Ok(held) => count(&held),
            Err(error) => assert_eq!(error, RtError::Interrupted),
        });
        kthread_run_on_cpu(lock_a, 2, "two");
        lock_a();
        send_sig(SIGKILL, victim);
        lock_a();
        on_exit(at_rest);
    });
}

#[test]
fn a_chain_of_three() {
    bounded("rt-chain-three", || {
        let middle = kthread_run_on_cpu(|| nested(&A, &B), 1, "middle");
        // The best that an ordinary task can have: the search is shorter than with real time.
        let top = kthread_create_on_cpu(lock_a, 2, "top");
        set_user_nice(top, -20);
        wake_up_process(top);
        {
            let held = B.lock();
            count(&held);
            let (mine, its) = (current().prio(), middle.prio());
            // What it inherits, it has inherited from the middle one, which had it first and keeps it.
            assert!(mine == 120 || (mine, its) == (100, 100), "{mine} {its}");
            if mine != 120 {
                see("a chain of three");
            }
        }
        assert_eq!(current().prio(), 120);
        on_exit(at_rest);
    });
    assert_seen(&["a chain of three"]);
}

#[test]
fn three_in_a_circle() {
    bounded("rt-circle-three", || {
        let both = |first: &Lock, second: &Lock| {
            let held = first.lock();
            match second.lock_interruptible(true) {
                Ok(other) => count(&other),
                Err(error) => {
                    assert_eq!(error, RtError::Deadlock);
                    see("a circle of three");
                }
            }
            count(&held);
        };
        kthread_run_on_cpu(move || both(&B, &C), 1, "one");
        kthread_run_on_cpu(move || both(&C, &A), 2, "two");
        both(&A, &B);
        on_exit(at_rest);
    });
    assert_seen(&["a circle of three"]);
}

/// Four tasks on one CPU: one holds the inner lock, which the next one wants, which holds the outer lock, which the best one
/// wants. A task in between needs no lock, and leaves the CPU to nobody worse until the best one is done.
fn inversion(inner: fn(), both: fn(), outer: fn()) {
    let low = kthread_create_on_cpu(inner, 0, "low");
    let nested = kthread_create_on_cpu(both, 0, "nested");
    let top = kthread_create_on_cpu(outer, 0, "top");
    let polls = || {
        while DONE.read() == 0 {
            cpu_relax();
        }
    };
    let middle = kthread_create_on_cpu(polls, 0, "middle");
    for (task, rt_priority) in [(top, 50), (middle, 30)] {
        assert_eq!(sched_setscheduler(task, SCHED_FIFO, rt_priority), 0);
    }
    for task in [low, nested, top, middle] {
        wake_up_process(task);
    }
}

fn on_one_cpu(init: fn()) -> Report {
    check("rt-inversion", false).cpus(1).preempt(PreemptModel::Full).strategy(Strategy::Exhaustive).run(init)
}

#[test]
fn a_chain_of_priorities_has_an_end() {
    let report = on_one_cpu(|| {
        let top = || {
            lock_a();
            DONE.set(1);
        };
        inversion(lock_b, || nested(&A, &B), top);
    });
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
    println!("rt-inversion: {} executions", report.executions());
}

#[test]
fn without_inheritance_it_has_none() {
    let report = on_one_cpu(|| {
        let both = || {
            let _outer = OUTER.lock();
            *INNER.lock() += 1;
        };
        let top = || {
            *OUTER.lock() += 1;
            DONE.set(1);
        };
        inversion(|| *INNER.lock() += 1, both, top);
    });
    assert_eq!(report.finding(), Some("priority-inversion"), "{report}");
}
