//! What a model machine is built with, and what an execution leaves.

use ringzero_machine::{Place, PreemptModel};
use ringzero_trace::End;

/// How timers and the clock relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TimeModel {
    /// An armed timer may expire at any step; the clock jumps with it.
    #[default]
    Free,
    /// The clock advances only when all is idle.
    Strict,
}

/// The machine and its bounds.
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
}
