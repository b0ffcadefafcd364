//! What a model machine is built with, and what an execution leaves.

use core::time::Duration;
use ringzero_machine::{Place, PreemptModel};
use ringzero_trace::End;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How timers and the clock relate.
///
/// ```
/// use ringzero::timer::{Timer, jiffies};
/// use ringzero::{Check, TimeModel, Verdict};
/// ringzero::global! { static LATE: Timer = Timer::new(|_| ()); }
/// let init = || {
///     let now = jiffies();
///     LATE.mod_timer(now + 100);
///     // The clock stands still as long as somebody can run.
///     assert_eq!(jiffies(), now);
/// };
/// let report = Check::new().time(TimeModel::Strict).run(init);
/// assert_eq!(report.verdict(), Verdict::Holds, "{report}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TimeModel {
    /// An armed timer may expire at any step; the clock jumps with it.
    #[default]
    Free,
    /// The clock advances only when all is idle.
    Strict,
}

/// The machine and its bounds.
///
/// ```
/// use ringzero::program::{Config, DataRace};
/// let strict = Config { cpus: 4, data_race: DataRace::Strict, ..Config::default() };
/// assert_eq!((strict.cpus, strict.steps), (4, 10_000));
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// CPUs, 1 to 16.
    pub cpus: usize,
    /// Arrivals a line.
    pub interrupts: u32,
    /// Arrivals a non-maskable line.
    pub nmis: u32,
    /// Expirations a timer.
    pub expiries: u32,
    /// Failed allocations.
    pub failures: u32,
    /// Involuntary task switches on one CPU, if bounded.
    pub preemptions: Option<u32>,
    /// Steps of one execution.
    pub steps: u32,
    /// Time.
    pub time: TimeModel,
    /// Preemption.
    pub preempt: PreemptModel,
    /// Whether the primitives' own atomics are steps.
    pub fine: bool,
    /// The program is a C module: its unmarked accesses are seen.
    pub c: bool,
    /// Which data races are findings.
    pub data_race: DataRace,
    /// Places in C whose unmarked accesses race ([`Place::bits`]): these are steps.
    pub racing: Arc<BTreeSet<usize>>,
    /// How long code may run without coming to a step.
    pub lockup: Duration,
}

/// Which data races are findings.
///
/// ```
/// use ringzero::program::DataRace;
/// assert_eq!(DataRace::parse("kcsan"), Some(DataRace::Kcsan));
/// assert_eq!(DataRace::default().as_str(), "strict");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DataRace {
    /// All.
    #[default]
    Strict,
    /// Unmarked writes of an aligned word are taken for marked ones, as `CONFIG_KCSAN_ASSUME_PLAIN_WRITES_ATOMIC`.
    Kcsan,
    /// None.
    Off,
}

impl DataRace {
    /// Its name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            DataRace::Strict => "strict",
            DataRace::Kcsan => "kcsan",
            DataRace::Off => "off",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Strict, Self::Kcsan, Self::Off].into_iter().find(|d| d.as_str() == name)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cpus: 2,
            interrupts: 1,
            nmis: 1,
            expiries: 2,
            failures: 0,
            preemptions: None,
            steps: 10_000,
            time: TimeModel::Free,
            preempt: PreemptModel::Full,
            fine: false,
            c: false,
            data_race: DataRace::Strict,
            racing: Arc::default(),
            lockup: Duration::from_millis(500),
        }
    }
}

/// A violated rule in an execution.
#[derive(Clone, Debug)]
pub struct Found {
    /// The stable code.
    pub code: &'static str,
    /// One line.
    pub message: String,
    /// Where, if it is a place in the program.
    pub place: Option<Place>,
    /// An earlier place that belongs to it.
    pub other: Option<Place>,
    /// Further facts, a line each.
    pub notes: Vec<String>,
}

/// An execution's result.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// What was found.
    pub found: Option<Found>,
    /// Steps taken.
    pub steps: u32,
    /// Some of them were more than constraints.
    pub visible: bool,
    /// Contexts left on abandoned stacks, with whatever heap they own.
    pub abandoned: u32,
    /// Places in C whose unmarked accesses raced although they were no steps: the search has to begin anew with these
    /// in [`Config::racing`].
    pub racing: Vec<usize>,
    /// What could be done next depended on who else was ready: a task had a real-time priority, was sent to other
    /// CPUs, or was made to give its own to another one. So which steps commute does not follow from their objects alone.
    pub plain: bool,
    /// A task that polled with `cond_resched()` was made to give way, so that schedules in which it goes on are not seen.
    pub made_fair: bool,
}
