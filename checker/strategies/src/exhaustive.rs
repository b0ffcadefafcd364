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
//!
//! For programs without arrivals and one task a CPU the relation is the plain one and no class is run twice. Elsewhere
//! classes are kept in a set, repeated ones are counted as redundant, and tests compare with brute force.

use crate::class::Classes;
use crate::hb::Graph;
use crate::tree::{Forest, Id, NIL};
use ringzero_trace::{End, Event, Label, Level, NO_SLOT, Pick, Scheduler, View};
use std::collections::HashSet;

#[derive(Clone, Copy, Debug)]
struct Asleep {
    step: Event,
    open_after: bool,
}

#[derive(Debug)]
struct Node {
    sleep: Vec<Asleep>,
    todo: Id,
    /// The step taken from here in the current execution.
    step: Option<Event>,
    /// What the wakeup tree says after that step.
    below: Id,
    open_after: bool,
    chosen: Option<Label>,
    arrivals: Vec<Event>,
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
    nodes: Vec<Node>,
    depth: usize,
    forest: Forest,
    graph: Graph,
    classes: Classes,
    seen: HashSet<u64>,
    impure: bool,
    failed: HashSet<(u16, u64, u64)>,
    redecide: bool,
    /// The last execution's events, then the pending steps; and the number of the former.
    all: Vec<Event>,
    total: usize,
    sequence: Vec<u32>,
    clock: Vec<u32>,
    /// Counters.
    pub stats: Stats,
    /// Every class was run.
    pub exhausted: bool,
    /// The same choices led elsewhere.
    pub diverged: bool,
    /// The last run's class was a new one.
    pub last_new: bool,
    /// Depth below which the search does not go back: the root of a share of the work.
    pub floor: usize,
}

fn independent(a: &Event, b: &Event) -> bool {
    a.label.proc != b.label.proc && !a.conflicts(b) && !a.stacks_with(b)
}

