//! Spinlocks that carry their data.

use crate::kind::{Bh, Irq, IrqSave, Kind, Plain};
use crate::raw::RawSpinLock;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use ringzero_atomic::Atomic;
use ringzero_context::{LocalBhDisabled, LocalInterruptDisabled};
use ringzero_machine::Place;

/// A spinlock around its data; `K` is the kind of context in which [`Lock::lock`] holds it.
///
/// All zeroes is a free lock if it is a valid `T`. The lock itself drops nothing.
///
/// ```
/// use ringzero::sync::{IrqSave, Lock};
/// let queue: Lock<Vec<u32>, IrqSave> = Lock::new(Vec::new()).named("dev.queue");
/// queue.lock().push(7);
/// assert_eq!(queue.into_inner(), [7]);
/// ```
#[repr(C)]
pub struct Lock<T: ?Sized, K: Kind = Plain> {
    raw: RawSpinLock,
    kind: PhantomData<fn() -> K>,
    data: UnsafeCell<T>,
}

/// A spinlock for data that interrupts and softirqs do not touch, or whose callers choose the kind each time.
///
/// ```
/// use ringzero::sync::SpinLock;
/// let hits = SpinLock::new(0);
/// std::thread::scope(|s| {
///     for _ in 0..2 {
///         s.spawn(|| (0..1000).for_each(|_| *hits.lock() += 1));
///     }
/// });
/// assert_eq!(*hits.lock_irqsave(), 2000);
/// ```
pub type SpinLock<T> = Lock<T, Plain>;
/// A spinlock for data that softirqs touch too: held with bottom halves off.
///
/// ```
/// use ringzero::{context::in_softirq, sync::SpinLockBh};
/// let backlog = SpinLockBh::new(3);
/// let mut held = backlog.lock();
/// assert!(in_softirq());
/// *held -= 1;
/// ```
pub type SpinLockBh<T> = Lock<T, Bh>;
/// A spinlock for data that hardirqs touch too: held with interrupts off, counted.
///
/// ```
/// use ringzero::{context::irqs_disabled, sync::SpinLockIrq};
/// let received = SpinLockIrq::new(0);
/// let mut held = received.lock();
/// assert!(irqs_disabled(), "no handler of this CPU can wait for it");
/// *held += 1;
/// ```
pub type SpinLockIrq<T> = Lock<T, IrqSave>;

// SAFETY: the lock hands out one access at a time, on whatever CPU.
unsafe impl<T: ?Sized + Send, K: Kind> Sync for Lock<T, K> {}

impl<T, K: Kind> Lock<T, K> {
    /// A free lock around `value`. Its class is the caller's place.
    #[doc(alias("spin_lock_init", "DEFINE_SPINLOCK"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { raw: RawSpinLock::new(), kind: PhantomData, data: UnsafeCell::new(value) }
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
}

impl<T: ?Sized, K: Kind> Lock<T, K> {
    /// The data, without locking: nobody else can have the lock.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// The lock without its data.
    ///
    /// # Safety
    /// The caller must not release it while a guard exists, and must hold it while it uses the data.
    #[must_use]
    pub const unsafe fn raw(&self) -> &RawSpinLock {
        &self.raw
    }

