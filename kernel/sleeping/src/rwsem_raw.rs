//! The reader-writer semaphore without data.
//!
//! # Theory
//! Either one *writer* holds it, or any number of *readers*.
//!
//! **Invariants** (`S` for semaphore).
//! - S1. The word is the number of readers, the number of waiting, and whether a writer holds it. It is 0 when it is free;
//!   zeroed memory is a free one without a class, which C may not use.
//! - S2. A writer takes it while nobody holds it, a reader while no writer holds it and nobody waits. So readers do not
//!   starve writers; and a reader that reads again in its section may wait for a writer that waits for it.
//! - S3. Coarse: a trylock, a release and a downgrade are one step, reading and writing are one step if that is possible at
//!   once, else two: the task says that it waits, then waits; one that a signal sends away says so in a step. Fine, and on
//!   threads: as in S4.
//! - S4. Who cannot take it at once goes into the *queue*, a lock of its own. Whoever is first there is counted as waiting,
//!   sleeps for the word, and takes it; then the next one is first. So there is one waiting at most, and who comes early is
//!   served early.
//! - S5. Taking is an acquire, releasing and downgrading a release: a reader's pairs with the next writer's taking, a
//!   writer's with all after it.
//! - S6. Who writes is written down, and stays so until the next one writes; who reads, only the model knows. A reader that is
//!   none's own (`_non_owner`) is known to nobody, and any task may end it.
//! - S7. It is there until the function that releases it has returned: who waits is woken by a look at it. So who takes it next
//!   may not free it because of what it finds in there. On the model a step says so where the memory may die.
//!
//! **Differences from Linux.** The queue is not strictly first come, first served. Leaving what one does not hold is a
//! finding; of readers on the model only, on threads it is one if nobody reads at all.

mod writers;

use crate::common::{
    How, Interrupted, SPINS, assert_task, class_of, is_over, place_of, running, tell, untimed, update,
};
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::{panicking, violation};
use ringzero_machine::{LockEvent, LockUse, Mode, Op, Place, Step, cpu, fine, host, model, notify_sleepers, step};
use ringzero_sched::{Awaited, Wait, WaitWord, try_current};
use ringzero_spinning::lockdep::{Held, held_as};

/// A writer holds it.
const WRITER: u32 = 1;
/// One that waits; there is room for more than the model has contexts.
const WAITING: u32 = 1 << 1;
const ALL_WAITING: u32 = 0xffe;
/// One reader.
const READER: u32 = 1 << 12;
/// How long a task is the owner before that is believed.
const TOLD_AFTER_NS: u64 = 1_000_000_000;
const READERS: u32 = !(WRITER | ALL_WAITING);
/// More readers than there can be.
const TOO_MANY: u32 = 1 << 31;

/// What is waited for: that none of the bits `arg` is set.
struct Without;

impl Awaited for Without {
    fn holds(word: u32, bits: u32) -> bool {
        word & bits == 0
    }
}

/// A reader-writer semaphore without data (`struct rw_semaphore`). All zeroes is a free one.
///
/// Taking it sleeps: finding `sleep-in-atomic` where that is not allowed, whether it is free or not. Finding
/// `unlock-by-other` when a task releases what it does not hold.
///
/// ```
/// use ringzero::rwsem::RawRwSemaphore;
/// static MAP: RawRwSemaphore = RawRwSemaphore::new().named("mm.map");
/// MAP.down_read();
/// assert!(MAP.down_read_trylock() && !MAP.down_write_trylock());
/// MAP.up_read();
/// MAP.up_read();
/// MAP.down_write();
/// MAP.downgrade_write();
/// assert!(MAP.down_read_trylock(), "others may read now");
/// MAP.up_read();
/// MAP.up_read();
/// assert!(!MAP.is_locked());
/// ```
#[doc(alias = "rw_semaphore")]
#[repr(C, align(8))]
pub struct RawRwSemaphore {
    word: WaitWord,
    /// 1 while somebody is first in the queue; coarse, on the model, how many wait.
    queue: WaitWord,
    /// How many sleep for one of the two, on the host: see [`ringzero_machine::notify_sleepers`].
    sleepers: AtomicU32,
    magic: AtomicU32,
    /// The task object of who writes, or wrote last. Written by the writer only, as the one after it.
    owner: AtomicPtr<()>,
    /// Where it was taken for writing last.
    held_at: AtomicPtr<()>,
    class: AtomicPtr<()>,
    name: Option<&'static str>,
}

