//! The mutex without data.

use crate::common::{
    How, Interrupted, assert_task, count_held, is_over, no_second_guard, place_of, running, tell, untimed,
};
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::violation;
use ringzero_machine::{LockEvent, Mode, Op, Place, Step, cpu, fine, model, notify_sleepers, step};
use ringzero_sched::{Awaited, Wait, WaitWord, try_current};

/// Looks that a task takes at a held mutex before it sleeps, longer and longer apart: up to two to this power of pauses.
const LOOKS: u32 = 9;
const LONGEST: u32 = 6;

/// A mutex without data: what C embeds (`struct mutex`). All zeroes is a free one.
///
/// Every function needs a task (crate invariant 4), and locking one that may sleep. Finding `unlock-by-other` when
/// a task unlocks what it did not lock.
///
/// ```
/// use ringzero::mutex::RawMutex;
/// static LOCK: RawMutex = RawMutex::new().named("dev.lock");
/// LOCK.lock();
/// assert!(!LOCK.trylock());
/// LOCK.unlock();
/// assert!(!LOCK.is_locked());
/// ```
#[doc(alias = "mutex")]
#[repr(C, align(8))]
pub struct RawMutex {
    word: WaitWord,
    /// How many sleep for the mutex, on the host: see [`ringzero_machine::notify_sleepers`].
    sleepers: AtomicU32,
    magic: AtomicU32,
    /// The CPU that the owner was on when it locked. Written by the owner only, as the two after it.
    held_on: AtomicU32,
    /// The owner's task object; null while the mutex is free.
    owner: AtomicPtr<()>,
    /// Where it was locked last.
    held_at: AtomicPtr<()>,
    class: AtomicPtr<()>,
    name: Option<&'static str>,
}

// SAFETY: everything inside is atomic or never written after construction.
unsafe impl Sync for RawMutex {}
// SAFETY: as above; the pointers in it are only compared, or lead to constants.
unsafe impl Send for RawMutex {}

/// What is waited for: that nobody holds the mutex.
struct Free;

impl Awaited for Free {
    fn holds(word: u32, _: u32) -> bool {
        word == 0
    }
}

/// Making mutexes.
impl RawMutex {
    /// What the word beside the mutex's own says of one that was initialised.
    pub const MAGIC: u32 = 0x525a_4d58;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 10] = [
        ("word", offset_of!(Self, word)),
        ("pokes", offset_of!(Self, word) + size_of::<u32>()),
        ("sleepers", offset_of!(Self, sleepers)),
        ("magic", offset_of!(Self, magic)),
        ("held_on", offset_of!(Self, held_on)),
        ("owner", offset_of!(Self, owner)),
        ("held_at", offset_of!(Self, held_at)),
        ("class", offset_of!(Self, class)),
        ("name", offset_of!(Self, name)),
        ("name_len", offset_of!(Self, name) + size_of::<usize>()),
    ];

    /// A free mutex whose class is the caller's place.
    #[doc(alias("mutex_init", "DEFINE_MUTEX"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            word: WaitWord::new(0),
            sleepers: AtomicU32::new(0),
            magic: AtomicU32::new(Self::MAGIC),
            held_on: AtomicU32::new(0),
            owner: AtomicPtr::new(ptr::null_mut()),
            held_at: AtomicPtr::new(ptr::null_mut()),
            class: AtomicPtr::new(Place::here().as_ptr()),
            name: None,
        }
    }

    /// The same mutex with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Gives it a name.
    pub(crate) const fn set_name(&mut self, name: &'static str) {
        self.name = Some(name);
    }

    /// Makes the memory at `at` a free mutex whose class is `place`, in a step that writes it: `mutex_init()` of C. Every
    /// context; does not sleep. On the model it is the finding `warn` if a task holds the mutex that was there.
    ///
    /// # Safety
    /// `at` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(at: *mut Self, name: Option<&'static str>, place: Place) {
        // The word is the first field.
        crate::common::announce_init(at.addr(), 8, name, "a mutex", place);
        let mutex = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new() };
        // SAFETY: the caller's contract.
        unsafe { at.write(mutex) };
        crate::common::made(at.addr(), size_of::<Self>(), name, "a mutex", place);
    }

    /// Whether it was initialised: made by [`RawMutex::new`], or in C by `mutex_init()` or its static form. Rust may use a
    /// zeroed mutex all the same.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
    }

    /// Where it was made, if it was.
    #[must_use]
    pub fn class(&self) -> Option<Place> {
        self.is_initialised().then(|| crate::common::class_of(&self.class))?
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        // Memory that was not initialised may hold anything.
        self.name.filter(|_| self.is_initialised())
    }

    /// Ends its use: it has to be initialised before it is used again. Finding `warn` if it is held. Nothing happens to
    /// its memory.
    #[doc(alias = "mutex_destroy")]
    #[track_caller]
    pub fn destroy(&self) {
        let place = Place::caller();
        step(&self.announcement(Op::MutexIsLocked, Mode::Read, place));
        if self.word().load(Relaxed) != 0 {
            let name = self.called();
            violation("warn", place, self.held_at(), format_args!("`{name}` is destroyed while it is held"));
        }
        self.magic.store(0, Relaxed);
    }
}

