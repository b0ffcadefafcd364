//! The C programs of the gallery that are counted and measured: as many classes as the table says, and as many as their
//! Rust forms have.

mod c;

use c::{check_with, open, told, verdict};
use ringzero::Strategy;
use ringzero::program::{Answer, Program, Settings, boot, check};
use ringzero_gallery::{CProgram, Entry, Group, all, all_c, find};

/// Complete and deadlocked classes.
const COUNTS: &[(&str, u64, u64)] = &[
    ("irq-independent", 2, 0),
    ("irq-conflict", 5, 0),
    ("irq-masked", 4, 0),
    ("irq-masked-independent", 2, 0),
    ("irq-atomic-over-task", 4, 0),
    ("same-on-two-cpus", 4, 0),
    ("two-irqs-one-cpu", 11, 0),
    ("other-cpu-path", 6, 0),
    ("irq-lock-safe", 3, 0),
    ("irq-lock-shared", 3, 2),
    ("three-on-a-lock", 11, 4),
    ("abba", 2, 1),
    ("preempt-two-tasks", 4, 0),
    ("no-preempt-two-tasks", 2, 0),
];

fn everything(s: &mut Settings) {
    s.strategy = Strategy::Exhaustive;
    s.all_classes = true;
}

fn in_c(p: &CProgram) -> Option<Answer> {
    let m = open(p.name, p.text)?;
    Some(check_with(&m, &m.parts()[0], everything))
}

fn in_rust(e: &Entry) -> Answer {
    let mut s = Settings::default();
    (e.tune)(&mut s);
    everything(&mut s);
    let start = || boot(&e.init);
    check(&Program::of(e.name, false, &start), &s, &mut |_| {})
}

/// The name of a C program's Rust form.
fn plain(p: &CProgram) -> &'static str {
    p.name.rsplit('/').next().unwrap_or(p.name)
}

/// Redundant runs are more in C: a C thread's end has steps of its own (its reference is dropped).
fn counts(a: &Answer) -> (u64, u64) {
    assert!(a.redundant <= a.executions, "{} redundant runs for {} executions", a.redundant, a.executions);
    (a.executions, a.violations)
}

#[test]
fn the_counting_table_is_met_in_c() {
    let programs: Vec<_> = all_c().iter().filter(|p| p.group() == Group::Count).collect();
    assert_eq!(programs.len(), COUNTS.len());
    let mut wrong = Vec::new();
    for p in programs {
        let (_, complete, stuck) = COUNTS.iter().find(|c| c.0 == plain(p)).unwrap_or_else(|| panic!("{}", p.name));
        let Some(a) = in_c(p) else { return };
        if counts(&a) != (complete + stuck, *stuck) {
            wrong.push(format!("{}: {:?}, not {:?}", p.name, counts(&a), (complete + stuck, stuck)));
        }
        let found = if *stuck > 0 { p.expects().to_owned() } else { "holds".to_owned() };
        assert!(found.ends_with(verdict(&a)), "{}: {}", p.name, told(&a));
    }
    assert!(wrong.is_empty(), "executions, violations:\n{}", wrong.join("\n"));
}

/// Which of them are searched for more than a second.
const LONG: &[&str] = &["increment-2x5", "increment-2x6", "deep-2x5", "deep-2x10", "ticket-7x1"];

#[test]
fn measured_programs_have_as_many_executions_in_c_as_in_rust() {
    let measured = |n: &str| all().iter().any(|e| e.name == n && e.group == Group::Explore);
    let programs: Vec<_> = all_c().iter().filter(|p| p.group() == Group::Explore).collect();
    assert_eq!(programs.len(), all().iter().filter(|e| e.group == Group::Explore).count());
    assert!(programs.iter().all(|p| measured(plain(p))));
    let mut wrong = Vec::new();
    for p in programs.into_iter().filter(|p| !LONG.contains(&plain(p))) {
        let rust = in_rust(find(plain(p)).expect("its Rust form"));
        let Some(a) = in_c(p) else { return };
        if counts(&a) != counts(&rust) || a.verdict != rust.verdict {
            wrong.push(format!("{}: {} {:?}, in Rust {:?}", p.name, verdict(&a), counts(&a), counts(&rust)));
        }
    }
    assert!(wrong.is_empty(), "executions, violations:\n{}", wrong.join("\n"));
}