// SAFETY: everything inside is atomic or never written after construction.
unsafe impl Sync for RawRwSemaphore {}
// SAFETY: as above; the pointers in it are only compared, or lead to constants.
unsafe impl Send for RawRwSemaphore {}

/// What its operations are called: a percpu one is built upon it.
#[derive(Clone, Copy)]
pub(crate) struct Ops {
    pub read: Op,
    pub wait_to_read: Op,
    pub try_read: Op,
    pub end_read: Op,
    pub read_returns: Op,
    pub write: Op,
    pub wait_to_write: Op,
    pub end_write: Op,
    pub write_returns: Op,
    /// Readers touch words of their own: coarse, they order nothing among each other; and any task may end what one began.
    pub apart: bool,
}

const OPS: Ops = Ops {
    read: Op::DownRead,
    wait_to_read: Op::DownReadWait,
    try_read: Op::DownReadTrylock,
    end_read: Op::UpRead,
    read_returns: Op::UpReadReturns,
    write: Op::DownWrite,
    wait_to_write: Op::DownWriteWait,
    end_write: Op::UpWrite,
    write_returns: Op::UpWriteReturns,
    apart: false,
};

/// Making them.
impl RawRwSemaphore {
    /// What `magic` says of one that was initialised.
    pub const MAGIC: u32 = 0x525a_5253;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 11] = [
        ("count", offset_of!(Self, word)),
        ("pokes", offset_of!(Self, word) + size_of::<u32>()),
        ("queue", offset_of!(Self, queue)),
        ("queue_pokes", offset_of!(Self, queue) + size_of::<u32>()),
        ("sleepers", offset_of!(Self, sleepers)),
        ("magic", offset_of!(Self, magic)),
        ("owner", offset_of!(Self, owner)),
        ("held_at", offset_of!(Self, held_at)),
        ("class", offset_of!(Self, class)),
        ("name", offset_of!(Self, name)),
        ("name_len", offset_of!(Self, name) + size_of::<usize>()),
    ];

    /// A free one whose class is the caller's place.
    #[doc(alias("init_rwsem", "DECLARE_RWSEM"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            word: WaitWord::new(0),
            queue: WaitWord::new(0),
            sleepers: AtomicU32::new(0),
            magic: AtomicU32::new(Self::MAGIC),
            owner: AtomicPtr::new(ptr::null_mut()),
            held_at: AtomicPtr::new(ptr::null_mut()),
            class: AtomicPtr::new(Place::here().as_ptr()),
            name: None,
        }
    }

    /// The same with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Gives it a name.
    pub(crate) const fn set_name(&mut self, name: &'static str) {
        self.name = Some(name);
    }

    /// Makes the memory at `at` a free one whose class is `place`, in a step that writes it: `init_rwsem()` of C. Every
    /// context; does not sleep. On the model it is the finding `warn` if a task holds the one that was there.
    ///
    /// # Safety
    /// `at` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(at: *mut Self, name: Option<&'static str>, place: Place) {
        // The word is the first field.
        crate::common::announce_init(at.addr(), 8, name, "an rwsem", place);
        let semaphore = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new() };
        // SAFETY: the caller's contract.
        unsafe { at.write(semaphore) };
        crate::common::made(at.addr(), size_of::<Self>(), name, "an rwsem", place);
    }

    /// Whether it was initialised: made by [`RawRwSemaphore::new`], or in C by `init_rwsem()` or its static form. Rust may use
    /// a zeroed one all the same.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
    }

    /// It was never initialised.
    pub(crate) fn forget(&self) {
        self.magic.store(0, Relaxed);
    }

    /// Where it was made, if it was.
    #[must_use]
    pub fn class(&self) -> Option<Place> {
        self.is_initialised().then(|| class_of(&self.class))?
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        // Memory that was not initialised may hold anything.
        self.name.filter(|_| self.is_initialised())
    }

    #[inline(always)]
    const fn word(&self) -> &AtomicU32 {
        self.word.word()
    }

    pub(crate) fn called(&self) -> &'static str {
        self.name().unwrap_or("an rwsem")
    }

    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        self.word.announcement(op, mode, place).named(self.name(), self.class())
    }

    /// An atomic instruction on the word, in fine granularity; else the operation as a whole.
    fn announce(&self, op: Op, acquire: bool, place: Place) {
        let op = if fine() { Op::AtomicRmw } else { op };
        step(&self.announcement(op, Mode::Rmw, place).ordered(acquire, !acquire));
    }

    fn wait(&self, step: Step, how: How) -> Wait<'_> {
        Wait::new(step).interruption(how.interruption).counted_in(&self.sleepers)
    }

    /// How the running task holds it. No step.
    pub(crate) fn held_by_us(&self) -> Held {
        let word = self.word().load(Relaxed);
        let ours = word & WRITER != 0 && !running().is_null() && self.owner.load(Relaxed) == running();
        held_as(self.word.address(), ours, word & READERS != 0)
    }

    /// The step just now is an acquire of what was released before, or a release: an attempt that fails orders nothing.
    fn orders(&self, acquire: bool, release: bool) {
        if let Some(m) = model() {
            m.order(self.word.address(), acquire, release);
        }
    }

    fn told(&self, held: bool, place: Place) {
        if let Some(m) = model() {
            m.lock_owner(self.word.address(), held, place);
        }
    }

    /// Notes that the running task holds it from now on, or no longer, while it stays held.
    pub(crate) fn hand_over(&self, to_us: bool, read: bool, place: Place) {
        if to_us && !read {
            self.owns(place);
        }
        // Finely, readers have no notes.
        if !(read && fine()) {
            self.told(to_us, place);
        }
    }

    /// Those who sleep for the word.
    #[inline(always)]
    fn notify(&self) {
        notify_sleepers(self.word.address(), &self.sleepers);
    }

    #[inline(always)]
    pub(crate) fn event(&self, acquire: bool, held_as: LockUse, place: Place) -> LockEvent {
        let made = if acquire { LockEvent::acquire } else { LockEvent::release };
        made(self.word.address(), self.class(), self.name(), place).held_as(held_as)
    }

    /// A change of the word if `change` allows it: an exchange, in fine granularity after a read.
    fn change_finely(&self, change: impl Fn(u32) -> Option<u32>, place: Place) -> bool {
        loop {
            step(&self.announcement(Op::AtomicRead, Mode::Read, place));
            let word = self.word().load(Relaxed);
            let Some(next) = change(word) else { return false };
            step(&self.announcement(Op::Cmpxchg, Mode::Rmw, place));
            if self.word().compare_exchange(word, next, Acquire, Relaxed).is_ok() {
                self.orders(true, false);
                return true;
            }
        }
    }
}

