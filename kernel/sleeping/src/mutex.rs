//! The mutex that carries its data.

use crate::common::{How, Interrupted};
use crate::raw::RawMutex;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use ringzero_machine::Place;

/// A mutex around its data. All zeroes is a free one if it is a valid `T`. The mutex itself drops nothing.
///
/// ```
/// use ringzero::{Machine, delay::msleep, kthread::kthread_run, mutex::Mutex};
/// ringzero::global! { static LOG: Mutex<Vec<u32>> = Mutex::new(Vec::new()); }
/// let append = |n| {
///     let mut log = LOG.lock();
///     msleep(1); // its holder may sleep
///     log.push(n);
/// };
/// let init = move || (0..3).for_each(|n| { kthread_run(move || append(n), "writer"); });
/// Machine::host().cpus(2).boot(init).assert_clean();
/// assert_eq!(LOG.lock().len(), 3);
/// ```
#[repr(C)]
pub struct Mutex<T: ?Sized> {
    raw: RawMutex,
    data: UnsafeCell<T>,
}

// SAFETY: the mutex hands out one access at a time, whatever the task.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// A free mutex around `value`. Its class is the caller's place.
    #[doc(alias("mutex_init", "DEFINE_MUTEX"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { raw: RawMutex::new(), data: UnsafeCell::new(value) }
    }

    /// The same mutex with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.raw.set_name(name);
        self
    }

    /// The data; the mutex is gone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// The lock without the data, to be looked at.
    pub(crate) const fn as_raw(&self) -> &RawMutex {
        &self.raw
    }

    /// The data, without locking: nobody else can have the mutex.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// The mutex without its data.
    ///
    /// # Safety
    /// The caller must not unlock it while a guard exists, and must hold it while it uses the data.
    #[must_use]
    pub const unsafe fn raw(&self) -> &RawMutex {
        &self.raw
    }

    /// Sleeps until the mutex is free and locks it.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere, even if the mutex is free.
    #[doc(alias("mutex_lock", "mutex_lock_io"))]
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.lock_as(How::call("mutex_lock()"), Place::caller())
    }

    /// [`Mutex::lock`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first.
    #[doc(alias = "mutex_lock_interruptible")]
    #[track_caller]
    #[inline]
    pub fn lock_interruptible(&self) -> Result<MutexGuard<'_, T>, Interrupted> {
        self.try_lock_as(How::call("mutex_lock_interruptible()").interruptible(), Place::caller())
    }

    /// [`Mutex::lock`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first.
    #[doc(alias = "mutex_lock_killable")]
    #[track_caller]
    #[inline]
    pub fn lock_killable(&self) -> Result<MutexGuard<'_, T>, Interrupted> {
        self.try_lock_as(How::call("mutex_lock_killable()").killable(), Place::caller())
    }

    /// [`Mutex::lock`]; `subclass` tells the validator that a mutex of the same class may be held.
    #[doc(alias("mutex_lock_nested", "mutex_lock_io_nested"))]
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: u32) -> MutexGuard<'_, T> {
        self.lock_as(How::call("mutex_lock_nested()").nested(subclass), Place::caller())
    }

    /// [`Mutex::lock_interruptible`] as [`Mutex::lock_nested`].
    ///
    /// # Errors
    /// As [`Mutex::lock_interruptible`].
    #[doc(alias = "mutex_lock_interruptible_nested")]
    #[track_caller]
    #[inline]
    pub fn lock_interruptible_nested(&self, subclass: u32) -> Result<MutexGuard<'_, T>, Interrupted> {
        let how = How::call("mutex_lock_interruptible_nested()").interruptible();
        self.try_lock_as(how.nested(subclass), Place::caller())
    }

    /// [`Mutex::lock_killable`] as [`Mutex::lock_nested`].
    ///
    /// # Errors
    /// As [`Mutex::lock_killable`].
    #[doc(alias = "mutex_lock_killable_nested")]
    #[track_caller]
    #[inline]
    pub fn lock_killable_nested(&self, subclass: u32) -> Result<MutexGuard<'_, T>, Interrupted> {
        self.try_lock_as(How::call("mutex_lock_killable_nested()").killable().nested(subclass), Place::caller())
    }

    /// [`Mutex::lock`], told to the validator as one of many of its class that are taken while `outer` is held.
    #[doc(alias = "mutex_lock_nest_lock")]
    #[track_caller]
    #[inline]
    pub fn lock_nest_lock<U: ?Sized>(&self, outer: &MutexGuard<'_, U>) -> MutexGuard<'_, T> {
        let nest_lock = outer.mutex.raw.address();
        self.lock_as(How::call("mutex_lock_nest_lock()").nest_lock(nest_lock), Place::caller())
    }

    /// Locks the mutex if it is free.
    ///
    /// Context: task; does not sleep. Finding `sleep-in-atomic` in interrupts and softirqs.
    #[doc(alias = "mutex_trylock")]
    #[track_caller]
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.raw.trylock_at(Place::caller()).then(|| self.guard())
    }

    /// Whether somebody holds it. Orders nothing. Every context.
    #[doc(alias = "mutex_is_locked")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    #[inline]
    fn lock_as(&self, how: How, place: Place) -> MutexGuard<'_, T> {
        self.raw.lock_at(how, place);
        self.guard()
    }

    #[inline]
    fn try_lock_as(&self, how: How, place: Place) -> Result<MutexGuard<'_, T>, Interrupted> {
        self.raw.try_lock_at(how, place)?;
        Ok(self.guard())
    }

    const fn guard(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, owned: PhantomData }
    }
}

/// The held mutex: gives the data, and unlocks when dropped. Belongs to its task, so it is not `Send`.
///
/// ```
/// use ringzero::mutex::{Mutex, MutexGuard};
/// let mutex = Mutex::new(1);
/// let mut held: MutexGuard<'_, u32> = mutex.lock();
/// *held += 1;
/// assert!(mutex.try_lock().is_none());
/// held.unlock();
/// assert_eq!(*mutex.lock(), 2);
/// ```
///
/// ```compile_fail
/// # use ringzero::mutex::Mutex;
/// fn send<T: Send>(_: T) {}
/// let mutex = Mutex::new(0);
/// send(mutex.lock());
/// ```
#[must_use = "the mutex is unlocked when the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// Neither `Send` nor `Sync`: it says something of this task.
    owned: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives only `&T`.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T: ?Sized> MutexGuard<'_, T> {
    /// Unlocks here, where the report can say so.
    #[doc(alias = "mutex_unlock")]
    #[track_caller]
    #[inline]
    pub fn unlock(self) {
        let this = ManuallyDrop::new(self);
        this.mutex.raw.unlock_at(Place::caller());
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    /// The place is this one; the report finds the caller's from the stack.
    #[inline]
    fn drop(&mut self) {
        self.mutex.raw.unlock_at(Place::caller());
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the mutex is held as long as the guard lives, so nobody else has a reference.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    /// Shows the mutex, not the data, and without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::Mutex;

    #[test]
    fn the_guard_gives_the_data() {
        let mutex = Mutex::new(7).named("m");
        *mutex.lock() += 1;
        let guard = mutex.try_lock().expect("it is free");
        assert!(mutex.try_lock().is_none());
        assert_eq!(*guard, 8);
        guard.unlock();
        assert_eq!(mutex.lock_killable().as_deref(), Ok(&8));
        assert_eq!(mutex.into_inner(), 8);
    }
}
