//! How ours and its peers are measured: in turns, for several rounds, and the median counts.

use crate::row::{Better, Row};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long to measure, and what.
pub struct Effort {
    rounds: usize,
    /// How long one side runs in one round.
    pub slice: Duration,
    only: String,
}

/// One side of a comparison: its name, and a round of it, which says what it came to.
pub type Side<'a> = (&'static str, Box<dyn FnMut() -> f64 + 'a>);

impl Effort {
    /// `only`: of the works with this in their names.
    pub fn new(quick: bool, only: String) -> Self {
        let (rounds, milliseconds) = if quick { (7, 5) } else { (41, 5) };
        Self { rounds, slice: Duration::from_millis(milliseconds), only }
    }

    /// Whether `work` is asked for.
    pub fn wants(&self, work: &str) -> bool {
        work.contains(&self.only)
    }

    /// The medians of all sides over the rounds, in each of which every side has one turn.
    pub fn medians(&self, sides: &mut [Side<'_>]) -> Vec<f64> {
        let mut found = vec![Vec::new(); sides.len()];
        for _ in 0..=self.rounds {
            sides.iter_mut().zip(&mut found).for_each(|((_, round), found)| found.push(round()));
        }
        // The first round warms up.
        found.into_iter().map(|values| median(values[1..].to_vec())).collect()
    }

    /// Compares the first side, which is ours, with each other one.
    pub fn compare(&self, work: &str, unit: &str, goal: f64, mut sides: Vec<Side<'_>>) {
        if !self.wants(work) {
            return;
        }
        let values = self.medians(&mut sides);
        for ((peer, _), theirs) in sides.iter().zip(&values).skip(1) {
            let better = Better::Lower;
            Row { work, peer, ours: values[0], theirs: *theirs, goal: Some(goal), better, unit }.print();
        }
    }

    /// A side that does `operation` again and again on this thread: nanoseconds of its processor time for each, which a
    /// busy neighbour does not lengthen.
    pub fn each<'a>(&self, name: &'static str, mut operation: impl FnMut() + 'a) -> Side<'a> {
        let slice = self.slice;
        let mut times = 0_u64;
        let round = move || {
            // How often it can be done in the time is found out once.
            while times == 0 {
                let mut probe = 1_u64 << 10;
                let start = Instant::now();
                repeat(probe, &mut operation);
                while start.elapsed() < slice / 4 {
                    repeat(probe, &mut operation);
                    probe *= 2;
                }
                times = probe;
            }
            let start = thread_ns();
            repeat(times, &mut operation);
            (thread_ns() - start) / times as f64
        };
        (name, Box::new(round))
    }
}

#[inline(always)]
fn repeat(times: u64, operation: &mut impl FnMut()) {
    for _ in 0..times {
        operation();
    }
    black_box(times);
}

/// The processor time of this thread.
pub fn thread_ns() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// The middle value, of an even number the upper one of the two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert!(median(vec![]).is_nan());
    }

    #[test]
    fn sides_take_turns() {
        let turns = std::cell::RefCell::new(String::new());
        let side = |name| -> Side<'_> {
            let turns = &turns;
            let round = move || {
                turns.borrow_mut().push_str(name);
                turns.borrow().len() as f64
            };
            (name, Box::new(round))
        };
        let values =
            Effort { rounds: 3, slice: Duration::ZERO, only: String::new() }.medians(&mut [side("a"), side("b")]);
        assert_eq!((turns.borrow().as_str(), values), ("abababab", vec![5.0, 6.0]));
    }
}
