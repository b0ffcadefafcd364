//! What a run costs, and how several runs become one number.

use rustix::time::{ClockId, clock_gettime};
use std::time::Instant;

/// One measured run of a checker on a program.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Run {
    /// Executions of the program.
    pub executions: u64,
    /// CPU time of the whole process meanwhile, all threads, user and system.
    pub cpu_seconds: f64,
    /// Elapsed time.
    pub wall_seconds: f64,
    /// Whether the checker came to the end of its search (never for a random one).
    pub exhausted: bool,
}

impl Run {
    /// Executions for each second of CPU time: the rate that a busy neighbour disturbs least.
    pub fn per_cpu_second(&self) -> f64 {
        self.executions as f64 / self.cpu_seconds.max(f64::MIN_POSITIVE)
    }

    /// Executions for each elapsed second: what more than one job can raise.
    pub fn per_wall_second(&self) -> f64 {
        self.executions as f64 / self.wall_seconds.max(f64::MIN_POSITIVE)
    }
}

/// Runs `work`, which says how many executions it made and whether its search ended, and measures it.
pub fn measured(work: impl FnOnce() -> (u64, bool)) -> Run {
    let (cpu, wall) = (process_cpu_seconds(), Instant::now());
    let (executions, exhausted) = work();
    Run { executions, cpu_seconds: process_cpu_seconds() - cpu, wall_seconds: wall.elapsed().as_secs_f64(), exhausted }
}

/// The CPU time that this process has used so far.
pub fn process_cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9
}

/// The middle value (of an even number, the mean of the middle two); `None` of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_odd_even_and_no_values() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([]), None);
    }

    #[test]
    fn cpu_time_counts_work() {
        let run = measured(|| {
            let sum = (0..20_000_000_u64).fold(0, |a, b| std::hint::black_box(a ^ b));
            (1, sum == 1)
        });
        assert!(run.cpu_seconds > 0.0 && run.wall_seconds > 0.0);
        assert!(run.per_cpu_second() > 0.0 && run.per_wall_second() > 0.0);
    }
}
