//! The samplers in turn.

use crate::{burst::Burst, pct::Pct, pos::Pos, random::Random};
use ringzero_trace::{End, Event, Pick, Scheduler, View};

/// Bursts every second execution, the others in turn between them.
#[derive(Debug)]
pub struct Sample {
    run: u64,
    random: Random,
    pct: Pct,
    pos: Pos,
    burst: Burst,
}

impl Sample {
    /// Samplers of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            run: 0,
            random: Random::new(seed ^ 1),
            pct: Pct::new(seed ^ 2),
            pos: Pos::new(seed ^ 3),
            burst: Burst::new(seed ^ 4),
        }
    }

    fn of(&mut self) -> &mut dyn Scheduler {
        match self.run % 6 {
            1 => &mut self.random,
            3 => &mut self.pct,
            5 => &mut self.pos,
            _ => &mut self.burst,
        }
    }
}

impl Scheduler for Sample {
    fn begin(&mut self) {
        self.of().begin();
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        self.of().pick(view)
    }

    fn executed(&mut self, event: &Event) {
        self.of().executed(event);
    }

    fn settled(&mut self, open_after: bool) {
        self.of().settled(open_after);
    }

    fn vanished(&mut self) {
        self.of().vanished();
    }

    fn kept(&mut self, steps: usize, fails: bool) {
        self.of().kept(steps, fails);
    }

    fn finish(&mut self, end: End, events: &[Event], pending: &[Event]) {
        self.of().finish(end, events, pending);
        self.run += 1;
    }
}
