//! Follows a list of choices, exactly or as far as it leads.

use ringzero_trace::{Choice, End, Event, Pick, Scheduler, View};

/// What a replay does when a choice cannot be followed, or the list is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It stops: the program is another one, or not deterministic.
    Exact,
    /// It skips the choice, and after the list goes on with the least: no switch that is not needed, no arrival.
    Lenient,
}

/// The replay.
#[derive(Debug)]
pub struct Replay {
    choices: Vec<Choice>,
    at: usize,
    mode: Mode,
    last: Option<Choice>,
    /// The first choice that could not be followed.
    pub lost: Option<usize>,
}

impl Replay {
    /// Follows `choices`.
    #[must_use]
    pub const fn new(choices: Vec<Choice>, mode: Mode) -> Self {
        Self { choices, at: 0, mode, last: None, lost: None }
    }

    fn find(view: &View<'_>, choice: Choice) -> Option<Pick> {
        let step = view.enabled.iter().position(|e| e.choice() == choice).map(Pick::Step);
        step.or_else(|| view.arrivals.iter().position(|e| e.choice() == choice).map(Pick::Arrival))
    }
}

impl Scheduler for Replay {
    fn begin(&mut self) {
        self.at = 0;
        self.lost = None;
        self.last = None;
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        while let Some(&choice) = self.choices.get(self.at) {
            self.at += 1;
            if let Some(p) = Self::find(view, choice) {
                return p;
            }
            self.lost.get_or_insert(self.at - 1);
            if self.mode == Mode::Exact {
                return Pick::Abandon;
            }
        }
        if view.enabled.is_empty() {
            return Pick::Stop;
        }
        if self.mode == Mode::Exact {
            self.lost.get_or_insert(self.at);
            return Pick::Abandon;
        }
        let same = view.enabled.iter().position(|e| Some(e.choice()) == self.last);
        let same = same.or_else(|| view.enabled.iter().position(|e| Some(e.who) == self.last.map(|l| l.who)));
        Pick::Step(same.unwrap_or(0))
    }

    fn executed(&mut self, event: &Event) {
        self.last = Some(event.choice());
    }

    fn settled(&mut self, _: bool) {}

    fn vanished(&mut self) {
        // Choices are those of steps that remained; a round that fails here failed when the trace was made, too.
    }

    fn finish(&mut self, _: End, _: &[Event], _: &[Event]) {}
}
