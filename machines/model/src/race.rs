//! The data-race detector: happens-before over one execution, by vector clocks of its own.
//!
//! # The edges
//! Program order; release to acquire on the same object (locks, full-barrier atomics, wake-up to schedule), where a
//! release fence with a marked write behind it is a release, and a marked read with an acquire fence behind it is an
//! acquire; creation to the first step; the last step to the join; on one CPU, unmasking to a later interrupt's entry, and an
//! interrupt's end to the next step or masking below it, and the end of a section with preemption off to the next one
//! there (per-CPU data rely on it). Being preempted, entering without a mask before it, and
//! relaxed marked accesses order nothing. The order in which the explorer ran things is no edge.
//!
//! # What races
//! In Rust programs, plain accesses are steps, and two steps race if they touch the same object. In C, every access is
//! a touch (`plain.rs`), and two race if they share a byte. A race of which a side is no step yet is no finding: its
//! place becomes one where steps are taken ([`crate::Config::racing`]), and the search begins anew. So the finding's
//! trace shows both sides, and what follows from the race is explored too. The end of a memory object that is not
//! ordered with a touch of it makes that touch a step, too: the search then comes to the use after free.
//!
//! # Time
//! A context's own time goes on by one at each step, and by one after each step, unmasking and fence, so that what
//! comes after a release is not published with it.

use crate::boot::{Edge, EdgeKind, Inner};
use crate::config::{DataRace, Found};
use crate::machine::is_memory;
use crate::plain::{Touch, TouchKind, mask};
use ringzero_machine::Section;
use ringzero_trace::{Event, Level, NO_EVENT, NO_SLOT};
use std::collections::HashMap;

type Clock = Vec<u32>;

fn join(into: &mut Clock, from: &Clock) {
    if into.len() < from.len() {
        into.resize(from.len(), 0);
    }
    for (a, b) in into.iter_mut().zip(from) {
        *a = (*a).max(*b);
    }
}

fn covers(clock: &Clock, ctx: usize, time: u32) -> bool {
    clock.get(ctx).is_some_and(|c| *c >= time)
}

/// An access that came before: who, when, unmarked or not, and its number among the events (or touches).
#[derive(Clone, Copy)]
struct Past {
    ctx: usize,
    time: u32,
    plain: bool,
    at: usize,
}

#[derive(Default)]
struct Object {
    released: Clock,
    published: Clock,
    write: Option<Past>,
    reads: Vec<Past>,
}

/// A touch that came before, of some bytes of a cell.
#[derive(Clone, Copy)]
struct PastTouch {
    past: Past,
    bytes: u8,
    write: bool,
    free: bool,
}

struct Detector {
    /// The context of each proc of this execution.
    ctx_of: HashMap<u16, usize>,
    clocks: Vec<Clock>,
    at_event: Vec<Clock>,
    /// Which events' clocks are needed later: those that others were created after.
    wanted: Vec<bool>,
    objects: HashMap<u32, Object>,
    cells: HashMap<usize, Vec<PastTouch>>,
    unmasked: Vec<Clock>,
    /// What sections with preemption off have done on each CPU.
    sections: Vec<Clock>,
    /// The same with bottom halves off, and bottom halves themselves.
    bottoms: Vec<Clock>,
    ended: Vec<Clock>,
    /// What marked reads have seen published, per context; and each context's clock at its last release fence.
    seen: HashMap<usize, Clock>,
    fenced: HashMap<usize, Clock>,
}

impl Detector {
    fn new(inner: &Inner) -> Self {
        let (cpus, n) = (inner.cfg.cpus, inner.ctxs.len());
        let mut wanted = vec![false; inner.events.len()];
        for e in inner.events.iter().filter(|e| e.idx == 0 && e.base != NO_EVENT) {
            wanted[e.base as usize] = true;
        }
        Self {
            ctx_of: inner.ctxs.iter().enumerate().map(|(i, c)| (c.proc, i)).collect(),
            clocks: vec![vec![0; n]; n],
            at_event: vec![Clock::new(); inner.events.len()],
            wanted,
            objects: HashMap::new(),
            cells: HashMap::new(),
            unmasked: vec![Clock::new(); cpus],
            sections: vec![Clock::new(); cpus],
            bottoms: vec![Clock::new(); cpus],
            ended: vec![Clock::new(); cpus],
            seen: HashMap::new(),
            fenced: HashMap::new(),
        }
    }

