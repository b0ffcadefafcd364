//! Every schedule, but for those that only exchange neighbours that do not care: sleep sets (Godefroid, LNCS 1032, 1996).
//!
//! For programs in which what can be done next depends on who else is ready, so that the objects of two steps do not tell
//! whether they commute: real-time priorities. Here two steps commute if they are of different contexts, touch no object
//! in common, are not stacked on one CPU, and **neither moves anybody**: changes who is ready, where, or how urgent
//! ([`Scheduler::moved`]). That is known of a step only once it was taken; but so is what sleeps.
//!
//! **Invariants.** 1. A branch that was explored at a node sleeps below its later siblings, until a step is taken that does
//! not commute with it. 2. What sleeps is not chosen. 3. That nothing more comes never sleeps. So of each class with its
//! stacking one execution is complete, and nothing is left out; but runs that can only go on with what sleeps are begun.

use crate::class::Seen;
use ringzero_trace::{End, Event, Pick, Scheduler, View};

/// A step that was taken from a node, and whether it moved somebody there.
#[derive(Clone, Copy, Debug)]
struct Taken {
    event: Event,
    moves: bool,
}

impl Taken {
    fn commutes(&self, other: &Taken) -> bool {
        let (a, b) = (&self.event, &other.event);
        !self.moves && !other.moves && a.who != b.who && !a.stacks_with(b) && !a.conflicts(b)
    }
}

#[derive(Debug, Default)]
struct Node {
    /// What could be done: `enabled` of these are steps, the others arrivals.
    options: Vec<Event>,
    enabled: usize,
    /// Nothing was enabled, so that the execution could also stop here, and it was not tried yet.
    stops: bool,
    /// What is done in this execution; none: it stops, or is given up.
    choice: Option<usize>,
    moves: bool,
    sleeping: Vec<Taken>,
}

impl Node {
    fn new(view: &View<'_>, sleeping: Vec<Taken>) -> Self {
        let options = view.enabled.iter().chain(view.arrivals).copied().collect();
        let stops = view.enabled.is_empty();
        let mut node = Self { options, enabled: view.enabled.len(), stops, sleeping, ..Self::default() };
        if !stops {
            node.choice = node.awake(0);
        }
        node
    }

    /// The next option that does not sleep.
    fn awake(&self, from: usize) -> Option<usize> {
        let sleeps = |e: &Event| self.sleeping.iter().any(|t| t.event.choice() == e.choice());
        (from..self.options.len()).find(|&n| !sleeps(&self.options[n]))
    }

    fn taken(&self) -> Option<Taken> {
        self.choice.map(|n| Taken { event: self.options[n], moves: self.moves })
    }

    fn pick(&self) -> Pick {
        match self.choice {
            Some(n) if n < self.enabled => Pick::Step(n),
            Some(n) => Pick::Arrival(n - self.enabled),
            None if self.stops => Pick::Stop,
            None => Pick::Abandon,
        }
    }

    /// What sleeps after what is done.
    fn sleeping_after(&self) -> Vec<Taken> {
        let taken = self.taken();
        self.sleeping.iter().filter(|t| taken.is_none_or(|done| t.commutes(&done))).copied().collect()
    }

    /// Goes on to the next branch; whether there is one.
    fn next(&mut self) -> bool {
        let from = match self.taken() {
            Some(taken) => {
                self.sleeping.push(taken);
                self.choice.map_or(0, |n| n + 1)
            }
            None => 0,
        };
        let stopped = std::mem::take(&mut self.stops);
        self.choice = if self.choice.is_some() || stopped { self.awake(from) } else { None };
        self.moves = true;
        self.choice.is_some()
    }
}

/// The search.
#[derive(Default)]
pub struct Plain {
    path: Vec<Node>,
    depth: usize,
    diverged: bool,
    /// The program has been explored to the end.
    pub exhausted: bool,
    seen: Seen,
}

impl Scheduler for Plain {
    fn begin(&mut self) {
        self.depth = 0;
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        if self.depth == self.path.len() {
            let sleeping = self.path.last().map(Node::sleeping_after).unwrap_or_default();
            self.path.push(Node::new(view, sleeping));
        } else {
            let known = &self.path[self.depth];
            let now = view.enabled.iter().chain(view.arrivals);
            self.diverged |= !known.options.iter().map(Event::choice).eq(now.map(Event::choice));
        }
        self.depth += 1;
        if self.diverged { Pick::Abandon } else { self.path[self.depth - 1].pick() }
    }

    fn executed(&mut self, _: &Event) {
        // Until it is told otherwise.
        if let Some(node) = self.depth.checked_sub(1).and_then(|n| self.path.get_mut(n)) {
            node.moves = true;
        }
    }

    fn moved(&mut self, moves: bool) {
        if let Some(node) = self.depth.checked_sub(1).and_then(|n| self.path.get_mut(n)) {
            node.moves = moves;
        }
    }

    fn settled(&mut self, _: bool) {}
    fn vanished(&mut self) {}

    fn finish(&mut self, end: End, events: &[Event], pending: &[Event]) {
        self.seen.note(end, events, pending);
        self.path.truncate(self.depth);
        while let Some(node) = self.path.last_mut() {
            if node.next() {
                return;
            }
            self.path.pop();
        }
        self.exhausted = true;
    }
}

impl Plain {
    /// Whether the program behaved differently under the same choices.
    #[must_use]
    pub const fn diverged(&self) -> bool {
        self.diverged
    }

    /// Whether the last execution was of a class that had not been seen.
    #[must_use]
    pub const fn last_new(&self) -> bool {
        self.seen.new
    }
}
