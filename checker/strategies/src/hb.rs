//! Happens-before over one execution, as the search needs it.
//!
//! # The relation
//! Two relations over the steps of an execution. The **conflict order** is what EXPLORER.md's classes are made of:
//! program order, conflicting accesses, creation, joins. The **stacking order** adds that contexts on one CPU stack:
//! an interrupt's steps and the steps below it are ordered as they came, and so are the steps of two tasks where
//! one of them could not be preempted. The clocks here carry both. Stacking order is a constraint and not part of
//! the class; the search reverses it only where that can lead to another class (see [`Graph::leads_back`]).

use ringzero_trace::{Event, Level, NO_EVENT, NO_SLOT};

/// One access in an object's history.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    /// Number of the event.
    pub at: u32,
    /// Whether it wrote.
    pub write: bool,
}

/// Clocks and histories of one execution. Keeps its memory.
#[derive(Default, Debug)]
pub struct Graph {
    width: usize,
    clocks: Vec<u32>,
    /// Clocks of the conflict order alone; kept only when stacking orders anything.
    plain: Vec<u32>,
    scratch: Vec<u32>,
    history: Vec<Vec<Touch>>,
    used_slots: usize,
    /// Per context, the numbers of its events.
    pub of_proc: Vec<Vec<u32>>,
    cpu_all: Vec<Vec<u32>>,
    cpu_irq: Vec<Vec<u32>>,
    cpu_atomic: Vec<Vec<u32>>,
    everything: Vec<u32>,
    reach: Vec<u32>,
    work: Vec<u32>,
}

/// The later of two clocks.
pub(crate) fn join(into: &mut [u32], from: &[u32]) {
    for (a, b) in into.iter_mut().zip(from) {
        *a = (*a).max(*b);
    }
}

impl Graph {
    /// Computes everything for an execution.
    pub fn build(&mut self, events: &[Event], pending: &[Event]) {
        let most = events.iter().chain(pending).map(|e| usize::from(e.label.proc) + 1).max().unwrap_or(0);
        self.width = most;
        self.clocks.clear();
        self.clocks.resize(events.len() * most, 0);
        self.scratch.clear();
        self.scratch.resize(most, 0);
        for h in &mut self.history[..self.used_slots] {
            h.clear();
        }
        self.used_slots = 0;
        self.of_proc.iter_mut().for_each(Vec::clear);
        if self.of_proc.len() < most {
            self.of_proc.resize_with(most, Vec::new);
        }
        let cpus = events.iter().map(|e| usize::from(e.cpu) + 1).max().unwrap_or(0);
        for set in [&mut self.cpu_all, &mut self.cpu_irq, &mut self.cpu_atomic] {
            set.resize_with(cpus.max(set.len()), Vec::new);
            for c in set.iter_mut() {
                c.clear();
                c.resize(most, 0);
            }
        }
        self.everything.clear();
        self.everything.resize(most, 0);
        for (at, e) in events.iter().enumerate() {
            self.add(at, e);
        }
        self.plain.clear();
    }

    /// Computes the clocks of the conflict order alone.
    pub fn build_plain(&mut self, events: &[Event]) {
        let w = self.width;
        self.plain.clear();
        self.plain.resize(events.len() * w, 0);
        let mut last: Vec<Option<usize>> = vec![None; w];
        for (at, e) in events.iter().enumerate() {
            let proc = usize::from(e.label.proc);
            let (before, now) = self.plain.split_at_mut(at * w);
            let clock = &mut now[..w];
            let of = |n: usize| &before[n * w..(n + 1) * w];
            match last[proc] {
                Some(n) => join(clock, of(n)),
                None if e.base != NO_EVENT => join(clock, of(e.base as usize)),
                None => {}
            }
            if let Some(n) = e.joins.and_then(|j| last[usize::from(j)]) {
                join(clock, of(n));
            }
            if e.after_all {
                (0..at).for_each(|n| join(clock, of(n)));
            }
            for a in e.acc.iter().filter(|a| a.slot != NO_SLOT) {
                for t in self.history[a.slot as usize].iter().rev().skip_while(|t| t.at as usize >= at) {
                    if t.write || a.write {
                        join(clock, of(t.at as usize));
                    }
                    if t.write {
                        break;
                    }
                }
            }
            clock[proc] = e.idx + 1;
            last[proc] = Some(at);
        }
    }

