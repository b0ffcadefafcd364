//! Wound/wait mutexes in any order: everybody gets all of his, alone, and nobody waits for ever. What they protect is
//! unmarked, so that a missing order is a data race.

use ringzero::atomic::PlainCell;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::on_exit;
use ringzero::sched::{TaskOptions, spawn};
use ringzero::signal::{SIGKILL, send_sig};
use ringzero::ww_mutex::{WwAcquireCtx, WwClass, WwError, WwMutex};
use ringzero::{Check, PreemptModel, Report, Strategy, Verdict};

static WW: WwClass = WwClass::new_ww("ww");
static WD: WwClass = WwClass::new_wd("wd");

ringzero::global! {
    static WW_FORKS: [WwMutex<PlainCell<u32>>; 3] = [const { WwMutex::new(PlainCell::new(0), &WW) }; 3];
    static WD_FORKS: [WwMutex<PlainCell<u32>>; 3] = [const { WwMutex::new(PlainCell::new(0), &WD) }; 3];
    static MEALS: PlainCell<u32> = PlainCell::new(0);
}

/// Takes two of them, backing off when told to, and changes both.
fn dine(forks: &'static [WwMutex<PlainCell<u32>>; 3], class: &'static WwClass, first: usize, second: usize) {
    let ctx = WwAcquireCtx::new(class);
    let mut held = forks[first].lock(&ctx).expect("the first is never refused");
    let (mut at, mut next) = (first, second);
    let other = loop {
        match forks[next].lock(&ctx) {
            Ok(guard) => break guard,
            Err(error) => assert_eq!(error, WwError::Deadlock),
        }
        drop(held);
        held = forks[next].lock_slow(&ctx);
        (at, next) = (next, at);
    };
    eat(&held);
    eat(&other);
}

fn eat(fork: &PlainCell<u32>) {
    fork.set(fork.get() + 1);
}

fn ww(first: usize, second: usize) {
    dine(&WW_FORKS, &WW, first, second);
}

fn wd(first: usize, second: usize) {
    dine(&WD_FORKS, &WD, first, second);
}

/// Locks one without a context.
fn alone(forks: &'static [WwMutex<PlainCell<u32>>; 3], n: usize) {
    eat(&forks[n].lock_alone());
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

#[test]
fn wound_wait_two_in_opposite_orders() {
    holds("ww-two", || {
        kthread_run_on_cpu(|| ww(1, 0), 1, "one");
        ww(0, 1);
        on_exit(|| assert_eq!((WW_FORKS[0].lock_alone().get(), WW_FORKS[1].lock_alone().get()), (2, 2)));
    });
}

#[test]
fn wait_die_two_in_opposite_orders() {
    holds("wd-two", || {
        kthread_run_on_cpu(|| wd(1, 0), 1, "one");
        wd(0, 1);
        on_exit(|| assert_eq!((WD_FORKS[0].lock_alone().get(), WD_FORKS[1].lock_alone().get()), (2, 2)));
    });
}

#[test]
fn one_without_a_context() {
    holds("ww-alone", || {
        kthread_run_on_cpu(|| alone(&WW_FORKS, 1), 1, "alone");
        ww(0, 1);
    });
}

#[test]
fn one_tries() {
    holds("ww-tries", || {
        kthread_run_on_cpu(
            || {
                let ctx = WwAcquireCtx::new(&WW);
                if let Some(fork) = WW_FORKS[1].try_lock(Some(&ctx)) {
                    eat(&fork);
                    // It holds one, so it may have to back off here.
                    if let Ok(other) = WW_FORKS[0].lock(&ctx) {
                        eat(&other);
                    }
                }
            },
            1,
            "one",
        );
        ww(0, 1);
    });
}

#[test]
fn one_is_killed_while_it_waits() {
    holds("ww-killed", || {
        let interruptible = || {
            let ctx = WwAcquireCtx::new(&WW);
            let Ok(held) = WW_FORKS[1].lock_interruptible(&ctx) else { return };
            eat(&held);
            match WW_FORKS[0].lock_interruptible(&ctx) {
                Ok(other) => eat(&other),
                Err(error) => assert!(matches!(error, WwError::Deadlock | WwError::Interrupted)),
            }
        };
        let victim = spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("victim") }, interruptible);
        send_sig(SIGKILL, victim);
        ww(0, 1);
    });
}

/// Three in a circle, as far as the bounds go.
#[track_caller]
fn bounded(name: &str, init: fn()) {
    for fine in [false, true] {
        let report: Report = check(name, fine).cpus(3).executions(20_000).run(init);
        assert!(!matches!(report.verdict(), Verdict::Violated), "{report}");
        println!("{name}: {} executions, {:?}", report.executions(), report.verdict());
    }
}

#[test]
fn wound_wait_three_in_a_circle() {
    bounded("ww-three", || {
        kthread_run_on_cpu(|| ww(1, 2), 1, "one");
        kthread_run_on_cpu(|| ww(2, 0), 2, "two");
        ww(0, 1);
    });
}

#[test]
fn wait_die_three_in_a_circle() {
    bounded("wd-three", || {
        kthread_run_on_cpu(|| wd(1, 2), 1, "one");
        kthread_run_on_cpu(|| wd(2, 0), 2, "two");
        wd(0, 1);
    });
}

/// A fork goes from one to another while a third waits for it, and holds what the other wants.
#[test]
fn wound_wait_three_at_two_forks() {
    bounded("ww-three-two", || {
        kthread_run_on_cpu(|| ww(1, 0), 1, "one");
        kthread_run_on_cpu(|| ww(1, 0), 2, "two");
        ww(0, 1);
    });
}

#[test]
fn wait_die_three_at_two_forks() {
    bounded("wd-three-two", || {
        kthread_run_on_cpu(|| wd(1, 0), 1, "one");
        kthread_run_on_cpu(|| wd(1, 0), 2, "two");
        wd(0, 1);
    });
}

/// What is left out is found.
#[test]
fn without_backing_off_it_is_a_deadlock() {
    let report = check("ww-none", false).run(|| {
        let both = |first: usize, second: usize| {
            let held = WW_FORKS[first].lock_alone();
            MEALS.set(WW_FORKS[second].lock_alone().get());
            drop(held);
        };
        kthread_run_on_cpu(move || both(1, 0), 1, "one");
        both(0, 1);
    });
    assert_eq!(report.finding(), Some("deadlock"), "{report}");
}
