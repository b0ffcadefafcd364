//! Negative controls: each finding is found where it is and not where it is not, and what a bound or a setting leaves
//! out is not found.

use ringzero::atomic::{Atomic, Marked};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::program::{Answer, Program, Settings, boot};
use ringzero::slab::{GFP_ATOMIC, kmalloc_obj};
use ringzero::{Check, PreemptModel, Report, Strategy, Verdict};
use ringzero_gallery::{Entry, Expect, Group, all, find};
use std::collections::BTreeSet;

fn gallery() -> impl Iterator<Item = &'static Entry> {
    all().iter().filter(|e| e.group == Group::Bug)
}

/// A run of it costs a second or more; `tests/replay.rs` and `tests/explain.rs` have it.
fn locks_up(e: &Entry) -> bool {
    e.expect.code() == Some("soft-lockup")
}

fn check_with(e: &Entry, change: impl FnOnce(&mut Settings)) -> Answer {
    let mut s = Settings::default();
    (e.tune)(&mut s);
    change(&mut s);
    let start = || boot(&e.init);
    ringzero::program::check(&Program::of(e.name, false, &start), &s, &mut |_| {})
}

fn code(a: &Answer) -> Option<&str> {
    a.finding.as_ref().map(|f| f.code.as_str())
}

fn quiet() -> Check {
    Check::new().trace_dir(env!("CARGO_TARGET_TMPDIR"))
}

#[test]
fn each_finding_is_where_it_is_and_nowhere_else() {
    let mut seen = BTreeSet::new();
    for e in gallery().filter(|e| !locks_up(e)) {
        let a = check_with(e, |_| {});
        assert_eq!(code(&a), e.expect.code(), "{}", e.name);
        let verdict = if e.expect == Expect::Holds { Verdict::Holds } else { Verdict::Violated };
        assert_eq!(a.verdict, verdict, "{}", e.name);
        assert_eq!(a.violations > 0, verdict == Verdict::Violated, "{}", e.name);
        seen.extend(e.expect.code());
    }
    assert_eq!(seen.len(), 15, "all but soft-lockup: {seen:?}");
}

#[test]
fn no_arrival_no_interrupt_bug() {
    let hidden = |name: &str, change: fn(&mut Settings)| {
        let e = find(name).expect("a program");
        assert_eq!(check_with(e, |_| {}).verdict, Verdict::Violated, "{name}");
        let a = check_with(e, change);
        assert_eq!((a.verdict, code(&a)), (Verdict::Holds, None), "{name}");
    };
    for name in ["hardirq-lock-buggy", "early-irq-enable-buggy", "disable-irq-in-handler-buggy"] {
        hidden(name, |s| s.machine.interrupts = 0);
    }
    hidden("nmi-lock-buggy", |s| s.machine.nmis = 0);
    hidden("racing-timers-buggy", |s| s.machine.expiries = 0);
    hidden("rearming-timer-buggy", |s| s.machine.expiries = 0);
}

/// The other bounds leave the bug there: it is this bound that bites.
#[test]
fn another_bound_does_not_hide_it() {
    let found = |name: &str, change: fn(&mut Settings)| {
        assert_eq!(check_with(find(name).expect("a program"), change).verdict, Verdict::Violated, "{name}");
    };
    found("hardirq-lock-buggy", |s| (s.machine.nmis, s.machine.expiries) = (0, 0));
    found("nmi-lock-buggy", |s| (s.machine.interrupts, s.machine.expiries) = (0, 0));
    found("racing-timers-buggy", |s| (s.machine.interrupts, s.machine.nmis) = (0, 0));
    found("lock-order-buggy", |s| s.machine.preempt = PreemptModel::None);
}

#[test]
fn an_allocation_fails_only_within_its_bound() {
    let init = || {
        let p = kmalloc_obj(Atomic::new(0), GFP_ATOMIC);
        p.expect("an atomic allocation may fail").kfree();
    };
    assert_eq!(quiet().run(init).verdict(), Verdict::Holds);
    let one = quiet().failures(1).run(init);
    assert_eq!(one.finding(), Some("panic"), "{one}");
}

#[test]
fn two_allocations_fail_only_with_a_bound_of_two() {
    let init = || {
        let (a, b) = (kmalloc_obj(Atomic::new(0), GFP_ATOMIC), kmalloc_obj(Atomic::new(0), GFP_ATOMIC));
        assert!(a.is_some() || b.is_some(), "both fail");
        for p in [a, b].into_iter().flatten() {
            p.kfree();
        }
    };
    let (one, two) = (quiet().failures(1).run(init), quiet().failures(2).run(init));
    assert_eq!((one.verdict(), one.executions()), (Verdict::Holds, 3), "{one}");
    assert_eq!(two.finding(), Some("panic"), "{two}");
}

ringzero::global! {
    static COUNT: Atomic = Atomic::new(0);
    static X: Marked<u32> = Marked::new(0);
    static Y: Marked<u32> = Marked::new(0);
    static Z: Marked<u32> = Marked::new(0);
}

/// Two tasks of CPU 0 lose an update, if one is switched out between its read and its write.
fn lost_update() {
    for _ in 0..2 {
        kthread_run_on_cpu(|| COUNT.set(COUNT.read() + 1), 0, "adder");
    }
    ringzero::on_exit(|| assert_eq!(COUNT.read(), 2, "an update is lost"));
}

#[test]
fn without_preemption_there_is_no_preemption_bug() {
    let full = quiet().run(lost_update);
    assert_eq!(full.finding(), Some("panic"), "{full}");
    for model in [PreemptModel::None, PreemptModel::Voluntary] {
        let report = quiet().preempt(model).run(lost_update);
        assert_eq!(report.verdict(), Verdict::Holds, "{model:?}: {report}");
    }
}

