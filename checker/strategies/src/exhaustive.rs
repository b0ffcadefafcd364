//! Exhaustive search with partial-order reduction.
//!
//! # Sources
//! Optimal dynamic partial-order reduction with wakeup trees (Abdulla, Aronis, Jonsson, Sagonas, "Source sets", J. ACM
//! 64(4), 2017): race reversal at the end of each execution, sleep sets, wakeup sequences `notdep(e, E).e'`.
//!
//! # Where it deviates
//! 1. **Stacking.** Contexts of one CPU stack, so their steps do not commute although they do not conflict. The
//!    relation used for reversal is conflict order plus stacking order (`hb.rs`): as if each CPU were a lock that a
//!    handler or a section that cannot be left holds. That system is an ordinary one, so the base algorithm is sound
//!    for it; but its classes are finer than ours. Stacking order is therefore reversed only if that can matter: a
//!    handler is moved before a step of what it interrupted only where a path leads from the handler's steps back to
//!    that step ([`Graph::leads_back`]). Without such a path, whatever happens with the handler first happens in the
//!    same class with the handler moved back behind the step.
//! 2. **Arrivals are optional.** An execution without an arrival is a class of its own. After each execution, every
//!    arrival that could still have come is added once, at the last node where it could have been delivered;
//!    reversals then move it to where else it matters.
//! 3. **Waits.** A step with a condition on a word is reversed before the latest write at whose old value the
//!    condition held: for a lock, the acquisition and not the release. Failed rounds of open-coded loops are learned
//!    (context, its history, the value) and not tried again. The pending steps of contexts that are stuck take part
//!    in races.
//! 4. **Sleep across stacking.** A step that sleeps and after which interrupts may enter stays asleep while a handler
//!    runs over it, unless they conflict; a sleeping handler is woken by every step of its CPU.
//! 5. **Spinning.** A loop that keeps its CPU from whoever would end its wait: see `spins.rs`.
//!
//! For programs without arrivals and one task a CPU the relation is the plain one and no class is run twice. Elsewhere
//! classes are kept in a set, repeated ones are counted as redundant, and tests compare with brute force.

use crate::class::Classes;
use crate::hb::Graph;
use crate::share::Share;
use crate::tree::{ANY, Forest, Id, NIL};
use ringzero_trace::{End, Event, Label, Level, NO_SLOT, Pick, Scheduler, View};
use std::collections::HashSet;

/// A step that sleeps: whatever begins with it is explored, or being explored, elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asleep {
    pub step: Event,
    pub open_after: bool,
}

/// A state on the current path.
#[derive(Debug)]
pub(crate) struct Node {
    pub sleep: Vec<Asleep>,
    pub todo: Id,
    /// The step taken from here in the current execution.
    pub step: Option<Event>,
    /// What the wakeup tree says after that step.
    pub below: Id,
    pub open_after: bool,
    /// Why the step was taken.
    pub why: Why,
    pub chosen: Option<Label>,
    /// Steps of other tasks that were possible here on the chosen step's CPU: what a loop that spins keeps away.
    pub rivals: Vec<Event>,
    pub arrivals: Vec<Event>,
    /// All that was possible here; kept only at the node that is to be shared next.
    pub offers: Vec<Event>,
}

/// Why a step was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// Nothing is planned.
    Free,
    /// It was planned.
    Planned,
    /// Whatever is possible was to be tried before what is planned ([`ANY`]).
    Any,
}

/// Counters of a search.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Distinct classes run to their end.
    pub classes: u64,
    /// Runs that repeated a class or were abandoned.
    pub redundant: u64,
    /// Wakeup sequences that could not be followed.
    pub infeasible: u64,
}

/// The search.
#[derive(Default)]
pub struct Exhaustive {
    pub(crate) nodes: Vec<Node>,
    depth: usize,
    pub(crate) forest: Forest,
    pub(crate) graph: Graph,
    classes: Classes,
    pub(crate) seen: HashSet<u64>,
    pub(crate) impure: bool,
    pub(crate) failed: HashSet<(u16, u64, u64)>,
    /// The same of rounds that stay, since they cannot be taken back.
    pub(crate) spun: HashSet<(u16, u64, u64)>,
    redecide: bool,
    /// Places of reads that were rounds of wait loops.
    pub(crate) spin_places: HashSet<usize>,
    /// The last execution's events, then the pending steps; and the number of the former.
    pub(crate) all: Vec<Event>,
    pub(crate) total: usize,
    pub(crate) sequence: Vec<u32>,
    pub(crate) clock: Vec<u32>,
    /// Counters.
    pub stats: Stats,
    /// Every class was run.
    pub exhausted: bool,
    /// The same choices led elsewhere.
    pub diverged: bool,
    /// The last run's class was a new one.
    pub last_new: bool,
    /// Depth below which the search does not go back: the root of a share of the work.
    pub(crate) floor: usize,
    /// The share of a search on several threads that this one works on.
    pub(crate) share: Option<Share>,
    /// It explores a branch of a shared search.
    pub(crate) busy: bool,
    noting: bool,
    /// Contexts of interrupts that have entered, and CPUs that did anything, one bit each.
    entered: HashSet<u16>,
    cpus: u32,
    /// A context had a choice of CPUs.
    placed: bool,
    /// A loop kept its CPU from others.
    kept: bool,
    /// Tasks have taken turns on a CPU.
    shared: bool,
}

