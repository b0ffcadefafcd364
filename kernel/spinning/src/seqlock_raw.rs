//! The sequence lock without data: a sequence counter, and the spinlock that keeps its writers apart.

use crate::kind::{Bh, Irq, IrqSave, Kind, Plain};
use crate::raw::RawSpinLock;
use crate::seqcount::{SeqCount, tell_reader};
use core::fmt;
use core::mem::offset_of;
use ringzero_context::{IrqFlags, at};
use ringzero_machine::Place;

/// A sequence lock without data: what C embeds (`seqlock_t`). All zeroes is a free one.
///
/// Writers are kept apart by the lock, and are never held up by readers. Readers come in two sorts: those of the sequence
/// read again when somebody wrote, those of the lock exclude writers and each other.
///
/// ```
/// use ringzero::atomic::Marked;
/// use ringzero::sync::RawSeqLock;
/// static LOCK: RawSeqLock = RawSeqLock::new().named("dev.seq");
/// static PAIR: [Marked<u32>; 2] = [Marked::new(0), Marked::new(0)];
/// LOCK.write_lock();
/// PAIR[0].write_once(1);
/// PAIR[1].write_once(1);
/// LOCK.write_unlock();
///
/// // First without the lock, then with it: no reader tries for ever.
/// let mut sequence = 0;
/// loop {
///     LOCK.read_begin_or_lock(&mut sequence);
///     assert_eq!(PAIR[0].read_once(), PAIR[1].read_once());
///     if !LOCK.need_retry(sequence) {
///         break;
///     }
///     sequence = 1;
/// }
/// LOCK.done_retry(sequence);
/// ```
#[doc(alias = "seqlock_t")]
#[repr(C)]
pub struct RawSeqLock {
    count: SeqCount,
    lock: RawSpinLock,
}

/// Making them.
impl RawSeqLock {
    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 2] =
        [("seqcount", offset_of!(Self, count)), ("lock", offset_of!(Self, lock))];

    /// A free lock whose class is the caller's place.
    #[doc(alias("seqlock_init", "DEFINE_SEQLOCK"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self { count: SeqCount::new(), lock: RawSpinLock::new() }
    }

    /// The same lock with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.set_name(name);
        self
    }

    /// Gives it a name.
    pub(crate) const fn set_name(&mut self, name: &'static str) {
        self.count.set_name(name);
        self.lock.set_name(name);
    }

    /// Makes the memory at `this` a free lock whose class is `place`: `seqlock_init()` of C. Every context; does not sleep.
    ///
    /// # Safety
    /// `this` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(this: *mut Self, name: Option<&'static str>, place: Place) {
        // SAFETY: the caller's contract; both are within it.
        unsafe {
            SeqCount::init_at(&raw mut (*this).count, name, place);
            RawSpinLock::init_at(&raw mut (*this).lock, name, place);
        }
    }

    /// Whether it was initialised.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.count.is_initialised() && self.lock.is_initialised()
    }

    /// The sequence counter.
    #[must_use]
    pub const fn count(&self) -> &SeqCount {
        &self.count
    }

    /// The spinlock of the writers.
    #[must_use]
    pub const fn lock(&self) -> &RawSpinLock {
        &self.lock
    }

    /// What the validator hears of a reader of the sequence: a section that begins and ends here, of the writers' lock.
    #[inline(always)]
    pub(crate) fn reads(&self, place: Place) {
        let lock = &self.lock;
        tell_reader(lock.address(), lock.class(), lock.name(), place);
    }
}

