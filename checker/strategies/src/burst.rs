//! Bursts: a context runs for a drawn number of steps, then another one does.
//!
//! # Why
//! A deep bug needs several switches, each at one place. PCT draws those places uniformly over the execution, so `d`
//! switches cost the length of the execution to the power `d`. But in most deep bugs most of the bursts between two
//! switches are very short (a step or two) or go to the end of the context; only few have a length in between. Here a
//! burst's length is drawn from a mixture without a scale: one step, two steps, uniform over what a context may
//! still have, or until it ends or waits. No depth has to be guessed. Only steps on shared objects are counted.
//!
//! # Source
//! Own; the mixture of run lengths stands in for PCT's change points (see `pct.rs` for the paper).

use crate::random::nth;
use crate::rng::Rng;
use crate::shared::SharedPlaces;
use ringzero_trace::{End, Event, Pick, Proc, Scheduler, View};

/// The sampler.
#[derive(Debug)]
pub struct Burst {
    rng: Rng,
    current: Option<Proc>,
    left: usize,
    longest: usize,
    /// Steps that count, of each context in this execution.
    taken: Vec<usize>,
    shared: SharedPlaces,
}

impl Burst {
    /// A sampler of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let shared = SharedPlaces::default();
        Self { rng: Rng::new(seed), current: None, left: 0, longest: 4, taken: Vec::new(), shared }
    }

    fn draw(&mut self) -> usize {
        match self.rng.below(16) {
            0..=5 => 1,
            6..=7 => 2,
            8..=11 => 1 + self.rng.below(self.longest),
            _ => usize::MAX,
        }
    }
}

impl Scheduler for Burst {
    fn begin(&mut self) {
        self.current = None;
        self.left = 0;
        self.taken.clear();
        self.shared.begin();
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        if self.left > 0
            && let Some(n) = view.enabled.iter().position(|e| Some(e.label.proc) == self.current)
        {
            return Pick::Step(n);
        }
        let all = view.enabled.len() + view.arrivals.len();
        let stop = usize::from(view.enabled.is_empty());
        // Another context than the last one, if there is another.
        let mut n = self.rng.below(all + stop);
        let of = |n: usize| view.enabled.iter().chain(view.arrivals).nth(n).map(|e| e.label.proc);
        if all > 1 && of(n) == self.current {
            n = (n + 1 + self.rng.below(all - 1)) % all;
        }
        self.current = of(n);
        self.left = self.draw();
        nth(view, n)
    }

    fn executed(&mut self, event: &Event) {
        self.current = Some(event.label.proc);
        if self.shared.note(event) {
            self.left = self.left.saturating_sub(1);
            let p = usize::from(event.label.proc);
            if self.taken.len() <= p {
                self.taken.resize(p + 1, 0);
            }
            self.taken[p] += 1;
            self.longest = self.longest.max(self.taken[p]);
        }
    }

    fn settled(&mut self, _: bool) {}
    fn vanished(&mut self) {}
    fn finish(&mut self, _: End, _: &[Event], _: &[Event]) {}
}
