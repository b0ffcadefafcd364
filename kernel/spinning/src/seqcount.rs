//! Sequence counters.
//!
//! # Theory
//! A writer makes the *sequence* odd, changes the data, and makes it even again. A reader takes an even sequence, reads the
//! data, and begins anew if the sequence has changed meanwhile. So readers write nothing and hold up nobody, and what they
//! read in vain may be torn.
//!
//! **Invariants** (`S` for sequence).
//! - S1. The sequence is odd within a write section and even outside; zeroed memory is a counter without a class.
//! - S2. Writers exclude each other by a lock of theirs, or in another way; a section that begins within another is the
//!   finding `warn`, one that ends without having begun `unlock-by-other`.
//! - S3. Whoever reads, or could come in between and read, does not wait for a writer on its own CPU. So a write section is
//!   not preempted, and interrupts are off in it if they read: else the reader waits for ever. This is the finding
//!   `irq-deadlock` (by a hardirq), `softirq-deadlock`, `deadlock` (by a task); `warn` where the section is preemptible.
//! - S4. Beginning to read is an acquire that waits until the sequence is even; the retry is a read that what was read
//!   before it comes before. Beginning to write is a store that what is written comes after; its end is a release.
//! - S5. In the section data are read and written by atomic instructions, as by [`SeqLock`](crate::SeqLock) in words: a read
//!   that is torn is no data race. C's unmarked reads in a section are taken for marked ones by the model.
//!
//! A *latch* ([`SeqLatch`](crate::SeqLatch)) keeps the data twice: readers read the copy that is not being written, and
//! wait for nobody, not even in an NMI over the writer.
//!
//! **Differences from Linux.** Reading begins with an acquire also in the `__read_seqcount_begin` form. The sequence has an
//! owner, for reports.

use crate::owner::{Context, Owner};
use crate::raw::tell;
use crate::waiting::Waited;
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};
use ringzero_context::{panicking, preemptible, violation};
use ringzero_machine::{Cond, LockEvent, LockUse, Mode, Op, Place, Step, WaitKind, model, step, wait};

/// A sequence counter: what C embeds (`seqcount_t`). All zeroes is one that nobody writes.
///
/// ```
/// use ringzero::atomic::Marked;
/// use ringzero::context::{preempt_disable, preempt_enable};
/// use ringzero::sync::SeqCount;
/// static SEQ: SeqCount = SeqCount::new().named("clock.seq");
/// static TIME: [Marked<u64>; 2] = [Marked::new(0), Marked::new(0)];
///
/// preempt_disable(); // the writer is not preempted, and alone
/// SEQ.write_begin();
/// TIME[0].write_once(1);
/// TIME[1].write_once(2);
/// SEQ.write_end();
/// preempt_enable();
/// let time = loop {
///     let start = SEQ.read_begin();
///     let time = (TIME[0].read_once(), TIME[1].read_once());
///     if !SEQ.read_retry(start) {
///         break time;
///     }
/// };
/// assert_eq!(time, (1, 2));
/// ```
#[doc(alias = "seqcount_t")]
#[repr(C)]
pub struct SeqCount {
    sequence: AtomicU32,
    magic: AtomicU32,
    owner: Owner,
    class: AtomicPtr<()>,
    name: Option<&'static str>,
}

// SAFETY: everything inside is atomic or never written after construction.
unsafe impl Sync for SeqCount {}
// SAFETY: as above; the pointers in it are only compared, or lead to constants.
unsafe impl Send for SeqCount {}

/// Tells the validator of a reader of the sequence at `addr`: of a whole section, as it holds nothing that ends it.
#[inline(always)]
pub(crate) fn tell_reader(addr: usize, class: Option<Place>, name: Option<&'static str>, place: Place) {
    tell(|| LockEvent::acquire(addr, class, name, place).held_as(LockUse::ReadRecursive));
    tell(|| LockEvent::release(addr, class, name, place).held_as(LockUse::ReadRecursive));
}