/// The queue (invariant S4).
impl RawRwSemaphore {
    fn queue_step(&self, op: Op, mode: Mode, place: Place) -> Step {
        self.queue.announcement(op, mode, place).named(self.name(), self.class())
    }

    /// Becomes the first, counted as waiting; takes the word with `take` once it is without `bits`, and lets the next one be
    /// first.
    fn take_in_queue(
        &self,
        how: How,
        bits: u32,
        take: impl Fn(u32) -> Option<u32>,
        place: Place,
    ) -> Result<(), Interrupted> {
        self.enter_queue(how, place)?;
        step(&self.announcement(Op::AtomicRmw, Mode::Rmw, place));
        self.word().fetch_add(WAITING, Relaxed);
        let exchange = self.announcement(Op::Cmpxchg, Mode::Rmw, place);
        let taken = self.word.wait::<Without>(&self.wait(exchange, how).arg(bits), || {
            update(self.word(), Acquire, |word| take(word).map(|next| next - WAITING))
        });
        if taken.is_err() {
            step(&self.announcement(Op::AtomicRmw, Mode::Rmw, place));
            self.word().fetch_sub(WAITING, Relaxed);
        }
        self.leave_queue(place);
        untimed(taken)
    }

    fn enter_queue(&self, how: How, place: Place) -> Result<(), Interrupted> {
        let first = || self.queue.word().compare_exchange(0, 1, Acquire, Relaxed).is_ok();
        let read = self.wait(self.queue_step(Op::AtomicRead, Mode::Read, place), how).arg(u32::MAX);
        let mut failed = 0;
        loop {
            step(&self.queue_step(Op::Cmpxchg, Mode::Rmw, place).ordered(true, false));
            if first() {
                break;
            }
            // On threads the wait may end by becoming the first.
            let mut is_first = false;
            let waited = self.queue.wait::<Without>(&read, || {
                is_first = model().is_none() && first();
                is_first || (model().is_some() && self.queue.word().load(Relaxed) == 0)
            });
            untimed(waited)?;
            if is_first || is_over(&mut failed) {
                break;
            }
        }
        if let Some(m) = model() {
            m.lock_owner(self.queue.address(), true, place);
        }
        Ok(())
    }

