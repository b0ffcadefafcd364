//! Checking a closure.

use crate::boot::boot;
use ringzero_explore::{Answer, Program, ReplayError, Settings, Strategy, Verdict};
use ringzero_machine::PreemptModel;
use ringzero_model::TimeModel;
use ringzero_report::Style;
use ringzero_trace::TraceFile;
use std::fmt;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A check of a closure, with its settings.
///
/// ```
/// use ringzero::{Check, Verdict, atomic::Atomic, kthread::kthread_run_on_cpu};
/// ringzero::global! { static COUNT: Atomic = Atomic::new(0); }
/// let report = Check::new().cpus(2).all_classes(true).run(|| {
///     for cpu in 0..2 {
///         kthread_run_on_cpu(|| COUNT.inc(), cpu, "incrementer");
///     }
/// });
/// assert_eq!(report.verdict(), Verdict::Holds);
/// assert_eq!(report.executions(), 2, "one of them comes first");
/// ```
#[derive(Clone, Debug)]
pub struct Check {
    settings: Settings,
    name: Option<String>,
    dir: PathBuf,
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! setting {
    ($(#[$m:meta] $name:ident: $t:ty => $($field:ident).+;)*) => {$(
        #[$m]
        #[must_use]
        pub fn $name(mut self, $name: $t) -> Self {
            self.settings.$($field).+ = $name;
            self
        }
    )*};
}

impl Check {
    /// A check with the command line's defaults.
    #[must_use]
    pub fn new() -> Self {
        Self { settings: Settings::default(), name: None, dir: default_dir() }
    }

    setting! {
        /// CPUs of the machine, 1 to 16. Default 2.
        cpus: usize => machine.cpus;
        /// Arrivals a line. Default 1.
        interrupts: u32 => machine.interrupts;
        /// Arrivals a non-maskable line. Default 1.
        nmis: u32 => machine.nmis;
        /// Expirations a timer. Default 2.
        expiries: u32 => machine.expiries;
        /// Allocations that may fail in one execution. Default 0.
        failures: u32 => machine.failures;
        /// Steps of one execution. Default 10,000.
        steps: u32 => machine.steps;
        /// How time passes.
        time: TimeModel => machine.time;
        /// The preemption model. Default full.
        preempt: PreemptModel => machine.preempt;
        /// Whether the primitives' own atomics are steps.
        fine: bool => machine.fine;
        /// Executions at most. Default 1,000,000.
        executions: u64 => executions;
        /// How the next step is chosen.
        strategy: Strategy => strategy;
        /// The samplers' seed.
        seed: u64 => seed;
        /// Threads that search. Default 1.
        jobs: usize => jobs;
        /// Whether to go on after a violation.
        all_classes: bool => all_classes;
    }

    /// Involuntary task switches at most (unbounded by default). The search is then not reduced.
    #[must_use]
    pub fn preemptions(mut self, preemptions: u32) -> Self {
        self.settings.machine.preemptions = Some(preemptions);
        self
    }

    /// Seconds at most. Default 60.
    #[must_use]
    pub fn seconds(mut self, seconds: f64) -> Self {
        self.settings.time = Duration::from_secs_f64(if seconds.is_nan() { 0.0 } else { seconds.clamp(0.0, 1e9) });
        self
    }

    /// The program's name in reports and traces. Default: the test's name, else the caller's place.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Names the program after a test: its path without the crate, as libtest knows it.
    #[doc(hidden)]
    #[must_use]
    pub fn named_test(self, path: &str) -> Self {
        let name = path.split_once("::").map_or(path, |(_, rest)| rest);
        self.named(name)
    }

    /// Where traces are written. Default: `ringzero` in cargo's target folder.
    #[must_use]
    pub fn trace_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = dir.into();
        self
    }

    fn program_name(&self, caller: &Location<'_>) -> String {
        if let Some(n) = &self.name {
            return n.clone();
        }
        match std::thread::current().name() {
            Some(n) if n != "main" => n.to_owned(),
            _ => format!("{}:{}", caller.file(), caller.line()),
        }
    }

