//! Numbers for the objects of one execution, by first touch.

use ringzero_trace::Slot;

/// Address to number; forgetting everything is one increment.
pub struct Slots {
    table: Vec<Entry>,
    generation: u32,
    /// What each number stands for.
    pub info: Vec<SlotInfo>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    key: usize,
    slot: Slot,
    generation: u32,
}

/// An object.
#[derive(Clone, Copy, Debug)]
pub struct SlotInfo {
    /// The context that wrote it last.
    pub last_writer: Option<usize>,
}

const LIVENESS: usize = 1 << 63;

impl Slots {
    pub fn new() -> Self {
        Self { table: vec![Entry::default(); 256], generation: 1, info: Vec::new() }
    }

    pub fn reset(&mut self) {
        self.generation += 1;
        self.info.clear();
    }

    /// The number of the object at `addr`.
    #[inline]
    pub fn of(&mut self, addr: usize) -> Slot {
        self.lookup(addr)
    }

    /// The number of the liveness of the memory object at `addr`.
    pub fn liveness(&mut self, addr: usize) -> Slot {
        self.lookup(addr | LIVENESS)
    }

    fn lookup(&mut self, key: usize) -> Slot {
        let mask = self.table.len() - 1;
        let mut i = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) & mask;
        loop {
            let e = self.table[i];
            if e.generation != self.generation {
                break;
            }
            if e.key == key {
                return e.slot;
            }
            i = (i + 1) & mask;
        }
        let slot = self.info.len() as Slot;
        self.table[i] = Entry { key, slot, generation: self.generation };
        self.info.push(SlotInfo { last_writer: None });
        if self.info.len() * 2 > self.table.len() {
            self.grow();
        }
        slot
    }

    fn grow(&mut self) {
        let old = std::mem::replace(&mut self.table, vec![Entry::default(); mask_len(self.info.len())]);
        let mask = self.table.len() - 1;
        for e in old.into_iter().filter(|e| e.generation == self.generation) {
            let mut i = (e.key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) & mask;
            while self.table[i].generation == self.generation {
                i = (i + 1) & mask;
            }
            self.table[i] = e;
        }
    }
}

fn mask_len(n: usize) -> usize {
    (n * 4).next_power_of_two()
}