fn is_even(sequence: u64, _: u64) -> bool {
    sequence & 1 == 0
}

/// Making them.
impl SeqCount {
    /// What `magic` says of a counter that was initialised.
    pub const MAGIC: u32 = 0x525a_5351;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 9] = {
        const OWNER: usize = offset_of!(SeqCount, owner);
        [
            ("sequence", offset_of!(Self, sequence)),
            ("__rz_magic", offset_of!(Self, magic)),
            ("__rz_owner", OWNER),
            ("__rz_owner.task", OWNER + Owner::LAYOUT[0]),
            ("__rz_owner.held_at", OWNER + Owner::LAYOUT[1]),
            ("__rz_owner.level", OWNER + Owner::LAYOUT[2]),
            ("__rz_class", offset_of!(Self, class)),
            ("__rz_name", offset_of!(Self, name)),
            ("__rz_name_len", offset_of!(Self, name) + size_of::<usize>()),
        ]
    };

    /// A counter at 0 whose class is the caller's place.
    #[doc(alias("seqcount_init", "SEQCNT_ZERO"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            sequence: AtomicU32::new(0),
            magic: AtomicU32::new(Self::MAGIC),
            owner: Owner::none(),
            class: AtomicPtr::new(Place::here().as_ptr()),
            name: None,
        }
    }

    /// The same counter with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Gives it a name.
    pub(crate) const fn set_name(&mut self, name: &'static str) {
        self.name = Some(name);
    }

    /// Makes the memory at `this` a counter at 0 whose class is `place`, in a step that writes it: `seqcount_init()` of C.
    /// Every context; does not sleep.
    ///
    /// # Safety
    /// `this` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(this: *mut Self, name: Option<&'static str>, place: Place) {
        // The sequence is the first field.
        step(&Step::new(Op::InitObject, Mode::Write, this.addr(), 4, place).named(name, Some(place)));
        let count = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new() };
        // SAFETY: the caller's contract.
        unsafe { this.write(count) };
        if let Some(m) = model() {
            m.object_made(this.addr(), size_of::<Self>(), place, name.unwrap_or("a sequence counter"));
        }
    }

    /// Whether it was initialised: made by [`SeqCount::new`], or in C by `seqcount_init()` or its static forms. Rust may
    /// use a zeroed counter all the same.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
    }

    /// Its name, if it has one.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }

    fn class(&self) -> Option<Place> {
        // SAFETY: a pointer that is not null comes from a `Place`.
        unsafe { Place::from_ptr(self.class.load(Relaxed)) }
    }

    pub(crate) fn called(&self) -> &'static str {
        self.name.unwrap_or("a sequence counter")
    }

    /// The address of the sequence, by which the machine knows the counter.
    #[must_use]
    pub fn address(&self) -> usize {
        ptr::from_ref(&self.sequence).addr()
    }

    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.address(), 4, place).named(self.name, self.class())
    }
}

