//! Sequence locks that carry their data.

use crate::kind::{Bh, Irq, IrqSave, Kind, Plain};
use crate::seqdata::{SeqData, Words};
use crate::seqlock_raw::RawSeqLock;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use ringzero_machine::{Place, fine, model};

/// A sequence lock around its data: readers copy them out and write nothing; a writer never waits for readers. `K` is the
/// kind of context in which [`SeqLockOf::write`] holds it: what reads in interrupts is written with interrupts off, since
/// a reader that interrupts a write would wait for ever (finding `irq-deadlock`).
///
/// All zeroes is a free lock if it is a valid `T`.
///
/// ```
/// use ringzero::sync::{Bh, SeqLockOf};
/// let stats: SeqLockOf<u64, Bh> = SeqLockOf::new(1).named("dev.stats");
/// assert_eq!(stats.read(), 1);
/// ```
#[repr(C)]
pub struct SeqLockOf<T, K: Kind> {
    raw: RawSeqLock,
    kind: PhantomData<fn() -> K>,
    data: Words<T>,
}

/// A sequence lock whose data interrupts and softirqs do not read, or whose writers choose the kind each time.
///
/// ```
/// use ringzero::sync::SeqLock;
/// let clock = SeqLock::new([0_u64; 2]).named("clock");
/// std::thread::scope(|s| {
///     s.spawn(|| (1..=1000).for_each(|n| *clock.write() = [n, 2 * n]));
///     s.spawn(|| {
///         let [n, twice] = clock.read();
///         assert_eq!(twice, 2 * n);
///     });
/// });
/// assert_eq!(clock.read(), [1000, 2000]);
/// ```
pub type SeqLock<T> = SeqLockOf<T, Plain>;
/// A sequence lock whose data softirqs read too: written with bottom halves off.
///
/// ```
/// use ringzero::{context::in_softirq, sync::SeqLockBh};
/// let stats = SeqLockBh::new([1, 2]);
/// stats.write()[0] = 3;
/// assert!(!in_softirq() && stats.read() == [3, 2]);
/// ```
pub type SeqLockBh<T> = SeqLockOf<T, Bh>;
/// A sequence lock whose data hardirqs read too: written with interrupts off, counted.
///
/// ```
/// use ringzero::{context::irqs_disabled, sync::SeqLockIrq};
/// let clock = SeqLockIrq::new(0_u64);
/// let mut now = clock.write();
/// assert!(irqs_disabled(), "no reader comes in between");
/// *now += 1;
/// drop(now);
/// assert_eq!(clock.read(), 1);
/// ```
pub type SeqLockIrq<T> = SeqLockOf<T, IrqSave>;

// SAFETY: readers copy the data out by atomic instructions, and the lock lets one writer in at a time.
unsafe impl<T: SeqData + Send, K: Kind> Sync for SeqLockOf<T, K> {}

impl<T, K: Kind> SeqLockOf<T, K> {
    /// A free lock around `value`. Its class is the caller's place.
    #[doc(alias("seqlock_init", "DEFINE_SEQLOCK"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { raw: RawSeqLock::new(), kind: PhantomData, data: Words::new(value) }
    }

    /// The same lock with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.raw.set_name(name);
        self
    }

    /// The data; the lock is gone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }

    /// The data, without locking: nobody else can have the lock.
    #[must_use]
    pub const fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: SeqData, K: Kind> SeqLockOf<T, K> {
    /// A copy of the data, as they were between two writes. Spins while somebody writes. Every context that does not
    /// interrupt a write; never sleeps.
    #[doc(alias("read_seqbegin", "read_seqretry"))]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> T {
        let (place, count) = (Place::caller(), self.raw.count());
        self.raw.reads(place);
        if model().is_some() {
            return self.read_in_steps(place);
        }
        loop {
            let start = count.sequence();
            if start & 1 != 0 {
                count.begin_waiting(place);
                continue;
            }
            let copy = self.data.load(place);
            if !count.retry_at(start, place) {
                // SAFETY: nobody wrote between the two looks at the sequence, so it is not torn.
                return unsafe { copy.assume_init() };
            }
        }
    }

    fn read_in_steps(&self, place: Place) -> T {
        let count = self.raw.count();
        loop {
            let start = count.begin_at(place);
            let copy = self.data.load(place);
            // In coarse granularity the begin, the copy and the retry are one step.
            if !fine() || !count.retry_at(start, place) {
                // SAFETY: as in `read`.
                return unsafe { copy.assume_init() };
            }
        }
    }

    /// A copy of the data if nobody writes meanwhile. Never waits: every context.
    #[doc(alias = "raw_seqcount_begin")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn try_read(&self) -> Option<T> {
        let place = Place::caller();
        let start = self.raw.count().raw_begin();
        let copy = self.data.load(place);
        // SAFETY: as in `read`.
        (!self.raw.count().retry_at(start, place)).then(|| unsafe { copy.assume_init() })
    }

    /// A copy of the data, taken with the lock: no writer comes in between, and none is before it.
    #[doc(alias = "read_seqlock_excl")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_excl(&self) -> T {
        let place = Place::caller();
        self.raw.lock_excl::<K>(place);
        let value = self.data.settled();
        self.raw.unlock_excl::<K>(place);
        value
    }

    /// Spins until no other writer holds the lock, and takes it. Readers see the change when the guard goes, all at once.
    #[doc(alias("write_seqlock", "write_seqlock_bh", "write_seqlock_irqsave"))]
    #[track_caller]
    #[inline]
    pub fn write(&self) -> SeqWriteGuard<'_, T, K> {
        self.write_as(Place::caller())
    }

    /// Takes the lock to write if it is free.
    #[doc(alias = "write_tryseqlock")]
    #[track_caller]
    #[inline]
    pub fn try_write(&self) -> Option<SeqWriteGuard<'_, T, K>> {
        self.raw.try_lock_excl::<K>(Place::caller()).then(|| self.guard())
    }

    #[inline]
    fn write_as<J: Kind>(&self, place: Place) -> SeqWriteGuard<'_, T, J> {
        self.raw.lock_excl::<J>(place);
        self.guard()
    }

    #[inline]
    fn guard<J: Kind>(&self) -> SeqWriteGuard<'_, T, J> {
        SeqWriteGuard { raw: &self.raw, data: &self.data, value: self.data.settled(), kind: PhantomData }
    }
}

