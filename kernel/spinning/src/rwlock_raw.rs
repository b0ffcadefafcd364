//! The reader-writer spinlock without data.
//!
//! # Theory
//! Either one *writer* holds it, or any number of *readers*. A writer that finds it held is *waiting*; a reader is
//! *privileged* if `in_interrupt()`: in a hardirq, in a softirq, or where bottom halves are off.
//!
//! **Invariants** (`R` for rwlock).
//! - R1. The word is the number of readers, the number of waiting writers, and whether a writer holds the lock. It is 0
//!   when the lock is free; zeroed memory is a free lock without a class.
//! - R2. A writer takes the lock while nobody holds it. A reader takes it while no writer holds it, and, unless it is
//!   privileged, no writer waits. So readers do not starve writers, and a privileged reader never waits behind a writer
//!   that waits for what it interrupted: a lock that interrupts only read may be read with interrupts on. And a reader
//!   that is not privileged may not read again in its section: if a writer comes in between, each waits for the other.
//! - R3. Coarse: reading is one step, a trylock and a release are one step, writing is one step while the lock is free,
//!   else two: the writer says that it waits, then waits. Fine, and on threads: as in R4.
//! - R4. A reader adds itself first; if a writer is there, a privileged one waits until it is gone, another takes itself
//!   back and goes into the *queue*. A writer takes a free word; else it goes into the queue. Whoever is first in the
//!   queue waits for the word, a reader counted, a writer as waiting. So there is one waiting writer at most, and who comes
//!   early is served early.
//! - R5. Taking is an acquire, releasing a release: a reader's pairs with the next writer's, a writer's with all after it.
//! - R6. Who writes is written down ([`Owner`]); who reads, only the model knows.
//!
//! **Differences from Linux.** The queue is not strictly first come, first served. `read_unlock()` by a context that does
//! not read is a finding on the model only; on threads it is one if nobody reads at all.

use crate::owner::{Context, Owner};
use crate::waiting::{Waited, is_over, spin_until};
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};
use ringzero_context::{in_interrupt, panicking, violation};
use ringzero_machine::{
    Cond, HAS_LOCK_EVENTS, LockEvent, LockUse, Mode, Op, Place, Step, WaitKind, cpu, fine, host, lock_event, model,
    notify_sleepers, sleepers_at, step, wait,
};

/// A writer holds it.
pub(crate) const WRITER: u32 = 1;
/// One writer that waits; there is room for more than the model has contexts.
const WAITING: u32 = 1 << 1;
pub(crate) const ALL_WAITING: u32 = 0xffe;
/// One reader.
const READER: u32 = 1 << 12;
/// So many readers that some were forgotten.
const TOO_MANY: u32 = 1 << 31;
const READERS: u32 = !(WRITER | ALL_WAITING);

/// A reader-writer spinlock without data: what C embeds (`rwlock_t`, `raw_rwlock_t`). All zeroes is a free lock.
///
/// Whoever takes it leaves it with the function of the same kind. Every function may be called in each context that its
/// kind allows, and none sleeps. Finding `unlock-by-other` when a context releases what it did not take.
///
/// ```
/// use ringzero::sync::RawRwLock;
/// static TABLE: RawRwLock = RawRwLock::new().named("dev.table");
/// TABLE.read_lock();
/// assert!(TABLE.read_trylock() && !TABLE.write_trylock());
/// TABLE.read_unlock();
/// TABLE.read_unlock();
/// let flags = TABLE.write_lock_irqsave();
/// assert!(!TABLE.read_trylock());
/// TABLE.write_unlock_irqrestore(flags);
/// ```
#[doc(alias("rwlock_t", "raw_rwlock_t"))]
#[repr(C)]
pub struct RawRwLock {
    pub(crate) word: AtomicU32,
    /// 0, or the number of the CPU, plus 1, whose context is first in the queue.
    pub(crate) queue: AtomicU32,
    pub(crate) owner: Owner,
    class: AtomicPtr<()>,
    name: Option<&'static str>,
    magic: AtomicU32,
}

// SAFETY: everything inside is atomic or never written after construction.
unsafe impl Sync for RawRwLock {}
// SAFETY: as above; the pointers in it are only compared, or lead to constants.
unsafe impl Send for RawRwLock {}

fn nothing_in(word: u64, bits: u64) -> bool {
    word & bits == 0
}

