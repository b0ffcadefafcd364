//! `ringzero run`: a program at full speed, on the machine of threads.

use crate::args::{LogArg, Run};
use crate::exit::Exit;
use crate::out::{line, say};
use crate::programs::{Wanted, named, refuse, told};
use ringzero::Machine;
use ringzero::host::{Host, Summary};
use ringzero::program::Settings;
use ringzero_front::{Native, Violation, end_process_with, errno_name};
use ringzero_gallery::Entry;
use serde_json::json;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a program with simulated devices runs, unless it is said.
const WITH_DEVICES: Duration = Duration::from_secs(1);

/// A program that has run.
struct Ran {
    name: String,
    summary: Summary,
    init_failed: Option<i32>,
    /// It has no exit function.
    stays: bool,
    warnings: u64,
    /// KUnit cases.
    failed: usize,
}

/// What the end of the process has to know, which may come at any time: the program's name, and whether its summary is to be
/// JSON.
static RUNNING: OnceLock<(String, bool)> = OnceLock::new();

/// Tells why the process ends.
fn ends(violation: &Violation) -> i32 {
    let exit = Exit::Violated;
    let (name, json) = RUNNING.get().map_or(("", false), |(name, json)| (name, *json));
    let ended = format!("violated {}", violation.code);
    eprintln!("{violation}");
    if json {
        let Violation { code, message, place, other } = violation;
        let trouble = json!({"code": code, "message": message, "place": place, "other": other});
        say!("{}", json!({"program": name, "ended": ended, "exit": exit as u8, "troubles": [trouble]}));
    } else {
        say!("{name}: {ended}");
    }
    exit as i32
}

pub fn run(args: &Run) -> Exit {
    let wanted = match named(&args.programs) {
        Ok(wanted) => wanted,
        Err(why) => return refuse(&why),
    };
    let [wanted] = &wanted[..] else {
        return refuse("one program at a time: these files are several modules");
    };
    let ran = match wanted {
        Wanted::Rust(e) if args.params.is_empty() => Ok(rust(e, args)),
        Wanted::Rust(e) => Err(format!("{}: a program in Rust has no parameters", e.name)),
        Wanted::Gallery(p) => native(Native::from_text(p.name, p.path, p.text), args),
        Wanted::Files(paths) => native(Native::open(paths), args),
    };
    match ran {
        Ok(ran) => tell(&ran, args),
        Err(why) => refuse(&why),
    }
}

/// Runs a program in Rust.
fn rust(e: &'static Entry, args: &Run) -> Ran {
    let mut settings = Settings::default();
    (e.tune)(&mut settings);
    RUNNING.get_or_init(|| (e.name.to_owned(), args.json));
    end_process_with(ends);
    let summary = host(args, Some(settings.machine.cpus)).boot(e.init);
    Ran { name: e.name.to_owned(), summary, init_failed: None, stays: false, warnings: 0, failed: 0 }
}

/// Runs a module.
fn native(opened: Result<Native, ringzero_front::BuildError>, args: &Run) -> Result<Ran, String> {
    let mut module = opened.map_err(|e| told(&e))?;
    for given in &args.params {
        module.set_param(given).map_err(|e| format!("{}: {e}", module.name()))?;
    }
    if !module.ignored_flags().is_empty() {
        let flags = module.ignored_flags().join(" ");
        eprintln!("ringzero: warning: flags of the Kbuild file that are not honoured: {flags}");
    }
    let (name, host) = (module.name().to_owned(), host(args, module.cpus()));
    RUNNING.get_or_init(|| (name.clone(), args.json));
    let ended = module.run(host, ends);
    let (init_failed, stays, warnings, failed) = (ended.init_failed, ended.stays, ended.warnings, ended.failed_cases);
    Ok(Ran { name, summary: ended.summary, init_failed, stays, warnings, failed })
}

