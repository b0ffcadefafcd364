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
    /// A step was taken after the list's end; it has to be a round that fails.
    trying: bool,
    /// The first choice that could not be followed.
    pub lost: Option<usize>,
}

impl Replay {
    /// Follows `choices`.
    #[must_use]
    pub const fn new(choices: Vec<Choice>, mode: Mode) -> Self {
        Self { choices, at: 0, mode, last: None, trying: false, lost: None }
    }

    fn find(view: &View<'_>, choice: Choice) -> Option<Pick> {
        let step = view.enabled.iter().position(|e| e.choice() == choice).map(Pick::Step);
        step.or_else(|| view.arrivals.iter().position(|e| e.choice() == choice).map(Pick::Arrival))
    }
}

impl Replay {
    /// Takes a step that is no choice of the list: it has to be a round that fails.
    fn try_a_round(&mut self, view: &View<'_>) -> Pick {
        if view.enabled.is_empty() || std::mem::replace(&mut self.trying, true) {
            self.lost.get_or_insert(self.at);
            return Pick::Abandon;
        }
        let reads = |e: &Event| !e.acc.iter().any(|a| a.write);
        let of_last = |e: &Event| reads(e) && Some(e.who) == self.last.map(|l| l.who);
        let first = |f: &dyn Fn(&Event) -> bool| view.enabled.iter().position(f);
        Pick::Step(first(&of_last).or_else(|| first(&reads)).unwrap_or(0))
    }
}

impl Scheduler for Replay {
    fn begin(&mut self) {
        self.at = 0;
        self.lost = None;
        self.last = None;
        self.trying = false;
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        while let Some(&choice) = self.choices.get(self.at) {
            if let Some(p) = Self::find(view, choice) {
                self.at += 1;
                return p;
            }
            if self.mode == Mode::Exact {
                // It may come when a round that fails, and was taken back, has failed here, too.
                return self.try_a_round(view);
            }
            self.lost.get_or_insert(self.at);
            self.at += 1;
        }
        if view.enabled.is_empty() {
            return Pick::Stop;
        }
        if self.mode == Mode::Exact {
            // What is left can only be the rounds of loops that wait for ever.
            return self.try_a_round(view);
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
        self.trying = false;
        // Choices are those of steps that remained; a round that fails here failed when the trace was made, too.
    }

    fn kept(&mut self, _: usize, _: bool) {
        self.trying = false;
    }

    fn finish(&mut self, _: End, _: &[Event], _: &[Event]) {
        if self.trying {
            self.lost.get_or_insert(self.at);
        }
    }
}
