//! Looks at each execution that another scheduler decides.

use ringzero_trace::{End, Event, Pick, Scheduler, View};

/// Passes everything on to `inner`, and shows `at_end` each execution before `inner` hears that it is over.
#[derive(Debug)]
pub struct Observe<S, F> {
    inner: S,
    at_end: F,
}

impl<S: Scheduler, F: FnMut(End, &[Event], &[Event])> Observe<S, F> {
    /// Observes `inner`.
    pub const fn new(inner: S, at_end: F) -> Self {
        Self { inner, at_end }
    }
}

impl<S: Scheduler, F: FnMut(End, &[Event], &[Event])> Scheduler for Observe<S, F> {
    fn begin(&mut self) {
        self.inner.begin();
    }

    #[inline]
    fn pick(&mut self, view: &View<'_>) -> Pick {
        self.inner.pick(view)
    }

    fn executed(&mut self, event: &Event) {
        self.inner.executed(event);
    }

    fn settled(&mut self, open_after: bool) {
        self.inner.settled(open_after);
    }

    fn moved(&mut self, moves: bool) {
        self.inner.moved(moves);
    }

    fn vanished(&mut self) {
        self.inner.vanished();
    }

    fn kept(&mut self, steps: usize, fails: bool) {
        self.inner.kept(steps, fails);
    }

    fn finish(&mut self, end: End, events: &[Event], pending: &[Event]) {
        (self.at_end)(end, events, pending);
        self.inner.finish(end, events, pending);
    }
}