/// Readers of the sequence.
impl RawSeqLock {
    /// [`SeqCount::read_begin`].
    #[doc(alias = "read_seqbegin")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_begin(&self) -> u32 {
        let place = Place::caller();
        self.reads(place);
        self.count.begin_at(place)
    }

    /// [`SeqCount::read_retry`].
    #[doc(alias = "read_seqretry")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_retry(&self, start: u32) -> bool {
        self.count.retry_at(start, Place::caller())
    }

    /// [`RawSeqLock::read_begin`] with interrupts masked before; the sequence, and what the mask was.
    #[doc(alias = "read_seqbegin_irqsave")]
    #[track_caller]
    #[inline]
    pub fn read_begin_irqsave(&self) -> (u32, IrqFlags) {
        let place = Place::caller();
        let flags = at::local_irq_save(place);
        self.reads(place);
        (self.count.begin_at(place), flags)
    }

    /// [`RawSeqLock::read_retry`], then puts the mask back to `flags`.
    #[doc(alias = "read_seqretry_irqrestore")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_retry_irqrestore(&self, start: u32, flags: IrqFlags) -> bool {
        let place = Place::caller();
        let again = self.count.retry_at(start, place);
        at::local_irq_restore(flags, place);
        again
    }

    /// If `sequence` is even, begins a read section and puts its start there; else takes the lock. So `sequence` is 0 at
    /// first, and 1 after a section that failed.
    #[doc(alias = "read_seqbegin_or_lock")]
    #[track_caller]
    #[inline]
    pub fn read_begin_or_lock(&self, sequence: &mut u32) {
        let place = Place::caller();
        if *sequence & 1 == 0 {
            self.reads(place);
            *sequence = self.count.begin_at(place);
        } else {
            self.lock_excl::<Plain>(place);
        }
    }

    /// Whether a section by [`RawSeqLock::read_begin_or_lock`] has to be done again. Not one with the lock.
    #[doc(alias = "need_seqretry")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn need_retry(&self, sequence: u32) -> bool {
        sequence & 1 == 0 && self.count.retry_at(sequence, Place::caller())
    }

    /// Releases the lock if [`RawSeqLock::read_begin_or_lock`] took it.
    #[doc(alias = "done_seqretry")]
    #[track_caller]
    #[inline]
    pub fn done_retry(&self, sequence: u32) {
        if sequence & 1 != 0 {
            self.unlock_excl::<Plain>(Place::caller());
        }
    }

    /// [`RawSeqLock::read_begin_or_lock`] that masks interrupts if it takes the lock; what the mask was then.
    #[doc(alias = "read_seqbegin_or_lock_irqsave")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_begin_or_lock_irqsave(&self, sequence: &mut u32) -> Option<IrqFlags> {
        let place = Place::caller();
        if *sequence & 1 == 0 {
            self.reads(place);
            *sequence = self.count.begin_at(place);
            return None;
        }
        let flags = at::local_irq_save(place);
        self.lock_excl::<Plain>(place);
        Some(flags)
    }

    /// [`RawSeqLock::done_retry`] after [`RawSeqLock::read_begin_or_lock_irqsave`].
    #[doc(alias = "done_seqretry_irqrestore")]
    #[track_caller]
    #[inline]
    pub fn done_retry_irqrestore(&self, flags: Option<IrqFlags>) {
        if let Some(flags) = flags {
            self.lock.unlock_irqrestore(flags);
        }
    }
}

/// Writers, and readers with the lock.
impl RawSeqLock {
    #[inline]
    pub(crate) fn write_kind<K: Kind>(&self, place: Place) {
        self.lock.lock_told::<K>(0, 0, place);
        self.count.raw_write_begin_at(place);
    }

    #[inline]
    pub(crate) fn try_write_kind<K: Kind>(&self, place: Place) -> bool {
        let taken = self.lock.try_lock_told::<K>(place);
        if taken {
            self.count.raw_write_begin_at(place);
        }
        taken
    }

    #[inline]
    pub(crate) fn write_unlock_kind<K: Kind>(&self, place: Place) {
        self.count.write_end_at(place);
        self.lock.unlock_told::<K>(place);
    }

    #[inline]
    pub(crate) fn lock_excl<K: Kind>(&self, place: Place) {
        self.lock.lock_told::<K>(0, 0, place);
    }

    #[inline]
    pub(crate) fn try_lock_excl<K: Kind>(&self, place: Place) -> bool {
        self.lock.try_lock_told::<K>(place)
    }

