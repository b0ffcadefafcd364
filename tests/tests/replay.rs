//! Traces: the same search gives the same trace, a trace replays byte for byte in this and other processes, and a
//! minimised one is as short as its rules say.
//!
//! A program that locks up or never ends costs a second and more each time it is run. `busy-poll-buggy` is replayed
//! once in a process only, `seqcount-retry-buggy` ten times; all others a hundred times.

use ringzero::Strategy;
use ringzero::program::{Config, Program, Settings, TraceFile, boot, check, replay};
use ringzero_gallery::{Entry, Expect, Group, all, find};
use ringzero_model::Model;
use ringzero_strategies::{Observe, Random, Replay, ReplayMode};
use ringzero_trace::{Choice, Event};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn buggy() -> impl Iterator<Item = &'static Entry> {
    all().iter().filter(|e| e.group == Group::Bug && e.expect != Expect::Holds)
}

/// Runs that cost a second and more.
fn locks_up(e: &Entry) -> bool {
    e.expect.code() == Some("soft-lockup")
}

/// Another search of it is another search: by definition.
fn deterministic(e: &Entry) -> bool {
    e.expect.code() != Some("nondeterministic-program")
}

fn replays(e: &Entry) -> usize {
    match e.expect.code() {
        Some("soft-lockup") => 1,
        Some("livelock") => 10,
        _ => 100,
    }
}

fn settings(e: &Entry) -> Settings {
    let mut s = Settings::default();
    (e.tune)(&mut s);
    s
}

fn trace(e: &Entry, s: &Settings) -> TraceFile {
    let start = || boot(&e.init);
    let program = Program::of(e.name, false, &start);
    let answer = check(&program, s, &mut |_| {});
    answer.finding.unwrap_or_else(|| panic!("{} is {}", e.name, answer.verdict.as_str()))
}

fn again(e: &Entry, t: &TraceFile) -> String {
    let start = || boot(&e.init);
    let program = Program::of(e.name, false, &start);
    replay(&program, t).unwrap_or_else(|why| panic!("{}: {why}", e.name)).to_text()
}

fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{name}-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("the folder for temporary files");
    dir
}

#[test]
fn the_same_search_gives_the_same_bytes_and_they_replay() {
    for e in buggy().filter(|e| !locks_up(e)) {
        let first = trace(e, &settings(e));
        let text = first.to_text();
        if deterministic(e) {
            assert_eq!(trace(e, &settings(e)).to_text(), text, "{}: another search gives another trace", e.name);
        }
        let read = TraceFile::parse(&text).expect("what was written can be read");
        assert_eq!(read, first, "{}", e.name);
        for n in 0..replays(e) {
            assert_eq!(again(e, &read), text, "{}: replay {n} differs", e.name);
        }
    }
}

/// Its own test, hence its own thread.
#[test]
fn a_lock_up_replays() {
    for e in buggy().filter(|e| locks_up(e)) {
        let dir = folder("lock-up");
        let first = trace(e, &settings(e));
        assert_eq!(again(e, &first), first.to_text(), "{}", e.name);
        fs::write(dir.join(e.name), first.to_text()).expect("the trace can be written");
        run_child("elsewhere", &dir);
        assert_eq!(fs::read_to_string(dir.join(e.name)).expect("it is there"), first.to_text());
        fs::remove_dir_all(dir).expect("it is ours");
    }
}

#[test]
fn traces_replay_in_other_processes() {
    let dir = folder("processes");
    for e in buggy().filter(|e| !locks_up(e)) {
        fs::write(dir.join(e.name), trace(e, &settings(e)).to_text()).expect("the trace can be written");
    }
    for _ in 0..2 {
        run_child("elsewhere", &dir);
        run_child("searched_elsewhere", &dir);
    }
    fs::remove_dir_all(dir).expect("it is ours");
}

