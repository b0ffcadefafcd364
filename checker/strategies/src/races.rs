//! The exhaustive search's race reversal: from an execution, what else has to be tried.

use crate::exhaustive::{Asleep, Exhaustive, Node, independent, wakes};
use crate::hb::{Graph, join};
use crate::tree::{Forest, Id, NIL};
use ringzero_trace::{Event, Label, Level, NO_SLOT};
use std::collections::HashSet;

impl Exhaustive {
    /// Races in conflict order: each second access before its first, if nothing else forbids it.
    pub(crate) fn reverse_races(&mut self, all: &[Event]) {
        for j in 0..all.len() {
            self.races_of(all, j);
        }
    }

    /// The races of event `j` alone.
    pub(crate) fn races_of(&mut self, all: &[Event], j: usize) {
        for k in 0..all[j].acc.len() {
            if all[j].acc[k].slot != NO_SLOT {
                self.races_on(all, j, k);
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
            // (A write of another word that only touches this object tells, and changes, nothing.)
            possible =
                if first.acc[0].slot == slot { possible_at(self, first.old) } else { cond.is_none() || possible };
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
        for (n, x) in all.iter().enumerate().take(end).skip(i + 1) {
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
        while possible {
            seq.clear();
            seq.extend((i + 1..end).filter(|&n| Graph::covers(&past, &all[n])).map(|n| n as u32));
            let Some(x) = self.in_the_way(all, i, end, &seq) else { break };
            // A section that is not left yet has to go on first, with all that it depends on.
            possible = x != i && !Graph::covers(self.graph.plain_clock(x), first);
            join(&mut past, self.graph.plain_clock(x));
        }
        self.clock = past;
        if possible {
            seq.push(j as u32);
            self.insert(all, i, &mut seq);
        }
        self.sequence = seq;
    }

    /// A step that a sequence leaves out although one in it cannot come before it: on its CPU, and not at a point
    /// where its context could be interrupted (or switched away from).
    fn in_the_way(&self, all: &[Event], i: usize, end: usize, seq: &[u32]) -> Option<usize> {
        seq.iter().map(|&n| n as usize).find_map(|h| {
            let y = &all[h];
            let left = (i..h.min(end)).find(|&n| {
                let x = &all[n];
                x.cpu == y.cpu && x.label.proc != y.label.proc && !seq.contains(&(n as u32))
            });
            left.filter(|&k| if y.enters { !all[k].irq_open } else { y.level == Level::Task && !all[k].task_open })
        })
    }

    /// Whether no third step forces `i` before `j`.
    fn nothing_between(&self, all: &[Event], i: usize, j: usize, slot: u32, skipped: bool) -> bool {
        let (first, e) = (&all[i], &all[j]);
        // A wait that was not possible until the last write of its word cannot have come before that write: nothing
        // that lies before it is between.
        let ended = |t: &&crate::hb::Touch| t.write && (t.at as usize) < j;
        let wait = skipped.then(|| self.graph.touches(slot).iter().rev().find(ended)).flatten();
        let between = wait.map_or(i + 1, |t| t.at as usize)..j.min(self.total);
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
    pub(crate) fn plan(&mut self, all: &[Event], i: usize, j: usize) {
        self.plan_then(all, i, j, None);
    }

    /// The same, and then step `after`.
    pub(crate) fn plan_then(&mut self, all: &[Event], i: usize, j: usize, after: Option<usize>) {
        let (first, e) = (&all[i], &all[j]);
        let proc = usize::from(e.label.proc);
        let mut seq = std::mem::take(&mut self.sequence);
        seq.clear();
        for (n, x) in all.iter().enumerate().take(self.total).skip(i + 1) {
            let clock = self.graph.clock(n);
            let taken = if x.label.proc == e.label.proc {
                // Its own former steps come along, if only stacking had put them after `i`.
                let clock = if self.impure { self.graph.plain_clock(n) } else { clock };
                x.idx < e.idx && !Graph::covers(clock, first)
            } else {
                // Not what comes after e's own later steps.
                !Graph::covers(clock, first) && clock[proc] <= e.idx
            };
            if n != j && taken {
                seq.push(n as u32);
            }
        }
        leave_out_failed_rounds(all, e, &mut seq);
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
        seq.extend(after.map(|n| n as u32));
        self.insert(all, i, &mut seq);
        self.sequence = seq;
    }

    pub(crate) fn insert(&mut self, all: &[Event], at: usize, seq: &mut Vec<u32>) {
        if !self.own(at) {
            if let Some(share) = self.share.take() {
                share.insert(self, all, at, seq);
                self.share = Some(share);
            }
            return;
        }
        let (mut todo, mut forest) = (self.nodes[at].todo, std::mem::take(&mut self.forest));
        self.insert_into(all, at, seq, &self.nodes[at].sleep, &mut todo, &mut forest);
        self.forest = forest;
        self.nodes[at].todo = todo;
    }

    /// Adds a sequence to the wakeup tree `todo` of the node at depth `at`, unless it is covered.
    pub(crate) fn insert_into(
        &self,
        all: &[Event],
        at: usize,
        seq: &mut Vec<u32>,
        sleep: &[Asleep],
        todo: &mut Id,
        forest: &mut Forest,
    ) {
        let covered = |s: &Asleep| weakly_initial(all, seq, &s.step) && !self.under_handler(all, at, &s.step);
        if sleep.iter().any(covered) {
            return;
        }
        if !self.spin_places.is_empty() && !self.impure {
            leave_out_late_writes(all, seq, sleep, &self.spin_places);
        }
        let mut over = self.slept_over(at, sleep);
        let mut list = *todo;
        let mut parent = NIL;
        'descend: loop {
            let mut child = list;
            while child != NIL {
                let (label, idx) = forest.label(child);
                if let Some(step) = self.find_step(all, seq, label, idx)
                    && weakly_initial(all, seq, &step)
                {
                    if let Some(p) = seq.iter().position(|&n| all[n as usize].label.proc == label.proc) {
                        seq.remove(p);
                    }
                    over.retain(|(s, _)| !wakes(&step, s));
                    over.iter_mut().for_each(|(s, stacked)| *stacked |= step.stacks_with(&s.step));
                    let below = forest.child(child);
                    // A leaf stands for all that may follow, but for what sleeps on under its handler.
                    let wakes_later = |s: &Asleep| seq.iter().any(|&n| wakes(&all[n as usize], s));
                    let covers = below == NIL && !over.iter().any(|(s, stacked)| *stacked && wakes_later(s));
                    if seq.is_empty() || covers {
                        if below != NIL && self.only_arrivals(all, forest, below) {
                            let below = forest.any_first(below);
                            forest.set_child(child, below);
                        }
                        return;
                    }
                    if below == NIL && seq.iter().any(|&n| all[n as usize].enters) {
                        // It goes on standing for what follows if nothing arrives.
                        let any = forest.any_first(NIL);
                        forest.set_child(child, any);
                    }
                    parent = child;
                    list = forest.child(child);
                    continue 'descend;
                }
                child = forest.next(child);
            }
            break;
        }
        let steps = seq.iter().map(|&n| (all[n as usize].label, all[n as usize].idx));
        if parent == NIL {
            *todo = forest.append(*todo, steps);
        } else {
            let head = forest.append(forest.child(parent), steps);
            forest.set_child(parent, head);
        }
    }

    /// Whether a list has only arrivals, which need not come.
    fn only_arrivals(&self, all: &[Event], forest: &Forest, mut list: Id) -> bool {
        while list != NIL {
            let (Label { proc, .. }, idx) = forest.label(list);
            let came = |e: &Event| e.enters && e.label.proc == proc;
            let may_come = |n: &Node| n.arrivals.iter().any(came);
            if idx > 0 || !(all.iter().any(came) || self.nodes.iter().any(may_come)) {
                return false;
            }
            list = forest.next(list);
        }
        true
    }

    /// What sleeps when the plans of the node at depth `at` are followed, and may sleep on under a handler (deviation 4). A
    /// plan that has put a handler over it (the second of each pair says so) is no other beginning than the sleeping step,
    /// so it covers only what does not wake that.
    fn slept_over(&self, at: usize, sleep: &[Asleep]) -> Vec<(Asleep, bool)> {
        let now = self.nodes.get(at).and_then(|n| Some(Asleep { step: n.step?, open_after: n.open_after }));
        sleep.iter().copied().chain(now).filter(|s| s.open_after).map(|s| (s, false)).collect()
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
}

/// Leaves out of a plan the writes, and the waits for them, that nothing in it depends on, where no sleeper makes them necessary: what they end
/// is waited for by loops that had better be tried before (and be seen to fail, see `ask_first`).
fn leave_out_late_writes(all: &[Event], seq: &mut Vec<u32>, sleep: &[Asleep], spin_places: &HashSet<usize>) {
    let mut kept: Vec<u32> = Vec::with_capacity(seq.len());
    for (k, &n) in seq.iter().enumerate().rev() {
        let x = &all[n as usize];
        let plain = (x.acc[0].write && !x.rmw) || spin_places.contains(&x.place.map_or(0, |p| p.bits()));
        let late = plain && k + 1 < seq.len();
        let needed = kept.iter().any(|&m| !independent(x, &all[m as usize]) || all[m as usize].base == n);
        if !late || needed {
            kept.push(n);
        }
    }
    kept.reverse();
    if !sleep.iter().any(|s| weakly_initial(all, &kept, &s.step)) {
        *seq = kept;
    }
}

/// Leaves out of what comes before task step `e` the failed rounds that would keep its CPU from it.
fn leave_out_failed_rounds(all: &[Event], e: &Event, seq: &mut Vec<u32>) {
    if e.level != Level::Task {
        return;
    }
    let mut k = seq.len();
    while let Some(before) = k.checked_sub(1) {
        k = before;
        let x = &all[seq[k] as usize];
        let keeps_away = x.fails && x.cpu == e.cpu && x.label.proc != e.label.proc;
        if keeps_away && !seq[k + 1..].iter().any(|&n| all[n as usize].label.proc == x.label.proc) {
            seq.remove(k);
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