pub(crate) fn independent(a: &Event, b: &Event) -> bool {
    a.label.proc != b.label.proc && !a.conflicts(b) && !a.stacks_with(b)
}

/// Whether step `x` wakes the sleeping `s`.
pub(crate) fn wakes(x: &Event, s: &Asleep) -> bool {
    let q = &s.step;
    if x.label.proc == q.label.proc || x.conflicts(q) {
        return true;
    }
    if !x.stacks_with(q) {
        return false;
    }
    // A handler over a step after which it could have come as well: only conflicts matter.
    !(x.level != Level::Task && q.level == Level::Task && s.open_after)
}

impl Exhaustive {
    /// A search with nothing done.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state on the path at depth `at` that may get more to try, if it is this search's own.
    pub(crate) fn own(&self, at: usize) -> bool {
        at >= self.floor
    }

    /// Whether several interrupts came, or one and somebody had a choice of CPUs or tasks took turns on one, and several
    /// CPUs were at work; or one came, and a loop that spins kept its CPU from others. There the reduction rests on tests
    /// and not on a proof (deviation 1 with chains through several contexts), and its result is worth a cross-check with
    /// samples.
    #[must_use]
    pub fn worth_a_check(&self) -> bool {
        let several = self.entered.len() > 1 || self.placed;
        let spins = self.kept || (self.shared && !(self.failed.is_empty() && self.spun.is_empty()));
        !self.entered.is_empty() && (spins || (several || self.shared) && self.cpus.count_ones() > 1)
    }

    /// Notes what of `worth_a_check` an execution shows.
    fn note_contexts(&mut self, events: &[Event]) {
        let mut tasks: Vec<(u8, u16)> = Vec::new();
        for e in events {
            self.cpus |= 1 << e.cpu;
            if e.enters {
                self.entered.insert(e.label.proc);
            }
            if !self.shared && e.level == Level::Task && e.idx > 0 {
                let task = (e.cpu, e.label.proc);
                let on_cpu = |t: &&(u8, u16)| t.0 == e.cpu;
                let goes_on = tasks.iter().rev().find(on_cpu) == Some(&task);
                // It comes back to a CPU where another one has run.
                self.shared = !goes_on && tasks.contains(&task);
                if !goes_on {
                    tasks.push(task);
                }
            }
        }
    }

    /// Notes a class that something else than this search ran; whether it is a new one.
    pub fn note_class(&mut self, class: u64) -> bool {
        match &self.share {
            Some(s) => s.new_class(class),
            None => self.seen.insert(class),
        }
    }

    /// The classes seen (only kept for programs where a class may come up twice).
    #[must_use]
    pub fn seen(&self) -> &HashSet<u64> {
        &self.seen
    }

    fn new_node(&mut self, view: &View<'_>) {
        let (sleep, todo) = match self.nodes.last() {
            None => (Vec::new(), NIL),
            Some(p) => {
                let sleep = match &p.step {
                    Some(x) => p.sleep.iter().filter(|s| !wakes(x, s)).copied().collect(),
                    None => Vec::new(),
                };
                (sleep, p.below)
            }
        };
        self.nodes.push(Node {
            sleep,
            todo,
            step: None,
            below: NIL,
            open_after: false,
            why: Why::Free,
            chosen: None,
            rivals: Vec::new(),
            arrivals: view.arrivals.to_vec(),
            offers: Vec::new(),
        });
    }

    /// What to take first at a node that no wakeup sequence leads on from. Reads come before writes, so that failed
    /// rounds of wait loops are seen (and learned) before the write that ends the wait.
    fn default_choice(&self, node: usize, view: &View<'_>) -> Option<Event> {
        let n = &self.nodes[node];
        let rank = |e: &Event| match (e.enters, e.acc[0].slot == NO_SLOT, e.acc[0].write) {
            _ if self.failed.contains(&(e.label.proc, e.history, e.old)) => 5,
            (true, ..) => 4,
            (_, true, _) => 0,
            (_, _, false) => 1,
            _ if e.rmw => 1,
            _ => 2,
        };
        view.enabled
            .iter()
            .filter(|e| !n.sleep.iter().any(|s| s.step.label == e.label))
            .min_by_key(|e| rank(e))
            .copied()
    }

