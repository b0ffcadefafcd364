//! The raw spinlock: the one mechanism under all of this crate.

use crate::kind::{Bh, Irq, IrqSave, Kind, Plain};
use crate::owner::{Context, Owner};
use crate::waiting::is_over;
use core::fmt;
use core::hint::spin_loop;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::{IrqFlags, at, panicking, violation};
use ringzero_machine::{
    Cond, HAS_LOCK_EVENTS, LockEvent, Mode, Op, Place, Step, WaitKind, fine, host, lock_event, model, notify_sleepers,
    sleepers_at, step, wait,
};

/// A spinlock without data: what C embeds (`raw_spinlock_t`, `spinlock_t`). All zeroes is a free lock.
///
/// Whoever takes it leaves it with the function of the same kind. Every function may be called in each context that
/// its kind allows, and none sleeps. Finding `unlock-by-other` when a context releases what it did not take.
///
/// ```
/// use ringzero::sync::RawSpinLock;
/// static LOCK: RawSpinLock = RawSpinLock::new().named("dev.lock");
/// let flags = LOCK.lock_irqsave();
/// assert!(!LOCK.trylock());
/// LOCK.unlock_irqrestore(flags);
/// assert!(!LOCK.is_locked());
/// ```
#[doc(alias("raw_spinlock_t", "spinlock_t"))]
#[repr(C)]
pub struct RawSpinLock {
    word: AtomicU32,
    magic: AtomicU32,
    owner: Owner,
    class: AtomicPtr<()>,
    name: Option<&'static str>,
}

// SAFETY: everything inside is atomic or never written after construction.
unsafe impl Sync for RawSpinLock {}
// SAFETY: as above; the pointers in it are only compared, or lead to constants.
unsafe impl Send for RawSpinLock {}

/// How often a waiter tries before the machine is asked to wait: each time it pauses first, twice as long as the last time.
const SPIN_ROUNDS: u32 = 5;
/// Instructions of the first pause: long enough that the holder has the word's cache line for itself a few times.
const FIRST_PAUSE: u32 = 32;

/// Tells the validator, if there can be one.
#[inline(always)]
pub(crate) fn tell(event: impl FnOnce() -> LockEvent) {
    if HAS_LOCK_EVENTS {
        lock_event(&event());
    }
}

fn is_zero(word: u64, _: u64) -> bool {
    word == 0
}

impl RawSpinLock {
    /// What the word beside the lock's own says of a lock that was initialised; C cannot be relied on to do so.
    pub const MAGIC: u32 = 0x525a_4c4b;

    /// Whether it was initialised: made by [`RawSpinLock::new`], or in C by `spin_lock_init()` or its static forms.
    /// Rust may use a zeroed lock all the same.
    #[must_use]
    pub fn is_initialised(&self) -> bool {
        self.magic.load(Relaxed) == Self::MAGIC
    }

