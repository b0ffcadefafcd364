//! Partial-order sampling: random priorities of steps, drawn anew where steps race.
//!
//! # Source
//! Yuan, Yang, Gu, "Partial order aware concurrency sampling", CAV 2018 (the basic POS).
//!
//! # Where it deviates
//! An arrival is a step like any other; where nothing is enabled, stopping has a priority, too.

use crate::random::nth;
use crate::rng::Rng;
use ringzero_trace::{End, Event, Pick, Scheduler, View};

/// The sampler.
#[derive(Debug)]
pub struct Pos {
    rng: Rng,
    /// Per context: for which of its steps the priority was drawn, and the priority.
    drawn: Vec<(u32, u64)>,
    waiting: Vec<Event>,
}

impl Pos {
    /// A sampler of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), drawn: Vec::new(), waiting: Vec::new() }
    }

    fn priority(&mut self, e: &Event) -> u64 {
        let p = usize::from(e.label.proc);
        if self.drawn.len() <= p {
            self.drawn.resize(p + 1, (u32::MAX, 0));
        }
        if self.drawn[p].0 != e.idx {
            self.drawn[p] = (e.idx, self.rng.next());
        }
        self.drawn[p].1
    }
}

impl Scheduler for Pos {
    fn begin(&mut self) {
        self.drawn.clear();
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        let mut best =
            if view.enabled.is_empty() { (self.rng.next(), view.enabled.len() + view.arrivals.len()) } else { (0, 0) };
        self.waiting.clear();
        for (n, e) in view.enabled.iter().chain(view.arrivals).enumerate() {
            self.waiting.push(*e);
            let p = self.priority(e);
            if p >= best.0 {
                best = (p, n);
            }
        }
        nth(view, best.1)
    }

    fn executed(&mut self, event: &Event) {
        // Steps that race with the one just taken get a new priority.
        for k in 0..self.waiting.len() {
            let p = usize::from(self.waiting[k].label.proc);
            if self.waiting[k].label.proc != event.label.proc && self.waiting[k].conflicts(event) {
                self.drawn[p].0 = u32::MAX;
            }
        }
    }

    fn settled(&mut self, _: bool) {}
    fn vanished(&mut self) {}
    fn finish(&mut self, _: End, _: &[Event], _: &[Event]) {}
}