impl<T: SeqData> SeqLock<T> {
    /// [`SeqLockOf::write`] with bottom halves off. Task or softirq, interrupts on.
    #[doc(alias = "write_seqlock_bh")]
    #[track_caller]
    #[inline]
    pub fn write_bh(&self) -> SeqWriteGuard<'_, T, Bh> {
        self.write_as(Place::caller())
    }

    /// [`SeqLockOf::write`] with interrupts off; dropping the guard switches them on, whatever they were.
    #[doc(alias = "write_seqlock_irq")]
    #[track_caller]
    #[inline]
    pub fn write_irq(&self) -> SeqWriteGuard<'_, T, Irq> {
        self.write_as(Place::caller())
    }

    /// [`SeqLockOf::write`] with interrupts off, counted. Every context but an NMI.
    #[doc(alias = "write_seqlock_irqsave")]
    #[track_caller]
    #[inline]
    pub fn write_irqsave(&self) -> SeqWriteGuard<'_, T, IrqSave> {
        self.write_as(Place::caller())
    }
}

/// The lock held for writing: the data as they will be. They are written, and the lock released, when it is dropped. Stays
/// on its CPU, so it is not `Send`.
///
/// ```
/// use ringzero::sync::{SeqLock, SeqWriteGuard};
/// let pair = SeqLock::new([1, 1]);
/// let mut change: SeqWriteGuard<'_, [i32; 2]> = pair.write();
/// change[0] = 2;
/// assert_eq!(pair.read(), [1, 1], "readers see nothing of it yet");
/// change[1] = 2;
/// change.unlock();
/// assert_eq!(pair.read(), [2, 2]);
/// ```
#[must_use = "the lock is released when the guard is dropped"]
pub struct SeqWriteGuard<'a, T: SeqData, K: Kind = Plain> {
    raw: &'a RawSeqLock,
    data: &'a Words<T>,
    value: T,
    /// Neither `Send` nor `Sync`: it says something of this CPU.
    kind: PhantomData<*mut K>,
}

impl<T: SeqData, K: Kind> SeqWriteGuard<'_, T, K> {
    /// Writes the data and releases the lock here, where the report can say so.
    #[doc(alias("write_sequnlock", "write_sequnlock_bh", "write_sequnlock_irq", "write_sequnlock_irqrestore"))]
    #[track_caller]
    #[inline]
    pub fn unlock(self) {
        let this = core::mem::ManuallyDrop::new(self);
        this.publish(Place::caller());
    }

    #[inline]
    fn publish(&self, place: Place) {
        self.raw.count().raw_write_begin_at(place);
        self.data.store(&self.value, place);
        self.raw.count().write_end_at(place);
        self.raw.unlock_excl::<K>(place);
    }
}

impl<T: SeqData, K: Kind> Drop for SeqWriteGuard<'_, T, K> {
    /// The place is this one; the report finds the caller's from the stack.
    #[inline]
    fn drop(&mut self) {
        self.publish(Place::caller());
    }
}

impl<T: SeqData, K: Kind> Deref for SeqWriteGuard<'_, T, K> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: SeqData, K: Kind> DerefMut for SeqWriteGuard<'_, T, K> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: SeqData + fmt::Debug, K: Kind> fmt::Debug for SeqWriteGuard<'_, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T, K: Kind> fmt::Debug for SeqLockOf<T, K> {
    /// Shows the lock, not the data, and without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T: Default, K: Kind> Default for SeqLockOf<T, K> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Makes a [`SeqLock`] of a value, with a name for reports if one is given.
///
/// ```
/// use ringzero::sync::{SeqLock, new_seqlock};
/// let mode: SeqLock<u32> = new_seqlock!(0, "dev.mode");
/// *mode.write() += 1;
/// assert_eq!(mode.read(), 1);
/// ```
#[doc(alias("DEFINE_SEQLOCK", "seqlock_init"))]
#[macro_export]
macro_rules! new_seqlock {
    ($value:expr $(,)?) => {
        $crate::SeqLock::new($value)
    };
    ($value:expr, $name:expr $(,)?) => {
        $crate::SeqLock::new($value).named($name)
    };
}