    fn leave_queue(&self, place: Place) {
        step(&self.queue_step(Op::AtomicSet, Mode::Write, place).ordered(false, true));
        if let Some(m) = model() {
            m.lock_owner(self.queue.address(), false, place);
        }
        self.queue.word().store(0, Release);
        notify_sleepers(self.queue.address(), &self.sleepers);
    }

    /// Looks for a while whether `take` succeeds. Not while somebody waits, or another task wants this CPU. On threads only.
    fn take_spinning(&self, take: impl Fn(u32) -> Option<u32>) -> bool {
        let cpu = cpu();
        for _ in 0..SPINS {
            let word = self.word().load(Relaxed);
            if word & ALL_WAITING != 0 || cpu.attention.load(Relaxed) != 0 {
                return false;
            }
            if take(word).is_some() && update(self.word(), Acquire, &take) {
                return true;
            }
            core::hint::spin_loop();
        }
        false
    }
}

/// One reader more, unless a writer holds it or somebody waits.
#[inline(always)]
const fn one_more(word: u32) -> Option<u32> {
    if word & (WRITER | ALL_WAITING | TOO_MANY) == 0 { Some(word + READER) } else { None }
}

/// One reader more beside a waiting one, which it is itself.
const fn one_waiting_more(word: u32) -> Option<u32> {
    if word & (WRITER | TOO_MANY) == 0 { Some(word + READER) } else { None }
}

/// A writer, if nobody holds it.
const fn the_writer(word: u32) -> Option<u32> {
    if word & (WRITER | READERS) == 0 { Some(word | WRITER) } else { None }
}

/// Readers.
impl RawRwSemaphore {
    /// Sleeps until no writer holds it or waits, and reads.
    ///
    /// Context: task, sleeps. Not again in the same section: a writer may have come in between.
    #[track_caller]
    #[inline]
    pub fn down_read(&self) {
        let _ = self.read_at(How::call("down_read()"), &OPS, Place::caller());
    }

    /// [`RawRwSemaphore::down_read`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first.
    #[track_caller]
    #[inline]
    pub fn down_read_interruptible(&self) -> Result<(), Interrupted> {
        self.read_at(How::call("down_read_interruptible()").interruptible(), &OPS, Place::caller())
    }

