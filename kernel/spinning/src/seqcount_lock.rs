//! Sequence counters that know the lock of their writers.

use crate::raw::RawSpinLock;
use crate::rwlock_raw::RawRwLock;
use crate::seqcount::SeqCount;
use core::fmt;
use ringzero_context::{at, violation};
use ringzero_machine::Place;

/// A lock that keeps the writers of a [`SeqCountLocked`] apart.
///
/// ```
/// use ringzero::sync::{RawSpinLock, WriterLock};
/// let lock = RawSpinLock::new();
/// assert!(!WriterLock::is_held_to_write(&lock));
/// lock.lock();
/// assert!(lock.is_held_to_write());
/// lock.unlock();
/// ```
pub trait WriterLock {
    /// Its holder may be preempted: then write sections disable preemption themselves.
    const PREEMPTIBLE: bool;
    /// Whether the running context holds it so that it may write.
    fn is_held_to_write(&self) -> bool;
}

impl WriterLock for RawSpinLock {
    const PREEMPTIBLE: bool = false;
    fn is_held_to_write(&self) -> bool {
        self.is_held()
    }
}

impl WriterLock for RawRwLock {
    const PREEMPTIBLE: bool = false;
    fn is_held_to_write(&self) -> bool {
        self.is_write_held()
    }
}

/// A [`SeqCount`] whose writers hold the lock `L` (`seqcount_spinlock_t`, `seqcount_rwlock_t`, `seqcount_mutex_t`): writing
/// without it is the finding `warn`. Reading is that of the counter.
///
/// ```
/// use ringzero::sync::{RawSpinLock, SeqCountLocked};
/// static LOCK: RawSpinLock = RawSpinLock::new();
/// static SEQ: SeqCountLocked<RawSpinLock> = SeqCountLocked::new(&LOCK);
/// LOCK.lock();
/// SEQ.write_begin();
/// SEQ.write_end();
/// LOCK.unlock();
/// assert!(!SEQ.read_retry(SEQ.read_begin()));
/// ```
#[doc(alias("seqcount_spinlock_t", "seqcount_raw_spinlock_t", "seqcount_rwlock_t", "seqcount_mutex_t"))]
#[repr(C)]
pub struct SeqCountLocked<'a, L: WriterLock> {
    count: SeqCount,
    lock: &'a L,
}

impl<'a, L: WriterLock> SeqCountLocked<'a, L> {
    /// A counter at 0 whose class is the caller's place.
    #[doc(alias("seqcount_spinlock_init", "seqcount_rwlock_init", "seqcount_mutex_init"))]
    #[must_use]
    #[track_caller]
    pub const fn new(lock: &'a L) -> Self {
        Self { count: SeqCount::new(), lock }
    }

    /// The same counter with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.count.set_name(name);
        self
    }

    /// The counter, for forms that are not here.
    #[must_use]
    pub const fn count(&self) -> &SeqCount {
        &self.count
    }

    /// Begins a write section. Finding `warn` if the running context does not hold the lock.
    #[doc(alias = "write_seqcount_begin")]
    #[track_caller]
    pub fn write_begin(&self) {
        let place = Place::caller();
        if !self.lock.is_held_to_write() {
            without_lock(&self.count, place);
        }
        if L::PREEMPTIBLE {
            at::preempt_disable(place);
        }
        self.count.write_begin_at(0, place);
    }

    /// Ends the write section.
    #[doc(alias = "write_seqcount_end")]
    #[track_caller]
    pub fn write_end(&self) {
        let place = Place::caller();
        self.count.write_end_told(place);
        if L::PREEMPTIBLE {
            at::preempt_enable(place);
        }
    }

    /// [`SeqCount::write_invalidate`]. Finding `warn` if the running context does not hold the lock.
    #[doc(alias = "write_seqcount_invalidate")]
    #[track_caller]
    pub fn write_invalidate(&self) {
        if !self.lock.is_held_to_write() {
            without_lock(&self.count, Place::caller());
        }
        self.count.write_invalidate();
    }

    /// [`SeqCount::read_begin`].
    #[doc(alias = "read_seqcount_begin")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_begin(&self) -> u32 {
        let place = Place::caller();
        self.count.reads(place);
        self.count.begin_at(place)
    }

    /// [`SeqCount::read_retry`].
    #[doc(alias = "read_seqcount_retry")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_retry(&self, start: u32) -> bool {
        self.count.retry_at(start, Place::caller())
    }
}

/// Reports a write section of `count` whose lock is not held.
#[cold]
pub(crate) fn without_lock(count: &SeqCount, place: Place) {
    let name = count.called();
    violation("warn", place, None, format_args!("`{name}` is written without the lock that it was made with"));
}

impl<L: WriterLock> fmt::Debug for SeqCountLocked<'_, L> {
    /// Shows the counter without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.count.fmt(f)
    }
}