    /// What to take at the last node. `lost`: something else was planned, and is not possible.
    fn decide(&mut self, view: &View<'_>, mut lost: bool) -> Option<Event> {
        let node = self.nodes.len() - 1;
        if let Some(e) = self.ask_first(node, view) {
            self.nodes[node].below = NIL;
            self.nodes[node].why = Why::Free;
            return Some(e);
        }
        self.nodes[node].why = Why::Free;
        while self.nodes[node].todo != NIL {
            if lost && self.only_arrivals_are_possible(node, view) {
                // What was planned is not possible. Arrivals need not come instead.
                self.nodes[node].todo = self.forest.any_first(self.nodes[node].todo);
            }
            let (label, _, below, rest) = self.forest.shift(self.nodes[node].todo);
            self.nodes[node].todo = rest;
            if label == ANY {
                self.nodes[node].why = Why::Any;
                break;
            }
            let found = find(view, label);
            if let Some(e) = found {
                self.nodes[node].below = below;
                self.nodes[node].why = Why::Planned;
                return Some(e);
            }
            self.forest.drop_list(below);
            self.stats.infeasible += 1;
            lost = true;
        }
        self.nodes[node].below = NIL;
        self.default_choice(node, view)
    }

    /// Whether nothing that is planned at a node is possible but what may arrive, and need not. Then only that stays.
    fn only_arrivals_are_possible(&mut self, node: usize, view: &View<'_>) -> bool {
        let mut at = self.nodes[node].todo;
        while at != NIL {
            let label = self.forest.label(at).0;
            if label == ANY || view.enabled.iter().any(|e| e.label == label) {
                return false;
            }
            at = self.forest.next(at);
        }
        let (mut left, mut kept) = (self.nodes[node].todo, NIL);
        while left != NIL {
            let (label, idx, below, rest) = self.forest.shift(left);
            left = rest;
            if view.arrivals.iter().any(|e| e.label == label) {
                let one = self.forest.append(NIL, std::iter::once((label, idx)));
                self.forest.set_child(one, below);
                kept = self.forest.push(kept, one);
            } else {
                self.forest.drop_list(below);
                self.stats.infeasible += 1;
            }
        }
        self.nodes[node].todo = kept;
        true
    }

    /// A read of a wait loop of which it is not known whether it would end the loop at the present value, when the next
    /// planned step would change that value: it is tried first. If it fails, that is learned at no cost; else it
    /// would have been tried here anyway.
    fn ask_first(&self, node: usize, view: &View<'_>) -> Option<Event> {
        let n = &self.nodes[node];
        if n.todo == NIL || self.spin_places.is_empty() {
            return None;
        }
        let next = find(view, self.forest.label(n.todo).0).filter(|e| e.acc[0].write)?;
        let unknown = |e: &&Event| {
            let place = e.place.map_or(0, |p| p.bits());
            e.label != next.label
                && !e.acc[0].write
                && e.acc[0].slot == next.acc[0].slot
                && self.spin_places.contains(&place)
                && !self.failed.contains(&(e.label.proc, e.history, e.old))
                && !self.planned(node, e.label)
        };
        view.enabled.iter().find(unknown).copied()
    }

    /// Notes what step `e` keeps away, should it turn out to be the failed round of a loop that keeps its CPU.
    fn note_rivals(&mut self, view: &View<'_>, e: &Event) {
        let rival = |r: &&Event| r.level == Level::Task && r.cpu == e.cpu && r.label.proc != e.label.proc;
        let rivals = &mut self.nodes[self.depth].rivals;
        rivals.clear();
        if e.level == Level::Task && e.acc[0].slot != NO_SLOT {
            rivals.extend(view.enabled.iter().filter(rival).filter(|r| !r.enters));
        }
    }

    /// The other ways in which the same context could take its step are tried, too.
    fn add_variants(&mut self, view: &View<'_>, taken: &Event) {
        let node = self.nodes.len() - 1;
        let others: Vec<(Label, u32)> = view
            .enabled
            .iter()
            .chain(view.arrivals)
            .filter(|e| e.label.proc == taken.label.proc && e.label != taken.label)
            .map(|e| (e.label, e.idx))
            .collect();
        for o in others {
            if !self.planned(node, o.0) {
                self.impure = true;
                self.placed = true;
                let head = self.nodes[node].todo;
                self.nodes[node].todo = self.forest.append(head, std::iter::once(o));
            }
        }
    }

