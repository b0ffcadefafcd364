//! The mutex without data.

use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::{at, in_hardirq, in_nmi, in_task, panicking, violation, wait_asleep};
use ringzero_machine::{Cond, Mode, Op, Place, Step, cpu, model, notify_sleepers, step};
use ringzero_sched::{Interrupted, try_current};

/// A mutex without data: what C embeds (`struct mutex`). All zeroes is a free one.
///
/// Every function needs a task (crate invariant 4), and locking one that may sleep. Finding `unlock-by-other` when
/// a task unlocks what it did not lock.
#[doc(alias = "mutex")]
#[repr(C)]
pub struct RawMutex {
    word: AtomicU32,
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

fn is_zero(word: u64, _: u64) -> bool {
    word == 0
}

/// How often a task that finds the mutex held looks again before it sleeps, while the owner is on another CPU. A critical
/// section is mostly shorter than this, and sleeping and waking longer.
const SPINS: u32 = 100;

fn fine() -> bool {
    ringzero_machine::fine()
}

/// The running task's object.
#[inline]
fn running() -> *mut () {
    cpu().current.get().cast_mut()
}

/// Making mutexes.
impl RawMutex {
    /// What the word beside the mutex's own says of one that was initialised.
    pub const MAGIC: u32 = 0x525a_4d58;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 9] = [
        ("word", offset_of!(Self, word)),
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
            word: AtomicU32::new(0),
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
    /// context; does not sleep.
    ///
    /// # Safety
    /// `at` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(at: *mut Self, name: Option<&'static str>, place: Place) {
        // The word is the first field.
        step(&Step::new(Op::InitObject, Mode::Write, at.addr(), 4, place).named(name, Some(place)));
        let mutex = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new() };
        // SAFETY: the caller's contract.
        unsafe { at.write(mutex) };
        if let Some(m) = model() {
            m.object_made(at.addr(), size_of::<Self>(), place, name.unwrap_or("a mutex"));
        }
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
        // SAFETY: in a mutex that was initialised it is null or comes from a `Place`.
        self.is_initialised().then(|| unsafe { Place::from_ptr(self.class.load(Relaxed)) })?
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
        if self.word.load(Relaxed) != 0 {
            let name = self.called();
            violation("warn", place, self.held_at(), format_args!("`{name}` is destroyed while it is held"));
        }
        self.magic.store(0, Relaxed);
    }
}