/// The machine, as the command line asks for it.
fn host(args: &Run, asked: Option<usize>) -> Host {
    let here = || std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 64);
    let cpus = args.cpus.map_or_else(|| asked.unwrap_or_else(here), usize::from);
    let seconds = |s| Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX);
    let (plain, json) = (args.log, args.json);
    BEGAN.get_or_init(Instant::now);
    let sink: fn(&str) = match (plain, json) {
        (LogArg::Off, _) => |_| (),
        (LogArg::Plain, false) => line,
        (LogArg::Time, false) => |text| line(&timed(text)),
        (LogArg::Plain, true) => |text| eprintln!("{text}"),
        (LogArg::Time, true) => |text| eprintln!("{}", timed(text)),
    };
    let mut host =
        Machine::host().cpus(cpus as u32).patience(seconds(args.patience)).async_irqs(args.async_irqs).log(sink);
    if let Some(period) = args.devices {
        host = host.devices(period);
    }
    match (args.seconds.map(seconds), args.devices) {
        (Some(time), _) => host.run_for(time),
        (None, Some(_)) => host.run_for(WITH_DEVICES),
        (None, None) => host,
    }
}

static BEGAN: OnceLock<Instant> = OnceLock::new();

/// A line as dmesg shows it.
fn timed(text: &str) -> String {
    format!("[{:12.6}] {text}", BEGAN.get_or_init(Instant::now).elapsed().as_secs_f64())
}

/// How it ended, and what that means for the exit status.
fn verdict(ran: &Ran) -> (Exit, String) {
    let s = &ran.summary;
    if !s.troubles.is_empty() {
        let codes: Vec<&str> = s.troubles.iter().map(|t| t.code.as_str()).collect();
        (Exit::Violated, format!("violated {}", codes.join(", ")))
    } else if ran.failed > 0 {
        (Exit::Violated, format!("{} failed cases", ran.failed))
    } else if ran.warnings > 0 {
        (Exit::Violated, format!("{} warnings", ran.warnings))
    } else if let Some(code) = ran.init_failed {
        let name = errno_name(-code).map_or_else(|| code.to_string(), |name| format!("-{name}"));
        (Exit::InitFailed, format!("init failed: {name}"))
    } else if ran.stays {
        (Exit::Clean, "ran, and stays, since it has no exit function".to_owned())
    } else if !s.still.is_empty() {
        (Exit::StillThere, "not gone".to_owned())
    } else {
        (Exit::Clean, "ran".to_owned())
    }
}

fn tell(ran: &Ran, args: &Run) -> Exit {
    let (exit, ended) = verdict(ran);
    let (s, t) = (&ran.summary, &ran.summary.totals);
    let seconds = s.elapsed.as_secs_f64();
    if args.json {
        let lines: Vec<_> =
            t.lines.iter().map(|(irq, name, n)| json!({"line": irq, "name": name, "interrupts": n})).collect();
        let troubles: Vec<_> =
            s.troubles.iter().map(|t| json!({"code": t.code, "message": t.message, "place": t.place})).collect();
        say!(
            "{}",
            json!({
                "program": ran.name, "ended": ended, "exit": exit as u8, "seconds": seconds, "cpus": s.cpus,
                "switches": t.switches, "preemptions": t.preempted, "interrupts": t.interrupts, "ipis": t.ipis,
                "clock_interrupts": t.clocks, "softirqs": t.softirqs, "timers": t.timers, "work_items": t.works,
                "signals": t.signals, "at_once": t.redirected, "lines": lines, "init": ran.init_failed,
                "warnings": ran.warnings, "failed_cases": ran.failed, "troubles": troubles, "still": s.still,
            })
        );
        return exit;
    }
    say!("{}: {ended}, {seconds:.3} s on {} CPUs", ran.name, s.cpus);
    say!(
        "  {} switches ({} preemptions), {} interrupts, {} IPIs, {} clock interrupts",
        t.switches,
        t.preempted,
        t.interrupts,
        t.ipis,
        t.clocks
    );
    say!("  {} softirqs, {} timers expired, {} work items executed", t.softirqs, t.timers, t.works);
    if t.signals > 0 {
        say!("  {} signals, {} of them delivered at once, {} ticks", t.signals, t.redirected, t.ticks);
    }
    for (irq, name, n) in &t.lines {
        let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
        say!("  line {irq}{name}: {n} interrupts");
    }
    for trouble in &s.troubles {
        say!("  {trouble}");
    }
    for what in &s.still {
        say!("  still there: {what}");
    }
    if exit == Exit::StillThere && args.devices.is_none() && s.still.iter().any(|what| what.contains("interrupt line"))
    {
        say!("  no device raises its line: --devices");
    }
    exit
}
