//! The command line as others rely on it: exit codes, JSON, messages. Replaying is in `replay.rs`.

mod common;

use common::{check, command, folder, ringzero};
use serde_json::Value;
use std::fs;

/// The programs of the counting table: complete and deadlocked classes.
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

/// The programs of the benchmark that are exhausted quickly, and their executions.
const EXPLORE: &[(&str, u64)] = &[
    ("increment-2x2", 34),
    ("increment-2x3", 328),
    ("increment-2x4", 3334),
    ("increment-3x2", 7134),
    ("fetch-add-2x4", 70),
    ("fetch-add-2x6", 924),
    ("ticket-2x2", 6),
    ("ticket-2x3", 20),
    ("ticket-3x1", 6),
    ("ticket-3x2", 90),
    ("ticket-6x1", 720),
    ("ticket-7x1", 5040),
];

fn number(o: &Value, key: &str) -> u64 {
    o[key].as_u64().unwrap_or_else(|| panic!("{key} is no number in {o}"))
}

#[test]
fn the_counting_table_is_met() {
    let names: Vec<&str> = COUNTS.iter().map(|c| c.0).collect();
    let said = check(&[&names[..], &["--strategy", "exhaustive", "--all-classes", "--json"]].concat()).exits(1);
    let objects = said.objects();
    assert_eq!(objects.len(), COUNTS.len());
    for (o, (name, complete, stuck)) in objects.iter().zip(COUNTS) {
        assert_eq!(o["program"], *name);
        let got = (number(o, "executions"), number(o, "violations"), number(o, "redundant"));
        assert_eq!(got, (complete + stuck, *stuck, 0), "{name}");
        assert_eq!(o["verdict"], if *stuck > 0 { "violated" } else { "holds" }, "{name}");
        assert_eq!(o["trace"].is_string(), *stuck > 0, "{name}");
    }
}

#[test]
fn the_benchmark_programs_have_their_counts() {
    let names: Vec<&str> = EXPLORE.iter().map(|c| c.0).collect();
    let said = check(&[&names[..], &["--strategy", "exhaustive", "--json"]].concat()).exits(0);
    for (o, (name, executions)) in said.objects().iter().zip(EXPLORE) {
        assert_eq!((o["program"].as_str(), number(o, "executions")), (Some(*name), *executions));
        assert_eq!(o["verdict"], "holds", "{name}");
    }
}

/// One task a CPU, no arrivals, no bound: nothing is run twice.
#[test]
fn nothing_is_run_twice_where_that_is_promised() {
    let names: Vec<&str> = EXPLORE.iter().map(|c| c.0).filter(|n| !n.starts_with("ticket")).collect();
    let said = check(&[&names[..], &["--strategy", "exhaustive", "--json"]].concat()).exits(0);
    for o in said.objects() {
        assert_eq!(number(&o, "redundant"), 0, "{o}");
    }
}

#[test]
fn no_ticket_is_drawn_twice() {
    let names: Vec<&str> = EXPLORE.iter().map(|c| c.0).filter(|n| n.starts_with("ticket")).collect();
    let said = check(&[&names[..], &["--strategy", "exhaustive", "--json"]].concat()).exits(0);
    let redundant = |o: &Value| (o["program"].as_str().unwrap_or("").to_owned(), number(o, "redundant"));
    let some: Vec<_> = said.objects().iter().map(redundant).filter(|r| r.1 > 0).collect();
    assert!(some.is_empty(), "{some:?}");
}

#[test]
fn exit_codes() {
    check(&["hardirq-lock-fixed"]).exits(0);
    check(&["hardirq-lock-buggy"]).exits(1);
    check(&["hardirq-lock-fixed", "hardirq-lock-buggy", "lost-wakeup-fixed"]).exits(1);
    // Not found is not violated.
    let said = check(&["increment-2x6", "--strategy", "exhaustive", "--executions", "100"]).exits(0);
    assert!(said.out.contains("increment-2x6: not-found"), "{}", said.out);
    let said = check(&["no-such-program"]).exits(3);
    assert!(said.err.contains("no-such-program"), "{}", said.err);
    let said = check(&["hardirq-lock"]).exits(3);
    assert!(said.err.contains("hardirq-lock-buggy"), "no hint: {}", said.err);
    let said = check(&["driver.c"]).exits(3);
    assert!(said.err.contains("driver.c: no such file"), "{}", said.err);
    // Nothing is checked before all names are known.
    let said = check(&["hardirq-lock-buggy", "no-such-program", "--json"]).exits(3);
    assert_eq!(said.out, "");
}

