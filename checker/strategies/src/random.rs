//! The random walk: each choice uniform among what is possible.

use crate::rng::Rng;
use ringzero_trace::{End, Event, Pick, Scheduler, View};

/// A random walk. Where nothing is enabled, stopping is one more choice.
#[derive(Debug)]
pub struct Random {
    rng: Rng,
}

impl Random {
    /// A walk of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed) }
    }
}

/// `n`th of all that is possible, steps first.
pub(crate) fn nth(view: &View<'_>, n: usize) -> Pick {
    match n.checked_sub(view.enabled.len()) {
        None => Pick::Step(n),
        Some(a) if a < view.arrivals.len() => Pick::Arrival(a),
        Some(_) => Pick::Stop,
    }
}

impl Scheduler for Random {
    fn begin(&mut self) {}

    #[inline]
    fn pick(&mut self, view: &View<'_>) -> Pick {
        let options = view.enabled.len() + view.arrivals.len() + usize::from(view.enabled.is_empty());
        let n = if options == 1 { 0 } else { self.rng.below(options) };
        nth(view, n)
    }

    fn executed(&mut self, _: &Event) {}
    fn settled(&mut self, _: bool) {}
    fn vanished(&mut self) {}
    fn finish(&mut self, _: End, _: &[Event], _: &[Event]) {}
}
