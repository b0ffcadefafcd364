//! Ringzero's side: the same programs (registered in the gallery under these names), run by its own strategies.

use crate::measure::Run;
use ringzero::Strategy;
use ringzero::program::{Answer, Program, Settings, boot, check};
use ringzero_front::Module;
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

/// The C form of the program `name`, compiled once.
pub struct InC {
    name: String,
    module: Module,
}

impl InC {
    /// Compiles it.
    pub fn of(name: &str) -> Ours<Self> {
        let program = ringzero_gallery::find_c(&format!("c/bench/{name}"));
        let program = program.ok_or_else(|| format!("there is no program {name} in C"))?;
        let module = Module::from_text(program.name, program.path, program.text).map_err(|e| e.to_string())?;
        Ok(Self { name: name.to_owned(), module })
    }

    fn run(&self, change: impl FnOnce(&mut Settings)) -> Ours<Run> {
        let mut settings = Settings { time: Duration::from_secs(120), ..Settings::default() };
        self.module.tune(&mut settings);
        change(&mut settings);
        let parts = self.module.parts();
        let part = parts.first().ok_or_else(|| format!("{} has nothing to run", self.name))?;
        let (wall, cpu) = (Instant::now(), cpu_seconds());
        let answer = self.module.check(part, &settings, &mut |_| {});
        let (wall_seconds, cpu_seconds) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        Ok(Run { executions: answer.executions, cpu_seconds, wall_seconds, exhausted: answer.why.is_none() })
    }

    /// As [`random`].
    pub fn random(&self, executions: u64) -> Ours<Run> {
        self.run(|s| {
            s.strategy = Strategy::Random;
            s.executions = executions;
            s.seed = 1;
        })
    }

    /// As [`exhaust`], with one explorer.
    pub fn exhaust(&self) -> Ours<Run> {
        self.run(|s| {
            s.strategy = Strategy::Exhaustive;
            s.executions = u64::MAX;
        })
    }
}

/// Seconds to compile and load a C file of the gallery: the median of `rounds`.
pub fn compile_and_load(name: &str, rounds: usize) -> Ours<f64> {
    let program = ringzero_gallery::find_c(name).ok_or_else(|| format!("there is no program {name}"))?;
    let mut seconds = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let module = Module::from_text(program.name, program.path, program.text).map_err(|e| e.to_string())?;
        seconds.push(start.elapsed().as_secs_f64());
        drop(module);
    }
    crate::measure::median(seconds).ok_or_else(|| "no rounds".to_owned())
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
