//! The exhaustive search's reversal of stacking: handlers and sections that could have come earlier.

use crate::exhaustive::Exhaustive;
use crate::hb::Graph;
use ringzero_trace::{Event, Level, NO_SLOT};

impl Exhaustive {
    /// Stacking: moves handlers before steps of what they interrupted, and sections before sections of other tasks
    /// on the same CPU, where that can lead to another class.
    pub(crate) fn reverse_stacking(&mut self, all: &[Event]) {
        if !self.impure {
            return;
        }
        for j in 0..all.len() {
            let y = &all[j];
            if y.enters {
                self.move_handler(all, j);
            } else if y.level == Level::Task && !y.fails && (y.task_open || j >= self.total) {
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
        for i in (0..j.min(self.total)).rev() {
            let t = &all[i];
            let enterable = t.irq_open || (y.level == Level::Nmi && t.level != Level::Nmi);
            if t.cpu != y.cpu || !enterable || t.label.proc == y.label.proc || Graph::covers(&clock, t) {
                continue;
            }
            if !self.could_arrive(all, i, j) {
                continue;
            }
            let block = self.block(all, i, |e| e.irq_open);
            if self.leads_back(all, j, i, &block) {
                self.plan(all, i, j);
            }
        }
        self.clock = clock;
    }

    /// Whether the entry `j` could have come just before event `i`: its line was on there (what the next write of its
    /// state found says so), and no earlier arrival of the line was still at work.
    fn could_arrive(&self, all: &[Event], i: usize, j: usize) -> bool {
        let y = &all[j];
        let within = |t: &&crate::hb::Touch| t.write && (i..j).contains(&(t.at as usize));
        let on = y.cond.is_none_or(|(test, arg)| {
            let slot = y.acc[0].slot;
            let of_state = |t: &&crate::hb::Touch| within(t) && all[t.at as usize].acc[0].slot == slot;
            let next = self.graph.touches(slot).iter().find(of_state).map(|t| &all[t.at as usize]);
            next.is_none_or(|w| test(w.old, arg))
        });
        let busy = y.acc[1].slot != NO_SLOT && self.graph.touches(y.acc[1].slot).iter().any(|t| within(&t));
        on && !busy
    }

    fn move_task(&mut self, all: &[Event], j: usize) {
        let y = &all[j];
        let former = self.graph.of_proc[usize::from(y.label.proc)].iter().rev().find(|&&n| (n as usize) < j);
        if former.is_some_and(|&n| all[n as usize].fails) {
            // The round that has failed before is moved, see `spins.rs`.
            return;
        }
        let mut clock = std::mem::take(&mut self.clock);
        self.graph.plain_before(all, y, &mut clock);
        for i in (0..j.min(self.total)).rev() {
            let t = &all[i];
            let other = (t.level == Level::Task || t.enters) && t.label.proc != y.label.proc;
            if t.cpu != y.cpu || !other || !t.task_open || Graph::covers(&clock, t) {
                continue;
            }
            let block = self.block(all, i, |e| e.task_open);
            let mine = if j < self.total { self.block(all, j, |e| e.task_open) } else { vec![j] };
            let closed = |b: &[usize]| b.iter().any(|&n| all[n].atomic);
            if !(closed(&block) || closed(&mine)) {
                continue;
            }
            if self.is_never_left(all, j, i, &block) {
                // Then the section, which keeps away whoever else might come before it.
                self.plan_then(all, i, j, Some(i));
            } else if self.leads_back(all, j, i, &block) {
                self.plan(all, i, j);
            }
        }
        self.clock = clock;
    }

    /// Whether the context of event `j`, had it come before `block`, would wait there for something that only comes
    /// after `block`: then both are stuck, which is a class of its own.
    fn would_block(&self, all: &[Event], j: usize, i: usize, block: &[usize]) -> bool {
        let mine = all[j.min(self.total)..self.total].iter().filter(|h| h.label.proc == all[j].label.proc && !h.enters);
        mine.filter_map(|h| h.cond.map(|c| (h, c))).any(|(h, (test, arg))| {
            let touches = self.graph.touches(h.acc[0].slot);
            let ends = touches.iter().find(|t| t.write && t.at as usize >= i);
            ends.map(|t| t.at as usize).is_some_and(|u| {
                let end = &all[u];
                let after = |&b: &usize| u == b || Graph::covers(self.graph.plain_clock(u), &all[b]);
                end.label.proc != h.label.proc && !test(end.old, arg) && block.iter().any(after)
            })
        })
    }

    /// Whether `block` is the beginning of a section that is never left, which keeps away the task of step `j`.
    fn is_never_left(&self, all: &[Event], j: usize, i: usize, block: &[usize]) -> bool {
        let (end, inside) = (block[block.len() - 1], all[i].label.proc);
        let last = self.graph.of_proc[usize::from(inside)].last().is_some_and(|&n| n as usize == end);
        let left = |p: &Event| p.label.proc != inside || !p.atomic;
        j >= self.total && all[j].level == Level::Task && last && !all[self.total..].iter().all(left)
    }

    fn leads_back(&mut self, all: &[Event], j: usize, i: usize, block: &[usize]) -> bool {
        if self.would_block(all, j, i, block) {
            return true;
        }
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
}
