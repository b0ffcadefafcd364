//! What a check is asked to do, and what it answers.

use ringzero_model::Config;
use ringzero_trace::TraceFile;
use std::time::Duration;

/// How the next step is chosen.
///
/// ```
/// use ringzero::{Check, Strategy, Verdict};
/// let report = Check::new().strategy(Strategy::Random).executions(10).run(|| ());
/// assert_eq!(report.verdict(), Verdict::NotFound, "samples prove nothing");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Exhaustive for half of the budget; if that does not end it, the samplers for the rest.
    #[default]
    Default,
    /// Every class once.
    Exhaustive,
    /// A random walk.
    Random,
    /// Random priorities, few change points, depth swept.
    Pct,
    /// Partial-order sampling.
    Pos,
    /// The samplers in turn.
    Sample,
}

impl Strategy {
    /// Its name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Strategy::Default => "default",
            Strategy::Exhaustive => "exhaustive",
            Strategy::Random => "random",
            Strategy::Pct => "pct",
            Strategy::Pos => "pos",
            Strategy::Sample => "sample",
        }
    }

    /// The strategy of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Default, Self::Exhaustive, Self::Random, Self::Pct, Self::Pos, Self::Sample];
        all.into_iter().find(|s| s.as_str() == name)
    }
}

/// A check's settings. The defaults are those of the command line.
///
/// ```
/// use ringzero::{PreemptModel, program::{Config, Settings}};
/// let machine = Config { cpus: 3, preempt: PreemptModel::None, ..Config::default() };
/// let settings = Settings { machine, jobs: 2, ..Settings::default() };
/// assert_eq!((settings.machine.cpus, settings.time.as_secs()), (3, 60));
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The machine and the bounds of one execution.
    pub machine: Config,
    /// How to choose.
    pub strategy: Strategy,
    /// Executions at most.
    pub executions: u64,
    /// Time at most.
    pub time: Duration,
    /// The samplers' seed.
    pub seed: u64,
    /// Threads that search.
    pub jobs: usize,
    /// Go on after a violation.
    pub all_classes: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            machine: Config::default(),
            strategy: Strategy::Default,
            executions: 1_000_000,
            time: Duration::from_secs(60),
            seed: 0,
            jobs: 1,
            all_classes: false,
        }
    }
}

/// What a check says. The three are never merged.
///
/// ```
/// use ringzero::atomic::Atomic;
/// use ringzero::{Check, Verdict};
/// ringzero::global! { static USERS: Atomic = Atomic::new(0); }
/// assert_eq!(Check::new().run(|| USERS.inc()).verdict(), Verdict::Holds);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A rule was violated.
    Violated,
    /// Every class within the stated bounds ran to its end, and none violated a rule.
    Holds,
    /// The budget is spent, or something was not explored; nothing was found.
    NotFound,
}

impl Verdict {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Violated => "violated",
            Verdict::Holds => "holds",
            Verdict::NotFound => "not-found",
        }
    }
}

/// A check's answer.
///
/// ```
/// use ringzero::{Check, program::Answer};
/// let report = Check::new().run(|| ());
/// let answer: &Answer = report.answer();
/// assert!(answer.finding.is_none() && answer.executions == 1);
/// ```
#[derive(Clone, Debug)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// The first violation, minimised.
    pub finding: Option<TraceFile>,
    /// Distinct classes run by the exhaustive search, plus sampled executions.
    pub executions: u64,
    /// Of these, how many violated a rule.
    pub violations: u64,
    /// Runs that repeated a class or were abandoned.
    pub redundant: u64,
    /// Executions in which tasks still wait for an arrival that only a bound, or the choice that it does not come,
    /// excludes.
    pub idle: u64,
    /// Steps of all runs.
    pub steps: u64,
    /// Wall time.
    pub seconds: f64,
    /// Why it is not more than that, if there is something to say.
    pub why: Option<String>,
    /// Contexts left on abandoned stacks.
    pub abandoned: u64,
}

impl Answer {
    /// The answer of a replay: the trace's finding.
    #[must_use]
    pub fn of_replay(trace: TraceFile) -> Self {
        Self {
            verdict: Verdict::Violated,
            executions: 1,
            violations: 1,
            redundant: 0,
            idle: 0,
            steps: trace.rows.len() as u64,
            seconds: 0.0,
            why: Some("replayed".to_owned()),
            abandoned: 0,
            finding: Some(trace),
        }
    }
}

/// How far a search is.
///
/// ```
/// use ringzero::Progress;
/// let so_far = Progress { executions: 1200, rate: 400.0, depth: 31 };
/// assert_eq!(so_far.executions as f64 / so_far.rate, 3.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Executions so far.
    pub executions: u64,
    /// Executions per second.
    pub rate: f64,
    /// Steps of the last one.
    pub depth: u32,
}
