//! shuttle 0.9: random, PCT and depth-first (without reduction) schedules, sequentially consistent.

use crate::measure::{Run, measured};
use crate::programs::{DEEP_FORBIDDEN, Kind, Program};
use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use shuttle::{Config, Runner};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// `executions` random schedules of `program`.
pub fn random(program: Program, seed: u64, executions: u64) -> Run {
    let scheduler = RandomScheduler::new_from_seed(seed, as_limit(executions));
    run(program, scheduler, u64::MAX)
}

/// Depth-first search of `program` to the end, or until `limit` executions.
pub fn exhaust(program: Program, limit: u64) -> Run {
    run(program, DfsScheduler::new(Some(as_limit(limit)), false), limit)
}

/// The number of the first PCT execution of `depth` in which `program` shows its bug; `None` within `limit`.
pub fn pct_to_bug(program: Program, seed: u64, depth: usize, limit: u64) -> Option<u64> {
    let found = Arc::new(AtomicBool::new(false));
    let scheduler = StopWhen { inner: PctScheduler::new_from_seed(seed, depth, as_limit(limit)), stop: found.clone() };
    let seen = found.clone();
    let executions = Runner::new(scheduler, config()).run(move || {
        if execute(program) == Some(DEEP_FORBIDDEN) {
            seen.store(true, Ordering::Relaxed);
        }
    });
    found.load(Ordering::Relaxed).then_some(executions as u64)
}

/// Stops a search without the cost and the noise of a panic, once the program has shown its bug.
struct StopWhen<S> {
    inner: S,
    stop: Arc<AtomicBool>,
}

impl<S: Scheduler> Scheduler for StopWhen<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.stop.load(Ordering::Relaxed) { None } else { self.inner.new_execution() }
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, is_yielding: bool) -> Option<TaskId> {
        self.inner.next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

/// Runs the executions that `scheduler` wants; the search has ended if there were fewer than `limit`.
fn run(program: Program, scheduler: impl Scheduler + 'static, limit: u64) -> Run {
    measured(move || {
        let executions = Runner::new(scheduler, config()).run(move || {
            std::hint::black_box(execute(program));
        }) as u64;
        (executions, limit != u64::MAX && executions < limit)
    })
}

/// shuttle's defaults. An endless execution ends: depth-first search spins for ever in a wait loop.
fn config() -> Config {
    let mut config = Config::new();
    config.max_steps = shuttle::MaxSteps::ContinueAfter(1_000);
    config
}

fn as_limit(executions: u64) -> usize {
    usize::try_from(executions).unwrap_or(usize::MAX)
}

/// One execution: the calling thread is one of the program's (which costs the fewest executions), the others are
/// started and joined. Gives the final value where the program looks at it.
fn execute(program: Program) -> Option<usize> {
    // The counter; for `ticket` the next ticket and the one that is served.
    let words = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let threads: Vec<_> = (1..program.threads)
        .map(|_| {
            let words = words.clone();
            shuttle::thread::spawn(move || (0..program.operations).for_each(|_| operation(program.kind, &words)))
        })
        .collect();
    (0..program.operations).for_each(|_| operation(program.kind, &words));
    threads.into_iter().for_each(|thread| thread.join().expect("a thread of the program panicked"));
    (program.kind == Kind::Deep).then(|| words[0].load(SeqCst))
}

/// One operation of one thread.
fn operation(kind: Kind, [counter, serving]: &[AtomicUsize; 2]) {
    match kind {
        Kind::Increment | Kind::Deep => counter.store(counter.load(SeqCst) + 1, SeqCst),
        Kind::FetchAdd => {
            counter.fetch_add(1, SeqCst);
        }
        Kind::Ticket => {
            let ticket = counter.fetch_add(1, SeqCst);
            while serving.load(SeqCst) != ticket {
                shuttle::hint::spin_loop();
            }
            serving.store(ticket + 1, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without reduction the count is that of the interleavings, so a changed program or shuttle is noticed.
    #[test]
    fn known_counts() {
        for (name, executions) in [("increment-2x3", 1716), ("increment-2x4", 24_310), ("fetch-add-2x4", 126)] {
            let run = exhaust(name.parse().unwrap(), 100_000);
            assert_eq!((run.executions, run.exhausted), (executions, true), "{name}");
        }
    }

    #[test]
    fn depth_first_search_never_leaves_a_wait_loop() {
        assert!(!exhaust("ticket-2x2".parse().unwrap(), 100).exhausted);
    }

    #[test]
    fn pct_finds_the_bug_at_depth_5_and_not_at_2() {
        let program = "deep-2x5".parse().unwrap();
        assert!((1..=3).all(|seed| pct_to_bug(program, seed, 5, 100_000).is_some()));
        assert_eq!(pct_to_bug(program, 1, 2, 2_000), None);
    }

    #[test]
    fn random_makes_as_many_executions_as_asked() {
        let run = random("increment-3x2".parse().unwrap(), 1, 500);
        assert_eq!((run.executions, run.exhausted), (500, false));
    }
}
