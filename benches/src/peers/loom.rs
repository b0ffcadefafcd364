//! loom 0.7: exhaustive search over the C11 memory model (its `SeqCst` accesses are weaker than sequential
//! consistency, so it sees more executions than the other two). Used without `--cfg loom`: its own types always work.
//! No tracing subscriber is installed, which is its fastest form.

use crate::measure::{Run, measured};
use crate::programs::{DEEP_FORBIDDEN, Kind, Program};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::atomic::{AtomicU64, Ordering};

/// Steps in one execution before loom gives up; only a livelock comes near it.
const MAX_BRANCHES: usize = 100_000;

/// Explores `program` to the end, or until `limit` executions.
pub fn exhaust(program: Program, limit: u64) -> Run {
    let mut builder = loom::model::Builder::new();
    builder.max_branches = MAX_BRANCHES;
    // loom looks at its limit only once every `checkpoint_interval` executions, and counts from one.
    builder.checkpoint_interval = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    builder.max_permutations = Some(builder.checkpoint_interval);
    let executions = std::sync::Arc::new(AtomicU64::new(0));
    let counted = executions.clone();
    measured(move || {
        builder.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            let last = execute(program);
            assert_ne!(last, Some(DEEP_FORBIDDEN), "the bug of the program");
        });
        let executions = executions.load(Ordering::Relaxed);
        (executions, executions < limit)
    })
}

/// One execution: the calling thread is one of the program's (which costs the fewest executions), the others are
/// started and joined. Gives the final value where the program looks at it.
fn execute(program: Program) -> Option<usize> {
    // The counter; for `ticket` the next ticket and the one that is served.
    let words = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let threads: Vec<_> = (1..program.threads)
        .map(|_| {
            let words = words.clone();
            loom::thread::spawn(move || (0..program.operations).for_each(|_| operation(program.kind, &words)))
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
                loom::thread::yield_now();
            }
            serving.store(ticket + 1, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counts that were published for loom, so a changed program or loom is noticed.
    #[test]
    fn known_counts() {
        for (name, executions) in
            [("increment-2x2", 94), ("increment-2x3", 1763), ("fetch-add-2x4", 182), ("ticket-2x2", 375)]
        {
            let run = exhaust(name.parse().unwrap(), 100_000);
            assert_eq!((run.executions, run.exhausted), (executions, true), "{name}");
        }
    }

    #[test]
    fn the_limit_ends_the_search() {
        let run = exhaust("increment-2x4".parse().unwrap(), 50);
        assert_eq!((run.executions, run.exhausted), (50, false));
    }
}