    /// [`RawRwSemaphore::down_read`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first.
    #[track_caller]
    #[inline]
    pub fn down_read_killable(&self) -> Result<(), Interrupted> {
        self.read_at(How::call("down_read_killable()").killable(), &OPS, Place::caller())
    }

    /// [`RawRwSemaphore::down_read_killable`]; `subclass` tells the validator that one of the same class may be held.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first.
    #[track_caller]
    #[inline]
    pub fn down_read_killable_nested(&self, subclass: u32) -> Result<(), Interrupted> {
        let how = How::call("down_read_killable_nested()").killable().nested(subclass);
        self.read_at(how, &OPS, Place::caller())
    }

    /// [`RawRwSemaphore::down_read`]; `subclass` tells the validator that one of the same class may be held.
    #[track_caller]
    #[inline]
    pub fn down_read_nested(&self, subclass: u32) {
        let _ = self.read_at(How::call("down_read_nested()").nested(subclass), &OPS, Place::caller());
    }

    /// [`RawRwSemaphore::down_read`] for a reader that another task may end, with [`RawRwSemaphore::up_read_non_owner`].
    #[track_caller]
    pub fn down_read_non_owner(&self) {
        let (how, place) = (How::call("down_read_non_owner()"), Place::caller());
        how.may_sleep(place);
        let _ = self.take_read(how, &OPS, place);
    }

    /// Reads if no writer holds it and nobody waits; whether it does now.
    ///
    /// Context: any but NMI. Never sleeps.
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn down_read_trylock(&self) -> bool {
        self.try_read_at(&OPS, Place::caller())
    }

    /// Reads no more. The running task must be a reader. Never sleeps.
    #[track_caller]
    #[inline]
    pub fn up_read(&self) {
        self.end_read_at("up_read()", &OPS, Place::caller());
    }

    /// [`RawRwSemaphore::up_read`] of a reader that [`RawRwSemaphore::down_read_non_owner`] made, in any task.
    #[track_caller]
    pub fn up_read_non_owner(&self) {
        let place = Place::caller();
        self.drop_reader("up_read_non_owner()", &OPS, place);
        self.returns(OPS.read_returns, place);
    }