    /// Whether a step is asleep at a node, or on its list already.
    fn planned(&self, node: usize, label: Label) -> bool {
        let n = &self.nodes[node];
        if n.chosen == Some(label) || n.sleep.iter().any(|s| s.step.label == label) {
            return true;
        }
        let mut at = n.todo;
        while at != NIL {
            if self.forest.label(at).0 == label {
                return true;
            }
            at = self.forest.next(at);
        }
        false
    }
}

fn find(view: &View<'_>, label: Label) -> Option<Event> {
    view.enabled.iter().chain(view.arrivals).find(|e| e.label == label).copied()
}

fn pick_of(view: &View<'_>, label: Label) -> Pick {
    if let Some(i) = view.enabled.iter().position(|e| e.label == label) {
        return Pick::Step(i);
    }
    view.arrivals.iter().position(|e| e.label == label).map_or(Pick::Abandon, Pick::Arrival)
}

impl Scheduler for Exhaustive {
    fn begin(&mut self) {
        self.depth = 0;
        self.redecide = false;
        // Somebody waits: this execution notes what is possible at its nodes, so that they can be shared after it.
        self.noting = self.share.as_ref().is_some_and(Share::wanted);
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        let again = std::mem::take(&mut self.redecide);
        if self.noting
            && self.depth >= self.floor
            && let Some(n) = self.nodes.get_mut(self.depth)
        {
            n.offers.clear();
            n.offers.extend(view.enabled.iter().chain(view.arrivals));
        }
        if self.depth < self.nodes.len() && !again {
            let Some(label) = self.nodes[self.depth].chosen else { return Pick::Stop };
            let pick = pick_of(view, label);
            let fresh = self.depth + 1 == self.nodes.len() && self.nodes[self.depth].step.is_none();
            if self.nodes[self.depth].step.is_none()
                && let Some(e) = find(view, label)
            {
                self.note_rivals(view, &e);
                if fresh {
                    self.add_variants(view, &e);
                }
            }
            if pick == Pick::Abandon {
                if self.depth + 1 == self.nodes.len() && self.nodes[self.depth].step.is_none() {
                    self.stats.infeasible += 1;
                } else {
                    self.diverged = true;
                }
            }
            return pick;
        }
        if !again {
            self.new_node(view);
        }
        let lost = again && self.nodes.last().is_some_and(|n| n.why == Why::Planned);
        let Some(e) = self.decide(view, lost) else {
            // Nothing awake: what is left is explored elsewhere. With nothing enabled at all, it is the end.
            let n = self.nodes.len() - 1;
            self.nodes[n].chosen = None;
            return if view.enabled.is_empty() { Pick::Stop } else { Pick::Abandon };
        };
        let n = self.nodes.len() - 1;
        self.nodes[n].chosen = Some(e.label);
        self.note_rivals(view, &e);
        self.add_variants(view, &e);
        pick_of(view, e.label)
    }

    fn executed(&mut self, event: &Event) {
        let n = &mut self.nodes[self.depth];
        if let Some(former) = &n.step {
            let same = former.op == event.op && former.idx == event.idx && former.place == event.place;
            let slots = |e: &Event| e.acc.map(|a| a.slot);
            self.diverged |= !same || slots(former) != slots(event) || (!former.fails && former.acc != event.acc);
        }
        n.step = Some(*event);
        self.depth += 1;
    }

    fn settled(&mut self, open_after: bool) {
        self.nodes[self.depth - 1].open_after = open_after;
    }

    fn vanished(&mut self) {
        self.depth -= 1;
        let n = &mut self.nodes[self.depth];
        let mut known = false;
        if let Some(e) = n.step.take() {
            known = !self.failed.insert((e.label.proc, e.history, e.old));
            self.spin_places.insert(e.place.map_or(0, |p| p.bits()));
        }
        n.chosen = None;
        if n.why == Why::Any {
            n.todo = self.forest.any_first(n.todo);
        }
        let below = std::mem::replace(&mut n.below, NIL);
        if known && below != NIL {
            // It was to keep its CPU, but nobody wants that: the plan goes on without it.
            let rest = std::mem::replace(&mut n.todo, below);
            n.todo = self.forest.push(n.todo, rest);
        } else {
            self.forest.drop_list(below);
        }
        // The node decides anew: its context waits now.
        self.redecide = true;
    }