    /// Whether the clocks of the conflict order alone have not been computed.
    pub fn lacks_plain(&self) -> bool {
        self.plain.is_empty()
    }

    /// The conflict-order clock of event `at`.
    pub fn plain_clock(&self, at: usize) -> &[u32] {
        &self.plain[at * self.width..(at + 1) * self.width]
    }

    /// The conflict-order clock of what comes before step `e` for certain, its object's former accesses apart.
    pub fn plain_before(&self, events: &[Event], e: &Event, into: &mut Vec<u32>) {
        into.clear();
        into.resize(self.width, 0);
        let former = self.of_proc[usize::from(e.label.proc)].iter().rev().find(|&&n| events[n as usize].idx < e.idx);
        match former {
            Some(&n) => join(into, self.plain_clock(n as usize)),
            None if e.base != NO_EVENT => join(into, self.plain_clock(e.base as usize)),
            None => {}
        }
    }

    fn add(&mut self, at: usize, e: &Event) {
        let (w, proc, cpu) = (self.width, usize::from(e.label.proc), usize::from(e.cpu));
        let (before, now) = self.clocks.split_at_mut(at * w);
        let clock = &mut now[..w];
        let of = |n: u32| &before[n as usize * w..(n as usize + 1) * w];
        if let Some(&last) = self.of_proc[proc].last() {
            join(clock, of(last));
        } else if e.base != NO_EVENT {
            join(clock, of(e.base));
        }
        if let Some(j) = e.joins
            && let Some(&last) = self.of_proc.get(usize::from(j)).and_then(|v| v.last())
        {
            join(clock, of(last));
        }
        if e.after_all {
            join(clock, &self.everything);
        }
        if e.level == Level::Task && !e.atomic {
            join(clock, &self.cpu_irq[cpu]);
            join(clock, &self.cpu_atomic[cpu]);
        } else {
            join(clock, &self.cpu_all[cpu]);
        }
        for a in e.acc.iter().filter(|a| a.slot != NO_SLOT) {
            let slot = a.slot as usize;
            if self.history.len() <= slot {
                self.history.resize_with(slot + 1, Vec::new);
            }
            self.used_slots = self.used_slots.max(slot + 1);
            let h = &mut self.history[slot];
            for t in h.iter().rev() {
                if t.write || a.write {
                    join(clock, of(t.at));
                }
                if t.write {
                    break;
                }
            }
            // A failed round saw what it saw; nothing has to come after it.
            if !e.fails {
                h.push(Touch { at: at as u32, write: a.write });
            }
        }
        clock[proc] = self.of_proc[proc].len() as u32 + 1;
        self.of_proc[proc].push(at as u32);
        join(&mut self.everything, clock);
        join(&mut self.cpu_all[cpu], clock);
        if e.level != Level::Task {
            join(&mut self.cpu_irq[cpu], clock);
        } else if e.atomic {
            join(&mut self.cpu_atomic[cpu], clock);
        }
    }

    /// The clock of event `at`.
    #[inline]
    pub fn clock(&self, at: usize) -> &[u32] {
        &self.clocks[at * self.width..(at + 1) * self.width]
    }

    /// Whether event `a` (of `events`) is before the point with clock `clock`.
    #[inline]
    pub fn covers(clock: &[u32], a: &Event) -> bool {
        clock[usize::from(a.label.proc)] > a.idx
    }

    /// An object's history.
    pub fn touches(&self, slot: u32) -> &[Touch] {
        self.history.get(slot as usize).map_or(&[], Vec::as_slice)
    }