    /// A free lock whose class is the caller's place.
    #[doc(alias("raw_spin_lock_init", "spin_lock_init", "DEFINE_RAW_SPINLOCK"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            word: AtomicU32::new(0),
            magic: AtomicU32::new(Self::MAGIC),
            owner: Owner::none(),
            class: AtomicPtr::new(Place::here().as_ptr()),
            name: None,
        }
    }

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 9] = {
        const OWNER: usize = offset_of!(RawSpinLock, owner);
        [
            ("word", offset_of!(Self, word)),
            ("magic", offset_of!(Self, magic)),
            ("owner", OWNER),
            ("owner.task", OWNER + Owner::LAYOUT[0]),
            ("owner.held_at", OWNER + Owner::LAYOUT[1]),
            ("owner.level", OWNER + Owner::LAYOUT[2]),
            ("class", offset_of!(Self, class)),
            ("name", offset_of!(Self, name)),
            ("name_len", offset_of!(Self, name) + size_of::<usize>()),
        ]
    };

    /// Makes the memory at `this` a free lock whose class is `place`, in a step that writes it: `spin_lock_init()` of
    /// C. Every context; does not sleep.
    ///
    /// # Safety
    /// `this` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(this: *mut Self, name: Option<&'static str>, place: Place) {
        // The word is the first field.
        let at = this.addr();
        step(&Step::new(Op::InitObject, Mode::Write, at, 4, place).named(name, Some(place)));
        let lock = Self { class: AtomicPtr::new(place.as_ptr()), name, ..Self::new() };
        // SAFETY: the caller's contract.
        unsafe { this.write(lock) };
        if let Some(m) = model() {
            m.object_made(at, size_of::<Self>(), place, name.unwrap_or("a spinlock"));
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

    /// Where it was made; none for zeroed memory.
    #[must_use]
    #[inline]
    pub fn class(&self) -> Option<Place> {
        // SAFETY: a pointer that is not null comes from a `Place`.
        unsafe { Place::from_ptr(self.class.load(Relaxed)) }
    }

    /// Makes the place `class` its class, as if it had been made there.
    #[doc(alias = "lockdep_set_class")]
    pub fn set_class(&self, class: Place) {
        self.class.store(class.as_ptr(), Relaxed);
    }

    /// Its name, if it has one.
    #[must_use]
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// A step on the lock's word. For primitives that are built around a lock.
    #[inline]
    #[must_use]
    pub fn announcement(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.address(), 4, place).named(self.name, self.class())
    }

    /// The condition that the lock is free. For primitives that are built around a lock.
    #[inline]
    #[must_use]
    pub fn free(&self) -> Cond {
        Cond::on(&self.word, is_zero, 0).counted_in(sleepers_at(self.address()))
    }

    /// The address of the lock's word, by which the machine knows it.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        ptr::from_ref(&self.word) as usize
    }

    /// Makes the running context the holder within a step that the caller has announced. Whether the word was free.
    #[inline]
    pub fn take_announced(&self, place: Place) -> bool {
        // Asked before, since nothing is looked up while the exchange is under way.
        let now = Context::now();
        if self.word.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            return false;
        }
        self.owner.set(now, place);
        if let Some(m) = model() {
            m.lock_owner(self.address(), true, place);
        }
        true
    }

    /// Frees the lock within a step that the caller has announced (invariant 5).
    #[inline]
    pub fn release_announced(&self, place: Place) {
        if self.word.load(Relaxed) == 0 || !self.owner.context().is(Context::now()) {
            // Comes back only while the thread unwinds: then the lock stays what it is (invariant 7).
            return self.not_ours(place);
        }
        if let Some(m) = model() {
            m.lock_owner(self.address(), false, place);
        }
        // From here on the next owner may free it (invariant 8).
        let address = self.address();
        self.word.store(0, Release);
        notify_sleepers(address, sleepers_at(address));
    }

    #[cold]
    #[inline(never)]
    fn not_ours(&self, place: Place) {
        let (code, name) = ("unlock-by-other", self.name.unwrap_or("a spinlock"));
        if self.word.load(Relaxed) == 0 {
            violation(code, place, self.class(), format_args!("`{name}` is released, but nobody holds it"));
        } else {
            let (holder, now) = (self.owner.context(), Context::now());
            let text = if holder.same_level(now) {
                format_args!("`{name}` is released by {now}, but was taken there by another")
            } else {
                format_args!("`{name}` is released by {now}, but was taken by {holder}")
            };
            violation(code, place, self.owner.held_at(), text);
        }
    }

    /// Acquires the word (invariant 3), and enters nothing. For primitives that are built around a lock.
    #[inline]
    pub fn acquire(&self, place: Place) {
        if model().is_some() || !self.take_announced(place) {
            self.acquire_waiting(place);
        }
    }

    #[cold]
    #[inline(never)]
    fn acquire_waiting(&self, place: Place) {
        if fine() {
            return self.acquire_fine(place);
        }
        self.contend(&self.announcement(Op::SpinLock, Mode::Rmw, place).ordered(true, false), place);
    }

    /// Makes the running context the holder within the step `announced`, which waits until the lock is free. For
    /// primitives that are built around a lock. Pairs with the release in [`RawSpinLock::release_announced`].
    #[inline]
    pub fn take_waiting(&self, announced: &Step, place: Place) {
        if model().is_some() || !self.take_announced(place) {
            self.contend(announced, place);
        }
    }

    #[inline(never)]
    fn contend(&self, announced: &Step, place: Place) {
        let mut failed = 0;
        loop {
            if self.spin(place) {
                return;
            }
            self.look_for_holder_here(place);
            wait(announced, self.free(), WaitKind::Spin);
            if self.take_announced(place) || is_over(&mut failed) {
                return;
            }
        }
    }

    /// Tries to take the lock for about as long as most are held, before the machine is asked to wait: whether it did.
    /// Each round looks before it writes, and leaves the word alone for twice as long as the one before. Whoever comes at
    /// the right moment is served, so that a holder that was put off its processor holds up nobody but those who wait for
    /// it. Not on the model.
    #[inline]
    fn spin(&self, place: Place) -> bool {
        if model().is_some() {
            return false;
        }
        (0..SPIN_ROUNDS).any(|round| {
            (0..FIRST_PAUSE << round).for_each(|_| spin_loop());
            self.word.load(Relaxed) == 0 && self.take_announced(place)
        })
    }

    /// Finding `self-deadlock` or `irq-deadlock` if the lock's holder is what this context interrupted, or is this context
    /// itself, so that it never becomes free. On the host only, where nobody else sees it. Looks for a second before it
    /// says so: a lock that another CPU has just taken still names its last holder.
    fn look_for_holder_here(&self, place: Place) {
        if model().is_some() {
            return;
        }
        let (now, Some(m)) = (Context::now(), host()) else { return };
        let start = m.now_ns();
        while self.word.load(Relaxed) != 0 && self.owner.context().cpu() == now.cpu() && !panicking() {
            if m.now_ns() - start > 1_000_000_000 {
                let (name, holder) = (self.name.unwrap_or("a spinlock"), self.owner.context());
                let code = if holder.is(now) { "self-deadlock" } else { "irq-deadlock" };
                let text =
                    format_args!("{now} waits for `{name}`, which is held by {holder}, and keeps it from going on");
                return violation(code, place, self.owner.held_at(), text);
            }
            m.relax(place);
        }
    }

    fn acquire_fine(&self, place: Place) {
        let exchange = self.announcement(Op::Cmpxchg, Mode::Rmw, place).ordered(true, false);
        let read = self.announcement(Op::AtomicRead, Mode::Read, place);
        let mut failed = 0;
        loop {
            step(&exchange);
            if self.take_announced(place) || is_over(&mut failed) {
                return;
            }
            wait(&read, self.free(), WaitKind::Spin);
        }
    }

    /// Releases the word, and leaves nothing. For primitives that are built around a lock.
    #[inline]
    pub fn release(&self, place: Place) {
        if model().is_some() {
            let op = if fine() { Op::AtomicSet } else { Op::SpinUnlock };
            // Pairs with every acquisition after it.
            step(&self.announcement(op, Mode::Write, place).ordered(false, true));
        }
        self.release_announced(place);
    }

    /// Acquires the word if it is free.
    #[inline]
    pub(crate) fn try_acquire(&self, place: Place) -> bool {
        if model().is_some() {
            let op = if fine() { Op::Cmpxchg } else { Op::SpinTrylock };
            step(&self.announcement(op, Mode::Rmw, place));
        }
        let taken = self.take_announced(place);
        if taken && let Some(m) = model() {
            // Pairs with the release before; a failure orders nothing.
            m.order(self.address(), true, false);
        }
        taken
    }

    /// The event of an operation on the lock.
    #[inline(always)]
    fn event(&self, acquire: bool, place: Place) -> LockEvent {
        let made = if acquire { LockEvent::acquire } else { LockEvent::release };
        made(self.address(), self.class(), self.name, place)
    }

    /// Enters the kind, tells the validator, acquires.
    #[inline]
    pub(crate) fn lock_told<K: Kind>(&self, subclass: u32, nest_lock: usize, place: Place) {
        K::enter(place);
        tell(|| self.event(true, place).nested(subclass, nest_lock));
        self.acquire(place);
    }

    /// Tells the validator, releases, leaves the kind.
    #[inline]
    pub(crate) fn unlock_told<K: Kind>(&self, place: Place) {
        tell(|| self.event(false, place));
        self.unlock_kind::<K>(place);
    }

    /// Enters the kind, acquires and tells the validator, or leaves it again.
    #[inline]
    pub(crate) fn try_lock_told<K: Kind>(&self, place: Place) -> bool {
        let taken = self.try_lock_kind::<K>(place);
        if taken {
            tell(|| self.event(true, place).tried());
        }
        taken
    }

    /// Enters the kind, acquires. For primitives that are built around a lock; the validator hears nothing.
    #[inline]
    pub fn lock_kind<K: Kind>(&self, place: Place) {
        K::enter(place);
        self.acquire(place);
    }

    /// Releases, leaves the kind. For primitives that are built around a lock; the validator hears nothing.
    #[inline]
    pub fn unlock_kind<K: Kind>(&self, place: Place) {
        self.release(place);
        K::leave(place);
    }

    /// Enters the kind and acquires, or leaves it again.
    #[inline]
    pub(crate) fn try_lock_kind<K: Kind>(&self, place: Place) -> bool {
        K::enter(place);
        let taken = self.try_acquire(place);
        if !taken {
            K::leave(place);
        }
        taken
    }
}