#[test]
fn a_bound_on_preemptions_is_a_plain_search_with_fewer_classes() {
    let three = || {
        for name in ["T", "S"] {
            kthread_run_on_cpu(
                || {
                    X.write_once(1);
                    Y.write_once(1);
                    Z.write_once(1);
                },
                0,
                name,
            );
        }
    };
    let classes = |r: Report| {
        assert_eq!(r.verdict(), Verdict::Holds, "{r}");
        r.executions()
    };
    let counts = [
        classes(quiet().preemptions(0).run(three)),
        classes(quiet().preemptions(1).run(three)),
        classes(quiet().preemptions(9).run(three)),
        classes(quiet().run(three)),
    ];
    assert_eq!(counts, [2, 6, 8, 8]);
    let none = quiet().preemptions(0).run(lost_update);
    assert_eq!(none.verdict(), Verdict::Holds, "{none}");
    let one = quiet().preemptions(1).run(lost_update);
    assert_eq!(one.finding(), Some("panic"), "{one}");
}

#[test]
fn what_the_step_bound_cuts_does_not_hold() {
    let init = || {
        for _ in 0..20 {
            COUNT.inc();
        }
    };
    assert_eq!(quiet().run(init).verdict(), Verdict::Holds);
    let cut = quiet().steps(10).run(init);
    assert_ne!(cut.verdict(), Verdict::Holds, "{cut}");
    assert!(cut.finding().is_none_or(|c| c == "livelock"), "{cut}");
}

#[test]
fn what_the_budget_cuts_does_not_hold() {
    let e = find("increment-2x4").expect("a program");
    let few = check_with(e, |s| (s.executions, s.strategy) = (100, Strategy::Exhaustive));
    assert_eq!((few.verdict, few.executions), (Verdict::NotFound, 100));
    let none = check_with(e, |s| s.executions = 0);
    assert_eq!((none.verdict, none.executions), (Verdict::NotFound, 0));
    let late = check_with(e, |s| s.time = std::time::Duration::ZERO);
    assert_eq!(late.verdict, Verdict::NotFound);
    for strategy in SAMPLERS {
        let a = check_with(e, |s| (s.executions, s.strategy) = (5000, strategy));
        assert_eq!((a.verdict, a.executions), (Verdict::NotFound, 5000), "{}", strategy.as_str());
    }
}

const SAMPLERS: [Strategy; 4] = [Strategy::Random, Strategy::Pct, Strategy::Pos, Strategy::Sample];

/// The deepest of the simple ones: three contexts have to come in one order.
const DEEP: &str = "del-timer-sync-lock-buggy";

/// Seeds with which `strategy` misses a bug. Which of a program's bugs it meets first is left to it.
fn missed(e: &Entry, strategy: Strategy) -> Vec<String> {
    let run = |seed| check_with(e, |s| (s.strategy, s.seed, s.executions) = (strategy, seed, 2000));
    let missed = (0..5).filter(|seed| run(*seed).verdict != Verdict::Violated);
    missed.map(|seed| format!("{} by {} with seed {seed}", e.name, strategy.as_str())).collect()
}

#[test]
fn the_samplers_find_simple_bugs() {
    let simple = |e: &&Entry| {
        let slow = matches!(e.expect.code(), None | Some("soft-lockup" | "livelock" | "nondeterministic-program"));
        !slow
    };
    let mut all = Vec::new();
    for e in gallery().filter(simple) {
        for strategy in SAMPLERS.into_iter().filter(|s| e.name != DEEP || *s != Strategy::Pct) {
            all.extend(missed(e, strategy));
        }
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn pct_finds_a_bug_of_three_contexts() {
    let missed = missed(find(DEEP).expect("a program"), Strategy::Pct);
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_seed_is_a_search() {
    let e = find("deep-2x5").expect("a program");
    let run = |seed| check_with(e, |s| (s.strategy, s.seed, s.executions) = (Strategy::Sample, seed, 100_000));
    let counts: BTreeSet<u64> = (0..4).map(|seed| run(seed).executions).collect();
    assert!(counts.len() > 1, "all seeds search alike: {counts:?}");
    assert_eq!(run(3).executions, run(3).executions);
}

#[test]
fn two_jobs_find_what_one_finds() {
    let programs = [
        "hardirq-lock-buggy",
        "lock-order-buggy",
        "racing-timers-buggy",
        "lost-wakeup-buggy",
        "connection-lock-buggy",
        "double-free-buggy",
        "flag-as-lock-buggy",
        "three-on-a-lock",
        "rearming-timer-fixed",
        "unlock-by-other-fixed",
        "increment-2x4",
        "ticket-3x2",
    ];
    for name in programs {
        let e = find(name).expect("a program");
        let one = check_with(e, |s| s.jobs = 1);
        let two = check_with(e, |s| s.jobs = 2);
        assert_eq!(one.verdict, two.verdict, "{name}");
        let text = |a: &Answer| a.finding.as_ref().map(ringzero::program::TraceFile::to_text);
        assert_eq!(text(&one), text(&two), "{name}");
        assert_eq!(one.executions, two.executions, "{name}");
        let all = [1, 2].map(|jobs| check_with(e, |s| (s.jobs, s.all_classes) = (jobs, true)));
        assert_eq!(all[0].executions, all[1].executions, "{name}, all classes");
        assert_eq!(all[0].violations, all[1].violations, "{name}, all classes");
    }
}
