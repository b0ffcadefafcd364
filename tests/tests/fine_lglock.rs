//! The local-global lock: local sections beside each other and never beside a global one, each atomic instruction a step.

use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::LgLock;
use ringzero::{Check, PreemptModel, Strategy, Verdict};

ringzero::global! {
    static FILES: LgLock<u32> = LgLock::new(0).named("files");
}

fn add_one() {
    *FILES.local_lock() += 1;
}

fn clear() {
    FILES.global_lock().iter_mut().for_each(|n| *n = 0);
}

fn run(name: &str, cpus: usize, init: fn()) -> ringzero::Report {
    let check = Check::new().named(name).cpus(cpus).fine(true).preempt(PreemptModel::None).executions(50_000);
    check.strategy(Strategy::Exhaustive).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init)
}

#[track_caller]
fn holds(name: &str, init: fn()) {
    let report = run(name, 2, init);
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

#[test]
fn local_beside_global() {
    holds("local beside global", || {
        kthread_run_on_cpu(clear, 1, "global");
        add_one();
    });
}

#[test]
fn two_global() {
    holds("two global", || {
        kthread_run_on_cpu(clear, 1, "global");
        clear();
    });
}

#[test]
fn anothers_lock() {
    holds("another's lock", || {
        kthread_run_on_cpu(add_one, 1, "local");
        *FILES.local_lock_cpu(1) += 1;
    });
}

#[test]
fn two_doubles() {
    holds("two doubles", || {
        kthread_run_on_cpu(
            || {
                let (mut from, mut to) = FILES.double_lock(1, 0);
                *from = from.wrapping_sub(1);
                *to = to.wrapping_add(1);
            },
            1,
            "double",
        );
        let (mut from, mut to) = FILES.double_lock(0, 1);
        *from = from.wrapping_sub(1);
        *to = to.wrapping_add(1);
    });
}

#[test]
fn a_global_lock_within_a_local_one_is_found() {
    let report = run("global within local", 2, || {
        let _mine = FILES.local_lock();
        clear();
    });
    assert_eq!(report.finding(), Some("self-deadlock"), "{report}");
}

#[test]
fn three_cpus() {
    let report = run("three", 3, || {
        kthread_run_on_cpu(clear, 1, "global");
        kthread_run_on_cpu(add_one, 2, "local");
        add_one();
    });
    assert_ne!(report.verdict(), Verdict::Violated, "{report}");
}
