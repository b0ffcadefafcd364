//! The class of an execution: its steps with the order of the conflicting ones, as one number.
//!
//! Two executions of the same class have the same number, whatever the schedule; different classes have different
//! numbers but for a collision of a 64-bit hash. EXPLORER.md's definition; a gate is no step.

use ringzero_trace::{End, Event, NO_SLOT};
use std::collections::{HashMap, HashSet};

fn mix(h: u64, x: u64) -> u64 {
    let mut z = (h ^ x.rotate_left(17)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z ^= z >> 31;
    z = z.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    z ^ (z >> 32)
}

#[derive(Default)]
struct Object {
    write: u64,
    reads: Vec<u64>,
}

/// Computes class numbers; keeps its memory between executions.
#[derive(Default)]
pub struct Classes {
    steps: HashMap<u64, u64>,
    objects: Vec<Object>,
}

impl Classes {
    /// The class of an execution that ended so.
    pub fn of(&mut self, end: End, events: &[Event], pending: &[Event]) -> u64 {
        self.steps.clear();
        for o in &mut self.objects {
            o.write = 0;
            o.reads.clear();
        }
        let mut sum = 0u64;
        for e in events.iter().filter(|e| e.in_class()) {
            let n = self.steps.entry(e.who).or_insert(0);
            *n += 1;
            let id = mix(e.who, *n);
            let mut h =
                mix(id, u64::from(e.op as u8) << 8 | u64::from(if e.ways > 1 { e.label.variant >> 4 } else { 0 }));
            for a in e.acc.iter().filter(|a| a.slot != NO_SLOT) {
                let slot = a.slot as usize;
                if self.objects.len() <= slot {
                    self.objects.resize_with(slot + 1, Object::default);
                }
                let o = &mut self.objects[slot];
                h = h.wrapping_add(mix(id ^ 1, o.write));
                if a.write {
                    for r in o.reads.drain(..) {
                        h = h.wrapping_add(mix(id ^ 2, r));
                    }
                    o.write = id;
                } else {
                    o.reads.push(id);
                }
            }
            sum = sum.wrapping_add(mix(h, 0x55));
        }
        if matches!(end, End::Violated { stuck: true } | End::IdleAtBound) {
            for p in pending.iter().filter(|p| p.idx > 0) {
                let n = self.steps.get(&p.who).copied().unwrap_or(0);
                sum = sum.wrapping_add(mix(mix(p.who, n), 0x1000 | u64::from(p.op as u8)));
            }
        }
        sum
    }
}

/// The classes that a search has seen.
#[derive(Default)]
pub(crate) struct Seen {
    classes: Classes,
    all: HashSet<u64>,
    /// The last execution was of a class that had not been seen.
    pub new: bool,
}

impl Seen {
    /// Notes an execution that ended so; one that was given up is of no class.
    pub fn note(&mut self, end: End, events: &[Event], pending: &[Event]) {
        self.new = end != End::Abandoned && self.all.insert(self.classes.of(end, events, pending));
    }
}