/// Whether a reader that comes now stands in front of waiting writers.
fn privileged() -> bool {
    in_interrupt() || cpu().irq_nesting.get() != 0
}

/// Making them.
impl RawRwLock {
    /// What `magic` says of a lock that was initialised.
    pub const MAGIC: u32 = 0x525a_5257;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 10] = {
        const OWNER: usize = offset_of!(RawRwLock, owner);
        [
            ("word", offset_of!(Self, word)),
            ("queue", offset_of!(Self, queue)),
            ("owner", OWNER),
            ("owner.task", OWNER + Owner::LAYOUT[0]),
            ("owner.held_at", OWNER + Owner::LAYOUT[1]),
            ("owner.level", OWNER + Owner::LAYOUT[2]),
            ("class", offset_of!(Self, class)),
            ("name", offset_of!(Self, name)),
            ("name_len", offset_of!(Self, name) + size_of::<usize>()),
            ("magic", offset_of!(Self, magic)),
        ]
    };

    /// A free lock whose class is the caller's place.
    #[doc(alias("rwlock_init", "DEFINE_RWLOCK", "RW_LOCK_UNLOCKED"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            word: AtomicU32::new(0),
            queue: AtomicU32::new(0),
            owner: Owner::none(),
            class: AtomicPtr::new(Place::here().as_ptr()),
            name: None,
            magic: AtomicU32::new(Self::MAGIC),
        }
    }

    /// The same lock with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Gives it a name.
    pub(crate) const fn set_name(&mut self, name: &'static str) {
        self.name = Some(name);
    }

    /// Makes the memory at `this` a free lock whose class is `place`, in a step that writes it: `rwlock_init()` of C. Every
    /// context; does not sleep.
    ///
    /// # Safety
    /// `this` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(this: *mut Self, name: Option<&'static str>, place: Place) {
        // The word is the first field.
        step(&Step::new(Op::InitObject, Mode::Write, this.addr(), 4, place).named(name, Some(place)));
        let lock = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new() };
        // SAFETY: the caller's contract.
        unsafe { this.write(lock) };
        if let Some(m) = model() {
            m.object_made(this.addr(), size_of::<Self>(), place, name.unwrap_or("a rwlock"));
        }
    }

    /// Whether it was initialised: made by [`RawRwLock::new`], or in C by `rwlock_init()` or its static forms. Rust may use
    /// a zeroed lock all the same.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
    }

    /// Where it was made; none for zeroed memory.
    #[must_use]
    pub fn class(&self) -> Option<Place> {
        // SAFETY: a pointer that is not null comes from a `Place`.
        unsafe { Place::from_ptr(self.class.load(Relaxed)) }
    }

    /// Its name, if it has one.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// The address of the lock's word, by which the machine knows it.
    #[must_use]
    pub fn address(&self) -> usize {
        ptr::from_ref(&self.word).addr()
    }

    fn called(&self) -> &'static str {
        self.name.unwrap_or("a rwlock")
    }

    fn waited(&self) -> Waited<'_> {
        Waited { name: self.called(), owner: &self.owner, held: "held" }
    }

    pub(crate) fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.address(), 4, place).named(self.name, self.class())
    }

    /// An atomic instruction on the word, in fine granularity; else the operation as a whole. A trylock orders only if it
    /// succeeds ([`RawRwLock::tried`]).
    fn announce(&self, op: Op, fine_op: Op, release: bool, place: Place) {
        let op = if fine() { fine_op } else { op };
        step(&self.announcement(op, Mode::Rmw, place).ordered(false, release));
    }

    /// The condition that none of `bits` is set.
    fn without(&self, bits: u32) -> Cond {
        Cond::on(&self.word, nothing_in, bits.into()).counted_in(sleepers_at(self.address()))
    }

    /// Those who sleep for the word. It need not be there any more (crate invariant 8).
    #[inline(always)]
    fn notify(&self) {
        notify_sleepers(self.address(), sleepers_at(self.address()));
    }

    /// Whether somebody reads. No step.
    pub(crate) fn is_read(&self) -> bool {
        self.word.load(Relaxed) & READERS != 0
    }

    fn told(&self, held: bool, place: Place) {
        if let Some(m) = model() {
            m.lock_owner(self.address(), held, place);
        }
    }

    #[inline(always)]
    fn tell(&self, acquire: bool, write: bool, subclass: u32, place: Place) {
        if HAS_LOCK_EVENTS {
            lock_event(&self.event(acquire, write, place).nested(subclass, 0));
        }
    }

    /// The event of an operation that is about to begin (of a trylock: has succeeded).
    #[inline(always)]
    fn event(&self, acquire: bool, write: bool, place: Place) -> LockEvent {
        let made = if acquire { LockEvent::acquire } else { LockEvent::release };
        let held_as = if write {
            LockUse::Write
        } else if privileged() {
            LockUse::ReadRecursive
        } else {
            LockUse::Read
        };
        made(self.address(), self.class(), self.name, place).held_as(held_as)
    }
}

