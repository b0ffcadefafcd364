//! The wound/wait mutex without data: see [`crate::ww`] for its theory.

use crate::common::{
    How, announce_init, assert_task, class_of, count_held, made, no_second_guard, place_of, running, tell,
};
use crate::ww::{RawWwAcquireCtx, SHARED, WwClass, WwError, poke_wounded};
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::{panicking, violation};
use ringzero_machine::{LockEvent, Mode, Op, Place, Step, StepLock, model, step};
use ringzero_sched::{Awaited, Wait, WaitError, WaitWord, try_current};

/// A wound/wait mutex without data: what C embeds (`struct ww_mutex`).
///
/// Every function needs a task, and locking one that may sleep. Finding `unlock-by-other` when a task unlocks what it did
/// not lock, `warn` when an acquire context is misused.
///
/// ```
/// use ringzero::ww_mutex::{RawWwMutex, WwClass};
/// static CLASS: WwClass = WwClass::new_wd("buffers");
/// static LOCK: RawWwMutex = RawWwMutex::new(&CLASS).named("front");
/// LOCK.lock_alone();
/// assert!(LOCK.is_locked());
/// LOCK.unlock();
/// ```
#[doc(alias = "ww_mutex")]
#[repr(C, align(8))]
pub struct RawWwMutex {
    word: WaitWord,
    /// On threads: what makes an operation on the fields one step.
    lock: StepLock,
    magic: AtomicU32,
    /// The stamp of the context that holds it. This and the next three are written by the holder only.
    stamp: AtomicU64,
    ctx: AtomicPtr<RawWwAcquireCtx>,
    owner: AtomicPtr<()>,
    held_at: AtomicPtr<()>,
    of: AtomicPtr<WwClass>,
    class: AtomicPtr<()>,
    name: Option<&'static str>,
    /// The holder's context was wounded because of this mutex.
    wounded: AtomicU32,
}

// SAFETY: everything inside is atomic, a lock, or never written after construction.
unsafe impl Sync for RawWwMutex {}
// SAFETY: as above; the pointers in it lead to contexts that live as long as they hold it, or to constants.
unsafe impl Send for RawWwMutex {}

/// What is waited for: that nobody holds the mutex.
struct Free;

impl Awaited for Free {
    fn holds(word: u32, _: u32) -> bool {
        word == 0
    }
}

/// What came of an attempt to lock.
enum Attempt {
    Taken,
    Already,
    /// The context has to back off.
    Dies,
    /// The holder's context has to be wounded in a step of its own: that with this stamp.
    Wounds(u64),
    Waits,
}

/// Making them.
impl RawWwMutex {
    /// What `magic` says of one that was initialised.
    pub const MAGIC: u32 = 0x525a_5757;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 13] = [
        ("word", offset_of!(Self, word)),
        ("pokes", offset_of!(Self, word) + size_of::<u32>()),
        ("step_lock", offset_of!(Self, lock)),
        ("magic", offset_of!(Self, magic)),
        ("stamp", offset_of!(Self, stamp)),
        ("ctx", offset_of!(Self, ctx)),
        ("owner", offset_of!(Self, owner)),
        ("held_at", offset_of!(Self, held_at)),
        ("ww_class", offset_of!(Self, of)),
        ("class", offset_of!(Self, class)),
        ("name", offset_of!(Self, name)),
        ("name_len", offset_of!(Self, name) + size_of::<usize>()),
        ("wounded", offset_of!(Self, wounded)),
    ];

    /// A free one of `class`.
    #[doc(alias("ww_mutex_init", "DEFINE_WW_MUTEX"))]
    #[must_use]
    #[track_caller]
    pub const fn new(class: &'static WwClass) -> Self {
        Self {
            word: WaitWord::new(0),
            lock: StepLock::new(),
            magic: AtomicU32::new(Self::MAGIC),
            stamp: AtomicU64::new(0),
            ctx: AtomicPtr::new(ptr::null_mut()),
            owner: AtomicPtr::new(ptr::null_mut()),
            held_at: AtomicPtr::new(ptr::null_mut()),
            of: AtomicPtr::new(ptr::from_ref(class).cast_mut()),
            class: AtomicPtr::new(Place::here().as_ptr()),
            name: None,
            wounded: AtomicU32::new(0),
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

    /// Makes the memory at `at` a free one of `class`, in a step that writes it: `ww_mutex_init()` of C. Every context; does
    /// not sleep. On the model it is the finding `warn` if a task holds the one that was there.
    ///
    /// # Safety
    /// `at` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(at: *mut Self, class: &'static WwClass, name: Option<&'static str>, place: Place) {
        // The word is the first field.
        announce_init(at.addr(), 8, name, "a ww_mutex", place);
        let mutex = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new(class) };
        // SAFETY: the caller's contract.
        unsafe { at.write(mutex) };
        made(at.addr(), size_of::<Self>(), name, "a ww_mutex", place);
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
    #[doc(alias = "ww_mutex_destroy")]
    #[track_caller]
    pub fn destroy(&self) {
        let place = Place::caller();
        step(&self.announcement(Op::WwMutexIsLocked, Mode::Read, place));
        if self.is_held() {
            let text = format_args!("`{}` is destroyed while it is held", self.called());
            violation("warn", place, place_of(&self.held_at), text);
        }
        self.magic.store(0, Relaxed);
    }
}

