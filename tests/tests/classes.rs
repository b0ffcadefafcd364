//! The exhaustive search runs every class that a plain search (no reduction, which a bound on preemptions asks for)
//! runs: on the programs that hold, with the whole kernel below. `counts.rs` compares the two on mini programs.

use ringzero::atomic::{Atomic, Marked};
use ringzero::irq::{
    IrqFlags, IrqReturn, disable_irq, disable_irq_nosync, enable_irq, irq_set_affinity, request_irq, synchronize_irq,
};
use ringzero::program::{Answer, Program, Settings, boot, check};
use ringzero::{Strategy, Verdict};
use ringzero_gallery::{Expect, Group, all, find};

/// Runs of the plain search at most.
const LIMIT: u64 = 200_000;

fn run(name: &str, init: fn(), settings: &Settings) -> Answer {
    let start = || boot(&init);
    check(&Program::of(name, false, &start), settings, &mut |_| {})
}

/// How many classes the reduced and the plain search find, if the plain one comes to its end.
fn both(name: &str, init: fn(), mut s: Settings) -> Option<(u64, u64)> {
    (s.strategy, s.all_classes, s.executions) = (Strategy::Exhaustive, true, LIMIT);
    let reduced = run(name, init, &s);
    s.machine.preemptions = Some(1000);
    let plain = run(name, init, &s);
    let ended = plain.executions + plain.redundant < LIMIT;
    ended.then_some((reduced.executions, plain.executions))
}

#[test]
fn no_class_of_the_gallery_is_missed() {
    let programs = all().iter().filter(|e| e.group != Group::Explore);
    let mut compared = 0;
    let mut wrong = Vec::new();
    for e in programs.filter(|e| e.expect == Expect::Holds || e.group == Group::Count) {
        let mut s = Settings::default();
        (e.tune)(&mut s);
        let Some((reduced, plain)) = both(e.name, e.init, s) else { continue };
        compared += 1;
        if reduced != plain {
            wrong.push(format!("{}: {reduced} of {plain}", e.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared > 30, "only {compared} were small enough");
}

#[test]
fn a_timers_classes_are_complete() {
    let e = find("rearming-timer-fixed").expect("a program");
    let (reduced, plain) = both(e.name, e.init, Settings::default()).expect("small");
    assert_eq!(reduced, plain);
}

/// A deadlock ends an execution, not the search.
#[test]
fn what_comes_after_a_deadlock_is_explored() {
    let e = find("cross-call-buggy").expect("a program");
    let (reduced, plain) = both(e.name, e.init, Settings::default()).expect("small");
    assert_eq!(reduced, plain);
}

const LINE: u32 = 9;

ringzero::global! {
    static WORD: Marked<u32> = Marked::new(0);
    static OTHER: Atomic = Atomic::new(0);
}

fn request(cpus: u64) {
    irq_set_affinity(LINE, cpus).expect("there are such CPUs");
    let handler = |_| {
        WORD.write_once(1);
        OTHER.inc();
        WORD.write_once(2);
        IrqReturn::Handled
    };
    request_irq(LINE, IrqFlags::NONE, "device", handler).expect("the line is free");
}

/// The handler comes before the line is disabled, or after it is enabled again.
fn early_or_late() {
    request(1);
    disable_irq(LINE);
    assert_eq!(WORD.read_once(), 0, "the handler came first");
    enable_irq(LINE);
}

#[test]
fn an_arrival_before_a_disabled_section_is_found() {
    let s = Settings { strategy: Strategy::Exhaustive, ..Settings::default() };
    let random = Settings { strategy: Strategy::Random, executions: 1000, ..Settings::default() };
    assert_eq!(run("early", early_or_late, &random).verdict, Verdict::Violated, "it is there to be found");
    assert_eq!(run("early", early_or_late, &s).verdict, Verdict::Violated);
}

#[test]
fn no_class_of_a_disabled_section_is_missed() {
    let programs: [fn(); 4] = [
        || {
            request(1);
            disable_irq_nosync(LINE);
            WORD.read_once();
            enable_irq(LINE);
        },
        || {
            request(2);
            disable_irq_nosync(LINE);
            WORD.read_once();
            synchronize_irq(LINE);
            enable_irq(LINE);
        },
        || {
            request(2);
            disable_irq(LINE);
            WORD.read_once();
            enable_irq(LINE);
        },
        || {
            request(3);
            disable_irq(LINE);
            disable_irq(LINE);
            WORD.write_once(7);
            enable_irq(LINE);
            WORD.read_once();
            enable_irq(LINE);
        },
    ];
    let counts: Vec<_> = programs.iter().map(|p| both("disabled", *p, Settings::default()).expect("small")).collect();
    assert!(counts.iter().all(|(reduced, plain)| reduced == plain), "{counts:?}");
}
