//! The data-race detector: happens-before over one execution, by vector clocks of its own.
//!
//! # The edges
//! Program order; release to acquire on the same object (locks, full-barrier atomics, wake-up to schedule); a release
//! fence, a marked write, a marked read of that object and an acquire fence, in this order; creation
//! to the first step; the last step to the join; on one CPU, unmasking to a later interrupt's entry, and an
//! interrupt's end to the next step or masking below it. Being preempted, entering without a mask before it, and
//! relaxed marked accesses order nothing. The order in which the explorer ran things is no edge.

use crate::boot::{Edge, EdgeKind, Inner};
use crate::config::Found;
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

fn covers(clock: &Clock, proc: usize, time: u32) -> bool {
    clock.get(proc).is_some_and(|c| *c >= time)
}

#[derive(Clone, Copy)]
struct Past {
    proc: usize,
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

struct Detector {
    clocks: HashMap<usize, Clock>,
    at_event: Vec<Clock>,
    objects: HashMap<u32, Object>,
    unmasked: Vec<Clock>,
    ended: Vec<Clock>,
    everything: Clock,
    /// What marked reads have seen published, per context; and each context's clock at its last release fence.
    seen: HashMap<usize, Clock>,
    fenced: HashMap<usize, Clock>,
}

impl Detector {
    fn new(cpus: usize) -> Self {
        Self {
            clocks: HashMap::new(),
            at_event: Vec::new(),
            objects: HashMap::new(),
            unmasked: vec![Clock::new(); cpus],
            ended: vec![Clock::new(); cpus],
            everything: Clock::new(),
            seen: HashMap::new(),
            fenced: HashMap::new(),
        }
    }

    /// A change of what may interrupt, or a fence.
    fn edge(&mut self, proc: usize, edge: &Edge) {
        let clock = self.clocks.entry(proc).or_default();
        match edge.kind {
            EdgeKind::Mask => join(clock, &self.ended[edge.cpu]),
            EdgeKind::Unmask => join(&mut self.unmasked[edge.cpu], clock),
            EdgeKind::Fence { acquire, release } => {
                if acquire && let Some(seen) = self.seen.get(&proc) {
                    join(clock, seen);
                }
                if release {
                    self.fenced.insert(proc, clock.clone());
                }
            }
        }
    }

    /// Orders event number `at` and returns the access it races with.
    fn event(&mut self, at: usize, e: &Event) -> Option<Past> {
        let proc = usize::from(e.label.proc);
        let mut clock = self.clocks.remove(&proc).unwrap_or_default();
        if e.idx == 0 && e.base != NO_EVENT {
            join(&mut clock, &self.at_event[e.base as usize]);
        }
        if e.after_all {
            join(&mut clock, &self.everything);
        }
        if let Some(j) = e.joins
            && let Some(other) = self.clocks.get(&usize::from(j))
        {
            join(&mut clock, other);
        }
        let cpu = usize::from(e.cpu);
        if e.enters {
            join(&mut clock, &self.unmasked[cpu]);
        }
        if e.level == Level::Task {
            join(&mut clock, &self.ended[cpu]);
        }
        if clock.len() <= proc {
            clock.resize(proc + 1, 0);
        }
        clock[proc] += 1;
        let mut raced = None;
        let slot = e.acc[0].slot;
        if slot != NO_SLOT {
            let object = self.objects.entry(slot).or_default();
            if e.sync.acquire {
                join(&mut clock, &object.released);
            }
            // Fences: a marked write publishes what came before the last release fence; a marked read sees it, for
            // the next acquire fence to take.
            if !e.sync.plain && !e.enters {
                join(self.seen.entry(proc).or_default(), &object.published);
                if e.acc[0].write {
                    if !e.rmw {
                        object.published.clear();
                    }
                    if let Some(fenced) = self.fenced.get(&proc) {
                        join(&mut object.published, fenced);
                    }
                }
            }
            raced = Self::access(object, &clock, proc, at, e);
            if e.sync.release {
                join(&mut object.released, &clock);
            }
        }
        if let Some(second) = Some(e.acc[1]).filter(|a| a.slot != NO_SLOT && e.enters) {
            let object = self.objects.entry(second.slot).or_default();
            join(&mut clock, &object.released);
        }
        join(&mut self.everything, &clock);
        self.at_event.push(clock.clone());
        self.clocks.insert(proc, clock);
        raced
    }

    fn access(object: &mut Object, clock: &Clock, proc: usize, at: usize, e: &Event) -> Option<Past> {
        let me = Past { proc, time: clock[proc], plain: e.sync.plain, at };
        let races = |p: &Past| p.proc != proc && (p.plain || me.plain) && !covers(clock, p.proc, p.time);
        let mut found = object.write.as_ref().filter(|p| races(p)).copied();
        if e.acc[0].write {
            found = found.or_else(|| object.reads.iter().find(|p| races(p)).copied());
            object.write = Some(me);
            object.reads.clear();
        } else {
            object.reads.retain(|p| p.proc != proc);
            object.reads.push(me);
        }
        found
    }
}

impl Inner {
    /// The first data race of the execution: the number of its second access, and the finding.
    pub(crate) fn data_race(&self) -> Option<(usize, Found)> {
        if !self.plain_seen {
            return None;
        }
        let mut d = Detector::new(self.cfg.cpus);
        let mut edges = self.edges.iter().peekable();
        for (at, e) in self.events.iter().enumerate() {
            while let Some(edge) = edges.next_if(|x| x.at as usize <= at) {
                d.edge(usize::from(self.ctxs[edge.ctx].proc), edge);
            }
            let raced = d.event(at, e);
            if let Some(past) = raced {
                return Some((at, self.tell_race(e, &self.events[past.at])));
            }
            let last = self.ctxs.iter().find(|c| c.proc == e.label.proc && c.last_event as usize == at && c.done);
            if let Some(c) = last.filter(|c| !c.is_task()) {
                let cpu = usize::from(e.cpu);
                let clock = d.clocks.get(&usize::from(c.proc)).cloned().unwrap_or_default();
                join(&mut d.ended[cpu], &clock);
            }
        }
        None
    }

    fn tell_race(&self, second: &Event, first: &Event) -> Found {
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
