//! A task that spins keeps its CPU: also from whoever would end the wait. Programs of this kind, on which the search once
//! said *holds*, or `nondeterministic-program`, where samples found a `hang`.

use ringzero::atomic::{Marked, cpu_relax};
use ringzero::kthread::{kthread_run, kthread_run_on_cpu};
use ringzero::{Check, Strategy, Verdict};

ringzero::global! {
    static FLAG: Marked<u32> = Marked::new(0);
    static OTHER: Marked<u32> = Marked::new(0);
}

fn wait_for(word: &Marked<u32>) {
    while word.read_once() == 0 {
        cpu_relax();
    }
}

/// The spinner preempts init before the helper exists.
fn before_the_helper_exists() {
    kthread_run_on_cpu(|| wait_for(&FLAG), 0, "spinner");
    OTHER.write_once(1);
    kthread_run_on_cpu(|| FLAG.write_once(1), 1, "helper");
}

/// Init would end the wait itself.
fn init_is_kept_away() {
    kthread_run_on_cpu(|| wait_for(&FLAG), 0, "spinner");
    OTHER.write_once(1);
    FLAG.write_once(1);
}

/// Two spinners, each on the CPU of the task that the other one waits for.
fn each_keeps_the_others_helper_away() {
    kthread_run_on_cpu(|| OTHER.write_once(1), 0, "a");
    kthread_run_on_cpu(|| FLAG.write_once(1), 1, "b");
    kthread_run_on_cpu(|| wait_for(&FLAG), 0, "waits for b");
    kthread_run_on_cpu(|| wait_for(&OTHER), 1, "waits for a");
}

/// Three tasks without a CPU of their own: two of them spin.
fn no_cpu_is_left() {
    kthread_run(|| wait_for(&FLAG), "one");
    kthread_run(|| wait_for(&FLAG), "two");
    kthread_run(|| FLAG.write_once(1), "helper");
}

/// A relay: who ends the wait waits for one that is kept away.
fn a_relay() {
    kthread_run_on_cpu(|| OTHER.write_once(1), 0, "first");
    kthread_run_on_cpu(
        || {
            wait_for(&OTHER);
            FLAG.write_once(1);
        },
        1,
        "second",
    );
    kthread_run_on_cpu(|| wait_for(&FLAG), 0, "spinner");
}

/// The helper has a CPU of its own, and is there before the spinner.
fn a_cpu_for_each() {
    kthread_run_on_cpu(|| FLAG.write_once(1), 1, "helper");
    kthread_run_on_cpu(|| wait_for(&FLAG), 0, "spinner");
    OTHER.write_once(1);
}

const STRATEGIES: [Strategy; 5] =
    [Strategy::Exhaustive, Strategy::Random, Strategy::Pct, Strategy::Pos, Strategy::Sample];

#[test]
fn a_spinner_that_keeps_the_helper_away_hangs() {
    let programs: [(&str, fn()); 5] = [
        ("before the helper exists", before_the_helper_exists),
        ("init is kept away", init_is_kept_away),
        ("each keeps the other's", each_keeps_the_others_helper_away),
        ("no CPU is left", no_cpu_is_left),
        ("relay", a_relay),
    ];
    let mut wrong = Vec::new();
    for (name, init) in programs {
        for strategy in STRATEGIES {
            let report = Check::new().named(name).strategy(strategy).executions(5000).run(init);
            let text = report.to_string();
            if report.verdict() != Verdict::Violated || !text.contains("[hang]") {
                wrong.push(format!("{name}, {strategy:?}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_spinner_beside_its_helper_ends() {
    let report = Check::new().named("beside").strategy(Strategy::Exhaustive).run(a_cpu_for_each);
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
    for strategy in STRATEGIES {
        let report = Check::new().named("beside").strategy(strategy).executions(3000).run(a_cpu_for_each);
        assert_ne!(report.verdict(), Verdict::Violated, "{strategy:?}: {report}");
    }
}
