//! Brute force: every schedule, no reduction. For tiny programs, to check the reduction against, and for bounds that
//! the reduction cannot respect (preemptions).

use crate::class::Seen;
use ringzero_trace::{End, Event, Pick, Scheduler, View};

/// Depth-first over all choices.
#[derive(Default)]
pub struct Brute {
    path: Vec<(usize, usize)>,
    depth: usize,
    diverged: bool,
    /// The program has been explored to the end.
    pub exhausted: bool,
    seen: Seen,
}

impl Scheduler for Brute {
    fn begin(&mut self) {
        self.depth = 0;
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        let stops = usize::from(view.enabled.is_empty());
        let options = view.enabled.len() + view.arrivals.len() + stops;
        let choice = match self.path.get(self.depth) {
            Some(&(n, c)) => {
                self.diverged |= n != options;
                c
            }
            None => {
                self.path.push((options, 0));
                0
            }
        };
        self.depth += 1;
        if stops == 1 && choice == 0 {
            return Pick::Stop;
        }
        let choice = choice - stops;
        match choice.checked_sub(view.enabled.len()) {
            None => Pick::Step(choice),
            Some(a) if a < view.arrivals.len() => Pick::Arrival(a),
            Some(_) => Pick::Abandon,
        }
    }

    fn executed(&mut self, _: &Event) {}
    fn settled(&mut self, _: bool) {}
    fn vanished(&mut self) {}

    fn finish(&mut self, end: End, events: &[Event], pending: &[Event]) {
        self.seen.note(end, events, pending);
        self.path.truncate(self.depth);
        while let Some((n, c)) = self.path.pop() {
            if c + 1 < n {
                self.path.push((n, c + 1));
                return;
            }
        }
        self.exhausted = true;
    }
}

impl Brute {
    /// Whether the program behaved differently under the same choices.
    #[must_use]
    pub fn diverged(&self) -> bool {
        self.diverged
    }

    /// Whether the last execution was of a class that had not been seen.
    #[must_use]
    pub const fn last_new(&self) -> bool {
        self.seen.new
    }
}
