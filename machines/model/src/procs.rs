//! Names of contexts, and their dense numbers: the same name has the same number in all executions of one model.

use ringzero_trace::Proc;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// What makes a context the same context in another execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProcName {
    /// The program's init function.
    Init,
    /// Its exit function.
    Exit,
    /// The `n`th task that `parent` created.
    Task {
        /// Who created it.
        parent: Proc,
        /// Which one.
        n: u32,
    },
    /// The `k`th arrival on an interrupt line.
    Line {
        /// The line.
        irq: u32,
        /// Which arrival.
        k: u32,
    },
    /// The `k`th IPI on a CPU.
    Ipi {
        /// The CPU.
        cpu: u32,
        /// Which.
        k: u32,
    },
    /// The `k`th timer interrupt on a CPU.
    Tick {
        /// The CPU.
        cpu: u32,
        /// Which.
        k: u32,
    },
}

/// Names to numbers.
#[derive(Default)]
pub struct Procs {
    by_key: HashMap<u64, Proc, BuildHasherDefault<KeyHasher>>,
    names: Vec<ProcName>,
    hashes: Vec<u64>,
    shared: Option<Arc<Mutex<Procs>>>,
}

/// Numbers that several models share, so that a label means the same in all of them.
#[derive(Clone, Default)]
pub struct SharedProcs(Arc<Mutex<Procs>>);

/// The keys are mixed already.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = mix(self.0, u64::from(*b));
        }
    }
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

impl Procs {
    /// The number of a context.
    pub fn number(&mut self, name: ProcName) -> Proc {
        let key = self.hash_of(name);
        if let Some(n) = self.by_key.get(&key) {
            return *n;
        }
        let n = match &self.shared {
            Some(s) => s.lock().unwrap_or_else(PoisonError::into_inner).number(name),
            None => Proc::try_from(self.names.len()).expect("fewer than 65,536 contexts in all executions"),
        };
        let len = self.names.len().max(usize::from(n) + 1);
        self.names.resize(len, ProcName::Init);
        self.hashes.resize(len, 0);
        self.names[usize::from(n)] = name;
        self.hashes[usize::from(n)] = key;
        self.by_key.insert(key, n);
        n
    }

    /// Numbers that are taken from (and given to) the shared ones.
    pub fn of_shared(shared: &SharedProcs) -> Self {
        Self { shared: Some(Arc::clone(&shared.0)), ..Self::default() }
    }

    fn hash_of(&self, name: ProcName) -> u64 {
        let (tag, a, b) = match name {
            ProcName::Init => (1, 0, 0),
            ProcName::Exit => (2, 0, 0),
            ProcName::Task { parent: u16::MAX, n } => (7, 0, u64::from(n)),
            ProcName::Task { parent, n } => (3, self.stable_hash(parent), u64::from(n)),
            ProcName::Line { irq, k } => (4, u64::from(irq), u64::from(k)),
            ProcName::Ipi { cpu, k } => (5, u64::from(cpu), u64::from(k)),
            ProcName::Tick { cpu, k } => (6, u64::from(cpu), u64::from(k)),
        };
        mix(mix(mix(0x5151, tag), a), b)
    }

    /// A hash of the name that is the same in every process and for every numbering.
    #[inline]
    pub fn stable_hash(&self, proc: Proc) -> u64 {
        self.hashes[usize::from(proc)]
    }
}

/// One round of a 64-bit mixing function.
#[inline]
pub fn mix(h: u64, x: u64) -> u64 {
    let mut z = (h ^ x).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z ^= z >> 29;
    z = z.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 32)
}
