//! The mutex with priority inheritance that carries its data.

use crate::common::How;
use crate::rt::RtError;
use crate::rt_raw::RawRtMutex;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use ringzero_machine::Place;
use ringzero_sched::{MAX_SCHEDULE_TIMEOUT, Task};

/// A mutex with priority inheritance around its data: who holds it has the best priority of those who wait for it.
///
/// ```
/// use ringzero::kthread::{kthread_create, kthread_stop};
/// use ringzero::rtmutex::RtMutex;
/// use ringzero::sched::{current, msleep, sched_set_fifo, wake_up_process};
/// ringzero::global! { static STATE: RtMutex<u32> = RtMutex::new(0); }
/// let init = || {
///     let mut state = STATE.lock();
///     let urgent = kthread_create(|| *STATE.lock() += 1, "urgent");
///     sched_set_fifo(urgent);
///     assert_eq!((current().prio(), urgent.prio()), (120, 49));
///     wake_up_process(urgent);
///     while current().prio() != 49 {
///         msleep(1); // until it waits
///     }
///     *state += 1;
///     drop(state);
///     assert_eq!(current().prio(), 120);
///     kthread_stop(urgent);
///     assert_eq!(*STATE.lock(), 2);
/// };
/// ringzero::Machine::host().cpus(2).boot(init).assert_clean();
/// ```
#[repr(C)]
pub struct RtMutex<T: ?Sized> {
    raw: RawRtMutex,
    data: UnsafeCell<T>,
}

// SAFETY: the mutex hands out one access at a time, whatever the task.
unsafe impl<T: ?Sized + Send> Sync for RtMutex<T> {}

impl<T> RtMutex<T> {
    /// A free mutex around `value`. Its class is the caller's place.
    #[doc(alias("rt_mutex_init", "DEFINE_RT_MUTEX"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { raw: RawRtMutex::new(), data: UnsafeCell::new(value) }
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

impl<T: ?Sized> RtMutex<T> {
    /// The lock without the data, to be looked at.
    pub(crate) const fn as_raw(&self) -> &RawRtMutex {
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
    pub const unsafe fn raw(&self) -> &RawRtMutex {
        &self.raw
    }

    /// Sleeps until the mutex is free and locks it.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere, even if the mutex is free.
    #[doc(alias = "rt_mutex_lock")]
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> RtMutexGuard<'_, T> {
        self.raw.lock_at(How::call("rt_mutex_lock()"), Place::caller());
        self.guard()
    }

    /// [`RtMutex::lock`]; `subclass` tells the validator that a mutex of the same class may be held.
    #[doc(alias = "rt_mutex_lock_nested")]
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: u32) -> RtMutexGuard<'_, T> {
        self.raw.lock_at(How::call("rt_mutex_lock_nested()").nested(subclass), Place::caller());
        self.guard()
    }

    /// [`RtMutex::lock`], told to the validator as one of many of its class that are taken while `outer` is held.
    #[doc(alias = "rt_mutex_lock_nest_lock")]
    #[track_caller]
    #[inline]
    pub fn lock_nest_lock<U: ?Sized>(&self, outer: &RtMutexGuard<'_, U>) -> RtMutexGuard<'_, T> {
        let nest_lock = outer.mutex.raw.address();
        self.raw.lock_at(How::call("rt_mutex_lock_nest_lock()").nest_lock(nest_lock), Place::caller());
        self.guard()
    }

    /// [`RtMutex::lock`] that a signal ends too, and with `detect_deadlock` that it would wait for itself.
    ///
    /// # Errors
    /// [`RtError::Interrupted`] and [`RtError::Deadlock`].
    #[doc(alias = "rt_mutex_lock_interruptible")]
    #[track_caller]
    #[inline]
    pub fn lock_interruptible(&self, detect_deadlock: bool) -> Result<RtMutexGuard<'_, T>, RtError> {
        let how = How::call("rt_mutex_lock_interruptible()").interruptible();
        self.lock_as(how, MAX_SCHEDULE_TIMEOUT, detect_deadlock, Place::caller())
    }

    /// [`RtMutex::lock_interruptible`] that only a fatal signal ends.
    ///
    /// # Errors
    /// As [`RtMutex::lock_interruptible`].
    #[doc(alias = "rt_mutex_lock_killable")]
    #[track_caller]
    #[inline]
    pub fn lock_killable(&self, detect_deadlock: bool) -> Result<RtMutexGuard<'_, T>, RtError> {
        let how = How::call("rt_mutex_lock_killable()").killable();
        self.lock_as(how, MAX_SCHEDULE_TIMEOUT, detect_deadlock, Place::caller())
    }

    /// [`RtMutex::lock_interruptible`] for `timeout` jiffies at most.
    ///
    /// # Errors
    /// [`RtError`].
    #[doc(alias = "rt_mutex_timed_lock")]
    #[track_caller]
    #[inline]
    pub fn timed_lock(&self, timeout: u64, detect_deadlock: bool) -> Result<RtMutexGuard<'_, T>, RtError> {
        let how = How::call("rt_mutex_timed_lock()").interruptible();
        self.lock_as(how, timeout, detect_deadlock, Place::caller())
    }

    /// Locks the mutex if it is free, and no task waits for it that is as good or better.
    ///
    /// Context: task; does not sleep. Finding `sleep-in-atomic` in interrupts and softirqs.
    #[doc(alias = "rt_mutex_trylock")]
    #[track_caller]
    #[inline]
    pub fn try_lock(&self) -> Option<RtMutexGuard<'_, T>> {
        self.raw.trylock_at(Place::caller()).then(|| self.guard())
    }

    /// Whether somebody holds it. Orders nothing. Every context.
    #[doc(alias = "rt_mutex_is_locked")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// The task that holds it, as it was then. Orders nothing. Every context.
    #[doc(alias = "rt_mutex_owner")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn owner(&self) -> Option<&'static Task> {
        self.raw.owner()
    }

    #[inline]
    fn lock_as(&self, how: How, timeout: u64, detect: bool, place: Place) -> Result<RtMutexGuard<'_, T>, RtError> {
        self.raw.try_lock_at(how, timeout, detect, place)?;
        Ok(self.guard())
    }

    const fn guard(&self) -> RtMutexGuard<'_, T> {
        RtMutexGuard { mutex: self, owned: PhantomData }
    }
}