    /// The clock of what comes before `e` in conflict order for certain: its context's former step, its creator.
    pub fn before_own(&mut self, events: &[Event], e: &Event, into: &mut Vec<u32>) {
        into.clear();
        into.resize(self.width, 0);
        let mine = &self.of_proc[usize::from(e.label.proc)];
        let former = mine.iter().rev().find(|&&n| events[n as usize].idx < e.idx);
        if let Some(&n) = former {
            join(into, self.clock(n as usize));
        } else if e.base != NO_EVENT {
            join(into, self.clock(e.base as usize));
        }
        if let Some(j) = e.joins
            && let Some(&n) = self.of_proc.get(usize::from(j)).and_then(|v| v.last())
        {
            join(into, self.clock(n as usize));
        }
    }

    /// The first step of the section that event `n` is in, as seen by a context of level `by`: of its handler, or of
    /// its task since `by` could last have come before it.
    fn section_start(&self, events: &[Event], n: usize, by: Level) -> usize {
        let e = &events[n];
        let mine = &self.of_proc[usize::from(e.label.proc)];
        if e.level != Level::Task {
            return mine.first().map_or(n, |&f| f as usize);
        }
        let mut start = n;
        for &m in mine.iter().rev().filter(|&&m| m as usize <= n) {
            start = m as usize;
            if if by == Level::Task { events[start].task_open } else { events[start].irq_open } {
                break;
            }
        }
        start
    }

    /// Whether a path leads from the steps of `from` (its events from number `start` on, and its pending step) back
    /// to one of the events `target` on CPU `cpu`, through steps that come at `floor` or later: along program order
    /// in its direction, along conflicts (and stacking on other CPUs) in either.
    ///
    /// Only then can moving `from` before the target give another class: without such a path `from` can be moved
    /// back behind the target in every execution where it came first.
    #[expect(clippy::too_many_arguments, reason = "one question, asked in one place")]
    pub fn leads_back(
        &mut self,
        events: &[Event],
        pending: &[Event],
        from: usize,
        start: usize,
        floor: usize,
        target: &dyn Fn(usize) -> bool,
        target_proc: usize,
        cpu: u8,
    ) -> bool {
        self.reach.clear();
        self.reach.resize(self.width, u32::MAX);
        self.work.clear();
        self.reach[from] = start as u32;
        self.work.push(from as u32);
        while let Some(p) = self.work.pop() {
            let p = p as usize;
            let first = self.reach[p];
            let mine: Vec<u32> = self.of_proc[p].iter().copied().filter(|&n| n >= first).collect();
            let own_pending = pending.iter().find(|e| usize::from(e.label.proc) == p);
            for a in mine.iter().map(|&n| &events[n as usize]).chain(own_pending) {
                for (n, b) in events.iter().enumerate().skip(floor) {
                    let q = usize::from(b.label.proc);
                    if q == p || (self.reach[q] <= n as u32 && !target(n)) {
                        continue;
                    }
                    if !(a.conflicts(b) || (a.cpu != cpu && a.stacks_with(b))) {
                        continue;
                    }
                    if target(n) {
                        return true;
                    }
                    // Before one step of a section on the same CPU is before all of it.
                    let n = if a.cpu == b.cpu { self.section_start(events, n, a.level).max(floor) } else { n };
                    if target(n) {
                        return true;
                    }
                    if (n as u32) < self.reach[q] {
                        self.reach[q] = n as u32;
                        self.work.push(q as u32);
                    }
                }
                // The target's section may go on with the step that its context has not taken yet.
                let last = self.of_proc[target_proc].last().is_some_and(|&n| target(n as usize));
                let hits = |b: &Event| usize::from(b.label.proc) == target_proc && b.atomic && a.conflicts(b);
                if last && pending.iter().any(hits) {
                    return true;
                }
            }
        }
        false
    }
}
