//! The exhaustive search's reversal of spinning: loops that could have begun to wait earlier, and kept their CPU.
//!
//! A task that spins keeps its CPU. A failed round is no step of the class, and whether a loop has failed before it
//! came through makes no difference to a class in which it does; so rounds are tried as late as possible, and those that
//! fail are taken back. But a loop that *never* comes through, because what it waits for would have come from a task
//! that it keeps away (or from one that waits for such a task), is a class of its own. From an execution in which the
//! loop came through (or is stuck later), its failed round is therefore planned before each step of another task on its
//! CPU that lies before it, where the word had a value that is known to fail. The model keeps such a round as an event
//! ([`Event::fails`]), so that it has its place in a path.

use crate::exhaustive::Exhaustive;
use crate::hb::Graph;
use ringzero_trace::{Event, Level, NO_SLOT};
use std::collections::HashSet;

impl Exhaustive {
    /// Plans failed rounds before what they would keep away. `all` has `waiting` pending steps after the taken ones.
    pub(crate) fn reverse_spins(&mut self, all: &mut Vec<Event>, waiting: usize) {
        self.free_rivals(all);
        let events = self.total;
        if self.failed.is_empty() && !all[..events].iter().any(|e| e.spins_after) {
            return;
        }
        let loops: HashSet<(u16, u64)> = self.failed.iter().map(|f| (f.0, f.1)).collect();
        let mut planned = false;
        for j in 0..self.total + waiting {
            let e = &all[j];
            let round =
                e.fails || (e.spins_after && !e.atomic) || (!e.atomic && loops.contains(&(e.label.proc, e.history)));
            if e.level == Level::Task && e.acc[0].slot != NO_SLOT && round {
                if !std::mem::replace(&mut planned, true) && self.graph.lacks_plain() {
                    self.graph.build_plain(&all[..events]);
                }
                self.reverse_spin(all, j);
            }
        }
    }

    /// From a loop that spins for ever: plans each step that it keeps away before it, after all that happened in spite
    /// of it; and then the loop again, if that step does not end the wait.
    fn free_rivals(&mut self, all: &mut Vec<Event>) {
        let end = self.total;
        for i in 0..end.min(self.nodes.len()) {
            let h = all[i];
            let goes_on = |all: &[Event], p: u16| all[i + 1..end].iter().any(|x| x.label.proc == p && !x.fails);
            if !(h.fails || h.spins_after) || goes_on(all, h.label.proc) {
                continue;
            }
            if self.graph.lacks_plain() {
                self.graph.build_plain(&all[..end]);
            }
            let rivals = std::mem::take(&mut self.nodes[i].rivals);
            for r in &rivals {
                if goes_on(all, r.label.proc) {
                    continue;
                }
                all.push(*r);
                // Once without arrivals, which need not come.
                if self.plan_rival(all, i, false) {
                    self.plan_rival(all, i, true);
                }
            }
            self.nodes[i].rivals = rivals;
        }
    }

    /// Plans the rival, last in `all`, before event `i`, the round of a loop. Whether arrivals were left out.
    fn plan_rival(&mut self, all: &[Event], i: usize, arrivals: bool) -> bool {
        let h = &all[i];
        let mut seq = std::mem::take(&mut self.sequence);
        seq.clear();
        let mut cut: Vec<usize> = Vec::new();
        for n in (i + 1..self.total).filter(|&n| all[n].label.proc != h.label.proc) {
            let after = |&m: &usize| Graph::covers(self.graph.plain_clock(n), &all[m]);
            if !arrivals && (all[n].enters || cut.iter().any(after)) {
                cut.push(n);
            } else {
                seq.push(n as u32);
            }
        }
        let last = all.len() - 1;
        seq.push(last as u32);
        if h.fails && !all[last].conflicts(h) {
            seq.push(i as u32);
        }
        self.insert(all, i, &mut seq);
        self.sequence = seq;
        !cut.is_empty()
    }

    /// Plans step `j`, the round of a loop that would fail, before the steps of other tasks on its CPU.
    fn reverse_spin(&mut self, all: &mut Vec<Event>, j: usize) {
        let e = all[j];
        let last = self.last_kept_away(all, j);
        let mut past = std::mem::take(&mut self.clock);
        self.graph.plain_before(all, &e, &mut past);
        // In the plan, it is the failed round that keeps its CPU.
        all.push(Event { fails: true, atomic: true, ..e });
        for i in (0..j.min(self.total).min(last)).rev() {
            let g = &all[i];
            let other = g.level == Level::Task && g.label.proc != e.label.proc && g.cpu == e.cpu && g.task_open;
            if other && !g.fails && !Graph::covers(&past, g) && self.would_fail(all, &past, i, j) {
                // Once without arrivals, which need not come.
                if self.plan_spin(all, &past, i, &e, false) {
                    self.plan_spin(all, &past, i, &e, true);
                }
            }
        }
        self.clock = past;
    }