    #[inline(always)]
    pub(crate) fn read_at(&self, how: How, ops: &Ops, place: Place) -> Result<(), Interrupted> {
        how.may_sleep(place);
        tell(|| how.event(self.event(true, LockUse::Read, place)));
        if model().is_some() || !update(self.word(), Acquire, one_more) {
            self.read_slowly(how, ops, place)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn read_slowly(&self, how: How, ops: &Ops, place: Place) -> Result<(), Interrupted> {
        let taken = self.take_read(how, ops, place);
        match taken {
            Ok(()) => self.told(true, place),
            Err(_) => tell(|| self.event(false, LockUse::Read, place)),
        }
        taken
    }

    pub(crate) fn take_read(&self, how: How, ops: &Ops, place: Place) -> Result<(), Interrupted> {
        if model().is_some() && !fine() {
            return self.read_coarsely(how, ops, place);
        }
        self.assert_few(place);
        let at_once = if fine() { self.change_finely(one_more, place) } else { self.take_spinning(one_more) };
        if !at_once {
            self.take_in_queue(how, WRITER, one_waiting_more, place)?;
        }
        Ok(())
    }

    /// A step that may change how many wait. Coarse, the queue's word is that number: there is no queue.
    fn coarse_step(&self, op: Op, place: Place) -> Step {
        self.announcement(op, Mode::Rmw, place).also(self.queue.address(), true)
    }

    fn read_coarsely(&self, how: How, ops: &Ops, place: Place) -> Result<(), Interrupted> {
        let announced = |op| self.coarse_step(op, place);
        step(&announced(ops.read));
        if update(self.word(), Acquire, one_more) {
            self.orders(true, false);
            return Ok(());
        }
        self.queue.word().fetch_add(1, Relaxed);
        let waits = announced(ops.wait_to_read);
        let wait = self.wait(waits, how).arg(WRITER | ALL_WAITING);
        let taken = self.word.wait::<Without>(&wait, || update(self.word(), Acquire, one_more));
        if taken.is_err() {
            step(&announced(ops.read));
        }
        self.queue.word().fetch_sub(1, Relaxed);
        untimed(taken)
    }

    fn assert_few(&self, place: Place) {
        if self.word().load(Relaxed) & TOO_MANY != 0 {
            let name = self.called();
            violation("bug", place, self.class(), format_args!("`{name}` has too many readers: guards were forgotten"));
            panic!("`{name}` has too many readers");
        }
    }

    #[inline]
    pub(crate) fn try_read_at(&self, ops: &Ops, place: Place) -> bool {
        let taken = if fine() {
            self.change_finely(one_more, place)
        } else {
            step(&self.announcement(ops.try_read, Mode::Rmw, place));
            update(self.word(), Acquire, one_more)
        };
        if taken {
            self.tried(LockUse::Read, place);
        }
        taken
    }

    fn tried(&self, held_as: LockUse, place: Place) {
        self.orders(true, false);
        self.told(true, place);
        tell(|| self.event(true, held_as, place).tried());
    }

    #[inline]
    pub(crate) fn end_read_at(&self, call: &str, ops: &Ops, place: Place) {
        tell(|| self.event(false, LockUse::Read, place));
        if let Some(m) = model() {
            self.announce_end_read(ops, place);
            if !ops.apart && m.lock_held(self.word.address()) == Some(false) {
                return self.not_reading(call, place);
            }
            self.told(false, place);
        }
        self.subtract_reader(call, place);
        self.returns(ops.read_returns, place);
    }

    fn announce_end_read(&self, ops: &Ops, place: Place) {
        if ops.apart && !fine() {
            step(&self.announcement(ops.end_read, Mode::Rmw, place));
            self.orders_apart(false, true);
        } else {
            self.announce(ops.end_read, false, place);
        }
    }

    /// What readers release and the next writer acquires, where readers are apart: a word that is of no use otherwise then.
    fn orders_apart(&self, acquire: bool, release: bool) {
        if let Some(m) = model() {
            m.order(self.queue.address(), acquire, release);
        }
    }

    /// Ends a reader that the model has no note of.
    #[inline(always)]
    pub(crate) fn drop_reader(&self, call: &str, ops: &Ops, place: Place) {
        if model().is_some() {
            self.announce_end_read(ops, place);
        }
        self.subtract_reader(call, place);
    }

    /// Where the memory may die, a step more that only needs it to be alive (invariant S7).
    #[inline(always)]
    fn returns(&self, op: Op, place: Place) {
        if let Some(m) = model()
            && m.mortal(self.word.address())
        {
            let magic = ptr::from_ref(&self.magic).addr();
            step(&Step::new(op, Mode::Read, magic, 4, place).named(self.name(), self.class()));
        }
    }

    #[inline(always)]
    fn subtract_reader(&self, call: &str, place: Place) {
        let before = self.word().fetch_sub(READER, Release);
        if before < READER {
            self.word().fetch_add(READER, Relaxed);
            return self.not_reading(call, place);
        }
        if before & READERS == READER && before & ALL_WAITING != 0 {
            self.notify();
        }
    }

    #[cold]
    #[inline(never)]
    fn not_reading(&self, call: &str, place: Place) {
        let (code, name) = ("unlock-by-other", self.called());
        if self.word().load(Relaxed) & READERS == 0 {
            violation(code, place, self.class(), format_args!("{call} of `{name}`, but nobody reads"));
        } else {
            let by = try_current().map_or("nobody", |task| task.name());
            violation(code, place, self.class(), format_args!("{call} of `{name}` by task {by}, which does not read"));
        }
    }

    /// Whether somebody holds it or waits for it. Orders nothing. Every context.
    #[doc(alias = "rwsem_is_locked")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_locked(&self) -> bool {
        step(&self.announcement(Op::RwsemIsLocked, Mode::Read, Place::caller()));
        self.word().load(Relaxed) != 0
    }

    /// Whether somebody writes.
    pub(crate) fn is_written(&self, place: Place) -> bool {
        step(&self.announcement(Op::RwsemIsLocked, Mode::Read, place));
        self.word().load(Relaxed) & WRITER != 0
    }

    /// Whether somebody waits for it. Orders nothing. Every context.
    #[doc(alias = "rwsem_is_contended")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_contended(&self) -> bool {
        let place = Place::caller();
        if model().is_some() && !fine() {
            step(&self.queue_step(Op::RwsemIsLocked, Mode::Read, place));
            return self.queue.word().load(Relaxed) != 0;
        }
        step(&self.announcement(Op::RwsemIsLocked, Mode::Read, place));
        self.word().load(Relaxed) & ALL_WAITING != 0
    }
}