/// Using them.
impl RawWwMutex {
    pub(crate) fn called(&self) -> &'static str {
        self.name().unwrap_or("a ww_mutex")
    }

    /// Whether the running task holds it. No step.
    pub(crate) fn is_ours(&self) -> bool {
        self.is_held() && !running().is_null() && self.owner.load(Relaxed) == running()
    }

    fn is_held(&self) -> bool {
        self.word.word().load(Relaxed) != 0
    }

    fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        self.word.announcement(op, mode, place).named(self.name(), self.class())
    }

    /// Makes those who wait look again, as a part of another's step.
    pub(crate) fn poked(&self) {
        self.word.poked();
    }

    /// The same as a step.
    pub(crate) fn poke(&self, place: Place) {
        self.word.poke(&self.announcement(Op::WwWound, Mode::Rmw, place));
    }

    /// Takes it if it is free, within a step and the lock.
    fn take(&self, ctx: Option<&RawWwAcquireCtx>, place: Place) -> bool {
        if self.word.word().compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            return false;
        }
        self.owner.store(running(), Relaxed);
        self.held_at.store(place.as_ptr(), Relaxed);
        self.wounded.store(0, Relaxed);
        if let Some(ctx) = ctx {
            self.ctx.store(ptr::from_ref(ctx).cast_mut(), Relaxed);
            self.stamp.store(ctx.stamp(), Relaxed);
            ctx.count(1);
            // Rule W2.
            self.word.poked();
        }
        count_held(1);
        if let Some(m) = model() {
            m.lock_owner(self.word.address(), true, place);
        }
        true
    }

    /// Looks what the context may do, within a step and the lock.
    fn attempt(&self, ctx: &RawWwAcquireCtx, place: Place) -> Attempt {
        if self.take(Some(ctx), place) {
            if let Some(m) = model() {
                // Pairs with the release in `unlock_at`; a failure orders nothing.
                m.order(self.word.address(), true, false);
            }
            return Attempt::Taken;
        }
        let holder = self.ctx.load(Relaxed).cast_const();
        if ptr::eq(holder, ctx) {
            return Attempt::Already;
        }
        let older = !holder.is_null() && self.stamp.load(Relaxed) < ctx.stamp();
        if ctx.acquired() != 0 && if ctx.is_wait_die() { older } else { ctx.is_wounded() } {
            return Attempt::Dies;
        }
        if ctx.is_wait_die() || holder.is_null() || older || self.wounded.load(Relaxed) != 0 {
            return Attempt::Waits;
        }
        if model().is_some() {
            return Attempt::Wounds(self.stamp.load(Relaxed));
        }
        self.wounded.store(1, Relaxed);
        // SAFETY: a context lives as long as it holds anything, and cannot unlock while the lock is held.
        unsafe { &*holder }.wound();
        Attempt::Waits
    }

    /// Wounds the holder's context, if it is still the one with that stamp. On the model.
    fn wound(&self, stamp: u64, place: Place) {
        step(&self.announcement(Op::WwWound, Mode::Rmw, place).also(SHARED.get().wounds(), true));
        let holder = self.ctx.load(Relaxed).cast_const();
        if holder.is_null() || self.stamp.load(Relaxed) != stamp {
            return;
        }
        self.wounded.store(1, Relaxed);
        // SAFETY: a context lives as long as it holds anything.
        let waits_for = unsafe { &*holder }.wound();
        if !waits_for.is_null() {
            poke_wounded(waits_for, place);
        }
    }

    /// Locks it without a context: as any mutex. The only one of its class that the task takes meanwhile.
    #[doc(alias = "ww_mutex_lock")]
    #[track_caller]
    pub fn lock_alone(&self) {
        // No signal and no context, so no error.
        let _ = self.lock_at(How::call("ww_mutex_lock()"), None, false, Place::caller());
    }

    /// [`RawWwMutex::lock_alone`] that a signal ends too.
    ///
    /// # Errors
    /// [`WwError::Interrupted`] if one came first.
    #[track_caller]
    pub fn lock_alone_interruptible(&self) -> Result<(), WwError> {
        self.lock_at(How::call("ww_mutex_lock_interruptible()").interruptible(), None, false, Place::caller())
    }

    /// Locks it under `ctx`, or says that it has to back off.
    ///
    /// # Safety
    /// The context stays where it is until all mutexes are unlocked that were locked under it.
    ///
    /// # Errors
    /// [`WwError::Deadlock`] and [`WwError::Already`].
    #[doc(alias = "ww_mutex_lock")]
    #[track_caller]
    pub unsafe fn lock(&self, ctx: &RawWwAcquireCtx) -> Result<(), WwError> {
        self.lock_at(How::call("ww_mutex_lock()"), Some(ctx), false, Place::caller())
    }

    /// [`RawWwMutex::lock`] that a signal ends too.
    ///
    /// # Safety
    /// As of [`RawWwMutex::lock`].
    ///
    /// # Errors
    /// [`WwError`].
    #[doc(alias = "ww_mutex_lock_interruptible")]
    #[track_caller]
    pub unsafe fn lock_interruptible(&self, ctx: &RawWwAcquireCtx) -> Result<(), WwError> {
        self.lock_at(How::call("ww_mutex_lock_interruptible()").interruptible(), Some(ctx), false, Place::caller())
    }

    /// Locks the one because of which the context has backed off. It holds no mutex, so it waits as long as that takes.
    /// Finding `warn` if it holds any.
    ///
    /// # Safety
    /// As of [`RawWwMutex::lock`].
    #[doc(alias = "ww_mutex_lock_slow")]
    #[track_caller]
    pub unsafe fn lock_slow(&self, ctx: &RawWwAcquireCtx) {
        let _ = self.lock_at(How::call("ww_mutex_lock_slow()"), Some(ctx), true, Place::caller());
    }

    /// [`RawWwMutex::lock_slow`] that a signal ends too.
    ///
    /// # Safety
    /// As of [`RawWwMutex::lock`].
    ///
    /// # Errors
    /// [`WwError::Interrupted`] if one came first.
    #[doc(alias = "ww_mutex_lock_slow_interruptible")]
    #[track_caller]
    pub unsafe fn lock_slow_interruptible(&self, ctx: &RawWwAcquireCtx) -> Result<(), WwError> {
        let how = How::call("ww_mutex_lock_slow_interruptible()").interruptible();
        self.lock_at(how, Some(ctx), true, Place::caller())
    }

    pub(crate) fn lock_at(
        &self,
        how: How,
        ctx: Option<&RawWwAcquireCtx>,
        slow: bool,
        place: Place,
    ) -> Result<(), WwError> {
        how.may_sleep(place);
        if let Some(ctx) = ctx {
            ctx.prepare(self, self.of.load(Relaxed), slow, place);
        }
        tell(|| self.acquires(ctx, place));
        if ctx.is_none() && self.is_held() && self.owner.load(Relaxed) == running() && model().is_none() {
            let text = format_args!("the task locks `{}`, which it holds already", self.called());
            violation("self-deadlock", place, place_of(&self.held_at), text);
            no_second_guard(how.call, self.called());
        }
        let locked = match ctx {
            Some(ctx) => self.lock_in(ctx, how, place),
            None => self.wait_alone(how, place),
        };
        if locked.is_err() {
            tell(|| LockEvent::release(self.word.address(), self.class(), self.name(), place));
        }
        if locked == Err(WwError::Deadlock)
            && let Some(ctx) = ctx
        {
            ctx.backs_off(self);
        }
        locked
    }

    fn acquires(&self, ctx: Option<&RawWwAcquireCtx>, place: Place) -> LockEvent {
        let outer = ctx.map_or(0, |ctx| ptr::from_ref(ctx).addr());
        LockEvent::acquire(self.word.address(), self.class(), self.name(), place).nested(0, outer)
    }

    fn wait_alone(&self, how: How, place: Place) -> Result<(), WwError> {
        let announced = self.announcement(Op::WwMutexLock, Mode::Rmw, place);
        let wait = Wait::new(announced).interruption(how.interruption);
        let taken = self.word.wait::<Free>(&wait, || {
            let _in = self.lock.lock();
            self.take(None, place)
        });
        taken.map(|_| ()).map_err(|_| WwError::Interrupted)
    }

    fn lock_in(&self, ctx: &RawWwAcquireCtx, how: How, place: Place) -> Result<(), WwError> {
        loop {
            let announced = self.announcement(Op::WwMutexLock, Mode::Rmw, place);
            let vulnerable = ctx.is_vulnerable();
            let announced = if vulnerable { announced.also(SHARED.get().wounds(), false) } else { announced };
            let (attempt, pokes) = self.lock.within(&announced, || (self.attempt(ctx, place), self.word.pokes()));
            match attempt {
                Attempt::Taken => return Ok(()),
                Attempt::Already => return Err(WwError::Already),
                Attempt::Dies => return Err(WwError::Deadlock),
                Attempt::Wounds(stamp) => self.wound(stamp, place),
                Attempt::Waits => {}
            }
            if vulnerable && !ctx.waits_for(self, place) {
                return Err(WwError::Deadlock);
            }
            let waited = self.wait_in(ctx, pokes, how, place);
            if vulnerable {
                ctx.waits_no_more(place);
            }
            match waited {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(WaitError::Interrupted) => return Err(WwError::Interrupted),
                // Only while unwinding, when waits are silent.
                Err(WaitError::TimedOut) => return Ok(()),
            }
            if panicking() && model().is_some() {
                return Ok(());
            }
        }
    }

    /// Waits until it is free and takes it, or until it is poked more often than `pokes` times; whether it has it.
    fn wait_in(&self, ctx: &RawWwAcquireCtx, pokes: u32, how: How, place: Place) -> Result<bool, WaitError> {
        let announced = self.announcement(Op::WwMutexLock, Mode::Rmw, place);
        let wait = Wait::new(announced).interruption(how.interruption).pokable();
        let mut taken = false;
        let waited = self.word.wait::<Free>(&wait, || {
            let _in = self.lock.lock();
            taken = self.take(Some(ctx), place);
            taken || self.word.pokes() != pokes
        });
        waited.map(|_| taken)
    }

    /// Locks it if it is free; whether it was. Under a context, as [`RawWwMutex::lock`].
    ///
    /// # Safety
    /// As of [`RawWwMutex::lock`].
    #[doc(alias = "ww_mutex_trylock")]
    #[must_use]
    #[track_caller]
    pub unsafe fn trylock(&self, ctx: Option<&RawWwAcquireCtx>) -> bool {
        self.trylock_at(ctx, Place::caller())
    }

    pub(crate) fn trylock_at(&self, ctx: Option<&RawWwAcquireCtx>, place: Place) -> bool {
        assert_task("ww_mutex_trylock()", "ww_mutexes", place);
        if let Some(ctx) = ctx {
            ctx.prepare(self, self.of.load(Relaxed), false, place);
        }
        let announced = self.announcement(Op::WwMutexTrylock, Mode::Rmw, place);
        let taken = self.lock.within(&announced, || self.take(ctx, place));
        if taken {
            if let Some(m) = model() {
                m.order(self.word.address(), true, false);
            }
            tell(|| self.acquires(ctx, place).tried());
        }
        taken
    }

    /// Unlocks it. The running task must be the owner. The mutex must live until this returns.
    #[doc(alias = "ww_mutex_unlock")]
    #[track_caller]
    pub fn unlock(&self) {
        self.unlock_at(Place::caller());
    }

    pub(crate) fn unlock_at(&self, place: Place) {
        assert_task("ww_mutex_unlock()", "ww_mutexes", place);
        tell(|| LockEvent::release(self.word.address(), self.class(), self.name(), place));
        // Pairs with every lock after it.
        step(&self.announcement(Op::WwMutexUnlock, Mode::Write, place).ordered(false, true));
        if !self.is_held() || self.owner.load(Relaxed) != running() {
            return self.not_ours(place);
        }
        {
            let _in = self.lock.lock();
            let ctx = self.ctx.swap(ptr::null_mut(), Relaxed);
            // SAFETY: a context lives as long as it holds anything.
            if let Some(ctx) = unsafe { ctx.as_ref() } {
                ctx.count(u32::MAX);
            }
            self.owner.store(ptr::null_mut(), Relaxed);
            count_held(u32::MAX);
            if let Some(m) = model() {
                m.lock_owner(self.word.address(), false, place);
            }
            self.word.word().store(0, Release);
        }
        WaitWord::told(&raw const self.word);
        if let Some(m) = model()
            && m.mortal(self.word.address())
        {
            let magic = ptr::from_ref(&self.magic).addr();
            let returns = Step::new(Op::MutexUnlockReturns, Mode::Read, magic, 4, place);
            step(&returns.named(self.name(), self.class()));
        }
    }

    #[cold]
    fn not_ours(&self, place: Place) {
        let (code, name) = ("unlock-by-other", self.called());
        if self.is_held() {
            let by = try_current().map_or("nobody", |task| task.name());
            let text = format_args!("`{name}` is unlocked by task {by}, but was locked by another one");
            violation(code, place, place_of(&self.held_at), text);
        } else {
            violation(code, place, self.class(), format_args!("`{name}` is unlocked, but nobody holds it"));
        }
    }

    /// Whether somebody holds it. Orders nothing. Every context.
    #[doc(alias = "ww_mutex_is_locked")]
    #[must_use]
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        step(&self.announcement(Op::WwMutexIsLocked, Mode::Read, Place::caller()));
        self.is_held()
    }
}