    /// A change of what may interrupt, or a fence.
    fn edge(&mut self, edge: &Edge) {
        let ctx = edge.ctx;
        if let EdgeKind::Spawn { child } = edge.kind {
            let parent = std::mem::take(&mut self.clocks[ctx]);
            join(&mut self.clocks[child], &parent);
            self.clocks[ctx] = parent;
        }
        let clock = &mut self.clocks[ctx];
        match edge.kind {
            EdgeKind::Spawn { .. } => {}
            EdgeKind::Section { kind, begins } => {
                let sections = if kind == Section::Bh { &mut self.bottoms } else { &mut self.sections };
                let section = &mut sections[edge.cpu];
                if begins { join(clock, section) } else { join(section, clock) }
            }
            EdgeKind::Order { slot, acquire, release } => {
                let object = self.objects.entry(slot).or_default();
                if acquire {
                    join(clock, &object.released);
                    join(clock, &object.published);
                }
                if release {
                    join(&mut object.released, clock);
                }
            }
            EdgeKind::Mask => {
                join(clock, &self.ended[edge.cpu]);
                join(clock, &self.sections[edge.cpu]);
            }
            EdgeKind::Unmask => {
                join(&mut self.unmasked[edge.cpu], clock);
                join(&mut self.sections[edge.cpu], clock);
            }
            EdgeKind::Fence { acquire, release } => {
                if acquire && let Some(seen) = self.seen.get(&ctx) {
                    join(clock, seen);
                }
                if release {
                    self.fenced.insert(ctx, clock.clone());
                }
            }
        }
        clock[ctx] += 1;
    }

    /// Orders event number `at`, and returns the access of the same object it races with, if `by_object`.
    fn event(&mut self, at: usize, e: &Event, by_object: bool) -> Option<Past> {
        let ctx = *self.ctx_of.get(&e.label.proc)?;
        let mut clock = std::mem::take(&mut self.clocks[ctx]);
        if e.idx == 0 && e.base != NO_EVENT {
            join(&mut clock, &self.at_event[e.base as usize]);
        }
        if e.after_all {
            self.clocks.iter().for_each(|all| join(&mut clock, all));
        }
        if let Some(other) = e.joins.and_then(|j| self.ctx_of.get(&j)) {
            join(&mut clock, &self.clocks[*other]);
        }
        let cpu = usize::from(e.cpu);
        if e.enters {
            join(&mut clock, &self.unmasked[cpu]);
        }
        if e.level == Level::Task {
            join(&mut clock, &self.ended[cpu]);
        }
        clock[ctx] += 1;
        let mut raced = None;
        let slot = e.acc[0].slot;
        if slot != NO_SLOT {
            let object = self.objects.entry(slot).or_default();
            if e.sync.acquire {
                join(&mut clock, &object.released);
                join(&mut clock, &object.published);
            }
            // Fences: a marked write publishes what came before the last release fence; a marked read sees it and what
            // was released there, for the next acquire fence to take.
            if !e.sync.plain && !e.enters {
                let seen = self.seen.entry(ctx).or_default();
                join(seen, &object.published);
                join(seen, &object.released);
                if e.acc[0].write {
                    if !e.rmw {
                        object.published.clear();
                    }
                    if let Some(fenced) = self.fenced.get(&ctx) {
                        join(&mut object.published, fenced);
                    }
                }
            }
            if e.acc[0].write && !e.rmw && is_memory(e.op) {
                // Whoever reads this reads nothing that was released before.
                object.released.clear();
            }
            if by_object {
                raced = Self::access(object, &clock, ctx, at, e);
            }
            if e.sync.release {
                join(&mut object.released, &clock);
            }
        }
        if let Some(second) = Some(e.acc[1]).filter(|a| a.slot != NO_SLOT && e.enters) {
            let object = self.objects.entry(second.slot).or_default();
            join(&mut clock, &object.released);
        }
        if self.wanted[at] {
            self.at_event[at].clone_from(&clock);
        }
        clock[ctx] += 1;
        self.clocks[ctx] = clock;
        raced
    }

    fn access(object: &mut Object, clock: &Clock, ctx: usize, at: usize, e: &Event) -> Option<Past> {
        let me = Past { ctx, time: clock[ctx], plain: e.sync.plain, at };
        let races = |p: &Past| p.ctx != ctx && (p.plain || me.plain) && !covers(clock, p.ctx, p.time);
        let mut found = object.write.as_ref().filter(|p| races(p)).copied();
        if e.acc[0].write {
            found = found.or_else(|| object.reads.iter().find(|p| races(p)).copied());
            object.write = Some(me);
            object.reads.clear();
        } else {
            object.reads.retain(|p| p.ctx != ctx);
            object.reads.push(me);
        }
        found
    }

    /// Compares a touch of the cell at `key` with the earlier ones; calls `racing` with the number of each that it
    /// races with.
    fn touch(&mut self, key: usize, at: usize, t: &Touch, policy: DataRace, mut racing: impl FnMut(usize)) {
        let ctx = t.ctx as usize;
        // A step's own time is that before its release.
        let clock = &self.clocks[ctx];
        let time = clock[ctx] - u32::from(t.kind != TouchKind::Plain);
        let (bytes, free) = (mask(key, t.addr, t.len as usize), t.kind == TouchKind::Free);
        let me = PastTouch { past: Past { ctx, time, plain: is_plain(t, policy), at }, bytes, write: t.write, free };
        let cell = self.cells.entry(key).or_default();
        for p in cell.iter() {
            let marked = !p.past.plain && !me.past.plain && !p.free && !free;
            let apart = p.bytes & bytes == 0 || p.past.ctx == ctx || !(p.write || me.write) || marked;
            if !apart && !covers(clock, p.past.ctx, p.past.time) {
                racing(p.past.at);
            }
        }
        cell.retain(|p| {
            let older = p.past.ctx == ctx || (me.write && covers(clock, p.past.ctx, p.past.time));
            let within = p.bytes & !bytes == 0 && (me.write || !p.write) && (me.past.plain || !p.past.plain);
            !(older && within && !p.free)
        });
        cell.push(me);
    }
}