impl Default for RawRwSemaphore {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawRwSemaphore {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word().load(Relaxed);
        let name = self.name().unwrap_or("unnamed");
        match (word & WRITER != 0, (word & READERS) / READER) {
            (true, _) => write!(f, "RawRwSemaphore({name}, written)"),
            (false, 0) => write!(f, "RawRwSemaphore({name}, free)"),
            (false, n) => write!(f, "RawRwSemaphore({name}, {n} read)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringzero_context::preempt_disable;

    #[test]
    fn many_read_or_one_writes() {
        let sem = RawRwSemaphore::new().named("s");
        sem.down_read();
        assert!(sem.down_read_trylock() && !sem.down_write_trylock() && sem.is_locked() && !sem.is_contended());
        assert_eq!(std::format!("{sem:?}"), "RawRwSemaphore(s, 2 read)");
        sem.up_read();
        sem.up_read();
        sem.down_write();
        assert!(!sem.down_read_trylock() && !sem.down_write_trylock());
        assert_eq!(std::format!("{sem:?}"), "RawRwSemaphore(s, written)");
        sem.up_write();
        assert!(sem.down_write_trylock());
        sem.downgrade_write();
        assert!(sem.down_read_trylock() && !sem.down_write_trylock());
        sem.up_read();
        sem.up_read();
        assert_eq!((sem.down_read_interruptible(), sem.down_write_trylock()), (Ok(()), false));
        sem.up_read();
        assert_eq!((sem.down_write_killable(), sem.is_initialised()), (Ok(()), true));
        sem.up_write();
        sem.down_read_non_owner();
        sem.up_read_non_owner();
        assert!(!sem.is_locked());
    }

    #[test]
    #[should_panic(expected = "unlock-by-other: up_read() of `s`, but nobody reads")]
    fn nobody_reads() {
        RawRwSemaphore::new().named("s").up_read();
    }

    #[test]
    #[should_panic(expected = "unlock-by-other: up_write() of `s`, but nobody writes")]
    fn a_reader_does_not_write() {
        let sem = RawRwSemaphore::new().named("s");
        sem.down_read();
        sem.up_write();
    }

    #[test]
    #[should_panic(expected = "unlock-by-other: downgrade_write() of `s`, but nobody writes")]
    fn who_reads_is_not_downgraded() {
        let sem = RawRwSemaphore::new().named("s");
        sem.down_read();
        sem.downgrade_write();
    }

    #[test]
    #[should_panic(expected = "sleep-in-atomic: down_read() may sleep, but was called with preemption disabled")]
    fn reading_needs_a_context_that_may_sleep() {
        preempt_disable();
        RawRwSemaphore::new().down_read();
    }
}
