//! Which steps other contexts care about: those at places that touch objects that several contexts touch.
//!
//! Samplers that count steps count only these: a switch before any other step is no different from a switch later.

use ringzero_trace::{Event, NO_SLOT, Proc};
use std::collections::HashSet;

/// Learns, execution by execution.
#[derive(Debug, Default)]
pub(crate) struct SharedPlaces {
    places: HashSet<usize>,
    touched: Vec<Option<(Proc, usize)>>,
}

impl SharedPlaces {
    /// A new execution begins.
    pub fn begin(&mut self) {
        self.touched.clear();
    }

    /// Notes a step; whether it is one that counts, as far as is known.
    pub fn note(&mut self, e: &Event) -> bool {
        let Some(place) = e.place.filter(|_| !e.enters) else { return e.enters };
        let place = place.bits();
        for slot in e.acc.iter().filter(|a| a.slot != NO_SLOT).map(|a| a.slot as usize) {
            if self.touched.len() <= slot {
                self.touched.resize(slot + 1, None);
            }
            match self.touched[slot] {
                Some((p, first)) if p != e.label.proc => {
                    self.places.insert(first);
                    self.places.insert(place);
                }
                Some(_) => {}
                None => self.touched[slot] = Some((e.label.proc, place)),
            }
        }
        self.places.contains(&place)
    }
}