    /// Spins until the lock is free and takes it, in this lock's kind of context. Not allowed where that kind is
    /// not (bottom halves are not disabled in a hardirq). Never sleeps.
    #[doc(alias("spin_lock", "spin_lock_bh", "spin_lock_irqsave"))]
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> Guard<'_, T, K> {
        self.lock_as(Place::caller())
    }

    /// Takes the lock if it is free.
    #[doc(alias("spin_trylock", "spin_trylock_bh", "spin_trylock_irqsave"))]
    #[track_caller]
    #[inline]
    pub fn try_lock(&self) -> Option<Guard<'_, T, K>> {
        self.try_lock_as(Place::caller())
    }

    /// [`Lock::lock`]; `subclass` tells the validator that a lock of the same class may be held.
    #[doc(alias("spin_lock_nested", "spin_lock_irqsave_nested"))]
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: u32) -> Guard<'_, T, K> {
        self.raw.lock_told::<K>(subclass, 0, Place::caller());
        self.guard()
    }

    /// [`Lock::lock`]; tells the validator that others of the class may be held, as long as `outer` is, a lock or its
    /// guard.
    #[doc(alias = "spin_lock_nest_lock")]
    #[track_caller]
    #[inline]
    pub fn lock_nest_lock<U: ?Sized>(&self, outer: &U) -> Guard<'_, T, K> {
        self.raw.lock_told::<K>(0, core::ptr::from_ref(outer).addr(), Place::caller());
        self.guard()
    }

    /// Whether somebody holds the lock. Orders nothing.
    #[doc(alias = "spin_is_locked")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Spins until the lock is free, without taking it. What comes after stays after.
    #[doc(alias = "spin_unlock_wait")]
    #[track_caller]
    #[inline]
    pub fn unlock_wait(&self) {
        self.raw.unlock_wait();
    }

    /// The lock without the data, to be looked at.
    pub(crate) const fn as_raw(&self) -> &RawSpinLock {
        &self.raw
    }

    #[inline]
    fn lock_as<J: Kind>(&self, place: Place) -> Guard<'_, T, J> {
        self.raw.lock_told::<J>(0, 0, place);
        self.guard()
    }

    #[inline]
    fn try_lock_as<J: Kind>(&self, place: Place) -> Option<Guard<'_, T, J>> {
        self.raw.try_lock_told::<J>(place).then(|| self.guard())
    }

    #[inline]
    const fn guard<J: Kind>(&self) -> Guard<'_, T, J> {
        Guard { raw: &self.raw, data: &self.data, kind: PhantomData }
    }
}

impl<T: ?Sized> SpinLock<T> {
    /// [`Lock::lock`] with bottom halves off. Task or softirq, interrupts on.
    #[doc(alias = "spin_lock_bh")]
    #[track_caller]
    #[inline]
    pub fn lock_bh(&self) -> Guard<'_, T, Bh> {
        self.lock_as(Place::caller())
    }

    /// [`Lock::lock`] with interrupts off; dropping the guard switches them on, whatever they were. For callers that
    /// know them to be on.
    #[doc(alias = "spin_lock_irq")]
    #[track_caller]
    #[inline]
    pub fn lock_irq(&self) -> Guard<'_, T, Irq> {
        self.lock_as(Place::caller())
    }

    /// [`Lock::lock`] with interrupts off, counted. Every context but an NMI.
    #[doc(alias = "spin_lock_irqsave")]
    #[track_caller]
    #[inline]
    pub fn lock_irqsave(&self) -> Guard<'_, T, IrqSave> {
        self.lock_as(Place::caller())
    }

    /// [`Lock::try_lock`] with bottom halves off.
    #[doc(alias = "spin_trylock_bh")]
    #[track_caller]
    #[inline]
    pub fn try_lock_bh(&self) -> Option<Guard<'_, T, Bh>> {
        self.try_lock_as(Place::caller())
    }

    /// [`Lock::try_lock`] with interrupts off, as [`SpinLock::lock_irq`](Lock::lock_irq).
    #[doc(alias = "spin_trylock_irq")]
    #[track_caller]
    #[inline]
    pub fn try_lock_irq(&self) -> Option<Guard<'_, T, Irq>> {
        self.try_lock_as(Place::caller())
    }

    /// [`Lock::try_lock`] with interrupts off, counted.
    #[doc(alias = "spin_trylock_irqsave")]
    #[track_caller]
    #[inline]
    pub fn try_lock_irqsave(&self) -> Option<Guard<'_, T, IrqSave>> {
        self.try_lock_as(Place::caller())
    }
}

impl<T: ?Sized> SpinLockIrq<T> {
    /// Takes the lock where interrupts are off already.
    #[track_caller]
    #[inline]
    pub fn lock_with<'a>(&'a self, off: &'a LocalInterruptDisabled) -> Guard<'a, T, Plain> {
        let _ = off;
        self.lock_as(Place::caller())
    }
}