/// The queue (invariant R4).
impl RawRwLock {
    fn queue_step(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, ptr::from_ref(&self.queue).addr(), 4, place).named(self.name, self.class())
    }

    fn enter_queue(&self, place: Place) {
        let exchange = self.queue_step(Op::Cmpxchg, Mode::Rmw, place).ordered(true, false);
        let read = self.queue_step(Op::AtomicRead, Mode::Read, place);
        let me = cpu().id.get() + 1;
        let first = || self.queue.compare_exchange(0, me, Acquire, Relaxed).is_ok();
        let sleepers = sleepers_at(ptr::from_ref(&self.queue).addr());
        let empty = Cond::on(&self.queue, nothing_in, u32::MAX.into()).counted_in(sleepers);
        let mut failed = 0;
        loop {
            step(&exchange);
            if first() || spin_until(|| self.queue.load(Relaxed) == 0 && first()) {
                break;
            }
            self.look_for_queue_here(me, place);
            wait(&read, empty, WaitKind::Spin);
            if is_over(&mut failed) {
                break;
            }
        }
        if let Some(m) = model() {
            m.lock_owner(ptr::from_ref(&self.queue).addr(), true, place);
        }
    }

    /// Finding `irq-deadlock` if the first in the queue is what this context interrupted. On the host only.
    fn look_for_queue_here(&self, me: u32, place: Place) {
        let (None, Some(m)) = (model(), host()) else { return };
        let start = m.now_ns();
        while self.queue.load(Relaxed) == me && !panicking() {
            if m.now_ns() - start > 1_000_000_000 {
                let (name, now) = (self.called(), Context::now());
                let text = format_args!("{now} waits for `{name}` behind a waiter that it interrupted");
                return violation("irq-deadlock", place, self.class(), text);
            }
            m.relax(place);
        }
    }

    fn leave_queue(&self, place: Place) {
        step(&self.queue_step(Op::AtomicSet, Mode::Write, place).ordered(false, true));
        if let Some(m) = model() {
            m.lock_owner(ptr::from_ref(&self.queue).addr(), false, place);
        }
        self.queue.store(0, Release);
        let address = ptr::from_ref(&self.queue).addr();
        notify_sleepers(address, sleepers_at(address));
    }
}

/// Readers.
impl RawRwLock {
    /// Becomes a reader; enters nothing.
    #[inline]
    pub(crate) fn acquire_read(&self, place: Place) {
        self.tell(true, false, 0, place);
        if model().is_some() {
            return self.acquire_read_in_steps(place);
        }
        // Pairs with the release of the last writer.
        if self.word.fetch_add(READER, Acquire) & (WRITER | ALL_WAITING | TOO_MANY) != 0 {
            self.read_behind_writer(place);
        }
    }

    fn acquire_read_in_steps(&self, place: Place) {
        if fine() {
            step(&self.announcement(Op::AtomicRmw, Mode::Rmw, place).ordered(true, false));
            if self.word.fetch_add(READER, Acquire) & (WRITER | ALL_WAITING) != 0 {
                self.read_behind_writer(place);
            }
        } else {
            let before = if privileged() { WRITER } else { WRITER | ALL_WAITING };
            let announced = self.announcement(Op::ReadLock, Mode::Rmw, place).ordered(true, false);
            wait(&announced, self.without(before), WaitKind::Spin);
            self.word.fetch_add(READER, Acquire);
        }
        self.told(true, place);
    }