macro_rules! forms {
    ($($kind:ty: $suffix:literal, $lock:ident $try_lock:ident $unlock:ident, $($alias:literal)*;)*) => {
        impl RawSpinLock {$(
            #[doc = concat!("Spins until the lock is free and takes it: `spin_lock", $suffix, "`.")]
            $(#[doc(alias = $alias)])*
            #[track_caller]
            #[inline]
            pub fn $lock(&self) {
                self.lock_told::<$kind>(0, 0, Place::caller());
            }

            #[doc = concat!("Takes the lock if it is free, and whether it was: `spin_trylock", $suffix, "`.")]
            #[must_use]
            #[track_caller]
            #[inline]
            pub fn $try_lock(&self) -> bool {
                self.try_lock_told::<$kind>(Place::caller())
            }

            #[doc = concat!("Releases the lock: `spin_unlock", $suffix, "`.")]
            #[track_caller]
            #[inline]
            pub fn $unlock(&self) {
                self.unlock_told::<$kind>(Place::caller());
            }
        )*}
    };
}
forms! {
    Plain: "", lock trylock unlock, "spin_lock" "spin_trylock" "spin_unlock";
    Bh: "_bh", lock_bh trylock_bh unlock_bh, "spin_lock_bh" "spin_trylock_bh" "spin_unlock_bh";
    Irq: "_irq", lock_irq trylock_irq unlock_irq, "spin_lock_irq" "spin_trylock_irq" "spin_unlock_irq";
    IrqSave: "_irqsave, counted", lock_irq_counted trylock_irq_counted unlock_irq_counted,;
}

impl RawSpinLock {
    /// [`RawSpinLock::lock`]; `subclass` tells the validator that a lock of the same class may be held.
    #[doc(alias = "spin_lock_nested")]
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: u32) {
        self.lock_told::<Plain>(subclass, 0, Place::caller());
    }

    /// [`RawSpinLock::lock_bh`] with a subclass for the validator.
    #[doc(alias = "spin_lock_bh_nested")]
    #[track_caller]
    #[inline]
    pub fn lock_bh_nested(&self, subclass: u32) {
        self.lock_told::<Bh>(subclass, 0, Place::caller());
    }

    /// [`RawSpinLock::lock`]; tells the validator that others of the class may be held, as long as the lock at the address
    /// `nest_lock` is held.
    #[doc(alias = "spin_lock_nest_lock")]
    #[track_caller]
    #[inline]
    pub fn lock_nest_lock(&self, nest_lock: usize) {
        self.lock_told::<Plain>(0, nest_lock, Place::caller());
    }

    /// Masks interrupts, spins until the lock is free and takes it; what the mask was.
    #[doc(alias = "spin_lock_irqsave")]
    #[track_caller]
    #[inline]
    pub fn lock_irqsave(&self) -> IrqFlags {
        self.lock_irqsave_nested(0)
    }

    /// [`RawSpinLock::lock_irqsave`] with a subclass for the validator.
    #[doc(alias = "spin_lock_irqsave_nested")]
    #[track_caller]
    #[inline]
    pub fn lock_irqsave_nested(&self, subclass: u32) -> IrqFlags {
        let place = Place::caller();
        let flags = at::local_irq_save(place);
        self.lock_told::<Plain>(subclass, 0, place);
        flags
    }

    /// Masks interrupts and takes the lock if it is free; else leaves the mask as it was.
    #[doc(alias = "spin_trylock_irqsave")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn trylock_irqsave(&self) -> Option<IrqFlags> {
        let place = Place::caller();
        let flags = at::local_irq_save(place);
        if self.try_lock_told::<Plain>(place) {
            return Some(flags);
        }
        at::local_irq_restore(flags, place);
        None
    }

    /// Releases the lock and puts the mask back to `flags`.
    #[doc(alias = "spin_unlock_irqrestore")]
    #[track_caller]
    #[inline]
    pub fn unlock_irqrestore(&self, flags: IrqFlags) {
        let place = Place::caller();
        tell(|| self.event(false, place));
        self.release(place);
        at::local_irq_restore(flags, place);
        at::preempt_enable(place);
    }

    /// Whether somebody holds the lock. Orders nothing.
    #[doc(alias = "spin_is_locked")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_locked(&self) -> bool {
        step(&self.announcement(Op::SpinIsLocked, Mode::Read, Place::caller()));
        self.word.load(Relaxed) != 0
    }

    /// Whether the running context holds the lock. No step: nobody else can make it true or false.
    #[doc(alias = "lockdep_is_held")]
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.word.load(Relaxed) != 0 && self.owner.context().is(Context::now())
    }

    /// Spins until the lock is free, without taking it. What comes after stays after. Keeps the CPU.
    #[doc(alias = "spin_unlock_wait")]
    #[track_caller]
    #[inline]
    pub fn unlock_wait(&self) {
        let announced = self.announcement(Op::SpinUnlockWait, Mode::Read, Place::caller()).ordered(true, false);
        wait(&announced, self.free(), WaitKind::Spin);
        core::sync::atomic::fence(Acquire);
    }
}

impl Default for RawSpinLock {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawSpinLock {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.word.load(Relaxed) == 0 { "free" } else { "held" };
        write!(f, "RawSpinLock({}, {state})", self.name.unwrap_or("unnamed"))
    }
}
