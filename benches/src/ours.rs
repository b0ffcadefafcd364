//! Ringzero's side: the same programs (registered in the gallery under these names), run by its own strategies.

use crate::measure::Run;
use ringzero::Strategy;
use ringzero::program::{Answer, Program, Settings, boot, check};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// A value of ours, or why there is none.
pub type Ours<T> = Result<T, String>;

fn cpu_seconds() -> f64 {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

fn run(name: &str, change: impl FnOnce(&mut Settings)) -> Ours<(Answer, Run)> {
    let entry = ringzero_gallery::find(name).ok_or_else(|| format!("there is no program {name}"))?;
    let mut settings = Settings { time: Duration::from_secs(120), ..Settings::default() };
    (entry.tune)(&mut settings);
    change(&mut settings);
    let init = entry.init;
    let start = || boot(&init);
    let program = Program::of(name, false, &start);
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let answer = check(&program, &settings, &mut |_| {});
    let run = Run {
        executions: answer.executions,
        cpu_seconds: cpu_seconds() - cpu,
        wall_seconds: wall.elapsed().as_secs_f64(),
        exhausted: answer.why.is_none(),
    };
    Ok((answer, run))
}

/// The exhaustive strategy on the program `name` with `jobs` explorers, to the end of its search.
pub fn exhaust(name: &str, jobs: usize) -> Ours<Run> {
    let all = |s: &mut Settings| {
        s.strategy = Strategy::Exhaustive;
        s.jobs = jobs;
        s.executions = u64::MAX;
    };
    run(name, all).map(|(_, r)| r)
}

/// `executions` random executions of the program `name`, one explorer.
pub fn random(name: &str, executions: u64) -> Ours<Run> {
    let some = |s: &mut Settings| {
        s.strategy = Strategy::Random;
        s.executions = executions;
        s.seed = 1;
    };
    run(name, some).map(|(_, r)| r)
}

/// The number of the first execution of the `sample` strategy in which `name` shows its bug; `None` if the budget ends.
pub fn to_bug(name: &str, seed: u64) -> Ours<Option<u64>> {
    let until = |s: &mut Settings| {
        s.strategy = Strategy::Sample;
        s.executions = 2_000_000;
        s.seed = seed;
    };
    run(name, until).map(|(a, _)| a.finding.map(|_| a.executions))
}
