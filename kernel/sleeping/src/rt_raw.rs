//! The mutex with priority inheritance without data: see [`crate::rt`] for its theory.

use crate::common::{How, announce_init, assert_task, class_of, count_held, made, no_second_guard, place_of, tell};
use crate::rt::RtError;
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed},
};
use ringzero_context::{panicking, violation};
use ringzero_machine::{LockEvent, Mode, Op, Place, Step, cpu, fine, model, step};
use ringzero_sched::{Awaited, Granted, MAX_SCHEDULE_TIMEOUT, RtMutexBase, RtWait, Task, Wait, WaitError, try_current};

/// How often a task that finds the mutex held looks again before it lends its priority. One of real time lends it at
/// once.
const SPINS_BEFORE: u32 = 400;
/// How often it looks again after that, before it sleeps. Being woken takes longer than most sections, and others wait
/// for it, too.
const SPINS_AFTER: u32 = 1000;

/// A mutex with priority inheritance without data: what C embeds (`struct rt_mutex`).
///
/// Every function needs a task, and locking one that may sleep. Finding `unlock-by-other` when a task unlocks what it
/// did not lock.
///
/// ```
/// use ringzero::rtmutex::RawRtMutex;
/// static LOCK: RawRtMutex = RawRtMutex::new().named("dev.lock");
/// LOCK.lock();
/// assert!(LOCK.is_locked() && !LOCK.trylock());
/// LOCK.unlock();
/// ```
#[doc(alias = "rt_mutex")]
#[repr(C, align(8))]
pub struct RawRtMutex {
    base: RtMutexBase,
    /// The CPU that the owner was on when it locked. Written by the owner only, as `held_at`.
    held_on: AtomicU32,
    magic: AtomicU32,
    held_at: AtomicPtr<()>,
    class: AtomicPtr<()>,
    name: Option<&'static str>,
}

// SAFETY: the base is shareable; the rest is atomic or never written after construction.
unsafe impl Sync for RawRtMutex {}
// SAFETY: as above; the pointers in it lead to constants.
unsafe impl Send for RawRtMutex {}

/// Making them.
impl RawRtMutex {
    /// What `magic` says of one that was initialised.
    pub const MAGIC: u32 = 0x525a_5254;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 7] = [
        ("rtmutex", offset_of!(Self, base)),
        ("held_on", offset_of!(Self, held_on)),
        ("magic", offset_of!(Self, magic)),
        ("held_at", offset_of!(Self, held_at)),
        ("class", offset_of!(Self, class)),
        ("name", offset_of!(Self, name)),
        ("name_len", offset_of!(Self, name) + size_of::<usize>()),
    ];

    /// A free one whose class is the caller's place.
    #[doc(alias("rt_mutex_init", "DEFINE_RT_MUTEX"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            base: RtMutexBase::new(),
            held_on: AtomicU32::new(0),
            magic: AtomicU32::new(Self::MAGIC),
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

    /// Makes the memory at `at` a free one whose class is `place`, in a step that writes it: `rt_mutex_init()` of C.
    /// Every context; does not sleep. On the model it is the finding `warn` if a task holds the one that was there.
    ///
    /// # Safety
    /// `at` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(at: *mut Self, name: Option<&'static str>, place: Place) {
        // The word is the first field.
        announce_init(at.addr(), 8, name, "an rt_mutex", place);
        let mutex = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new() };
        // SAFETY: the caller's contract.
        unsafe { at.write(mutex) };
        made(at.addr(), size_of::<Self>(), name, "an rt_mutex", place);
    }

    /// Whether it was initialised.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
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

    /// Ends its use. Finding `warn` if it is held.
    #[doc(alias = "rt_mutex_destroy")]
    #[track_caller]
    pub fn destroy(&self) {
        let place = Place::caller();
        step(&self.announcement(Op::RtMutexIsLocked, Mode::Read, place));
        if self.base.is_locked() {
            let text = format_args!("`{}` is destroyed while it is held", self.called());
            violation("warn", place, place_of(&self.held_at), text);
        }
        self.magic.store(0, Relaxed);
    }
}