#[test]
fn usage_errors() {
    let wrong: &[&[&str]] = &[
        &[],
        &["check"],
        &["chekc", "abba"],
        &["check", "abba", "--gallery"],
        &["check", "abba", "--strategy", "magic"],
        &["check", "abba", "--cpus", "0"],
        &["check", "abba", "--cpus", "17"],
        &["check", "abba", "--jobs", "0"],
        &["check", "abba", "--interrupts", "-1"],
        &["check", "abba", "--interrupts", "x"],
        &["check", "abba", "--preempt", "maybe"],
        &["check", "abba", "--time", "late"],
        &["check", "abba", "--granularity", "sand"],
        &["check", "abba", "--no-such-option"],
        &["replay"],
        &["explain"],
    ];
    for args in wrong {
        let said = ringzero(args).exits(2);
        assert!(said.out.is_empty() && !said.err.is_empty(), "{args:?}");
    }
    let help = ringzero(&["--help"]).exits(0);
    for word in ["check", "replay", "explain", "list", "70"] {
        assert!(help.out.contains(word), "{word}: {}", help.out);
    }
    ringzero(&["--version"]).exits(0);
}

#[test]
fn the_gallery_is_as_expected() {
    let said = check(&["--gallery", "--seconds", "600"]).exits(0);
    let last = said.out.lines().last().expect("a summary");
    assert!(last.starts_with("gallery: ") && last.contains(" as expected"), "{last}");
    assert!(!said.out.contains("EXPECTED"), "{}", said.out);
    let n: Vec<&str> = last.split(' ').collect();
    assert_eq!((n[1], n[2]), (n[3], "of"), "{last}");
}

/// Bounds that hide the bugs make the gallery's verdicts not the expected ones.
#[test]
fn a_gallery_that_is_not_as_expected_is_an_error() {
    let said = check(&["--gallery", "--executions", "1"]).exits(1);
    assert!(said.out.contains("EXPECTED violated irq-deadlock"), "{}", said.out);
}

#[test]
fn json_has_the_keys_that_others_rely_on() {
    let said = check(&["hardirq-lock-buggy", "hardirq-lock-fixed", "increment-2x4", "--json", "--executions", "50"]);
    let said = said.exits(1);
    let objects = said.objects();
    assert_eq!(objects.len(), 3);
    for o in &objects {
        for key in ["executions", "violations", "redundant", "steps"] {
            number(o, key);
        }
        assert!(o["seconds"].as_f64().is_some_and(|s| (0.0..60.0).contains(&s)), "{o}");
        assert!(o["steps"].as_u64() >= o["executions"].as_u64(), "{o}");
        let bounds = o["bounds"].as_object().expect("bounds are an object");
        for key in ["cpus", "interrupts", "nmis", "expiries", "failures", "preemptions", "steps", "executions"] {
            assert!(bounds.contains_key(key), "no bound {key} in {o}");
        }
        let keys = o.as_object().expect("an object");
        for key in ["program", "verdict", "finding", "expected", "trace"] {
            assert!(keys.contains_key(key), "no {key} in {o}");
        }
        assert_eq!(o["finding"].is_null(), o["verdict"] != "violated", "{o}");
        assert_eq!(o["trace"].is_null(), o["verdict"] != "violated", "{o}");
        assert_eq!(o["bounds"]["executions"], 50);
    }
    let verdicts: Vec<_> = objects.iter().map(|o| o["verdict"].as_str().expect("a word")).collect();
    assert_eq!(verdicts, ["violated", "holds", "not-found"]);
    assert_eq!(objects[0]["finding"], "irq-deadlock");
    assert_eq!(objects[0]["expected"], "violated irq-deadlock");
    assert_eq!(objects[1]["expected"], "holds");
    let trace = objects[0]["trace"].as_str().expect("a path");
    assert!(fs::read_to_string(trace).expect("the trace is there").starts_with("ringzero-trace "));
}