/// Using them.
impl RawMutex {
    #[inline(always)]
    const fn word(&self) -> &AtomicU32 {
        self.word.word()
    }

    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        self.word.announcement(op, mode, place).named(self.name(), self.class())
    }

    fn wait(&self, step: Step, how: How) -> Wait<'_> {
        Wait::new(step).interruption(how.interruption).counted_in(&self.sleepers)
    }

    /// The address by which machine and validator know it.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        self.word.address()
    }

    pub(crate) fn called(&self) -> &'static str {
        self.name().unwrap_or("a mutex")
    }

    fn held_at(&self) -> Option<Place> {
        place_of(&self.held_at)
    }

    /// Whether the running task holds it. No step.
    #[doc(alias = "lockdep_is_held")]
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.is_ours()
    }

    pub(crate) fn is_ours(&self) -> bool {
        // Only a task itself makes itself the owner, and clears that when it unlocks.
        !running().is_null() && self.owner.load(Relaxed) == running()
    }

    /// Makes the running task the owner, within a step. Whether the mutex was free.
    #[inline(always)]
    fn take(&self, place: Place) -> bool {
        if self.word().compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            return false;
        }
        let cpu = cpu();
        self.owner.store(cpu.current.get().cast_mut(), Relaxed);
        self.held_on.store(cpu.id.get(), Relaxed);
        self.held_at.store(place.as_ptr(), Relaxed);
        count_held(1);
        if let Some(m) = model() {
            m.lock_owner(self.address(), true, place);
        }
        true
    }

    /// Sleeps until the mutex is free and locks it.
    #[doc(alias("mutex_lock", "mutex_lock_io"))]
    #[track_caller]
    #[inline]
    pub fn lock(&self) {
        self.lock_at(How::call("mutex_lock()"), Place::caller());
    }

    /// [`RawMutex::lock`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first; the mutex is not held then.
    #[doc(alias = "mutex_lock_interruptible")]
    #[track_caller]
    #[inline]
    pub fn lock_interruptible(&self) -> Result<(), Interrupted> {
        self.try_lock_at(How::call("mutex_lock_interruptible()").interruptible(), Place::caller())
    }

    /// [`RawMutex::lock`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first; the mutex is not held then.
    #[doc(alias = "mutex_lock_killable")]
    #[track_caller]
    #[inline]
    pub fn lock_killable(&self) -> Result<(), Interrupted> {
        self.try_lock_at(How::call("mutex_lock_killable()").killable(), Place::caller())
    }

    /// [`RawMutex::lock`]; `subclass` tells the validator that a mutex of the same class may be held.
    #[doc(alias("mutex_lock_nested", "mutex_lock_io_nested"))]
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: u32) {
        self.lock_at(How::call("mutex_lock_nested()").nested(subclass), Place::caller());
    }

    /// [`RawMutex::lock_interruptible`] as [`RawMutex::lock_nested`].
    ///
    /// # Errors
    /// As [`RawMutex::lock_interruptible`].
    #[doc(alias = "mutex_lock_interruptible_nested")]
    #[track_caller]
    #[inline]
    pub fn lock_interruptible_nested(&self, subclass: u32) -> Result<(), Interrupted> {
        let how = How::call("mutex_lock_interruptible_nested()").interruptible();
        self.try_lock_at(how.nested(subclass), Place::caller())
    }

    /// [`RawMutex::lock_killable`] as [`RawMutex::lock_nested`].
    ///
    /// # Errors
    /// As [`RawMutex::lock_killable`].
    #[doc(alias = "mutex_lock_killable_nested")]
    #[track_caller]
    #[inline]
    pub fn lock_killable_nested(&self, subclass: u32) -> Result<(), Interrupted> {
        self.try_lock_at(How::call("mutex_lock_killable_nested()").killable().nested(subclass), Place::caller())
    }

    /// [`RawMutex::lock`], told to the validator as one of many of its class that are taken while the lock at the address
    /// `nest_lock` is held.
    #[doc(alias = "mutex_lock_nest_lock")]
    #[track_caller]
    #[inline]
    pub fn lock_nest_lock(&self, nest_lock: usize) {
        self.lock_at(How::call("mutex_lock_nest_lock()").nest_lock(nest_lock), Place::caller());
    }

    /// Locks it in a way that no signal ends.
    #[inline]
    pub(crate) fn lock_at(&self, how: How, place: Place) {
        // No signal, so no error.
        let _ = self.try_lock_at(how, place);
    }

    #[inline]
    pub(crate) fn try_lock_at(&self, how: How, place: Place) -> Result<(), Interrupted> {
        how.may_sleep(place);
        tell(|| how.event(self.acquires(place)));
        if model().is_none() && self.take(place) {
            return Ok(());
        }
        self.lock_slowly(how, place)
    }

    #[inline(never)]
    fn lock_slowly(&self, how: How, place: Place) -> Result<(), Interrupted> {
        let locked = if model().is_some() { self.lock_in_steps(how, place) } else { self.lock_on_host(how, place) };
        if locked.is_err() {
            tell(|| LockEvent::release(self.address(), self.class(), self.name(), place));
        }
        locked
    }

    fn acquires(&self, place: Place) -> LockEvent {
        LockEvent::acquire(self.address(), self.class(), self.name(), place)
    }

    fn lock_in_steps(&self, how: How, place: Place) -> Result<(), Interrupted> {
        if !fine() {
            let announced = self.announcement(Op::MutexLock, Mode::Rmw, place);
            return untimed(self.word.wait::<Free>(&self.wait(announced, how), || self.take(place)));
        }
        let mut failed = 0;
        loop {
            step(&self.announcement(Op::Cmpxchg, Mode::Rmw, place));
            if self.take(place) {
                if let Some(m) = model() {
                    // Pairs with the release in `unlock_at`; a failure orders nothing.
                    m.order(self.address(), true, false);
                }
                return Ok(());
            }
            let read = self.announcement(Op::AtomicRead, Mode::Read, place);
            untimed(self.word.wait::<Free>(&self.wait(read, how), || self.word().load(Relaxed) == 0))?;
            if is_over(&mut failed) {
                return Ok(());
            }
        }
    }

    /// The mutex was just found held.
    fn lock_on_host(&self, how: How, place: Place) -> Result<(), Interrupted> {
        if self.is_ours() {
            let text = format_args!("the task locks `{}`, which it holds already", self.called());
            violation("self-deadlock", place, self.held_at(), text);
            no_second_guard(how.call, self.called());
        }
        if self.take_spinning(place) {
            return Ok(());
        }
        let announced = self.announcement(Op::MutexLock, Mode::Rmw, place);
        untimed(self.word.wait::<Free>(&self.wait(announced, how), || self.take(place)))
    }

    /// Looks for a while whether the mutex becomes free, and takes it then. Not when the owner needs this CPU to get on, or
    /// another one does.
    fn take_spinning(&self, place: Place) -> bool {
        let cpu = cpu();
        for round in 0..LOOKS {
            if self.word().load(Relaxed) == 0 {
                if self.take(place) {
                    return true;
                }
            } else if self.held_on.load(Relaxed) == cpu.id.get() || cpu.attention.load(Relaxed) != 0 {
                return false;
            }
            // Longer and longer, so that the word's cache line stays with the owner for some sections.
            for _ in 0..1 << round.min(LONGEST) {
                core::hint::spin_loop();
            }
        }
        false
    }

    /// Locks the mutex if it is free, and whether it was.
    #[doc(alias = "mutex_trylock")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn trylock(&self) -> bool {
        self.trylock_at(Place::caller())
    }

    #[inline]
    pub(crate) fn trylock_at(&self, place: Place) -> bool {
        assert_task("mutex_trylock()", "mutexes", place);
        if model().is_some() {
            let op = if fine() { Op::Cmpxchg } else { Op::MutexTrylock };
            step(&self.announcement(op, Mode::Rmw, place));
        }
        let taken = self.take(place);
        if taken {
            if let Some(m) = model() {
                // Pairs with the release in `unlock_at`; a failure orders nothing.
                m.order(self.address(), true, false);
            }
            tell(|| self.acquires(place).tried());
        }
        taken
    }

    /// Unlocks it. The running task must be the owner. The mutex must live until this returns: not if what it is for is that
    /// the next one may free it.
    #[doc(alias = "mutex_unlock")]
    #[track_caller]
    #[inline]
    pub fn unlock(&self) {
        self.unlock_at(Place::caller());
    }

    #[inline]
    pub(crate) fn unlock_at(&self, place: Place) {
        assert_task("mutex_unlock()", "mutexes", place);
        tell(|| LockEvent::release(self.address(), self.class(), self.name(), place));
        if model().is_some() {
            let op = if fine() { Op::AtomicSet } else { Op::MutexUnlock };
            // Pairs with every lock after it.
            step(&self.announcement(op, Mode::Write, place).ordered(false, true));
        }
        if self.word().load(Relaxed) == 0 || self.owner.load(Relaxed) != running() {
            // Comes back only while the thread unwinds: then the mutex stays what it is.
            return self.not_ours(place);
        }
        self.owner.store(ptr::null_mut(), Relaxed);
        count_held(u32::MAX);
        if model().is_some() {
            return self.unlock_in_steps(place);
        }
        self.word().store(0, Release);
        notify_sleepers(self.address(), &self.sleepers);
    }

    /// The end of the step that unlocks, and, where the mutex's memory may die, one more that only needs it to be alive
    /// (crate invariant 6).
    fn unlock_in_steps(&self, place: Place) {
        let Some(m) = model() else { return };
        m.lock_owner(self.address(), false, place);
        let (name, class) = (self.name(), self.class());
        self.word().store(0, Release);
        if m.mortal(self.address()) {
            let magic = ptr::from_ref(&self.magic).addr();
            step(&Step::new(Op::MutexUnlockReturns, Mode::Read, magic, 4, place).named(name, class));
        }
    }

    #[cold]
    fn not_ours(&self, place: Place) {
        let (code, name) = ("unlock-by-other", self.called());
        if self.word().load(Relaxed) == 0 {
            violation(code, place, self.class(), format_args!("`{name}` is unlocked, but nobody holds it"));
        } else {
            let by = try_current().map_or("nobody", |task| task.name());
            let text = format_args!("`{name}` is unlocked by task {by}, but was locked by another one");
            violation(code, place, self.held_at(), text);
        }
    }

    /// Whether somebody holds it. Orders nothing. Every context.
    #[doc(alias = "mutex_is_locked")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_locked(&self) -> bool {
        step(&self.announcement(Op::MutexIsLocked, Mode::Read, Place::caller()));
        self.word().load(Relaxed) != 0
    }
}