/// Whether step `x` wakes the sleeping `s`.
fn wakes(x: &Event, s: &Asleep) -> bool {
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
            chosen: None,
            arrivals: view.arrivals.to_vec(),
        });
    }

    /// What to take first at a node that no wakeup sequence leads on from. Reads come before writes, so that failed
    /// rounds of wait loops are seen (and learned) before the write that ends the wait.
    fn default_choice(&self, node: usize, view: &View<'_>) -> Option<Event> {
        let n = &self.nodes[node];
        let rank = |e: &Event| match (e.enters, e.acc[0].slot == NO_SLOT, e.acc[0].write) {
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

    fn decide(&mut self, view: &View<'_>) -> Option<Event> {
        let node = self.nodes.len() - 1;
        while self.nodes[node].todo != NIL {
            let (label, _, below, rest) = self.forest.shift(self.nodes[node].todo);
            self.nodes[node].todo = rest;
            let found = find(view, label);
            if let Some(e) = found {
                self.nodes[node].below = below;
                return Some(e);
            }
            self.forest.drop_list(below);
            self.stats.infeasible += 1;
        }
        self.nodes[node].below = NIL;
        self.default_choice(node, view)
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
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        let again = std::mem::take(&mut self.redecide);
        if self.depth < self.nodes.len() && !again {
            let Some(label) = self.nodes[self.depth].chosen else { return Pick::Stop };
            let pick = pick_of(view, label);
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
        let Some(e) = self.decide(view) else {
            // Nothing awake: what is left is explored elsewhere. With nothing enabled at all, it is the end.
            let n = self.nodes.len() - 1;
            self.nodes[n].chosen = None;
            return if view.enabled.is_empty() { Pick::Stop } else { Pick::Abandon };
        };
        let n = self.nodes.len() - 1;
        self.nodes[n].chosen = Some(e.label);
        self.add_variants(view, &e);
        pick_of(view, e.label)
    }

    fn executed(&mut self, event: &Event) {
        let n = &mut self.nodes[self.depth];
        n.step = Some(*event);
        self.depth += 1;
    }

    fn settled(&mut self, open_after: bool) {
        self.nodes[self.depth - 1].open_after = open_after;
    }

    fn vanished(&mut self) {
        self.depth -= 1;
        let n = &mut self.nodes[self.depth];
        if let Some(e) = n.step.take() {
            self.failed.insert((e.label.proc, e.history, e.old));
        }
        n.chosen = None;
        let below = std::mem::replace(&mut n.below, NIL);
        self.forest.drop_list(below);
        // The node decides anew: its context waits now.
        self.redecide = true;
    }

    fn finish(&mut self, end: End, events: &[Event], pending: &[Event]) {
        self.last_new = false;
        if !self.diverged {
            self.impure |= events.iter().any(|e| e.enters || e.atomic);
            if end == End::Abandoned {
                self.stats.redundant += 1;
            } else if self.impure {
                let class = self.classes.of(end, events, pending);
                self.last_new = self.seen.insert(class);
                self.stats.classes += u64::from(self.last_new);
                self.stats.redundant += u64::from(!self.last_new);
            } else {
                self.last_new = true;
                self.stats.classes += 1;
            }
            self.graph.build(events, pending);
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
            self.add_arrivals(events);
            self.all = all;
        }
        self.backtrack();
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
                if n.sleep.iter().any(|s| s.step.label == label) {
                    self.forest.drop_list(below);
                    continue;
                }
                n.chosen = Some(label);
                n.below = below;
                return;
            }
            self.nodes.pop();
        }
        self.exhausted = true;
    }

    /// Races in conflict order: each second access before its first, if nothing else forbids it.
    fn reverse_races(&mut self, all: &[Event]) {
        for j in 0..all.len() {
            for k in 0..all[j].acc.len() {
                if all[j].acc[k].slot != NO_SLOT {
                    self.races_on(all, j, k);
                }
            }
        }
    }

    /// Goes back through an object's history from event `j`, whose access number `k` it is, to what it may come before.
    fn races_on(&mut self, all: &[Event], j: usize, k: usize) {
        let e = &all[j];
        let (slot, write) = (e.acc[k].slot, e.acc[k].write);
        let end = self.graph.touches(slot).partition_point(|t| (t.at as usize) < j.min(self.total));
        let cond = e.cond.filter(|_| k == 0);
        let possible_at = |s: &Self, value: u64| match cond {
            Some((test, arg)) => test(value, arg),
            None => k != 0 || !s.failed_before(e, value),
        };
        let mut possible = possible_at(self, e.old);
        let mut skipped = false;
        for n in (0..end).rev() {
            let t = self.graph.touches(slot)[n];
            if !t.write {
                if write && possible {
                    self.try_race(all, t.at as usize, j, slot, skipped);
                }
                continue;
            }
            // What the word was before that write: would the step have been possible there?
            let first = &all[t.at as usize];
            possible = first.acc[0].slot != slot || possible_at(self, first.old);
            if possible {
                self.try_race(all, t.at as usize, j, slot, skipped);
                break;
            }
            skipped = true;
        }
    }

    fn failed_before(&self, e: &Event, value: u64) -> bool {
        self.failed.contains(&(e.label.proc, e.history, value))
    }

    fn try_race(&mut self, all: &[Event], i: usize, j: usize, slot: u32, skipped: bool) {
        let (first, e) = (&all[i], &all[j]);
        if first.label.proc == e.label.proc || first.stacks_with(e) {
            return;
        }
        let mut clock = std::mem::take(&mut self.clock);
        self.graph.before_own(all, e, &mut clock);
        let adjacent = !Graph::covers(&clock, first) && self.nothing_between(all, i, j, slot, skipped);
        self.clock = clock;
        if adjacent {
            self.plan(all, i, j);
        } else if self.impure {
            self.plan_through_handlers(all, i, j, slot, skipped);
        }
    }

    /// A race that only stacking forbids: a handler that `j` belongs to, or depends on, came after `i` on its CPU.
    /// It may come earlier, too, if what it then enters over is open: plans just what `j` depends on, then `j`.
    fn plan_through_handlers(&mut self, all: &[Event], i: usize, j: usize, slot: u32, skipped: bool) {
        let (first, e) = (&all[i], &all[j]);
        let mut past = std::mem::take(&mut self.clock);
        self.graph.plain_before(all, e, &mut past);
        let end = j.min(self.total);
        let mut possible = !Graph::covers(&past, first);
        for n in i + 1..end {
            let x = &all[n];
            let chain = x.acc.iter().any(|a| a.slot == slot);
            if !possible || x.label.proc == e.label.proc || !e.conflicts(x) || (skipped && chain) {
                continue;
            }
            if Graph::covers(self.graph.plain_clock(n), first) {
                possible = false;
            }
        }
        let mut seq = std::mem::take(&mut self.sequence);
        seq.clear();
        if possible {
            seq.extend((i + 1..end).filter(|&n| Graph::covers(&past, &all[n])).map(|n| n as u32));
            possible = self.can_enter(all, i, end, &seq);
        }
        self.clock = past;
        if possible {
            seq.push(j as u32);
            self.insert(all, i, &mut seq);
        }
        self.sequence = seq;
    }

    /// Whether each step of a sequence meets an open CPU: what is left out on its CPU before it could be interrupted
    /// (or switched away from) where it stands.
    fn can_enter(&self, all: &[Event], i: usize, end: usize, seq: &[u32]) -> bool {
        seq.iter().map(|&n| n as usize).all(|h| {
            let y = &all[h];
            let left = (i..h.min(end)).find(|&n| {
                let x = &all[n];
                x.cpu == y.cpu && x.label.proc != y.label.proc && !seq.contains(&(n as u32))
            });
            match left {
                Some(k) if y.enters => all[k].irq_open,
                Some(k) if y.level == Level::Task => all[k].task_open,
                _ => true,
            }
        })
    }

    /// Whether no third step forces `i` before `j`.
    fn nothing_between(&self, all: &[Event], i: usize, j: usize, slot: u32, skipped: bool) -> bool {
        let (first, e) = (&all[i], &all[j]);
        let between = i + 1..j.min(self.total);
        !between.into_iter().any(|n| {
            let x = &all[n];
            if x.label.proc == e.label.proc || !Graph::covers(self.graph.clock(n), first) {
                return false;
            }
            let same_chain = skipped && x.acc.iter().any(|a| a.slot == slot);
            (e.conflicts(x) && !same_chain) || (x.stacks_with(e) && !self.open_before(all, i, n, e))
        })
    }

    /// Whether task step `e` could come where the context of event `n`, on the same CPU, has its first step that
    /// depends on event `i`.
    fn open_before(&self, all: &[Event], i: usize, n: usize, e: &Event) -> bool {
        let proc = all[n].label.proc;
        let depends = |m: usize| m == i || Graph::covers(self.graph.clock(m), &all[i]);
        let first = (i..=n).find(|&m| all[m].label.proc == proc && depends(m));
        e.level == Level::Task && first.is_some_and(|m| all[m].task_open)
    }

    /// Plans `notdep(i).j` before event `i`: everything that does not depend on `i`, then `j`, and of a handler's or
    /// section's further steps those that nothing which is left out comes before. (Without these the plan would say
    /// only that the handler enters, which commutes with other CPUs, and its reason would be lost.)
    fn plan(&mut self, all: &[Event], i: usize, j: usize) {
        let (first, e) = (&all[i], &all[j]);
        let proc = usize::from(e.label.proc);
        let mut seq = std::mem::take(&mut self.sequence);
        seq.clear();
        for n in i + 1..self.total {
            let (x, clock) = (&all[n], self.graph.clock(n));
            // Nor what comes after e's own later steps.
            let before_e = x.label.proc == e.label.proc || clock[proc] <= e.idx;
            if n != j && !Graph::covers(clock, first) && before_e && (x.label.proc != e.label.proc || x.idx < e.idx) {
                seq.push(n as u32);
            }
        }
        let head = seq.len();
        seq.push(j as u32);
        if e.enters || e.atomic {
            for n in j + 1..self.total {
                let x = &all[n];
                if x.label.proc != e.label.proc {
                    continue;
                }
                let left_out = (i..n).any(|m| {
                    let y = &all[m];
                    y.label.proc != x.label.proc && y.conflicts(x) && !seq[..head].contains(&(m as u32))
                });
                if left_out {
                    break;
                }
                seq.push(n as u32);
            }
        }
        self.insert(all, i, &mut seq);
        self.sequence = seq;
    }

    fn insert(&mut self, all: &[Event], at: usize, seq: &mut Vec<u32>) {
        if at < self.floor {
            return;
        }
        let covered = |s: &Asleep| weakly_initial(all, seq, &s.step) && !self.under_handler(all, at, &s.step);
        if self.nodes[at].sleep.iter().any(covered) {
            return;
        }
        let mut list = self.nodes[at].todo;
        let mut parent = NIL;
        'descend: loop {
            let mut child = list;
            while child != NIL {
                let (label, idx) = self.forest.label(child);
                if let Some(step) = self.find_step(all, seq, label, idx)
                    && weakly_initial(all, seq, &step)
                {
                    if let Some(p) = seq.iter().position(|&n| all[n as usize].label.proc == label.proc) {
                        seq.remove(p);
                    }
                    if self.forest.child(child) == NIL || seq.is_empty() {
                        return;
                    }
                    parent = child;
                    list = self.forest.child(child);
                    continue 'descend;
                }
                child = self.forest.next(child);
            }
            break;
        }
        let steps = seq.iter().map(|&n| (all[n as usize].label, all[n as usize].idx));
        if parent == NIL {
            self.nodes[at].todo = self.forest.append(self.nodes[at].todo, steps);
        } else {
            let head = self.forest.append(self.forest.child(parent), steps);
            self.forest.set_child(parent, head);
        }
    }

    /// Whether a handler is at work over step `s` at node `at`: then `s` cannot come first there, and what the handler
    /// has still to do may depend on it.
    fn under_handler(&self, all: &[Event], at: usize, s: &Event) -> bool {
        let over = |e: &Event| e.enters && e.cpu == s.cpu && e.label.proc != s.label.proc;
        all[..at.min(self.total)].iter().filter(|e| over(e)).any(|h| {
            let mine = |e: &Event| e.label.proc == h.label.proc;
            all[at..].iter().any(mine)
        })
    }

    /// The step that a tree node stands for, as this execution knows it.
    fn find_step(&self, all: &[Event], seq: &[u32], label: Label, idx: u32) -> Option<Event> {
        if let Some(e) = seq.iter().map(|&n| &all[n as usize]).find(|e| e.label.proc == label.proc) {
            return (e.label == label && e.idx == idx).then_some(*e);
        }
        let taken = self.graph.of_proc.get(usize::from(label.proc))?.get(idx as usize).map(|&n| &all[n as usize]);
        let pending = || all[self.total..].iter().find(|e| e.label.proc == label.proc && e.idx == idx);
        taken.or_else(pending).filter(|e| e.label == label).copied()
    }

    /// Stacking: moves handlers before steps of what they interrupted, and sections before sections of other tasks
    /// on the same CPU, where that can lead to another class.
    fn reverse_stacking(&mut self, all: &[Event]) {
        for j in 0..all.len() {
            let y = &all[j];
            if y.enters {
                self.move_handler(all, j);
            } else if y.level == Level::Task && (y.task_open || j >= self.total) {
                self.move_task(all, j);
            }
        }
    }

    /// The steps from `t` to the next point where its context could have been interrupted (or switched away from).
    fn block(&self, all: &[Event], t: usize, open: fn(&Event) -> bool) -> Vec<usize> {
        let (proc, cpu) = (all[t].label.proc, all[t].cpu);
        let mut block = vec![t];
        for (n, x) in all[..self.total].iter().enumerate().skip(t + 1) {
            if x.cpu != cpu || x.label.proc != proc {
                continue;
            }
            if open(x) {
                break;
            }
            block.push(n);
        }
        block
    }

    fn move_handler(&mut self, all: &[Event], j: usize) {
        let y = &all[j];
        let mut clock = std::mem::take(&mut self.clock);
        self.graph.before_own(all, y, &mut clock);
        for a in y.acc.iter().filter(|a| a.slot != NO_SLOT) {
            for t in self.graph.touches(a.slot) {
                if (t.at as usize) < j && (t.write || a.write) {
                    self.graph.join_into(&mut clock, t.at as usize);
                }
            }
        }
        for i in (0..j).rev() {
            let t = &all[i];
            let enterable = t.irq_open || (y.level == Level::Nmi && t.level != Level::Nmi);
            if t.cpu != y.cpu || !enterable || t.label.proc == y.label.proc || Graph::covers(&clock, t) {
                continue;
            }
            let block = self.block(all, i, |e| e.irq_open);
            if self.leads_back(all, j, i, &block) {
                self.plan(all, i, j);
            }
        }
        self.clock = clock;
    }

    fn move_task(&mut self, all: &[Event], j: usize) {
        let y = &all[j];
        let mut clock = std::mem::take(&mut self.clock);
        self.graph.before_own(all, y, &mut clock);
        for i in (0..j.min(self.total)).rev() {
            let t = &all[i];
            let other = (t.level == Level::Task || t.enters) && t.label.proc != y.label.proc;
            if t.cpu != y.cpu || !other || !t.task_open || Graph::covers(&clock, t) {
                continue;
            }
            let block = self.block(all, i, |e| e.task_open);
            let mine = if j < self.total { self.block(all, j, |e| e.task_open) } else { vec![j] };
            let closed = |b: &[usize]| b.iter().any(|&n| all[n].atomic);
            if (closed(&block) || closed(&mine)) && self.leads_back(all, j, i, &block) {
                self.plan(all, i, j);
            }
        }
        self.clock = clock;
    }

    fn leads_back(&mut self, all: &[Event], j: usize, i: usize, block: &[usize]) -> bool {
        let (events, pending) = all.split_at(self.total);
        // A context that never goes on keeps its CPU: what it came before never happens.
        let stuck = pending.iter().any(|p| p.label.proc == all[j].label.proc);
        let counts = |e: &Event| e.in_class() || (e.idx == 0 && all[j].level == Level::Task);
        if stuck && block.iter().any(|&n| counts(&all[n])) {
            return true;
        }
        let (from, owner) = (usize::from(all[j].label.proc), usize::from(all[i].label.proc));
        self.graph.leads_back(events, pending, from, j, i, &|n| block.contains(&n), owner, all[j].cpu)
    }

    /// Every arrival that did not come is added at the last node where it could have been delivered.
    fn add_arrivals(&mut self, events: &[Event]) {
        let came: HashSet<u16> = events.iter().filter(|e| e.enters).map(|e| e.label.proc).collect();
        let mut placed: HashSet<Label> = HashSet::new();
        for n in (self.floor..self.nodes.len()).rev() {
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

/// Whether step `s` can come first in a sequence: it is in it and nothing before it must come first, or it is not in
/// it and independent of all.
fn weakly_initial(all: &[Event], seq: &[u32], s: &Event) -> bool {
    for &n in seq {
        let x = &all[n as usize];
        if x.label.proc == s.label.proc {
            return x.label == s.label;
        }
        if !independent(x, s) || s.base == n {
            return false;
        }
    }
    // An arrival need not come: a sequence without it also stands for executions that never have it.
    !s.enters
}