/// Readers.
impl SeqCount {
    /// Waits until nobody writes, and begins a read section: what [`SeqCount::read_retry`] gets. Every context (but see
    /// S3); keeps the CPU.
    #[doc(alias("read_seqcount_begin", "__read_seqcount_begin", "raw_read_seqcount_begin"))]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_begin(&self) -> u32 {
        let place = Place::caller();
        self.reads(place);
        self.begin_at(place)
    }

    /// What the validator hears of a reader.
    #[inline(always)]
    pub(crate) fn reads(&self, place: Place) {
        tell_reader(self.address(), self.class(), self.name, place);
    }

    /// The sequence as it is. An acquire, and no step.
    #[inline]
    pub(crate) fn sequence(&self) -> u32 {
        self.sequence.load(Acquire)
    }

    #[inline]
    pub(crate) fn begin_at(&self, place: Place) -> u32 {
        if model().is_none() {
            let start = self.sequence();
            if start & 1 == 0 {
                return start;
            }
        }
        self.begin_waiting(place)
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn begin_waiting(&self, place: Place) -> u32 {
        let announced = self.announcement(Op::SeqReadBegin, Mode::Read, place).ordered(true, false);
        let even = Cond::on(&self.sequence, is_even, 0);
        if model().is_some() {
            wait(&announced, even, WaitKind::Spin);
            return self.sequence.load(Acquire) & !1;
        }
        loop {
            Waited { name: self.called(), owner: &self.owner, held: "being written" }.wait(&announced, even);
            let start = self.sequence.load(Acquire);
            if start & 1 == 0 || panicking() {
                return start & !1;
            }
        }
    }

    /// The sequence as it is, odd or even, without waiting. An acquire. Every context.
    #[doc(alias = "raw_read_seqcount")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn raw_read(&self) -> u32 {
        step(&self.announcement(Op::SeqReadBegin, Mode::Read, Place::caller()).ordered(true, false));
        self.sequence.load(Acquire)
    }

    /// Begins a read section without waiting: while somebody writes, the section is one that fails. Every context.
    #[doc(alias = "raw_seqcount_begin")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn raw_begin(&self) -> u32 {
        self.raw_read() & !1
    }

    /// Ends a read section that began at `start`: whether it has to begin anew, since somebody wrote. Every context.
    #[doc(alias("read_seqcount_retry", "__read_seqcount_retry"))]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read_retry(&self, start: u32) -> bool {
        self.retry_at(start, Place::caller())
    }

    #[inline]
    pub(crate) fn retry_at(&self, start: u32, place: Place) -> bool {
        // What was read comes before: pairs with the fence of the writer that is seen in it.
        fence(Acquire);
        if model().is_some() {
            step(&self.announcement(Op::SeqReadRetry, Mode::Read, place));
        }
        self.sequence.load(Relaxed) != start
    }
}

/// Writers.
impl SeqCount {
    /// Begins a write section. Other writers are kept off by the caller. Finding `warn` if preemption is on, or if it is
    /// being written.
    #[doc(alias = "write_seqcount_begin")]
    #[track_caller]
    #[inline]
    pub fn write_begin(&self) {
        self.write_begin_at(0, Place::caller());
    }

    /// [`SeqCount::write_begin`]; `subclass` tells the validator that a counter of the same class may be written.
    #[doc(alias = "write_seqcount_begin_nested")]
    #[track_caller]
    #[inline]
    pub fn write_begin_nested(&self, subclass: u32) {
        self.write_begin_at(subclass, Place::caller());
    }

    #[inline]
    pub(crate) fn write_begin_at(&self, subclass: u32, place: Place) {
        if preemptible() {
            self.preempted(place);
        }
        tell(|| LockEvent::acquire(self.address(), self.class(), self.name, place).nested(subclass, 0));
        self.raw_write_begin_at(place);
    }

    #[cold]
    #[inline(never)]
    fn preempted(&self, place: Place) {
        let name = self.called();
        let text =
            format_args!("`{name}` is written with preemption on: a reader that comes in between waits for ever");
        violation("warn", place, self.class(), text);
    }

    /// [`SeqCount::write_begin`] wherever the caller is; the validator hears nothing.
    #[doc(alias = "raw_write_seqcount_begin")]
    #[track_caller]
    #[inline]
    pub fn raw_write_begin(&self) {
        self.raw_write_begin_at(Place::caller());
    }

    #[inline]
    pub(crate) fn raw_write_begin_at(&self, place: Place) {
        if let Some(m) = model() {
            step(&self.announcement(Op::SeqWriteBegin, Mode::Rmw, place));
            self.assert_not_written(place);
            m.lock_owner(self.address(), true, place);
        } else {
            self.assert_not_written(place);
        }
        let sequence = self.sequence.load(Relaxed);
        self.owner.set(Context::now(), place);
        self.sequence.store(sequence.wrapping_add(1), Relaxed);
        // What is written comes after: pairs with the fence in `retry_at`.
        fence(Release);
    }