#[test]
fn bounds_that_hide_a_bug_are_stated() {
    for (program, option, key) in [
        ("hardirq-lock-buggy", "--interrupts", "interrupts"),
        ("nmi-lock-buggy", "--nmis", "nmis"),
        ("racing-timers-buggy", "--expiries", "expiries"),
    ] {
        let said = check(&[program, option, "0", "--json"]).exits(0);
        let o = &said.objects()[0];
        assert_eq!((o["verdict"].as_str(), o["bounds"][key].as_u64()), (Some("holds"), Some(0)), "{o}");
        let text = check(&[program, option, "0"]).exits(0).out;
        assert!(text.contains(&format!("{key} 0")) && text.contains("sequentially consistent, coarse"), "{text}");
    }
}

#[test]
fn every_code_is_explained() {
    let codes: Vec<String> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/explain"))
        .expect("the pages")
        .map(|f| f.expect("a page").path().file_stem().and_then(|s| s.to_str()).expect("a code").to_owned())
        .collect();
    assert_eq!(codes.len(), 27);
    for code in codes {
        let said = ringzero(&["explain", &code]).exits(0);
        assert!(said.out.starts_with(&format!("# {code}\n")) && said.out.contains(",fixed\n"), "{code}");
    }
    let said = ringzero(&["explain", "bad-luck"]).exits(3);
    assert!(said.err.contains("bad-luck") && said.err.contains("irq-deadlock"), "{}", said.err);
    assert_eq!(said.out, "");
}

#[test]
fn the_list_is_complete() {
    let said = ringzero(&["list", "--json"]).exits(0);
    let objects = said.objects();
    let names: Vec<&str> = objects.iter().map(|o| o["program"].as_str().expect("a name")).collect();
    for name in COUNTS.iter().map(|c| c.0).chain(EXPLORE.iter().map(|e| e.0)).chain(["hardirq-lock-buggy", "deep-2x10"])
    {
        assert!(names.contains(&name), "{name} is not in the list");
    }
    assert!(objects.iter().all(|o| o["expected"].is_string() && o["about"].is_string()));
    let text = ringzero(&["list"]).exits(0);
    assert_eq!(text.out.lines().count(), objects.len());
    for (line, name) in text.out.lines().zip(names) {
        assert!(line.starts_with(name), "{line}");
    }
}

#[test]
fn a_trace_that_cannot_be_written_is_an_error() {
    let dir = folder("file");
    fs::write(dir.join("file"), "").expect("it can be written");
    let under = dir.join("file/traces");
    let args = ["check", "hardirq-lock-buggy", "--trace-dir", under.to_str().expect("UTF-8")];
    let said = ringzero(&args).exits(3);
    assert!(said.err.contains("cannot write a trace") && said.err.contains("file/traces"), "{}", said.err);
}

/// The finding is more than the file: whoever cannot write the trace still wants to see the bug.
#[test]
fn a_report_is_printed_although_the_trace_cannot_be_written() {
    let dir = folder("report");
    fs::write(dir.join("file"), "").expect("it can be written");
    let under = dir.join("file/traces");
    let args = ["check", "hardirq-lock-buggy", "--trace-dir", under.to_str().expect("UTF-8")];
    let said = ringzero(&args).exits(3);
    assert!(said.out.contains("error[irq-deadlock]"), "{}{}", said.out, said.err);
}

/// As `ringzero list | head -1` does.
#[test]
fn a_reader_that_goes_away_is_no_bug() {
    let runs: &[&[&str]] =
        &[&["list"], &["list", "--json"], &["explain", "leak"], &["check", "abba", "--json"], &["check", "abba"]];
    for args in runs {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let dir = folder("pipe");
        let out = command(args).current_dir(dir).stdout(writer).output().expect("it runs");
        let err = String::from_utf8_lossy(&out.stderr);
        assert_ne!(out.status.code(), Some(70), "{args:?}: {err}");
        assert!(!err.contains("panicked") && !err.contains("bug in Ringzero"), "{args:?}: {err}");
    }
}

#[test]
fn reports_are_plain_when_not_on_a_terminal() {
    let said = check(&["hardirq-lock-buggy"]).exits(1);
    assert!(said.out.is_ascii(), "{}", said.out);
    assert!(said.out.starts_with("error[irq-deadlock]: "), "{}", said.out);
    for part in [
        "  --> gallery/src/bugs/hardirq_lock.rs:",
        "replay:   ringzero replay ",
        "explain:  ringzero explain irq-deadlock",
    ] {
        assert!(said.out.contains(part), "{part} in\n{}", said.out);
    }
    assert_eq!(said.err, "");
}
