//! Probabilistic concurrency testing: random priorities, few change points.
//!
//! # Source
//! Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding bugs",
//! ASPLOS 2010.
//!
//! # Where it deviates
//! The depth is not given: executions go through depths 1 to 7 in turn, so that no wrong guess can make it blind.
//! The number of steps is learned (the longest execution so far); only steps on shared objects are counted. An interrupt has a priority as a task has. Where
//! nothing is enabled an arrival comes with probability one half.

use crate::random::nth;
use crate::rng::Rng;
use crate::shared::SharedPlaces;
use ringzero_trace::{End, Event, Pick, Proc, Scheduler, View};

const DEEPEST: u64 = 7;

/// PCT with its depth swept.
#[derive(Debug)]
pub struct Pct {
    rng: Rng,
    run: u64,
    longest: usize,
    step: usize,
    changes: Vec<usize>,
    priority: Vec<u64>,
    low: u64,
    shared: SharedPlaces,
}

impl Pct {
    /// A sampler of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            run: 0,
            longest: 4,
            step: 0,
            changes: Vec::new(),
            priority: Vec::new(),
            low: 0,
            shared: SharedPlaces::default(),
        }
    }

    fn priority(&mut self, proc: Proc) -> u64 {
        let p = usize::from(proc);
        if self.priority.len() <= p {
            self.priority.resize(p + 1, 0);
        }
        if self.priority[p] == 0 {
            self.priority[p] = self.rng.next() | 1 << 63;
        }
        self.priority[p]
    }
}

impl Scheduler for Pct {
    fn begin(&mut self) {
        let depth = self.run % DEEPEST;
        self.run += 1;
        self.step = 0;
        self.shared.begin();
        self.priority.clear();
        self.changes.clear();
        self.low = 1 << 62;
        for _ in 0..depth {
            let at = self.rng.below(self.longest);
            self.changes.push(at);
        }
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        if view.enabled.is_empty() && self.rng.next() & 1 == 0 {
            return Pick::Stop;
        }
        let mut best = (0, 0);
        for (n, e) in view.enabled.iter().chain(view.arrivals).enumerate() {
            let p = self.priority(e.label.proc);
            if p > best.0 {
                best = (p, n);
            }
        }
        nth(view, best.1)
    }

    fn executed(&mut self, event: &Event) {
        if !self.shared.note(event) {
            return;
        }
        if self.changes.contains(&self.step) {
            self.low -= 1;
            let low = self.low;
            self.priority(event.label.proc);
            self.priority[usize::from(event.label.proc)] = low;
        }
        self.step += 1;
    }

    fn settled(&mut self, _: bool) {}
    fn vanished(&mut self) {}

    fn finish(&mut self, _: End, _: &[Event], _: &[Event]) {
        self.longest = self.longest.max(self.step);
    }
}