    #[inline]
    fn assert_not_written(&self, place: Place) {
        if self.sequence.load(Relaxed) & 1 != 0 {
            self.written_already(place);
        }
    }

    #[cold]
    #[inline(never)]
    fn written_already(&self, place: Place) {
        let (name, writer, held_at) = (self.called(), self.owner.context(), self.owner.held_at());
        let text = format_args!("`{name}` is written while {writer} writes it: its writers do not exclude each other");
        violation("warn", place, held_at, text);
    }

    /// Ends the write section. Finding `unlock-by-other` if the running context has not begun one.
    #[doc(alias = "write_seqcount_end")]
    #[track_caller]
    #[inline]
    pub fn write_end(&self) {
        self.write_end_told(Place::caller());
    }

    #[inline]
    pub(crate) fn write_end_told(&self, place: Place) {
        tell(|| LockEvent::release(self.address(), self.class(), self.name, place));
        self.write_end_at(place);
    }

    /// [`SeqCount::write_end`] after [`SeqCount::raw_write_begin`].
    #[doc(alias = "raw_write_seqcount_end")]
    #[track_caller]
    #[inline]
    pub fn raw_write_end(&self) {
        self.write_end_at(Place::caller());
    }

    #[inline]
    pub(crate) fn write_end_at(&self, place: Place) {
        if model().is_some() {
            // Pairs with the begin of every read section after it.
            step(&self.announcement(Op::SeqWriteEnd, Mode::Rmw, place).ordered(false, true));
        }
        let sequence = self.sequence.load(Relaxed);
        if sequence & 1 == 0 || !self.owner.context().is(Context::now()) {
            return self.not_ours(place);
        }
        if let Some(m) = model() {
            m.lock_owner(self.address(), false, place);
        }
        self.sequence.store(sequence.wrapping_add(1), Release);
    }

    #[cold]
    #[inline(never)]
    fn not_ours(&self, place: Place) {
        let (name, now) = (self.called(), Context::now());
        if self.sequence.load(Relaxed) & 1 == 0 {
            let text = format_args!("write_seqcount_end() of `{name}` by {now}, but nobody writes it");
            return violation("unlock-by-other", place, self.class(), text);
        }
        let (writer, held_at) = (self.owner.context(), self.owner.held_at());
        let text = format_args!("write_seqcount_end() of `{name}` by {now}, but {writer} has begun");
        violation("unlock-by-other", place, held_at, text);
    }

    /// Makes all read sections that are under way fail, without a write section. What was written before comes before.
    #[doc(alias("write_seqcount_invalidate", "write_seqcount_barrier"))]
    #[track_caller]
    #[inline]
    pub fn write_invalidate(&self) {
        self.add_two(Place::caller());
    }

    /// A barrier for what is written before and after it: no reader whose section succeeds sees only what comes after.
    #[doc(alias = "raw_write_seqcount_barrier")]
    #[track_caller]
    #[inline]
    pub fn raw_write_barrier(&self) {
        self.add_two(Place::caller());
    }

    #[inline]
    fn add_two(&self, place: Place) {
        if model().is_some() {
            step(&self.announcement(Op::SeqInvalidate, Mode::Rmw, place).ordered(false, true));
        }
        self.sequence.store(self.sequence.load(Relaxed).wrapping_add(2), Release);
        // What is written later comes after: pairs with the fence in `retry_at`.
        fence(Release);
    }

    /// Whether the running context writes it. No step.
    #[must_use]
    pub fn is_written_here(&self) -> bool {
        self.sequence.load(Relaxed) & 1 != 0 && self.owner.context().is(Context::now())
    }
}

impl Default for SeqCount {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SeqCount {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SeqCount({}, {})", self.name.unwrap_or("unnamed"), self.sequence.load(Relaxed))
    }
}