/// Whether an access counts as unmarked.
fn is_plain(t: &Touch, policy: DataRace) -> bool {
    let word = t.write && t.len <= 8 && t.len.is_power_of_two() && t.addr.is_multiple_of(t.len as usize);
    match t.kind {
        TouchKind::PlainPart => true,
        TouchKind::Plain | TouchKind::PlainStep => !(policy == DataRace::Kcsan && word),
        TouchKind::Marked | TouchKind::Meant | TouchKind::Free => false,
    }
}

impl Inner {
    /// The first data race of the execution: the number of its second access, and the finding.
    pub(crate) fn data_race(&mut self) -> Option<(usize, Found)> {
        let by_touch = self.cfg.c && self.touches.suspicious;
        if !self.plain_seen && !by_touch {
            return None;
        }
        let mut d = Detector::new(self);
        let mut edges = 0;
        let mut next = 0;
        let mut first = None;
        let mut raced = Vec::new();
        for at in 0..=self.events.len() {
            // What happened before this event: touches and edges, in their order.
            let touches = self.touches.log.len();
            while next < touches && self.touches.log[next].gap as usize <= at {
                edges = self.edges_until(&mut d, edges, at, next);
                if by_touch {
                    self.judge(&mut d, next, &mut first, &mut raced);
                }
                next += 1;
            }
            edges = self.edges_until(&mut d, edges, at, usize::MAX);
            let Some(e) = self.events.get(at) else { break };
            if let Some(past) = d.event(at, e, !self.cfg.c) {
                return Some((at, self.tell_race(at, past.at)));
            }
            let last = self.ctxs.iter().position(|c| c.proc == e.label.proc && c.last_event as usize == at && c.done);
            if let Some(i) = last.filter(|&i| !self.ctxs[i].is_task()) {
                let cpu = usize::from(e.cpu);
                let clock = std::mem::take(&mut d.clocks[i]);
                join(&mut d.ended[cpu], &clock);
                d.clocks[i] = clock;
            }
        }
        self.raced.append(&mut raced);
        first.filter(|_| self.cfg.data_race != DataRace::Off).map(|(second, one)| (second, self.tell_race(second, one)))
    }

    /// Takes the edges that came before event `at` and before touch number `touch`.
    fn edges_until(&self, d: &mut Detector, from: usize, at: usize, touch: usize) -> usize {
        let mut n = from;
        while let Some(e) = self.edges.get(n).filter(|e| e.at as usize <= at && e.touches <= touch) {
            d.edge(e);
            n += 1;
        }
        n
    }

    /// Judges touch number `n`.
    fn judge(&self, d: &mut Detector, n: usize, first: &mut Option<(usize, usize)>, raced: &mut Vec<usize>) {
        let t = &self.touches.log[n];
        let (low, high) = (t.addr >> 3, (t.addr + (t.len as usize).max(1) - 1) >> 3);
        for key in low..=high.min(low + (1 << 16)) {
            if t.kind != TouchKind::Free && !self.touches.shared(key) {
                continue;
            }
            // Whether a race is told is the policy's affair; that it is one is not.
            d.touch(key, n, t, DataRace::Strict, |past| {
                let p = &self.touches.log[past];
                let mut all_steps = true;
                for side in [p, t].into_iter().filter(|s| s.kind == TouchKind::Plain) {
                    all_steps = false;
                    if raced.len() < 256 && !raced.contains(&side.place.bits()) {
                        raced.push(side.place.bits());
                    }
                }
                let aside = |k| matches!(k, TouchKind::Free | TouchKind::Meant);
                let free = aside(p.kind) || aside(t.kind);
                let told = is_plain(p, self.cfg.data_race) || is_plain(t, self.cfg.data_race);
                if all_steps && !free && told {
                    first.get_or_insert((t.gap as usize - 1, p.gap as usize - 1));
                }
            });
        }
    }

    fn tell_race(&self, second: usize, first: usize) -> Found {
        let (first, second) = (&self.events[first], &self.events[second]);
        let object = self.object_name(second.acc[0].slot);
        let who = |e: &Event| {
            let i = self.ctxs.iter().position(|c| c.proc == e.label.proc);
            i.map_or_else(String::new, |i| self.describe(i))
        };
        Found {
            code: "data-race",
            message: format!(
                "{} by {} and {} by {} on {object} are not ordered",
                first.op.name(),
                who(first),
                second.op.name(),
                who(second)
            ),
            place: second.place,
            other: first.place,
            notes: vec![
                "two accesses, at least one a write and one of them plain, without a happens-before".to_owned(),
            ],
        }
    }
}