/// Using them.
impl RawMutex {
    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.address(), 4, place).named(self.name(), self.class())
    }

    fn free(&self) -> Cond {
        Cond::on(&self.word, is_zero, 0).counted_in(&self.sleepers)
    }

    #[inline]
    fn address(&self) -> usize {
        ptr::from_ref(&self.word).addr()
    }

    fn called(&self) -> &'static str {
        self.name().unwrap_or("a mutex")
    }

    fn held_at(&self) -> Option<Place> {
        // SAFETY: only `take` stores a pointer that is not null, and it comes from a `Place`.
        unsafe { Place::from_ptr(self.held_at.load(Relaxed)) }
    }

    /// Makes the running task the owner, within a step. Whether the mutex was free.
    #[inline]
    fn take(&self, place: Place) -> bool {
        if self.word.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            return false;
        }
        let cpu = cpu();
        self.owner.store(cpu.current.get().cast_mut(), Relaxed);
        self.held_on.store(cpu.id.get(), Relaxed);
        self.held_at.store(place.as_ptr(), Relaxed);
        if let Some(m) = model() {
            m.lock_owner(self.address(), true, place);
        }
        true
    }

    /// Finding where there is no task to own a mutex (crate invariant 4).
    #[inline]
    fn assert_task(call: &str, place: Place) {
        if !in_task() || cpu().irq_nesting.get() != 0 {
            Self::no_task(call, place);
        }
    }

    #[cold]
    fn no_task(call: &str, place: Place) {
        let what = if in_nmi() {
            "an NMI"
        } else if in_hardirq() {
            "a hardirq"
        } else {
            "a softirq"
        };
        violation("sleep-in-atomic", place, None, format_args!("{call} in {what}: mutexes are for tasks only"));
    }

    /// Sleeps until the mutex is free and locks it.
    #[doc(alias = "mutex_lock")]
    #[track_caller]
    #[inline]
    pub fn lock(&self) {
        self.lock_at("mutex_lock()", Place::caller());
    }

    /// [`RawMutex::lock`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first (not yet); the mutex is not held then.
    #[doc(alias = "mutex_lock_interruptible")]
    #[track_caller]
    #[inline]
    pub fn lock_interruptible(&self) -> Result<(), Interrupted> {
        self.lock_at("mutex_lock_interruptible()", Place::caller());
        Ok(())
    }

    /// [`RawMutex::lock`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first (not yet); the mutex is not held then.
    #[doc(alias = "mutex_lock_killable")]
    #[track_caller]
    #[inline]
    pub fn lock_killable(&self) -> Result<(), Interrupted> {
        self.lock_at("mutex_lock_killable()", Place::caller());
        Ok(())
    }

    /// [`RawMutex::lock`]; `subclass` tells the validator that a mutex of the same class may be held.
    #[doc(alias("mutex_lock_nested", "mutex_lock_nest_lock"))]
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: u32) {
        let _ = subclass;
        self.lock_at("mutex_lock_nested()", Place::caller());
    }

    #[inline]
    pub(crate) fn lock_at(&self, call: &str, place: Place) {
        at::might_sleep(call, place);
        if model().is_some() {
            self.lock_in_steps(place);
        } else if !self.take(place) {
            self.lock_on_host(place);
        }
    }

    fn lock_in_steps(&self, place: Place) {
        let mut failed = 0;
        loop {
            if fine() {
                // Pairs with the release in `unlock_at`.
                step(&self.announcement(Op::Cmpxchg, Mode::Rmw, place).ordered(true, false));
                if self.take(place) {
                    return;
                }
                wait_asleep(&self.announcement(Op::AtomicRead, Mode::Read, place), self.free(), || ());
            } else {
                let announced = self.announcement(Op::MutexLock, Mode::Rmw, place).ordered(true, false);
                if wait_asleep(&announced, self.free(), || self.take(place)) {
                    return;
                }
            }
            failed += 1;
            // Only while unwinding, when waits are silent and the owner may belong to an execution that is over.
            if failed > 10_000 && panicking() {
                return;
            }
        }
    }

    /// The mutex was just found held.
    #[cold]
    fn lock_on_host(&self, place: Place) {
        // Only a task itself makes itself the owner, and clears that when it unlocks.
        if !running().is_null() && self.owner.load(Relaxed) == running() {
            let text = format_args!("the task locks `{}`, which it holds already", self.called());
            violation("self-deadlock", place, self.held_at(), text);
            return;
        }
        let announced = self.announcement(Op::MutexLock, Mode::Rmw, place).ordered(true, false);
        while !self.take_spinning(place) && !wait_asleep(&announced, self.free(), || self.take(place)) {}
    }

    /// Looks for a while whether the mutex becomes free, and takes it then. Not when the owner needs this CPU to get on, or
    /// another one does.
    fn take_spinning(&self, place: Place) -> bool {
        let cpu = cpu();
        for _ in 0..SPINS {
            if self.word.load(Relaxed) == 0 {
                if self.take(place) {
                    return true;
                }
            } else if self.held_on.load(Relaxed) == cpu.id.get() || cpu.attention.load(Relaxed) != 0 {
                return false;
            }
            core::hint::spin_loop();
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
        Self::assert_task("mutex_trylock()", place);
        if model().is_some() {
            let op = if fine() { Op::Cmpxchg } else { Op::MutexTrylock };
            step(&self.announcement(op, Mode::Rmw, place));
        }
        let taken = self.take(place);
        if taken && let Some(m) = model() {
            // Pairs with the release in `unlock_at`; a failure orders nothing.
            m.order(self.address(), true, false);
        }
        taken
    }

    /// Unlocks it. The running task must be the owner.
    #[doc(alias = "mutex_unlock")]
    #[track_caller]
    #[inline]
    pub fn unlock(&self) {
        self.unlock_at(Place::caller());
    }

    #[inline]
    pub(crate) fn unlock_at(&self, place: Place) {
        Self::assert_task("mutex_unlock()", place);
        if model().is_some() {
            let op = if fine() { Op::AtomicSet } else { Op::MutexUnlock };
            // Pairs with every lock after it.
            step(&self.announcement(op, Mode::Write, place).ordered(false, true));
        }
        if self.word.load(Relaxed) == 0 || self.owner.load(Relaxed) != running() {
            self.not_ours(place);
        }
        self.owner.store(ptr::null_mut(), Relaxed);
        if let Some(m) = model() {
            m.lock_owner(self.address(), false, place);
        }
        self.word.store(0, Release);
        notify_sleepers(self.address(), &self.sleepers);
    }

    #[cold]
    fn not_ours(&self, place: Place) {
        let (code, name) = ("unlock-by-other", self.called());
        if self.word.load(Relaxed) == 0 {
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
        self.word.load(Relaxed) != 0
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
        let state = if self.word.load(Relaxed) == 0 { "free" } else { "held" };
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