    #[inline]
    pub(crate) fn unlock_excl<K: Kind>(&self, place: Place) {
        self.lock.unlock_told::<K>(place);
    }

    /// Takes the lock if it is free and begins a write section, and whether.
    #[doc(alias = "write_tryseqlock")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn try_write_lock(&self) -> bool {
        self.try_write_kind::<Plain>(Place::caller())
    }

    /// Takes the lock for reading if it is free, and whether.
    #[doc(alias = "read_tryseqlock_excl")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn try_read_lock_excl(&self) -> bool {
        self.try_lock_excl::<Plain>(Place::caller())
    }
}

macro_rules! forms {
    ($($kind:ty: $suffix:literal, $write:ident $write_unlock:ident $read:ident $read_unlock:ident;)*) => {
        impl RawSeqLock {$(
            #[doc = concat!("Takes the lock and begins a write section: `write_seqlock", $suffix, "`.")]
            #[track_caller]
            #[inline]
            pub fn $write(&self) {
                self.write_kind::<$kind>(Place::caller());
            }

            #[doc = concat!("Ends the write section and releases the lock: `write_sequnlock", $suffix, "`.")]
            #[track_caller]
            #[inline]
            pub fn $write_unlock(&self) {
                self.write_unlock_kind::<$kind>(Place::caller());
            }

            #[doc = concat!("Takes the lock for reading, so that nobody writes: `read_seqlock_excl", $suffix, "`.")]
            #[track_caller]
            #[inline]
            pub fn $read(&self) {
                self.lock_excl::<$kind>(Place::caller());
            }

            #[doc = concat!("Releases the lock: `read_sequnlock_excl", $suffix, "`.")]
            #[track_caller]
            #[inline]
            pub fn $read_unlock(&self) {
                self.unlock_excl::<$kind>(Place::caller());
            }
        )*}
    };
}
forms! {
    Plain: "", write_lock write_unlock read_lock_excl read_unlock_excl;
    Bh: "_bh", write_lock_bh write_unlock_bh read_lock_excl_bh read_unlock_excl_bh;
    Irq: "_irq", write_lock_irq write_unlock_irq read_lock_excl_irq read_unlock_excl_irq;
    IrqSave: "_irqsave, counted", write_lock_irq_counted write_unlock_irq_counted
        read_lock_excl_irq_counted read_unlock_excl_irq_counted;
}

impl RawSeqLock {
    /// Masks interrupts, takes the lock and begins a write section; what the mask was.
    #[doc(alias = "write_seqlock_irqsave")]
    #[track_caller]
    #[inline]
    pub fn write_lock_irqsave(&self) -> IrqFlags {
        let place = Place::caller();
        let flags = at::local_irq_save(place);
        self.write_kind::<Plain>(place);
        flags
    }

    /// Ends the write section, releases the lock, and puts the mask back to `flags`.
    #[doc(alias = "write_sequnlock_irqrestore")]
    #[track_caller]
    #[inline]
    pub fn write_unlock_irqrestore(&self, flags: IrqFlags) {
        let place = Place::caller();
        self.count.write_end_at(place);
        self.lock.unlock_irqrestore(flags);
    }

    /// Masks interrupts and takes the lock for reading; what the mask was.
    #[doc(alias = "read_seqlock_excl_irqsave")]
    #[track_caller]
    #[inline]
    pub fn read_lock_excl_irqsave(&self) -> IrqFlags {
        let place = Place::caller();
        let flags = at::local_irq_save(place);
        self.lock_excl::<Plain>(place);
        flags
    }

    /// Releases the lock, and puts the mask back to `flags`.
    #[doc(alias = "read_sequnlock_excl_irqrestore")]
    #[track_caller]
    #[inline]
    pub fn read_unlock_excl_irqrestore(&self, flags: IrqFlags) {
        self.lock.unlock_irqrestore(flags);
    }
}

impl Default for RawSeqLock {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawSeqLock {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawSeqLock({:?}, {:?})", self.count, self.lock)
    }
}