/// The held mutex: gives the data, and unlocks when dropped. Belongs to its task, so it is not `Send`.
///
/// ```
/// use ringzero::rtmutex::{RtMutex, RtMutexGuard};
/// let mutex = RtMutex::new(1);
/// let mut held: RtMutexGuard<'_, u32> = mutex.lock();
/// *held += 1;
/// assert!(mutex.try_lock().is_none());
/// held.unlock();
/// assert_eq!(*mutex.lock(), 2);
/// ```
#[must_use = "the mutex is unlocked when the guard is dropped"]
pub struct RtMutexGuard<'a, T: ?Sized> {
    mutex: &'a RtMutex<T>,
    /// Neither `Send` nor `Sync`: it says something of this task.
    owned: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives only `&T`.
unsafe impl<T: ?Sized + Sync> Sync for RtMutexGuard<'_, T> {}

impl<T: ?Sized> RtMutexGuard<'_, T> {
    /// Unlocks here, where the report can say so.
    #[doc(alias = "rt_mutex_unlock")]
    #[track_caller]
    #[inline]
    pub fn unlock(self) {
        let this = ManuallyDrop::new(self);
        this.mutex.raw.unlock_at(Place::caller());
    }
}

impl<T: ?Sized> Drop for RtMutexGuard<'_, T> {
    /// The place is this one; the report finds the caller's from the stack.
    #[inline]
    fn drop(&mut self) {
        self.mutex.raw.unlock_at(Place::caller());
    }
}

impl<T: ?Sized> Deref for RtMutexGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the mutex is held as long as the guard lives, so nobody else has a reference.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T: ?Sized> DerefMut for RtMutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RtMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Debug for RtMutex<T> {
    /// Shows the mutex, not the data, and without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T: Default> Default for RtMutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::RtMutex;
    use crate::rt::RtError;

    #[test]
    fn the_guard_gives_the_data() {
        let mutex = RtMutex::new(7).named("m");
        *mutex.lock() += 1;
        let guard = mutex.try_lock().expect("it is free");
        assert!(mutex.try_lock().is_none() && mutex.is_locked());
        assert_eq!(*guard, 8);
        guard.unlock();
        assert_eq!(mutex.lock_killable(false).as_deref(), Ok(&8));
        assert_eq!(mutex.timed_lock(5, true).as_deref(), Ok(&8));
        assert_eq!(mutex.into_inner(), 8);
    }

    #[test]
    fn errors_have_numbers() {
        let errors = [RtError::Deadlock, RtError::Interrupted, RtError::TimedOut];
        assert_eq!(errors.map(RtError::to_errno), [-35, -4, -110]);
    }
}