impl fmt::Debug for RawWwMutex {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_held() { "held" } else { "free" };
        write!(f, "RawWwMutex({}, {state})", self.name().unwrap_or("unnamed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ww::WwAcquireCtx;

    static WW: WwClass = WwClass::new_ww("ww");
    static WD: WwClass = WwClass::new_wd("wd");

    fn lock(mutex: &RawWwMutex, ctx: &WwAcquireCtx) -> Result<(), WwError> {
        // SAFETY: a `WwAcquireCtx` stays where it is.
        unsafe { mutex.lock(ctx) }
    }

    #[test]
    fn a_context_holds_several() {
        for class in [&WW, &WD] {
            let (a, b) = (RawWwMutex::new(class).named("a"), RawWwMutex::new(class));
            let ctx = WwAcquireCtx::new(class);
            assert_eq!((lock(&a, &ctx), lock(&b, &ctx)), (Ok(()), Ok(())));
            assert_eq!(lock(&a, &ctx), Err(WwError::Already));
            ctx.done();
            assert_eq!((ctx.acquired(), std::format!("{a:?}")), (2, "RawWwMutex(a, held)".into()));
            a.unlock();
            b.unlock();
            assert!(!a.is_locked() && a.is_initialised() && ctx.acquired() == 0);
        }
        let errors = [WwError::Deadlock, WwError::Already, WwError::Interrupted];
        assert_eq!(errors.map(WwError::to_errno), [-35, -114, -4]);
    }

    /// Without a machine nobody waits, so what is seen here is who dies and who wounds.
    #[test]
    fn the_younger_one_backs_off() {
        let (a, b) = (RawWwMutex::new(&WD), RawWwMutex::new(&WD));
        let (old, young) = (WwAcquireCtx::new(&WD), WwAcquireCtx::new(&WD));
        lock(&a, &old).unwrap();
        lock(&b, &young).unwrap();
        assert_eq!(lock(&a, &young), Err(WwError::Deadlock));
        b.unlock();
        a.unlock();
        // SAFETY: as above.
        unsafe { a.lock_slow(&young) };
        a.unlock();
    }

    #[test]
    fn the_older_one_wounds() {
        let (a, b) = (RawWwMutex::new(&WW), RawWwMutex::new(&WW));
        let (old, young) = (WwAcquireCtx::new(&WW), WwAcquireCtx::new(&WW));
        lock(&a, &old).unwrap();
        lock(&b, &young).unwrap();
        assert!(matches!(b.attempt(&old, Place::here()), Attempt::Waits) && young.is_wounded());
        assert_eq!(lock(&a, &young), Err(WwError::Deadlock));
        b.unlock();
        a.unlock();
    }

    #[test]
    #[should_panic(expected = "warn: ww_mutex_lock_slow() of `a` while mutexes are held: 1")]
    fn the_slow_way_is_for_those_who_hold_nothing() {
        let (a, b) = (RawWwMutex::new(&WW).named("a"), RawWwMutex::new(&WW));
        let ctx = WwAcquireCtx::new(&WW);
        lock(&b, &ctx).unwrap();
        // SAFETY: as above.
        unsafe { a.lock_slow(&ctx) };
    }

    #[test]
    #[should_panic(expected = "warn: `b` is taken after ww_acquire_done()")]
    fn who_is_done_takes_no_more() {
        let (a, b) = (RawWwMutex::new(&WW), RawWwMutex::new(&WW).named("b"));
        let ctx = WwAcquireCtx::new(&WW);
        lock(&a, &ctx).unwrap();
        ctx.done();
        let _ = lock(&b, &ctx);
    }

    #[test]
    #[should_panic(expected = "warn: an acquire context is used before ww_acquire_init() or after ww_acquire_fini()")]
    fn a_context_has_an_end() {
        let a = RawWwMutex::new(&WW);
        let ctx = RawWwAcquireCtx::begin(&WW, Place::here());
        ctx.end();
        // SAFETY: it stays where it is.
        let _ = unsafe { a.trylock(Some(&ctx)) };
    }

    #[test]
    #[should_panic(expected = "warn: `a` is of another class than the acquire context")]
    fn classes_do_not_mix() {
        let a = RawWwMutex::new(&WD).named("a");
        let _ = lock(&a, &WwAcquireCtx::new(&WW));
    }

    #[test]
    #[should_panic(expected = "warn: ww_acquire_fini() while mutexes are held under the context: 1")]
    fn the_end_is_after_the_last_unlock() {
        let a = RawWwMutex::new(&WW);
        let ctx = WwAcquireCtx::new(&WW);
        lock(&a, &ctx).unwrap();
        drop(ctx);
    }

    #[test]
    #[should_panic(expected = "unlock-by-other: `a` is unlocked, but nobody holds it")]
    fn a_free_one_is_not_unlocked() {
        RawWwMutex::new(&WW).named("a").unlock();
    }
}
