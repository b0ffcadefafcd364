//! `ringzero check`.

use crate::args::Check;
use crate::exit::Exit;
use crate::out::say;
use crate::programs::{Item, gallery, met, named, refuse, verdict};
use crate::show::style;
use crate::tap::Tap;
use ringzero::program::{Answer, Settings, report};
use ringzero::{PreemptModel, Progress, TimeModel, Verdict};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// What a run comes to.
struct Totals {
    worst: Exit,
    seconds: f64,
    good: usize,
    count: usize,
    skipped: usize,
}

pub fn run(args: &Check) -> Exit {
    let wanted = match if args.gallery { Ok(gallery()) } else { named(&args.programs) } {
        Ok(wanted) => wanted,
        Err(why) => return refuse(&why),
    };
    let mut totals = Totals { worst: Exit::Clean, seconds: 0.0, good: 0, count: 0, skipped: 0 };
    let mut tap = args.tap.then(Tap::default);
    for w in &wanted {
        let items = match w.open(&args.params, args.gallery) {
            Ok(items) => items,
            Err(why) => {
                totals.worst = totals.worst.max(refuse(&why));
                continue;
            }
        };
        warn(&items);
        if let Some(tap) = &mut tap {
            tap.begin(&items);
        }
        let (mut met, mut bad) = (false, false);
        for item in &items {
            let well = one(item, items.len(), args, &mut totals, tap.as_mut());
            (met, bad) = (met || well.met, bad || !well.good);
        }
        if !met && !bad {
            nowhere(&items, args, &mut totals);
        }
    }
    if args.gallery && !args.json {
        let skipped = if totals.skipped > 0 { format!(", {} SKIPPED", totals.skipped) } else { String::new() };
        let Totals { good, count, seconds, .. } = totals;
        say!("gallery: {good} of {count} as expected{skipped}, {seconds:.2} s of checking");
    }
    totals.worst
}

/// Says what the checker will not see.
fn warn(items: &[Item]) {
    let Some(Item::C(module, _)) = items.first() else { return };
    for w in module.warnings() {
        eprintln!("ringzero: {}:{}: warning: {}", w.file.display(), w.line, w.what);
    }
    if !module.ignored_flags().is_empty() {
        eprintln!(
            "ringzero: warning: flags of the Kbuild file that are not honoured: {}",
            module.ignored_flags().join(" ")
        );
    }
}

/// How an answer compares with what is expected.
#[derive(Clone, Copy)]
struct Well {
    /// It is just that, or nothing is expected.
    met: bool,
    /// It may be what it is.
    good: bool,
}

/// Whether a file expects a finding that one of its several parts may have.
fn anywhere(expected: Option<&str>, parts: usize) -> bool {
    parts > 1 && expected.is_some_and(|e| e.starts_with("violated"))
}

/// None of a file's parts has the finding that it expects.
fn nowhere(items: &[Item], args: &Check, totals: &mut Totals) {
    let Some(first) = items.first().filter(|i| i.compares()) else { return };
    let expected = first.expected();
    if !anywhere(expected.as_deref(), items.len()) {
        return;
    }
    totals.worst = totals.worst.max(Exit::Violated);
    totals.good = totals.good.saturating_sub(1);
    if !args.json && !args.tap {
        say!("{}: NOT AS EXPECTED in any of its cases: {}", first.module(), expected.unwrap_or_default());
    }
}

/// Checks one program, which is one of `parts` of its file, and says what came of it.
fn one(item: &Item, parts: usize, args: &Check, totals: &mut Totals, tap: Option<&mut Tap>) -> Well {
    let mut settings = Settings::default();
    item.tune(&mut settings);
    args.apply(&mut settings);
    let Some(answer) = checked(item, &settings, args.json || args.tap) else {
        totals.skipped += 1;
        skipped(item, args.json);
        return Well { met: true, good: true };
    };
    // What was found is told even if its trace cannot be kept.
    let path = write(&answer, &args.trace_dir).unwrap_or_else(|e| {
        eprintln!("ringzero: cannot write a trace to {}: {e}", args.trace_dir.display());
        totals.worst = Exit::NotLoaded;
        None
    });
    let expected = item.expected();
    let met = expected.as_ref().is_none_or(|e| met(e, &answer));
    let good = met || anywhere(expected.as_deref(), parts) && answer.verdict == Verdict::Holds;
    if let Some(tap) = tap {
        tap.case(&answer, item.skipped());
    } else if args.json {
        let mut object = object(item, &settings, &answer, path.as_deref());
        if args.log {
            object["log"] = item.log(&settings).into();
        }
        say!("{object}");
    } else if args.gallery {
        gallery_line(item, &answer, good);
    } else {
        tell(item, &settings, &answer, path.as_deref(), Well { met, good });
        for line in if args.log { item.log(&settings) } else { Vec::new() } {
            say!("  | {line}");
        }
    }
    let bad = if args.gallery || item.compares() { !good } else { answer.verdict == Verdict::Violated };
    if bad {
        totals.worst = totals.worst.max(Exit::Violated);
    }
    totals.seconds += answer.seconds;
    totals.good += usize::from(good);
    totals.count += 1;
    Well { met, good }
}

