//! The wound/wait mutex that carries its data.

use crate::common::{How, no_second_guard};
use crate::ww::{WwAcquireCtx, WwClass, WwError};
use crate::ww_raw::RawWwMutex;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use ringzero_machine::Place;

/// A wound/wait mutex around its data: see [`WwAcquireCtx`].
///
/// ```
/// use ringzero::ww_mutex::{WwClass, WwMutex};
/// static BUFFERS: WwClass = WwClass::new_ww("buffers");
/// static FRONT: WwMutex<u32> = WwMutex::new(0, &BUFFERS);
/// *FRONT.lock_alone() += 1;
/// assert_eq!(*FRONT.lock_alone(), 1);
/// ```
#[repr(C)]
pub struct WwMutex<T: ?Sized> {
    raw: RawWwMutex,
    data: UnsafeCell<T>,
}

// SAFETY: the mutex hands out one access at a time, whatever the task.
unsafe impl<T: ?Sized + Send> Sync for WwMutex<T> {}

impl<T> WwMutex<T> {
    /// A free mutex of `class` around `value`.
    #[doc(alias("ww_mutex_init", "DEFINE_WW_MUTEX"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T, class: &'static WwClass) -> Self {
        Self { raw: RawWwMutex::new(class), data: UnsafeCell::new(value) }
    }

    /// The same mutex with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.raw.set_name(name);
        self
    }
}

impl<T: ?Sized> WwMutex<T> {
    /// The lock without the data, to be looked at.
    pub(crate) const fn as_raw(&self) -> &RawWwMutex {
        &self.raw
    }

    /// The data, without locking: nobody else can have the mutex.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// Locks it under `ctx`.
    ///
    /// Context: task, sleeps: finding `sleep-in-atomic` elsewhere, even if the mutex is free.
    ///
    /// # Errors
    /// [`WwError::Deadlock`] if the context has to back off, [`WwError::Already`] if it has this one.
    #[doc(alias = "ww_mutex_lock")]
    #[track_caller]
    pub fn lock<'a>(&'a self, ctx: &'a WwAcquireCtx) -> Result<WwMutexGuard<'a, T>, WwError> {
        self.lock_as(How::call("ww_mutex_lock()"), Some(ctx), false, Place::caller())
    }

    /// [`WwMutex::lock`] that a signal ends too.
    ///
    /// # Errors
    /// [`WwError`].
    #[doc(alias = "ww_mutex_lock_interruptible")]
    #[track_caller]
    pub fn lock_interruptible<'a>(&'a self, ctx: &'a WwAcquireCtx) -> Result<WwMutexGuard<'a, T>, WwError> {
        self.lock_as(How::call("ww_mutex_lock_interruptible()").interruptible(), Some(ctx), false, Place::caller())
    }

    /// Locks the mutex because of which the context has backed off. Finding `warn` if it holds any.
    #[doc(alias = "ww_mutex_lock_slow")]
    #[track_caller]
    pub fn lock_slow<'a>(&'a self, ctx: &'a WwAcquireCtx) -> WwMutexGuard<'a, T> {
        let how = How::call("ww_mutex_lock_slow()");
        // No signal; and a context that holds nothing neither has it already nor dies.
        if self.raw.lock_at(how, Some(ctx), true, Place::caller()).is_err() {
            no_second_guard(how.call, self.raw.called());
        }
        self.guard()
    }

    /// [`WwMutex::lock_slow`] that a signal ends too.
    ///
    /// # Errors
    /// [`WwError::Interrupted`] if one came first.
    #[doc(alias = "ww_mutex_lock_slow_interruptible")]
    #[track_caller]
    pub fn lock_slow_interruptible<'a>(&'a self, ctx: &'a WwAcquireCtx) -> Result<WwMutexGuard<'a, T>, WwError> {
        self.lock_as(How::call("ww_mutex_lock_slow_interruptible()").interruptible(), Some(ctx), true, Place::caller())
    }

    /// Locks it without a context: as any mutex.
    #[doc(alias = "ww_mutex_lock")]
    #[track_caller]
    pub fn lock_alone(&self) -> WwMutexGuard<'_, T> {
        // No signal and no context, so no error.
        let _ = self.raw.lock_at(How::call("ww_mutex_lock()"), None, false, Place::caller());
        self.guard()
    }

    /// Locks it if it is free.
    ///
    /// Context: task; does not sleep.
    #[doc(alias = "ww_mutex_trylock")]
    #[track_caller]
    pub fn try_lock<'a>(&'a self, ctx: Option<&'a WwAcquireCtx>) -> Option<WwMutexGuard<'a, T>> {
        self.raw.trylock_at(ctx.map(|ctx| &**ctx), Place::caller()).then(|| self.guard())
    }

    /// Whether somebody holds it. Orders nothing. Every context.
    #[doc(alias = "ww_mutex_is_locked")]
    #[must_use]
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    fn lock_as<'a>(
        &'a self,
        how: How,
        ctx: Option<&'a WwAcquireCtx>,
        slow: bool,
        place: Place,
    ) -> Result<WwMutexGuard<'a, T>, WwError> {
        self.raw.lock_at(how, ctx.map(|ctx| &**ctx), slow, place)?;
        Ok(self.guard())
    }

    const fn guard(&self) -> WwMutexGuard<'_, T> {
        WwMutexGuard { mutex: self, owned: PhantomData }
    }
}

/// The held mutex: gives the data, and unlocks when dropped. Belongs to its task, so it is not `Send`.
///
/// ```
/// use ringzero::ww_mutex::{WwClass, WwMutex, WwMutexGuard};
/// static BUFFERS: WwClass = WwClass::new_ww("buffers");
/// static FRONT: WwMutex<u32> = WwMutex::new(7, &BUFFERS);
/// let front: WwMutexGuard<'_, u32> = FRONT.lock_alone();
/// assert_eq!((*front, FRONT.is_locked()), (7, true));
/// ```
#[must_use = "the mutex is unlocked when the guard is dropped"]
pub struct WwMutexGuard<'a, T: ?Sized> {
    mutex: &'a WwMutex<T>,
    /// Neither `Send` nor `Sync`: it says something of this task.
    owned: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives only `&T`.
unsafe impl<T: ?Sized + Sync> Sync for WwMutexGuard<'_, T> {}

impl<T: ?Sized> WwMutexGuard<'_, T> {
    /// Unlocks here, where the report can say so.
    #[doc(alias = "ww_mutex_unlock")]
    #[track_caller]
    pub fn unlock(self) {
        let this = ManuallyDrop::new(self);
        this.mutex.raw.unlock_at(Place::caller());
    }
}

impl<T: ?Sized> Drop for WwMutexGuard<'_, T> {
    fn drop(&mut self) {
        self.mutex.raw.unlock_at(Place::caller());
    }
}

impl<T: ?Sized> Deref for WwMutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the mutex is held as long as the guard lives, so nobody else has a reference.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T: ?Sized> DerefMut for WwMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for WwMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Debug for WwMutex<T> {
    /// Shows the state without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}
