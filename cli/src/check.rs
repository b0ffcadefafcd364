//! `ringzero check`.

use crate::args::Check;
use crate::exit::Exit;
use crate::out::say;
use crate::show::style;
use ringzero::program::{Answer, Program, Settings, boot, check, report};
use ringzero::{PreemptModel, Progress, TimeModel, Verdict};
use ringzero_gallery::{Entry, Expect, Group, all, find};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

pub fn run(args: &Check) -> Exit {
    let mut programs: Vec<&'static Entry> = Vec::new();
    if args.gallery {
        programs.extend(all().iter().filter(|e| e.group == Group::Bug));
    }
    for name in &args.programs {
        match find(name) {
            Some(e) => programs.push(e),
            None => {
                eprintln!("ringzero: {}", unknown(name));
                return Exit::NotLoaded;
            }
        }
    }
    let mut worst = Exit::Clean;
    let mut seconds = 0.0;
    let mut as_expected = 0;
    for entry in &programs {
        let mut settings = Settings::default();
        (entry.tune)(&mut settings);
        args.apply(&mut settings);
        let answer = one(entry, &settings, args.json);
        // What was found is told even if its trace cannot be kept.
        let path = write(&answer, &args.trace_dir).unwrap_or_else(|e| {
            eprintln!("ringzero: cannot write a trace to {}: {e}", args.trace_dir.display());
            worst = Exit::NotLoaded;
            None
        });
        let good = met(entry, &answer);
        if args.json {
            say!("{}", object(entry, &settings, &answer, path.as_deref()));
        } else if args.gallery {
            gallery_line(entry, &answer, good);
        } else {
            tell(entry, &settings, &answer, path.as_deref());
        }
        let violated = if args.gallery { !good } else { answer.verdict == Verdict::Violated };
        if violated {
            worst = worst.max(Exit::Violated);
        }
        seconds += answer.seconds;
        as_expected += usize::from(good);
    }
    if args.gallery && !args.json {
        say!("gallery: {as_expected} of {} as expected, {seconds:.2} s of checking", programs.len());
    }
    worst
}

fn unknown(name: &str) -> String {
    let close = |e: &&Entry| e.name.contains(name) || name.contains(e.name.trim_end_matches("-buggy"));
    let near: Vec<&str> = all().iter().filter(close).map(|e| e.name).take(4).collect();
    let hint = if Path::new(name).extension().is_some_and(|e| e == "c") {
        "C programs cannot be loaded yet".to_owned()
    } else if near.is_empty() {
        "`ringzero list` names those there are".to_owned()
    } else {
        format!("perhaps one of: {}", near.join(", "))
    };
    format!("there is no program `{name}`; {hint}")
}

fn one(entry: &Entry, settings: &Settings, quiet: bool) -> Answer {
    let init = entry.init;
    let start = || boot(&init);
    let program = Program::of(entry.name, false, &start);
    let live = !quiet && std::io::stderr().is_terminal();
    let mut told = false;
    let mut progress = |p: Progress| {
        if live {
            told = true;
            let mut err = std::io::stderr();
            let line = format!("\r{}: {} executions, {:.0}/s, depth {}   ", entry.name, p.executions, p.rate, p.depth);
            let _ = err.write_all(line.as_bytes());
        }
    };
    let answer = check(&program, settings, &mut progress);
    if told {
        eprint!("\r{:79}\r", "");
    }
    answer
}

fn write(answer: &Answer, dir: &Path) -> std::io::Result<Option<PathBuf>> {
    answer.finding.as_ref().map(|t| t.write(dir)).transpose()
}

/// Whether a program's verdict is the expected one.
fn met(entry: &Entry, answer: &Answer) -> bool {
    match (entry.expect, answer.verdict) {
        (Expect::Holds, v) => v == Verdict::Holds,
        (Expect::Violated(code), Verdict::Violated) => answer.finding.as_ref().is_some_and(|f| f.code == code),
        (Expect::Violated(_), _) => false,
    }
}

fn expected(e: Expect) -> String {
    match e {
        Expect::Holds => "holds".to_owned(),
        Expect::Violated(code) => format!("violated {code}"),
    }
}

fn gallery_line(entry: &Entry, answer: &Answer, good: bool) {
    let code = answer.finding.as_ref().map(|f| format!(" {}", f.code)).unwrap_or_default();
    let verdict = format!("{}{code}", answer.verdict.as_str());
    let note = if good { String::new() } else { format!("  EXPECTED {}", expected(entry.expect)) };
    let (runs, seconds) = (answer.executions, answer.seconds);
    say!("{:34} {verdict:34} {runs:>7} executions {seconds:>7.3} s{note}", entry.name);
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
    format!(
        "{} cpus, preempt {}, time {}, interrupts {} a line, nmis {}, expiries {} a timer, failures {}, preemptions \
         {preemptions}, {} steps",
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

fn tell(entry: &Entry, settings: &Settings, a: &Answer, path: Option<&Path>) {
    if let Some(trace) = &a.finding {
        let path = path.and_then(Path::to_str);
        say!("{}", report::text(trace, style(path)).trim_end());
    }
    let why = a.why.as_ref().map(|w| format!(" ({w})")).unwrap_or_default();
    say!("{}: {}{why}", entry.name, a.verdict.as_str());
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

fn object(entry: &Entry, settings: &Settings, a: &Answer, path: Option<&Path>) -> serde_json::Value {
    let m = &settings.machine;
    json!({
        "program": entry.name,
        "verdict": a.verdict.as_str(),
        "finding": a.finding.as_ref().map(|f| f.code.clone()),
        "expected": expected(entry.expect),
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
            "executions": settings.executions,
            "seconds": settings.time.as_secs_f64(),
        },
        "trace": path.and_then(Path::to_str),
    })
}
