//! Threads that fight for something for a fixed time.

use rustix::thread::{CpuSet, sched_setaffinity};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Processors that are used.
const PROCESSORS: usize = 2;

/// Pins the calling thread to processor `number`, modulo those that are used. Where that is not allowed, it stays free.
pub fn pin(number: usize) {
    let mut set = CpuSet::new();
    set.set(number % PROCESSORS);
    if let Err(error) = sched_setaffinity(None, &set) {
        eprintln!("host: a thread is not pinned: {error}");
    }
}

/// What came of it.
#[derive(Clone, Copy)]
pub struct Fight {
    /// Elapsed nanoseconds for each operation of all threads together.
    pub each: f64,
    /// What the thread that did least did, divided by what the one that did most did.
    pub share: f64,
}

/// Lets `threads` threads do `operation` again and again for `time`.
pub fn fight(threads: usize, time: Duration, operation: &(impl Fn() + Sync)) -> Fight {
    let (start, stop) = (Barrier::new(threads + 1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let done: Vec<_> = (0..threads)
            .map(|number| {
                let (start, stop) = (&start, &stop);
                scope.spawn(move || {
                    pin(number);
                    operation();
                    start.wait();
                    let mut done = 0_u64;
                    while !stop.load(Relaxed) {
                        operation();
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        start.wait();
        let begun = Instant::now();
        std::thread::sleep(time);
        stop.store(true, Relaxed);
        let elapsed = begun.elapsed();
        let done: Vec<u64> = done.into_iter().map(|thread| thread.join().unwrap_or(0)).collect();
        let (least, most) = (done.iter().min().copied().unwrap_or(0), done.iter().max().copied().unwrap_or(0));
        Fight {
            each: elapsed.as_nanos() as f64 / done.iter().sum::<u64>().max(1) as f64,
            share: least as f64 / most.max(1) as f64,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_take_part() {
        let fight = fight(3, Duration::from_millis(20), &|| std::hint::spin_loop());
        assert!(fight.each > 0.0 && (0.0..=1.0).contains(&fight.share));
    }
}