/// Runs one of the ignored tests below in a process of its own.
fn run_child(test: &str, dir: &Path) {
    let out = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("REPLAY_TRACES", dir)
        .output()
        .expect("the child runs");
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

fn given() -> Vec<(&'static Entry, String)> {
    let dir = std::env::var_os("REPLAY_TRACES").expect("run by another test");
    let files = fs::read_dir(dir).expect("the traces").map(|f| f.expect("a trace").path());
    let given: Vec<_> = files
        .map(|f| {
            let name = f.file_name().and_then(|n| n.to_str()).expect("a program's name");
            (find(name).expect("a program"), fs::read_to_string(&f).expect("a trace"))
        })
        .collect();
    assert!(!given.is_empty());
    given
}

#[test]
#[ignore = "run by traces_replay_in_other_processes in a process of its own"]
fn elsewhere() {
    for (e, text) in given() {
        let t = TraceFile::parse(&text).expect("a trace");
        assert_eq!(again(e, &t), text, "{}", e.name);
    }
}

#[test]
#[ignore = "run by traces_replay_in_other_processes in a process of its own"]
fn searched_elsewhere() {
    for (e, text) in given().into_iter().filter(|g| deterministic(g.0)) {
        assert_eq!(trace(e, &settings(e)).to_text(), text, "{}", e.name);
    }
}

#[test]
fn a_trace_of_something_else_is_refused() {
    let e = find("hardirq-lock-buggy").expect("it is there");
    let other = find("nmi-lock-buggy").expect("it is there");
    let t = trace(e, &settings(e));
    let start = || boot(&other.init);
    let program = Program::of(other.name, false, &start);
    let why = replay(&program, &t).expect_err("another program").to_string();
    assert!(why.contains(e.name) && why.contains(other.name), "{why}");
    let program = Program::of(e.name, false, &start);
    let why = replay(&program, &t).expect_err("the program has changed").to_string();
    assert!(why.contains("changed"), "{why}");
    let start = || boot(&e.init);
    let program = Program::of(e.name, false, &start);
    let mut cut = t.clone();
    cut.choices.pop();
    replay(&program, &cut).expect_err("a choice is missing");
    let mut bent = t.clone();
    bent.choices.reverse();
    replay(&program, &bent).expect_err("the choices cannot be followed");
}

/// What a minimised execution has as little as possible of, in this order: arrivals, switches, steps.
type Cost = (usize, usize, usize);

/// A finding: its code, its place and the earlier place, as lines.
type Finding = (String, Option<(String, u32)>, Option<(String, u32)>);

fn finding(t: &TraceFile) -> Finding {
    let line = |p: &Option<ringzero_trace::FilePlace>| p.as_ref().map(|p| (p.file.clone(), p.line));
    (t.code.clone(), line(&t.place), line(&t.other))
}

/// What following `choices` as far as they lead finds, and what it costs.
fn run(e: &Entry, machine: &Config, choices: Vec<Choice>) -> (Option<Finding>, Cost) {
    let model = Model::new(machine.clone());
    let mut cost = (0, 0, 0);
    let measure = |_, events: &[Event], _: &[Event]| {
        let arrivals = events.iter().filter(|e| e.enters).count();
        let switches = events.windows(2).filter(|w| w[0].label.proc != w[1].label.proc).count();
        cost = (arrivals, switches, events.len());
    };
    let mut s = Observe::new(Replay::new(choices, ReplayMode::Lenient), measure);
    let (outcome, _) = model.execute(&mut s, &|| boot(&e.init), false);
    let found = outcome.found.map(|f| {
        let line = |p: Option<ringzero_machine::Place>| p.map(|p| (p.file().to_owned(), p.line()));
        (f.code.to_owned(), line(f.place), line(f.other))
    });
    (found, cost)
}

/// Shorter ways to the same finding that leave out one choice of a trace: what is left out, and the costs.
fn shorter(e: &Entry, machine: &Config, t: &TraceFile) -> Vec<(usize, Cost, Cost)> {
    let who = |n: u16| t.contexts[usize::from(n)];
    let choices: Vec<Choice> = t.choices.iter().map(|l| Choice { who: who(l.proc), variant: l.variant }).collect();
    let (found, cost) = run(e, machine, choices.clone());
    assert_eq!(found, Some(finding(t)), "{}: the trace's own choices lead elsewhere", e.name);
    let mut shorter = Vec::new();
    for n in 0..choices.len() {
        let mut without = choices.clone();
        without.remove(n);
        let (same, less) = run(e, machine, without);
        if same == Some(finding(t)) && less < cost {
            shorter.push((n, less, cost));
        }
    }
    shorter
}

/// Whether traces of this code are minimised at all.
fn minimised(e: &Entry) -> bool {
    !matches!(e.expect.code(), Some("soft-lockup" | "livelock" | "nondeterministic-program"))
}

#[test]
fn no_choice_of_a_minimised_trace_can_be_left_out() {
    let mut shortened = 0;
    for e in buggy().filter(|e| minimised(e)) {
        for strategy in [Strategy::Exhaustive, Strategy::Random, Strategy::Pos] {
            let s = Settings { strategy, executions: 20_000, ..settings(e) };
            let t = trace(e, &s);
            let shorter = shorter(e, &s.machine, &t);
            assert!(shorter.is_empty(), "{} by {}: {shorter:?}", e.name, strategy.as_str());
            shortened += u32::from(t.minimised_from.is_some());
        }
    }
    assert!(shortened > 5, "only {shortened} traces were minimised: this shows nothing");
}

/// The test above would notice: as they are found, executions can be shortened.
#[test]
fn choices_of_a_found_execution_can_be_left_out() {
    let mut can = 0;
    for e in buggy().filter(|e| minimised(e)) {
        let machine = settings(e).machine;
        let model = Model::new(machine.clone());
        let mut choices: Vec<Choice> = Vec::new();
        let keep = |_, events: &[Event], _: &[Event]| choices = events.iter().map(Event::choice).collect();
        let mut walk = Observe::new(Random::new(1), keep);
        let found = (0..2000).any(|_| model.execute(&mut walk, &|| boot(&e.init), false).0.found.is_some());
        assert!(found, "{}: a random walk finds nothing", e.name);
        let (finding, cost) = run(e, &machine, choices.clone());
        can += u32::from((0..choices.len()).any(|n| {
            let mut without = choices.clone();
            without.remove(n);
            let (same, less) = run(e, &machine, without);
            same == finding && less < cost
        }));
    }
    assert!(can > 5, "only {can} executions can be shortened");
}
