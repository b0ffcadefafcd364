//! Ringzero's side: the same programs (registered in the gallery under these names), run by its own strategies.
//!
//! Not linked yet: each function says so, and the rows show no value of ours.

use crate::measure::Run;

/// A value of ours, or why there is none.
pub type Ours<T> = Result<T, String>;

/// The exhaustive strategy on the program `name` with `jobs` explorers, to the end of its search.
pub fn exhaust(name: &str, jobs: usize) -> Ours<Run> {
    Err(not_linked(&format!("exhaust {name}, jobs {jobs}")))
}

/// `executions` random executions of the program `name`, one explorer.
pub fn random(name: &str, executions: u64) -> Ours<Run> {
    Err(not_linked(&format!("random {name}, {executions} executions")))
}

/// The number of the first execution of the `sample` strategy in which `name` shows its bug; `None` if the budget ends.
pub fn to_bug(name: &str, seed: u64) -> Ours<Option<u64>> {
    Err(not_linked(&format!("sample {name}, seed {seed}")))
}

fn not_linked(what: &str) -> String {
    format!("not linked: {what}")
}
