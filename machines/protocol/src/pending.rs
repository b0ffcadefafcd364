//! Interrupts that wait for a CPU.

use crate::word::{Word, Word64};
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use ringzero_machine::ATTENTION_IRQ;

/// Interrupts that wait for a CPU, one bit each.
#[derive(Debug)]
pub struct Pending {
    bits: Word64,
}

impl Pending {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self { bits: Word64::new(0) }
    }

    /// Adds `bits`, and says so in the CPU's `attention`. Any context of any thread.
    #[inline]
    pub fn post(&self, bits: u64, attention: &AtomicU32) {
        self.bits.or(bits, Release);
        // After the bits: who sees it finds them, or somebody else has taken them.
        Word::of(attention).or(ATTENTION_IRQ, Release);
    }

    /// Takes all. The CPU itself only, while its mask is closed; it looks at `attention` when it has opened the mask.
    #[inline]
    pub fn take(&self, attention: &AtomicU32) -> u64 {
        // Before the bits are taken: who posts later raises it again.
        Word::of(attention).and(!ATTENTION_IRQ, AcqRel);
        self.bits.swap(0, AcqRel)
    }

    /// Whether there is one now.
    #[inline]
    #[must_use]
    pub fn any(&self) -> bool {
        self.bits.load(Acquire) != 0
    }
}

impl Default for Pending {
    fn default() -> Self {
        Self::new()
    }
}