impl<T: ?Sized> SpinLockBh<T> {
    /// Takes the lock where bottom halves are off already.
    #[track_caller]
    #[inline]
    pub fn lock_with<'a>(&'a self, off: &'a LocalBhDisabled) -> Guard<'a, T, Plain> {
        let _ = off;
        self.lock_as(Place::caller())
    }
}

/// Subtracts one from `count`, and takes `lock` if that makes it zero: then the guard, else nothing. The lock is
/// held whenever the count becomes zero. Finding and sleeping as for [`Lock::lock`].
#[doc(alias("_atomic_dec_and_lock", "refcount_dec_and_lock"))]
#[track_caller]
pub fn atomic_dec_and_lock<'a, T: ?Sized, K: Kind>(count: &Atomic, lock: &'a Lock<T, K>) -> Option<Guard<'a, T, K>> {
    if count.add_unless(-1, 1) {
        return None;
    }
    let guard = lock.lock();
    if count.dec_and_test() {
        return Some(guard);
    }
    guard.unlock();
    None
}

/// The held lock: gives the data, and releases the lock when dropped. Stays on its CPU, so it is not `Send`.
///
/// ```
/// use ringzero::sync::{Guard, SpinLock};
/// let lock = SpinLock::new(1);
/// let mut held: Guard<'_, u32> = lock.lock();
/// *held += 1;
/// assert!(lock.try_lock().is_none());
/// held.unlock();
/// assert_eq!(*lock.lock(), 2);
/// ```
///
/// ```compile_fail
/// # use ringzero::sync::SpinLock;
/// fn send<T: Send>(_: T) {}
/// let lock = SpinLock::new(0);
/// send(lock.lock());
/// ```
#[must_use = "the lock is released when the guard is dropped"]
pub struct Guard<'a, T: ?Sized, K: Kind = Plain> {
    raw: &'a RawSpinLock,
    data: &'a UnsafeCell<T>,
    /// Neither `Send` nor `Sync`: it says something of this CPU.
    kind: PhantomData<*mut K>,
}

impl<T: ?Sized, K: Kind> Guard<'_, T, K> {
    /// Releases the lock here, where the report can say so.
    #[doc(alias("spin_unlock", "spin_unlock_bh", "spin_unlock_irq", "spin_unlock_irqrestore"))]
    #[track_caller]
    #[inline]
    pub fn unlock(self) {
        let this = ManuallyDrop::new(self);
        this.raw.unlock_told::<K>(Place::caller());
    }

    /// Releases the lock, runs `f`, and takes the lock again: for `f` that sleeps. What the lock protects may have changed
    /// then.
    #[track_caller]
    pub fn unlocked<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.unlocked_at(Place::caller(), f)
    }

    /// [`Guard::unlocked`] on behalf of `place`.
    pub fn unlocked_at<R>(&mut self, place: Place, f: impl FnOnce() -> R) -> R {
        /// Takes the lock again, also if `f` unwinds: the guard releases it.
        struct Again<'a, K: Kind>(&'a RawSpinLock, Place, PhantomData<fn() -> K>);
        impl<K: Kind> Drop for Again<'_, K> {
            fn drop(&mut self) {
                self.0.lock_told::<K>(0, 0, self.1);
            }
        }
        self.raw.unlock_told::<K>(place);
        let _again = Again::<K>(self.raw, place, PhantomData);
        f()
    }
}

impl<T: ?Sized, K: Kind> Drop for Guard<'_, T, K> {
    /// The place is this one; the report finds the caller's from the stack.
    #[inline]
    fn drop(&mut self) {
        self.raw.unlock_told::<K>(Place::caller());
    }
}

impl<T: ?Sized, K: Kind> Deref for Guard<'_, T, K> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held as long as the guard lives, so nobody else has a reference.
        unsafe { &*self.data.get() }
    }
}

impl<T: ?Sized, K: Kind> DerefMut for Guard<'_, T, K> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { &mut *self.data.get() }
    }
}

impl<T: ?Sized + fmt::Debug, K: Kind> fmt::Debug for Guard<'_, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized, K: Kind> fmt::Debug for Lock<T, K> {
    /// Shows the lock, not the data, and without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T: Default, K: Kind> Default for Lock<T, K> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}