    /// A writer was there when the reader added itself.
    #[cold]
    #[inline(never)]
    fn read_behind_writer(&self, place: Place) {
        self.assert_few(place);
        let read = self.announcement(Op::AtomicRead, Mode::Read, place).ordered(true, false);
        // While the reader is counted, no writer that waits gets the lock.
        if privileged() {
            self.waited().wait(&read, self.without(WRITER));
        } else {
            step(&self.announcement(Op::AtomicRmw, Mode::Rmw, place));
            self.subtract_reader(place);
            self.enter_queue(place);
            step(&self.announcement(Op::AtomicRmw, Mode::Rmw, place).ordered(true, false));
            self.word.fetch_add(READER, Acquire);
            self.waited().wait(&read, self.without(WRITER));
            self.leave_queue(place);
        }
        fence(Acquire);
        // One is woken for a release; another reader may have waited, too.
        self.notify();
    }

    fn assert_few(&self, place: Place) {
        if self.word.load(Relaxed) & TOO_MANY != 0 {
            self.word.fetch_sub(READER, Relaxed);
            let name = self.called();
            violation("bug", place, self.class(), format_args!("`{name}` has too many readers: guards were forgotten"));
            panic!("`{name}` has too many readers");
        }
    }

    /// Takes a reader back. Whether there was one.
    #[inline]
    fn subtract_reader(&self, place: Place) -> bool {
        let before = self.word.fetch_sub(READER, Release);
        if before & (WRITER | ALL_WAITING) != 0 || before == 0 {
            return self.subtracted_beside_writer(before, place);
        }
        true
    }

    #[cold]
    #[inline(never)]
    fn subtracted_beside_writer(&self, before: u32, place: Place) -> bool {
        if before < READER {
            self.word.fetch_add(READER, Relaxed);
            self.not_reading(place);
            return false;
        }
        if before & READERS == READER {
            self.notify();
        }
        true
    }

    #[cold]
    fn not_reading(&self, place: Place) {
        let (name, now) = (self.called(), Context::now());
        let text = if self.word.load(Relaxed) & READERS == 0 {
            format_args!("read_unlock() of `{name}`, but nobody reads")
        } else {
            format_args!("read_unlock() of `{name}` by {now}, which does not read")
        };
        violation("unlock-by-other", place, self.class(), text);
    }

    #[inline]
    pub(crate) fn release_read(&self, place: Place) {
        self.tell(false, false, 0, place);
        if let Some(m) = model() {
            self.announce(Op::ReadUnlock, Op::AtomicRmw, true, place);
            if m.lock_held(self.address()) == Some(false) {
                self.not_reading(place);
            }
            self.told(false, place);
        }
        self.subtract_reader(place);
    }

    #[inline]
    pub(crate) fn try_acquire_read(&self, place: Place) -> bool {
        if model().is_some() && fine() {
            return self.try_acquire_read_fine(place);
        }
        if model().is_some() {
            self.announce(Op::ReadTrylock, Op::ReadTrylock, false, place);
        }
        let taken = self.word.load(Relaxed) & (WRITER | ALL_WAITING | TOO_MANY) == 0 && self.add_reader(place);
        self.tried(taken, false, place)
    }

    /// Adds a reader, or takes it back if a writer came first.
    #[inline]
    fn add_reader(&self, place: Place) -> bool {
        if self.word.fetch_add(READER, Acquire) & (WRITER | ALL_WAITING | TOO_MANY) == 0 {
            return true;
        }
        if model().is_some() {
            step(&self.announcement(Op::AtomicRmw, Mode::Rmw, place));
        }
        self.subtract_reader(place);
        false
    }

    fn try_acquire_read_fine(&self, place: Place) -> bool {
        step(&self.announcement(Op::AtomicRead, Mode::Read, place));
        if self.word.load(Relaxed) & (WRITER | ALL_WAITING) != 0 {
            return false;
        }
        step(&self.announcement(Op::AtomicRmw, Mode::Rmw, place));
        let taken = self.add_reader(place);
        self.tried(taken, false, place)
    }

    #[inline]
    fn tried(&self, taken: bool, write: bool, place: Place) -> bool {
        if taken {
            if let Some(m) = model() {
                // Pairs with the release before; a failure orders nothing.
                m.order(self.address(), true, false);
            }
            if HAS_LOCK_EVENTS {
                lock_event(&self.event(true, write, place).tried());
            }
            self.told(true, place);
        }
        taken
    }
}

/// Writers.
impl RawRwLock {
    /// Becomes the writer; enters nothing.
    #[inline]
    pub(crate) fn acquire_write(&self, subclass: u32, place: Place) {
        self.tell(true, true, subclass, place);
        if model().is_some() {
            return self.acquire_write_in_steps(place);
        }
        if !self.take_free(place) {
            self.write_in_queue(place);
        }
    }