    /// Whether a step writes the word of round `e`, and is not in its past.
    fn changes(all: &[Event], past: &[u32], n: usize, e: &Event) -> bool {
        let x = &all[n];
        x.acc.iter().any(|a| a.write && a.slot == e.acc[0].slot) && !Graph::covers(past, x)
    }

    /// Whether the round `j` would fail just before event `i`.
    fn would_fail(&self, all: &[Event], past: &[u32], i: usize, j: usize) -> bool {
        let e = &all[j];
        let fails = |old: u64| {
            let key = (e.label.proc, e.history, old);
            self.failed.contains(&key) || self.spun.contains(&key)
        };
        let end = j.min(self.total);
        match (i..end).find(|&n| Self::changes(all, past, n, e)) {
            Some(w) if all[w].acc[0].slot == e.acc[0].slot => fails(all[w].old),
            _ => e.fails || e.spins_after || fails(e.old),
        }
    }

    /// Plans the round, last in `all`, before event `i`: after all that does not depend on `i`, but for what changes its
    /// word. Whether arrivals were left out.
    fn plan_spin(&mut self, all: &[Event], past: &[u32], i: usize, e: &Event, arrivals: bool) -> bool {
        let (first, proc) = (&all[i], usize::from(e.label.proc));
        let mut seq = std::mem::take(&mut self.sequence);
        seq.clear();
        let mut cut: Vec<usize> = vec![i];
        let (mut possible, mut left_out) = (true, false);
        for (n, x) in all.iter().enumerate().take(self.total).skip(i + 1) {
            let mine = x.label.proc == e.label.proc;
            if mine && x.idx >= e.idx {
                continue;
            }
            // Its own former steps, and what they depend on, come along if only stacking had put them after `i`.
            let in_past = mine || Graph::covers(past, x);
            let clock = if in_past { self.graph.plain_clock(n) } else { self.graph.clock(n) };
            let out = if mine {
                Graph::covers(clock, first) || cut[1..].iter().any(|&m| Graph::covers(clock, &all[m]))
            } else {
                clock[proc] > e.idx
                    || (x.enters && !arrivals && !Graph::covers(past, x))
                    || Self::changes(all, past, n, e)
                    || cut.iter().any(|&m| Graph::covers(clock, &all[m]))
            };
            // A round that has failed before, and could fail there as well, is moved by itself.
            possible &= !mine || !(out || x.fails);
            left_out |= out && x.enters;
            if out {
                cut.push(n);
            } else {
                seq.push(n as u32);
            }
        }
        if possible {
            seq.push(all.len() as u32 - 1);
            self.insert(all, i, &mut seq);
        }
        self.sequence = seq;
        left_out
    }

    /// One past the last step before which the round `j` might fail for ever: what ended the wait in this execution
    /// comes whatever is kept away after that, by this loop or by others that spin.
    fn last_kept_away(&self, all: &[Event], j: usize) -> usize {
        let e = &all[j];
        let events = &all[..self.total];
        let through = |x: &Event| x.label.proc == e.label.proc && x.idx >= e.idx && !x.fails && !x.spins_after;
        let Some(s) = (j..self.total).find(|&n| through(&all[n])) else { return usize::MAX };
        let ends = self.graph.touches(e.acc[0].slot).iter().rev().find(|t| t.write && (t.at as usize) < s);
        let Some(end) = ends.map(|t| t.at as usize).filter(|_| !e.spins_after || e.fails) else { return usize::MAX };
        let spins =
            |x: &&Event| x.fails || x.spins_after || self.spin_places.contains(&x.place.map_or(0, |p| p.bits()));
        let at = |x: &Event| 1u64 << (x.cpu & 63);
        let cpus = events.iter().filter(spins).fold(at(e), |m, x| m | at(x));
        let kept = |x: &Event| x.level == Level::Task && x.label.proc != e.label.proc && cpus & at(x) != 0;
        let before = |m: usize| m == end || Graph::covers(self.graph.plain_clock(end), &all[m]);
        (0..=end).rev().find(|&m| kept(&all[m]) && before(m)).map_or(0, |m| m + 1)
    }
}