fn checked(item: &Item, settings: &Settings, quiet: bool) -> Option<Answer> {
    let live = !quiet && std::io::stderr().is_terminal();
    let (mut told, name) = (false, item.name());
    let mut progress = |p: Progress| {
        if live {
            told = true;
            let mut err = std::io::stderr();
            let line = format!("\r{name}: {} executions, {:.0}/s, depth {}   ", p.executions, p.rate, p.depth);
            let _ = err.write_all(line.as_bytes());
        }
    };
    let answer = item.check(settings, &mut progress);
    if told {
        eprint!("\r{:79}\r", "");
    }
    answer
}

fn skipped(item: &Item, as_json: bool) {
    let Item::Skipped(name, why) = item else { return };
    if as_json {
        say!("{}", json!({"program": name, "verdict": "skipped", "why": why}));
    } else {
        say!("{name:42} SKIPPED ({why})");
    }
}

fn write(answer: &Answer, dir: &Path) -> std::io::Result<Option<PathBuf>> {
    answer.finding.as_ref().map(|t| t.write(dir)).transpose()
}

fn gallery_line(item: &Item, answer: &Answer, good: bool) {
    let verdict = verdict(answer);
    let note = if good { String::new() } else { format!("  EXPECTED {}", item.expected().unwrap_or_default()) };
    let (runs, seconds) = (answer.executions, answer.seconds);
    say!("{:42} {verdict:30} {runs:>7} executions {seconds:>7.3} s{note}", item.name());
}

const fn preempt(p: PreemptModel) -> &'static str {
    match p {
        PreemptModel::None => "none",
        PreemptModel::Voluntary => "voluntary",
        PreemptModel::Full => "full",
    }
}

fn bounds(s: &Settings) -> String {
    let m = &s.machine;
    let preemptions = m.preemptions.map_or_else(|| "unbounded".to_owned(), |p| p.to_string());
    let race = if m.c { format!(", data-race {}", m.data_race.as_str()) } else { String::new() };
    format!(
        "{} cpus, preempt {}, time {}, interrupts {} a line, nmis {}, expiries {} a timer, failures {}, preemptions \
         {preemptions}, {} steps{race}",
        m.cpus,
        preempt(m.preempt),
        if m.time == TimeModel::Strict { "strict" } else { "free" },
        m.interrupts,
        m.nmis,
        m.expiries,
        m.failures,
        m.steps
    )
}

fn granularity(s: &Settings) -> &'static str {
    if s.machine.fine { "fine" } else { "coarse" }
}

fn tell(item: &Item, settings: &Settings, a: &Answer, path: Option<&Path>, well: Well) {
    if let Some(trace) = &a.finding {
        let path = path.and_then(Path::to_str);
        say!("{}", report::text(trace, style(path)).trim_end());
    }
    let why = a.why.as_ref().map(|w| format!(" ({w})")).unwrap_or_default();
    say!("{}: {}{why}", item.name(), a.verdict.as_str());
    if let Some(code) = item.init_failed() {
        let name = ringzero_front::errno_name(-code).map(|n| format!(" ({n})")).unwrap_or_default();
        say!("  module_init returned {code}{name}, so the module was not loaded");
    }
    if let Some(why) = item.skipped() {
        say!("  the case was skipped: {why}");
    }
    if let Some(expected) = item.expected().filter(|_| item.compares()) {
        match well {
            Well { met: true, .. } => say!("  as expected: {expected}"),
            Well { good: true, .. } => say!("  as may be: {expected} is expected of one of the cases"),
            _ => say!("  NOT AS EXPECTED: {expected}"),
        }
    }
    say!("  sequentially consistent, {}; {}", granularity(settings), bounds(settings));
    let idle = if a.idle > 0 { format!(", {} idle at bound", a.idle) } else { String::new() };
    say!(
        "  {} executions, {} violations, {} redundant{idle}, {} steps, {:.3} s",
        a.executions,
        a.violations,
        a.redundant,
        a.steps,
        a.seconds
    );
    if a.abandoned > 0 && a.verdict != Verdict::Violated {
        say!("  {} contexts were left on abandoned stacks; what they own on the heap is not freed", a.abandoned);
    }
}

fn object(item: &Item, settings: &Settings, a: &Answer, path: Option<&Path>) -> serde_json::Value {
    let m = &settings.machine;
    json!({
        "program": item.name(),
        "verdict": a.verdict.as_str(),
        "finding": a.finding.as_ref().map(|f| f.code.clone()),
        "expected": item.expected(),
        "init": item.init_failed(),
        "skipped": item.skipped(),
        "executions": a.executions,
        "violations": a.violations,
        "redundant": a.redundant,
        "idle": a.idle,
        "steps": a.steps,
        "seconds": a.seconds,
        "why": a.why,
        "memory_model": "sequentially consistent",
        "granularity": granularity(settings),
        "bounds": {
            "cpus": m.cpus,
            "preempt": preempt(m.preempt),
            "time": if m.time == TimeModel::Strict { "strict" } else { "free" },
            "interrupts": m.interrupts,
            "nmis": m.nmis,
            "expiries": m.expiries,
            "failures": m.failures,
            "preemptions": m.preemptions,
            "steps": m.steps,
            "data_race": m.c.then(|| m.data_race.as_str()),
            "executions": settings.executions,
            "seconds": settings.time.as_secs_f64(),
        },
        "trace": path.and_then(Path::to_str),
    })
}
