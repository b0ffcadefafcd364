//! Latches: data kept twice, for readers that wait for nobody (see `seqcount.rs`).

use crate::kind::IrqSave;
use crate::raw::RawSpinLock;
use crate::seqdata::{SeqData, Words};
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};
use ringzero_machine::{Mode, Op, Place, Step, fine, model, step};

/// The sequence of a latch: what C embeds (`seqcount_latch_t`). It says which of two copies readers read: the one with the
/// number of its lowest bit. The writer turns them to copy 1, changes copy 0, turns them back, and changes copy 1.
///
/// ```
/// use ringzero::atomic::Marked;
/// use ringzero::sync::SeqLatch;
/// static LATCH: SeqLatch = SeqLatch::new();
/// static COPIES: [Marked<u64>; 2] = [Marked::new(0), Marked::new(0)];
/// LATCH.write_begin();
/// COPIES[0].write_once(5);
/// LATCH.write_next();
/// COPIES[1].write_once(5);
/// let now = loop {
///     let sequence = LATCH.read();
///     let now = COPIES[SeqLatch::copy_of(sequence)].read_once();
///     if !LATCH.read_retry(sequence) {
///         break now;
///     }
/// };
/// assert_eq!(now, 5);
/// ```
#[doc(alias = "seqcount_latch_t")]
#[repr(C)]
pub struct SeqLatch {
    sequence: AtomicU32,
}

impl SeqLatch {
    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 1] = [("sequence", offset_of!(Self, sequence))];

    /// One that readers read copy 0 of.
    #[doc(alias("seqcount_latch_init", "SEQCNT_LATCH_ZERO"))]
    #[must_use]
    pub const fn new() -> Self {
        Self { sequence: AtomicU32::new(0) }
    }

    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, ptr::from_ref(&self.sequence).addr(), 4, place)
    }

    /// Which copy a reader reads that has found `sequence`.
    #[must_use]
    pub const fn copy_of(sequence: u32) -> usize {
        (sequence & 1) as usize
    }

    /// The sequence: [`SeqLatch::copy_of`] it is not being written now. An acquire. Every context, also an NMI.
    #[doc(alias("read_seqcount_latch", "raw_read_seqcount_latch"))]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> u32 {
        self.read_at(Place::caller())
    }

    #[inline]
    fn read_at(&self, place: Place) -> u32 {
        if model().is_some() {
            step(&self.announcement(Op::SeqLatchRead, Mode::Read, place).ordered(true, false));
        }
        self.sequence.load(Acquire)
    }

    /// Whether the copy that was read may have been written meanwhile.
    #[doc(alias("read_seqcount_latch_retry", "raw_read_seqcount_latch_retry"))]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_retry(&self, sequence: u32) -> bool {
        self.retry_at(sequence, Place::caller())
    }

    #[inline]
    fn retry_at(&self, sequence: u32, place: Place) -> bool {
        fence(Acquire);
        if model().is_some() {
            step(&self.announcement(Op::SeqReadRetry, Mode::Read, place));
        }
        self.sequence.load(Relaxed) != sequence
    }

    /// Turns the readers to copy 1: copy 0 may be written. Other writers are kept off by the caller.
    #[doc(alias = "write_seqcount_latch_begin")]
    #[track_caller]
    #[inline]
    pub fn write_begin(&self) {
        self.turn(Place::caller());
    }

    /// Turns the readers back to copy 0: copy 1 may be written, to the same.
    #[doc(alias = "write_seqcount_latch")]
    #[track_caller]
    #[inline]
    pub fn write_next(&self) {
        self.turn(Place::caller());
    }

    /// Turns the readers to the other copy.
    #[doc(alias = "raw_write_seqcount_latch")]
    #[track_caller]
    #[inline]
    pub fn raw_write(&self) {
        self.turn(Place::caller());
    }

    #[inline]
    fn turn(&self, place: Place) {
        if model().is_some() {
            step(&self.announcement(Op::SeqLatch, Mode::Rmw, place).ordered(false, true));
        }
        // The copy that was written comes before, pairs with the acquire of who reads it; what is written now comes after.
        self.sequence.store(self.sequence.load(Relaxed).wrapping_add(1), Release);
        fence(Release);
    }
}

impl Default for SeqLatch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SeqLatch {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SeqLatch({})", self.sequence.load(Relaxed))
    }
}

/// Lets other writers in when it goes, also when the change panics: then nothing was written.
struct Alone<'a> {
    writers: &'a RawSpinLock,
    place: Place,
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.writers.unlock_told::<IrqSave>(self.place);
    }
}

/// Data kept twice under a latch: reading waits for nobody, whatever it interrupts.
///
/// ```
/// use ringzero::sync::Latch;
/// let clock = Latch::new([0_u64; 2]);
/// clock.write(|now| *now = [1, 2]);
/// assert_eq!(clock.read(), [1, 2]); // also in an NMI that comes during the write
/// ```
#[repr(C)]
pub struct Latch<T> {
    latch: SeqLatch,
    writers: RawSpinLock,
    copies: [Words<T>; 2],
}

// SAFETY: readers copy the data out by atomic instructions, and the lock lets one writer in at a time.
unsafe impl<T: SeqData + Send> Sync for Latch<T> {}

impl<T: SeqData> Latch<T> {
    /// A latch around `value`. The class of its writers' lock is the caller's place.
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { latch: SeqLatch::new(), writers: RawSpinLock::new(), copies: [Words::new(value), Words::new(value)] }
    }

    /// The same latch with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.writers.set_name(name);
        self
    }

    /// A copy of the data, as they were between two writes. Every context; waits for nobody, but reads again if a whole
    /// half of a write came in between.
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> T {
        let place = Place::caller();
        loop {
            let sequence = self.latch.read_at(place);
            let copy = self.copies[SeqLatch::copy_of(sequence)].load(place);
            // In coarse granularity the look, the copy and the retry are one step.
            if (model().is_some() && !fine()) || !self.latch.retry_at(sequence, place) {
                // SAFETY: readers were not turned between the two looks, so nobody wrote this copy.
                return unsafe { copy.assume_init() };
            }
        }
    }

    /// Changes the data. Spins while another writer is at it; interrupts are off meanwhile. Not in an NMI.
    #[track_caller]
    pub fn write(&self, change: impl FnOnce(&mut T)) {
        let place = Place::caller();
        self.writers.lock_told::<IrqSave>(0, 0, place);
        let _alone = Alone { writers: &self.writers, place };
        let mut value = self.copies[0].settled();
        change(&mut value);
        for copy in &self.copies {
            self.latch.turn(place);
            copy.store(&value, place);
        }
    }
}

impl<T> fmt::Debug for Latch<T> {
    /// Shows the latch, not the data, and without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Latch({:?})", self.writers)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use ringzero_context::{irqs_disabled, preemptible};

    #[test]
    fn a_change_that_panics_writes_nothing_and_keeps_nobody_out() {
        let latch = Latch::new(1_u64);
        let panics = std::panic::AssertUnwindSafe(|| {
            latch.write(|now| {
                *now = 2;
                panic!("in the middle");
            });
        });
        assert!(std::panic::catch_unwind(panics).is_err());
        assert!(preemptible() && !irqs_disabled() && !latch.writers.is_locked());
        latch.write(|now| *now += 2);
        assert_eq!(latch.read(), 3);
    }
}