    fn kept(&mut self, steps: usize, fails: bool) {
        let first = self.depth - steps;
        for n in first..self.depth {
            let node = &mut self.nodes[n];
            let Some(e) = &mut node.step else { continue };
            e.spins_after = n + 1 == self.depth;
            if !fails {
                self.spun.insert((e.label.proc, e.history, e.old));
                continue;
            }
            e.fails = true;
            e.atomic = true;
            e.rmw = false;
            e.acc[0].write = false;
            self.impure = true;
            self.kept = true;
            self.spin_places.insert(e.place.map_or(0, |p| p.bits()));
            self.failed.insert((e.label.proc, e.history, e.old));
        }
    }

    fn finish(&mut self, end: End, events: &[Event], pending: &[Event]) {
        self.last_new = false;
        if !self.diverged {
            self.note_contexts(events);
            self.impure |= events.iter().any(|e| e.enters || e.atomic);
            if end == End::Abandoned {
                self.stats.redundant += 1;
            } else if self.impure || self.stats.classes < 64 {
                // Until it is clear what kind of program this is, classes are kept in any case.
                let class = self.classes.of(end, events, pending);
                self.last_new = self.note_class(class);
                self.stats.classes += u64::from(self.last_new);
                self.stats.redundant += u64::from(!self.last_new);
            } else {
                self.last_new = true;
                self.stats.classes += 1;
            }
            let arrivals = self.not_come(events);
            let both: Vec<Event> = pending.iter().chain(&arrivals).copied().collect();
            self.graph.build(events, &both);
            if self.impure {
                self.graph.build_plain(events);
            }
            let mut all = std::mem::take(&mut self.all);
            all.clear();
            all.extend_from_slice(events);
            all.extend_from_slice(pending);
            self.total = events.len();
            self.reverse_races(&all);
            self.reverse_stacking(&all);
            all.extend_from_slice(&arrivals);
            for j in self.total + pending.len()..all.len() {
                self.races_of(&all, j);
            }
            self.add_arrivals(events);
            self.reverse_spins(&mut all, pending.len());
            self.all = all;
        }
        self.backtrack();
        if self.noting {
            self.give();
        }
    }
}

impl Exhaustive {
    /// Goes back to the deepest node with something left to try.
    fn backtrack(&mut self) {
        while self.nodes.len() > self.floor {
            let last = self.nodes.len() - 1;
            let n = &mut self.nodes[last];
            if let Some(step) = n.step.take() {
                n.sleep.push(Asleep { step, open_after: n.open_after });
            }
            n.below = NIL;
            while self.nodes[last].todo != NIL {
                let (label, _, below, rest) = self.forest.shift(self.nodes[last].todo);
                let n = &mut self.nodes[last];
                n.todo = rest;
                if label == ANY || n.sleep.iter().any(|s| s.step.label == label) {
                    self.forest.drop_list(below);
                    continue;
                }
                n.chosen = Some(label);
                n.why = Why::Planned;
                n.below = below;
                return;
            }
            self.nodes.pop();
        }
        self.exhausted = true;
    }

    /// The arrivals that could have come at some node and did not.
    fn not_come(&self, events: &[Event]) -> Vec<Event> {
        let mut out: Vec<Event> = Vec::new();
        if self.nodes.iter().all(|n| n.arrivals.is_empty()) {
            return out;
        }
        let came: HashSet<u16> = events.iter().filter(|e| e.enters).map(|e| e.label.proc).collect();
        for n in (0..self.nodes.len()).rev() {
            for a in &self.nodes[n].arrivals {
                if !came.contains(&a.label.proc) && !out.iter().any(|o| o.label == a.label) {
                    out.push(*a);
                }
            }
        }
        out
    }

    /// Every arrival that did not come is added at the last node where it could have been delivered.
    fn add_arrivals(&mut self, events: &[Event]) {
        let came: HashSet<u16> = events.iter().filter(|e| e.enters).map(|e| e.label.proc).collect();
        let mut placed: HashSet<Label> = HashSet::new();
        for n in (0..self.nodes.len()).rev() {
            if !self.own(n) {
                if let Some(s) = self.share.as_ref().filter(|_| !self.nodes[n].arrivals.is_empty()) {
                    s.add_arrivals(n, &came, &mut placed);
                }
                continue;
            }
            for k in 0..self.nodes[n].arrivals.len() {
                let a = self.nodes[n].arrivals[k];
                if came.contains(&a.label.proc) || !placed.insert(a.label) || self.planned(n, a.label) {
                    continue;
                }
                let head = self.nodes[n].todo;
                self.nodes[n].todo = self.forest.append(head, std::iter::once((a.label, a.idx)));
            }
        }
    }
}