impl Default for RawMutex {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawMutex {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.word().load(Relaxed) == 0 { "free" } else { "held" };
        write!(f, "RawMutex({}, {state})", self.name().unwrap_or("unnamed"))
    }
}

#[cfg(test)]
mod tests {
    use super::RawMutex;
    use ringzero_context::{irq_enter, local_bh_disable, preempt_disable, softirq_begin};

    #[test]
    fn it_is_held_by_one() {
        let mutex = RawMutex::new().named("m");
        mutex.lock();
        assert!(mutex.is_locked() && !mutex.trylock());
        mutex.unlock();
        assert!(mutex.trylock());
        assert_eq!(std::format!("{mutex:?}"), "RawMutex(m, held)");
        mutex.unlock();
        assert_eq!((mutex.lock_interruptible(), mutex.is_initialised()), (Ok(()), true));
    }

    #[test]
    #[should_panic(expected = "unlock-by-other: `m` is unlocked, but nobody holds it")]
    fn a_free_mutex_is_not_unlocked() {
        RawMutex::new().named("m").unlock();
    }

    #[test]
    #[should_panic(expected = "sleep-in-atomic: mutex_lock() may sleep, but was called with preemption disabled")]
    fn locking_needs_a_context_that_may_sleep() {
        preempt_disable();
        RawMutex::new().lock();
    }

    #[test]
    fn trying_and_unlocking_need_only_a_task() {
        let mutex = RawMutex::new();
        local_bh_disable();
        assert!(mutex.trylock());
        mutex.unlock();
    }

    #[test]
    #[should_panic(expected = "sleep-in-atomic: mutex_trylock() in a softirq: mutexes are for tasks only")]
    fn a_softirq_may_not_even_try() {
        softirq_begin();
        let _ = RawMutex::new().trylock();
    }

    #[test]
    #[should_panic(expected = "sleep-in-atomic: mutex_unlock() in a hardirq: mutexes are for tasks only")]
    fn a_hardirq_may_not_unlock() {
        let mutex = RawMutex::new();
        mutex.lock();
        irq_enter();
        mutex.unlock();
    }

    #[test]
    #[should_panic(expected = "warn: `m` is destroyed while it is held")]
    fn destroying_a_held_mutex_is_found() {
        let mutex = RawMutex::new().named("m");
        mutex.lock();
        mutex.destroy();
    }
}