/// Using them.
impl RawRtMutex {
    pub(crate) fn called(&self) -> &'static str {
        self.name().unwrap_or("an rt_mutex")
    }

    pub(crate) fn address(&self) -> usize {
        self.base.word().address()
    }

    /// Whether the running task holds it. No step.
    pub(crate) fn is_ours(&self) -> bool {
        try_current().is_some() && self.base.is_ours()
    }

    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        self.base.word().announcement(op, mode, place).named(self.name(), self.class())
    }

    /// A step that changes priorities, too.
    fn inheritance(&self, place: Place) -> Step {
        self.announcement(Op::RtMutexBoost, Mode::Rmw, place)
    }

    fn acquires(&self, place: Place) -> LockEvent {
        LockEvent::acquire(self.address(), self.class(), self.name(), place)
    }

    /// What is due when the running task has just become the owner, within that step.
    #[inline(always)]
    fn taken(&self, place: Place) {
        self.held_on.store(cpu().id.get(), Relaxed);
        self.held_at.store(place.as_ptr(), Relaxed);
        count_held(1);
        if let Some(m) = model() {
            m.lock_owner(self.address(), true, place);
            // Pairs with the release in `unlock_at`; a failure orders nothing.
            m.order(self.address(), true, false);
        }
    }

    /// Sleeps until it is free and locks it.
    #[doc(alias = "rt_mutex_lock")]
    #[track_caller]
    #[inline]
    pub fn lock(&self) {
        self.lock_at(How::call("rt_mutex_lock()"), Place::caller());
    }

    /// [`RawRtMutex::lock`]; `subclass` tells the validator that one of the same class may be held.
    #[doc(alias = "rt_mutex_lock_nested")]
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: u32) {
        self.lock_at(How::call("rt_mutex_lock_nested()").nested(subclass), Place::caller());
    }

    /// [`RawRtMutex::lock`], told to the validator as one of many of its class that are taken while the lock at the
    /// address
    /// `nest_lock` is held.
    #[doc(alias = "rt_mutex_lock_nest_lock")]
    #[track_caller]
    #[inline]
    pub fn lock_nest_lock(&self, nest_lock: usize) {
        self.lock_at(How::call("rt_mutex_lock_nest_lock()").nest_lock(nest_lock), Place::caller());
    }

    /// [`RawRtMutex::lock`] that a signal ends too, and with `detect_deadlock` that it would wait for itself.
    ///
    /// # Errors
    /// [`RtError::Interrupted`] and [`RtError::Deadlock`].
    #[doc(alias = "rt_mutex_lock_interruptible")]
    #[track_caller]
    #[inline]
    pub fn lock_interruptible(&self, detect_deadlock: bool) -> Result<(), RtError> {
        let how = How::call("rt_mutex_lock_interruptible()").interruptible();
        self.try_lock_at(how, MAX_SCHEDULE_TIMEOUT, detect_deadlock, Place::caller())
    }

    /// [`RawRtMutex::lock_interruptible`] that only a fatal signal ends.
    ///
    /// # Errors
    /// As [`RawRtMutex::lock_interruptible`].
    #[doc(alias = "rt_mutex_lock_killable")]
    #[track_caller]
    #[inline]
    pub fn lock_killable(&self, detect_deadlock: bool) -> Result<(), RtError> {
        let how = How::call("rt_mutex_lock_killable()").killable();
        self.try_lock_at(how, MAX_SCHEDULE_TIMEOUT, detect_deadlock, Place::caller())
    }

    /// [`RawRtMutex::lock_interruptible`] for `timeout` jiffies at most.
    ///
    /// # Errors
    /// [`RtError`].
    #[doc(alias = "rt_mutex_timed_lock")]
    #[track_caller]
    #[inline]
    pub fn timed_lock(&self, timeout: u64, detect_deadlock: bool) -> Result<(), RtError> {
        let how = How::call("rt_mutex_timed_lock()").interruptible();
        self.try_lock_at(how, timeout, detect_deadlock, Place::caller())
    }

    #[inline]
    pub(crate) fn lock_at(&self, how: How, place: Place) {
        // Nothing ends it.
        let _ = self.try_lock_at(how, MAX_SCHEDULE_TIMEOUT, false, place);
    }

    #[inline]
    pub(crate) fn try_lock_at(&self, how: How, timeout: u64, detect: bool, place: Place) -> Result<(), RtError> {
        how.may_sleep(place);
        tell(|| how.event(self.acquires(place)));
        if model().is_some() {
            let op = if fine() { Op::Cmpxchg } else { Op::RtMutexLock };
            step(&self.announcement(op, Mode::Rmw, place));
        }
        if self.base.take() {
            self.taken(place);
            return Ok(());
        }
        self.lock_slowly(how, timeout, detect, place)
    }

    #[inline(never)]
    fn lock_slowly(&self, how: How, timeout: u64, detect: bool, place: Place) -> Result<(), RtError> {
        if model().is_none() && !RtMutexBase::is_urgent() && self.take_spinning() {
            self.taken(place);
            return Ok(());
        }
        let forever =
            how.interruption == ringzero_sched::Interruption::Uninterruptible && timeout == MAX_SCHEDULE_TIMEOUT;
        let finds = forever && model().is_none();
        // Who will be the top waiter looks again for a while before it sleeps.
        let spins = model().is_none() && !self.is_waited_for();
        // SAFETY: it is borrowed until the wait is over.
        let joined = unsafe { self.base.join(&self.inheritance(place), detect || finds) };
        let locked = match joined {
            RtWait::Taken => {
                self.taken(place);
                Ok(())
            }
            RtWait::Waits(ticket) => self.wait_in(ticket, spins, how, timeout, place),
            RtWait::Deadlock if finds && !detect => {
                self.deadlock(place);
                no_second_guard(how.call, self.called());
                Ok(())
            }
            RtWait::Deadlock => Err(RtError::Deadlock),
        };
        if locked.is_err() {
            tell(|| LockEvent::release(self.address(), self.class(), self.name(), place));
        }
        locked
    }

    /// Sleeps among the waiters until it has the mutex, or something else ends the wait.
    fn wait_in(&self, ticket: u32, spins: bool, how: How, timeout: u64, place: Place) -> Result<(), RtError> {
        let word = self.base.word();
        let granted = || Granted::holds(word.word().load(Acquire), ticket);
        let mut left = timeout;
        loop {
            // On threads the word is 0 until the mutex is granted to somebody.
            let looks = || word.word().load(Relaxed) != 0;
            let waited = if spins && self.spin_until(SPINS_AFTER, looks) && granted() {
                Ok(left)
            } else {
                let announced = self.announcement(Op::RtMutexWait, Mode::Read, place);
                let wait = Wait::new(announced).interruption(how.interruption).timeout(left).arg(ticket);
                word.wait::<Granted>(&wait, granted)
            };
            let over = match waited {
                Ok(jiffies) => {
                    left = jiffies;
                    None
                }
                Err(WaitError::Interrupted) => Some(RtError::Interrupted),
                Err(WaitError::TimedOut) => Some(RtError::TimedOut),
            };
            let announced = self.inheritance(place);
            // While an execution of the model unwinds, waits are silent.
            let ends = over.is_some() || panicking() && model().is_some();
            if if ends { self.base.leave(&announced) } else { self.base.settle(&announced) } {
                self.taken(place);
                return Ok(());
            }
            if ends {
                return over.map_or(Ok(()), Err);
            }
        }
    }

    /// Looks for a while whether it becomes free, and takes it then; whether it did. Not when another one waits for
    /// its owner, or the owner needs this CPU to get on.
    fn take_spinning(&self) -> bool {
        let mut taken = false;
        self.spin_until(SPINS_BEFORE, || {
            taken = !self.base.is_locked() && self.base.take();
            taken || self.is_waited_for()
        });
        taken
    }

    /// Looks `spins` times whether `end` is so. Not when the owner needs this CPU to get on, or another one does.
    fn spin_until(&self, spins: u32, mut end: impl FnMut() -> bool) -> bool {
        let cpu = cpu();
        for _ in 0..spins {
            if end() {
                return true;
            }
            let here = self.base.is_locked() && self.held_on.load(Relaxed) == cpu.id.get();
            if here || cpu.attention.load(Relaxed) != 0 {
                return false;
            }
            core::hint::spin_loop();
        }
        false
    }

    /// Whether it is held, and a task waits for that. Not while the one to which it is granted is waking.
    fn is_waited_for(&self) -> bool {
        self.base.is_locked() && self.base.has_waiters()
    }

    #[cold]
    fn deadlock(&self, place: Place) {
        let (held_at, name) = (place_of(&self.held_at), self.called());
        if self.base.is_ours() {
            let text = format_args!("the task locks `{name}`, which it holds already");
            return violation("self-deadlock", place, held_at, text);
        }
        let owner = self.base.owner().map_or("nobody", |task| task.name());
        let text = format_args!("the task locks `{name}`, which task {owner} holds, which waits for this one");
        violation("deadlock", place, held_at, text);
    }

    /// Locks it if it is free, and whether it was. Not if a task waits for it that is as good or better.
    #[doc(alias = "rt_mutex_trylock")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn trylock(&self) -> bool {
        self.trylock_at(Place::caller())
    }

    #[inline]
    pub(crate) fn trylock_at(&self, place: Place) -> bool {
        assert_task("rt_mutex_trylock()", "rt_mutexes", place);
        if model().is_some() {
            let op = if fine() { Op::Cmpxchg } else { Op::RtMutexTrylock };
            step(&self.announcement(op, Mode::Rmw, place));
        }
        let taken = self.base.take()
            || !self.base.is_locked() && self.base.has_waiters() && self.base.steal(&self.inheritance(place));
        if taken {
            self.taken(place);
            tell(|| self.acquires(place).tried());
        }
        taken
    }

    /// Unlocks it. The running task must be the owner. Whoever owns it next may end its life, even before this returns.
    #[doc(alias = "rt_mutex_unlock")]
    #[track_caller]
    #[inline]
    pub fn unlock(&self) {
        self.unlock_at(Place::caller());
    }

    #[inline]
    pub(crate) fn unlock_at(&self, place: Place) {
        assert_task("rt_mutex_unlock()", "rt_mutexes", place);
        tell(|| LockEvent::release(self.address(), self.class(), self.name(), place));
        if model().is_some() {
            let op = if fine() { Op::Cmpxchg } else { Op::RtMutexUnlock };
            // Pairs with every lock after it.
            step(&self.announcement(op, Mode::Rmw, place).ordered(false, true));
        }
        if !self.base.is_ours() {
            return self.not_ours(place);
        }
        count_held(u32::MAX);
        let (address, announced) = (self.address(), self.inheritance(place).ordered(false, true));
        while !self.base.release() {
            if self.base.hand_over(&announced) {
                break;
            }
        }
        if let Some(m) = model() {
            m.lock_owner(address, false, place);
        }
    }

    #[cold]
    fn not_ours(&self, place: Place) {
        let (code, name) = ("unlock-by-other", self.called());
        if self.base.is_locked() {
            let by = try_current().map_or("nobody", |task| task.name());
            let text = format_args!("`{name}` is unlocked by task {by}, but was locked by another one");
            violation(code, place, place_of(&self.held_at), text);
        } else {
            violation(code, place, self.class(), format_args!("`{name}` is unlocked, but nobody holds it"));
        }
    }

    /// Whether somebody holds it. Orders nothing. Every context.
    #[doc(alias = "rt_mutex_is_locked")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_locked(&self) -> bool {
        step(&self.announcement(Op::RtMutexIsLocked, Mode::Read, Place::caller()));
        self.base.is_locked()
    }

    /// The task that holds it. It may hold it no more when this returns, unless it is the running one. Orders nothing.
    /// Every context.
    #[doc(alias = "rt_mutex_owner")]
    #[must_use]
    #[track_caller]
    pub fn owner(&self) -> Option<&'static Task> {
        step(&self.announcement(Op::RtMutexIsLocked, Mode::Read, Place::caller()));
        self.base.owner()
    }
}

impl Default for RawRtMutex {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawRtMutex {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.base.is_locked() { "held" } else { "free" };
        write!(f, "RawRtMutex({}, {state})", self.name().unwrap_or("unnamed"))
    }
}