    /// Takes the lock if nobody holds it and nobody waits.
    #[inline]
    fn take_free(&self, place: Place) -> bool {
        let now = Context::now();
        // Pairs with the releases of the last writer and of all readers since.
        if self.word.compare_exchange(0, WRITER, Acquire, Relaxed).is_err() {
            return false;
        }
        self.owner.set(now, place);
        true
    }

    fn acquire_write_in_steps(&self, place: Place) {
        if fine() {
            step(&self.announcement(Op::Cmpxchg, Mode::Rmw, place).ordered(true, false));
            if !self.take_free(place) {
                self.write_in_queue(place);
            }
        } else {
            step(&self.announcement(Op::WriteLock, Mode::Rmw, place).ordered(true, false));
            if self.word.load(Relaxed) & (WRITER | READERS) != 0 {
                self.word.fetch_add(WAITING, Relaxed);
                let waits = self.announcement(Op::WriteLockWait, Mode::Rmw, place).ordered(true, false);
                wait(&waits, self.without(WRITER | READERS), WaitKind::Spin);
                self.word.fetch_sub(WAITING, Relaxed);
            }
            self.word.fetch_or(WRITER, Acquire);
            self.owner.set(Context::now(), place);
        }
        self.told(true, place);
    }

    /// The word was not free.
    #[cold]
    #[inline(never)]
    fn write_in_queue(&self, place: Place) {
        self.enter_queue(place);
        step(&self.announcement(Op::Cmpxchg, Mode::Rmw, place).ordered(true, false));
        if !self.take_free(place) {
            self.write_first_in_queue(place);
        }
        self.leave_queue(place);
    }

    fn write_first_in_queue(&self, place: Place) {
        step(&self.announcement(Op::AtomicRmw, Mode::Rmw, place));
        self.word.fetch_or(WAITING, Relaxed);
        let exchange = self.announcement(Op::Cmpxchg, Mode::Rmw, place).ordered(true, false);
        let read = self.announcement(Op::AtomicRead, Mode::Read, place);
        let mut failed = 0;
        loop {
            self.waited().wait(&read, self.without(WRITER | READERS));
            step(&exchange);
            let taken = self.word.compare_exchange(WAITING, WRITER, Acquire, Relaxed).is_ok();
            if taken || is_over(&mut failed) {
                break;
            }
        }
        self.owner.set(Context::now(), place);
    }

    #[inline]
    pub(crate) fn release_write(&self, place: Place) {
        self.tell(false, true, 0, place);
        if model().is_some() {
            self.announce(Op::WriteUnlock, Op::AtomicRmw, true, place);
        }
        if self.word.load(Relaxed) & WRITER == 0 || !self.owner.context().is(Context::now()) {
            return self.not_writing(place);
        }
        self.told(false, place);
        // Readers may have added themselves to wait.
        self.word.fetch_and(!WRITER, Release);
        self.notify();
    }

    #[cold]
    #[inline(never)]
    fn not_writing(&self, place: Place) {
        let (code, name, now) = ("unlock-by-other", self.called(), Context::now());
        if self.word.load(Relaxed) & WRITER == 0 {
            violation(code, place, self.class(), format_args!("write_unlock() of `{name}`, but nobody writes"));
        } else {
            let (writer, held_at) = (self.owner.context(), self.owner.held_at());
            let text = format_args!("write_unlock() of `{name}` by {now}, but {writer} took it");
            violation(code, place, held_at, text);
        }
    }

    #[inline]
    pub(crate) fn try_acquire_write(&self, place: Place) -> bool {
        if model().is_some() {
            self.announce(Op::WriteTrylock, Op::Cmpxchg, false, place);
        }
        let taken = self.take_free(place);
        self.tried(taken, true, place)
    }
}

impl Default for RawRwLock {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawRwLock {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word.load(Relaxed);
        let name = self.name.unwrap_or("unnamed");
        match (word & WRITER != 0, (word & READERS) / READER) {
            (true, _) => write!(f, "RawRwLock({name}, written)"),
            (false, 0) => write!(f, "RawRwLock({name}, free)"),
            (false, n) => write!(f, "RawRwLock({name}, {n} read)"),
        }
    }
}