    /// Runs the check. The closure is the init function of a module, in task context on CPU 0.
    ///
    /// Honours `RINGZERO_SEED`, `RINGZERO_EXECUTIONS` and `RINGZERO_STRATEGY`; with `RINGZERO_REPLAY`, if the trace is
    /// of this program, replays it instead.
    ///
    /// # Panics
    /// When a trace cannot be written, or cannot be replayed, or an environment variable is not understood.
    #[track_caller]
    pub fn run<F: Fn() + Send + Sync + 'static>(self, init: F) -> Report {
        let mut check = self;
        let name = check.program_name(Location::caller());
        check.read_environment();
        check.replayed(&name, &init).unwrap_or_else(|| check.run_named(name, &init))
    }

    /// The report of the trace that `RINGZERO_REPLAY` names, if it is one of this program.
    fn replayed(&self, name: &str, init: &(dyn Fn() + Sync)) -> Option<Report> {
        let file = PathBuf::from(std::env::var_os("RINGZERO_REPLAY")?);
        let trace = TraceFile::load(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        if trace.program != name {
            return None;
        }
        let start = || boot(init);
        let program = Program::of(name, true, &start);
        let again = match ringzero_explore::replay(&program, &trace) {
            Ok(again) => again,
            // Perhaps another check of the same test; if it is none of them, nothing is replayed, and this is why.
            Err(e @ ReplayError::Changed { .. }) => {
                eprintln!("{}: {e}", file.display());
                return None;
            }
            Err(e) => panic!("{}: {e}", file.display()),
        };
        let answer = Answer::of_replay(again);
        Some(Report { name: name.to_owned(), answer, path: Some(file) })
    }

    fn run_named(&self, name: String, init: &(dyn Fn() + Sync)) -> Report {
        let start = || boot(init);
        let program = Program::of(&name, true, &start);
        let answer = ringzero_explore::check(&program, &self.settings, &mut |_| {});
        let path = answer.finding.as_ref().map(|f| {
            f.write(&self.dir).unwrap_or_else(|e| panic!("cannot write a trace to {}: {e}", self.dir.display()))
        });
        Report { name, answer, path }
    }

    /// Runs the check as a test: honours `RINGZERO_REPLAY`, `RINGZERO_SEED`, `RINGZERO_EXECUTIONS` and
    /// `RINGZERO_STRATEGY`, and panics with the report if a rule was violated.
    ///
    /// # Panics
    /// When a rule was violated, or an environment variable is not understood.
    #[track_caller]
    pub fn test<F: Fn() + Send + Sync + 'static>(mut self, init: F) {
        let name = self.program_name(Location::caller());
        self.read_environment();
        let report = self.replayed(&name, &init).unwrap_or_else(|| self.run_named(name, &init));
        match report.verdict() {
            Verdict::Violated => panic!("\n{report}"),
            Verdict::NotFound => eprintln!("{report}"),
            Verdict::Holds => {}
        }
    }

    fn read_environment(&mut self) {
        let number = |key: &str| {
            std::env::var(key).ok().map(|v| v.parse::<u64>().unwrap_or_else(|_| panic!("{key}: `{v}` is not a number")))
        };
        if let Some(n) = number("RINGZERO_SEED") {
            self.settings.seed = n;
        }
        if let Some(n) = number("RINGZERO_EXECUTIONS") {
            self.settings.executions = n;
        }
        if let Ok(v) = std::env::var("RINGZERO_STRATEGY") {
            self.settings.strategy =
                Strategy::parse(&v).unwrap_or_else(|| panic!("RINGZERO_STRATEGY: there is no strategy `{v}`"));
        }
    }
}

/// What the body of a `#[ringzero::test]` may return.
///
/// ```
/// use ringzero::irq::{Errno, IrqFlags, IrqReturn, free_irq, request_irq};
///
/// #[ringzero::test]
/// fn the_line_is_free() -> Result<(), Errno> {
///     request_irq(4, IrqFlags::NONE, "serial", |_irq| IrqReturn::Handled)?;
///     free_irq(4, 0);
///     Ok(())
/// }
/// # use ringzero::TestOutcome;
/// # the_outcome().expect_success();
/// # fn the_outcome() -> Result<(), Errno> { Ok(()) }
/// ```
pub trait TestOutcome {
    /// Panics if it is an error: the execution then ends with the finding `panic`.
    fn expect_success(self);
}

impl TestOutcome for () {
    fn expect_success(self) {}
}

impl<E: fmt::Debug> TestOutcome for Result<(), E> {
    #[track_caller]
    fn expect_success(self) {
        if let Err(e) = self {
            panic!("the test returned an error: {e:?}");
        }
    }
}

/// `ringzero` in cargo's target folder, if the program was built there; else in `target`.
fn default_dir() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let target = exe.ancestors().find(|a| a.join("CACHEDIR.TAG").is_file());
    let here = std::env::current_dir().unwrap_or_default();
    match target {
        Some(t) => t.strip_prefix(&here).unwrap_or(t).join("ringzero"),
        None => PathBuf::from("target/ringzero"),
    }
}

/// Checks a closure with the default settings, in a `#[test]`: panics with the report if a rule is violated.
#[track_caller]
pub fn check<F: Fn() + Send + Sync + 'static>(init: F) {
    Check::new().test(init);
}

/// What a check found.
///
/// ```
/// use ringzero::{Check, sync::SpinLock};
/// ringzero::global! { static LOCK: SpinLock<u32> = SpinLock::new(0).named("dev.lock"); }
/// # let dir = std::env::temp_dir().join("ringzero-doc");
/// let report = Check::new()
/// #   .trace_dir(dir)
///     .run(|| {
///         let _held = LOCK.lock();
///         let _twice = LOCK.lock();
///     });
/// assert_eq!(report.finding(), Some("self-deadlock"));
/// assert!(report.trace().is_some_and(|file| file.exists()), "`ringzero replay` shows it again");
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    name: String,
    answer: Answer,
    path: Option<PathBuf>,
}

impl Report {
    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.answer.verdict
    }

    /// The code of the finding, if a rule was violated.
    #[must_use]
    pub fn finding(&self) -> Option<&str> {
        self.answer.finding.as_ref().map(|t| t.code.as_str())
    }

    /// Executions: distinct classes, plus samples.
    #[must_use]
    pub fn executions(&self) -> u64 {
        self.answer.executions
    }

    /// The trace file, if a rule was violated.
    #[must_use]
    pub fn trace(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The trace itself, if a rule was violated.
    #[must_use]
    pub fn trace_file(&self) -> Option<&TraceFile> {
        self.answer.finding.as_ref()
    }

    /// All counts.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// The program's name.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let a = &self.answer;
        match &a.finding {
            Some(trace) => {
                let path = self.path.as_ref().and_then(|p| p.to_str());
                f.write_str(&ringzero_report::text(trace, Style { path, ..Style::default() }))
            }
            None => write!(
                f,
                "{}: {} ({} executions, {} redundant, {:.3} s{})",
                self.name,
                a.verdict.as_str(),
                a.executions,
                a.redundant,
                a.seconds,
                a.why.as_ref().map(|w| format!("; {w}")).unwrap_or_default()
            ),
        }
    }
}
