//! The reader-writer semaphore that carries its data.

use crate::common::Interrupted;
use crate::rwsem_raw::RawRwSemaphore;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

/// A reader-writer semaphore around its data: many tasks read at once, or one writes, and each of them may sleep. Writers do
/// not starve: who comes while one waits reads after it.
///
/// All zeroes is a free one if it is a valid `T`. The semaphore itself drops nothing.
///
/// ```
/// use ringzero::{Machine, delay::msleep, kthread::kthread_run, rwsem::RwSemaphore};
/// ringzero::global! { static MAP: RwSemaphore<Vec<u32>> = RwSemaphore::new(Vec::new()).named("mm.map"); }
/// let init = || {
///     kthread_run(|| { MAP.write().push(7); }, "writer");
///     kthread_run(|| {
///         let map = MAP.read();
///         let len = map.len();
///         msleep(1); // a reader may sleep
///         assert_eq!(map.len(), len);
///     }, "reader");
/// };
/// Machine::host().cpus(2).boot(init).assert_clean();
/// assert_eq!(*MAP.read(), [7]);
/// ```
#[repr(C)]
pub struct RwSemaphore<T: ?Sized> {
    raw: RawRwSemaphore,
    data: UnsafeCell<T>,
}

// SAFETY: the semaphore hands out one `&mut T` at a time, or some `&T`, in whatever task.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwSemaphore<T> {}

impl<T> RwSemaphore<T> {
    /// A free one around `value`. Its class is the caller's place.
    #[doc(alias("init_rwsem", "DECLARE_RWSEM"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { raw: RawRwSemaphore::new(), data: UnsafeCell::new(value) }
    }

    /// The same with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.raw.set_name(name);
        self
    }

    /// The data; the semaphore is gone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> RwSemaphore<T> {
    /// The lock without the data, to be looked at.
    pub(crate) const fn as_raw(&self) -> &RawRwSemaphore {
        &self.raw
    }

    /// The data, without the semaphore: nobody else can have it.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// The semaphore without its data.
    ///
    /// # Safety
    /// The caller must not release it while a guard exists, and must hold it while it uses the data.
    #[must_use]
    pub const unsafe fn raw(&self) -> &RawRwSemaphore {
        &self.raw
    }

    /// Sleeps until no writer holds it or waits, and reads.
    ///
    /// Context: task, sleeps. Not again in the same section: a writer may have come in between.
    #[doc(alias = "down_read")]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> RwSemReadGuard<'_, T> {
        self.raw.down_read();
        self.reads()
    }

    /// [`RwSemaphore::read`] that a signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a signal came first.
    #[doc(alias = "down_read_interruptible")]
    #[track_caller]
    #[inline]
    pub fn read_interruptible(&self) -> Result<RwSemReadGuard<'_, T>, Interrupted> {
        self.raw.down_read_interruptible()?;
        Ok(self.reads())
    }

    /// [`RwSemaphore::read`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first.
    #[doc(alias = "down_read_killable")]
    #[track_caller]
    #[inline]
    pub fn read_killable(&self) -> Result<RwSemReadGuard<'_, T>, Interrupted> {
        self.raw.down_read_killable()?;
        Ok(self.reads())
    }

    /// [`RwSemaphore::read`]; `subclass` tells the validator that one of the same class may be held.
    #[doc(alias = "down_read_nested")]
    #[track_caller]
    #[inline]
    pub fn read_nested(&self, subclass: u32) -> RwSemReadGuard<'_, T> {
        self.raw.down_read_nested(subclass);
        self.reads()
    }

    /// Reads if no writer holds it and nobody waits. Never sleeps.
    #[doc(alias = "down_read_trylock")]
    #[track_caller]
    #[inline]
    pub fn try_read(&self) -> Option<RwSemReadGuard<'_, T>> {
        self.raw.down_read_trylock().then(|| self.reads())
    }

    /// Sleeps until nobody holds it, and writes.
    ///
    /// Context: task, sleeps.
    #[doc(alias = "down_write")]
    #[track_caller]
    #[inline]
    pub fn write(&self) -> RwSemWriteGuard<'_, T> {
        self.raw.down_write();
        self.writes()
    }

    /// [`RwSemaphore::write`] that a fatal signal ends too.
    ///
    /// # Errors
    /// [`Interrupted`] if a fatal signal came first.
    #[doc(alias = "down_write_killable")]
    #[track_caller]
    #[inline]
    pub fn write_killable(&self) -> Result<RwSemWriteGuard<'_, T>, Interrupted> {
        self.raw.down_write_killable()?;
        Ok(self.writes())
    }

    /// [`RwSemaphore::write`]; `subclass` tells the validator that one of the same class may be held.
    #[doc(alias = "down_write_nested")]
    #[track_caller]
    #[inline]
    pub fn write_nested(&self, subclass: u32) -> RwSemWriteGuard<'_, T> {
        self.raw.down_write_nested(subclass);
        self.writes()
    }

    /// Writes if nobody holds it or waits. Never sleeps.
    #[doc(alias = "down_write_trylock")]
    #[track_caller]
    #[inline]
    pub fn try_write(&self) -> Option<RwSemWriteGuard<'_, T>> {
        self.raw.down_write_trylock().then(|| self.writes())
    }

    /// Whether somebody holds it or waits for it. Orders nothing. Every context.
    #[doc(alias = "rwsem_is_locked")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether somebody waits for it: on the model, a writer. Orders nothing. Every context.
    #[doc(alias = "rwsem_is_contended")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn is_contended(&self) -> bool {
        self.raw.is_contended()
    }

    #[inline]
    const fn reads(&self) -> RwSemReadGuard<'_, T> {
        RwSemReadGuard { semaphore: self, owned: PhantomData }
    }

    #[inline]
    const fn writes(&self) -> RwSemWriteGuard<'_, T> {
        RwSemWriteGuard { semaphore: self, owned: PhantomData }
    }
}

/// The semaphore held for reading: gives the data, and releases it when dropped. Belongs to its task, so it is not `Send`.
///
/// ```
/// use ringzero::rwsem::{RwSemReadGuard, RwSemaphore};
/// let map = RwSemaphore::new(1);
/// let held: RwSemReadGuard<'_, u32> = map.read();
/// assert!(map.try_read().is_some() && map.try_write().is_none());
/// held.unlock();
/// ```
#[must_use = "the semaphore is released when the guard is dropped"]
pub struct RwSemReadGuard<'a, T: ?Sized> {
    semaphore: &'a RwSemaphore<T>,
    /// Neither `Send` nor `Sync`: it says something of this task.
    owned: PhantomData<*mut ()>,
}

/// The semaphore held for writing: gives the data, and releases it when dropped. Belongs to its task, so it is not `Send`.
///
/// ```
/// use ringzero::rwsem::{RwSemWriteGuard, RwSemaphore};
/// let map = RwSemaphore::new(1);
/// let mut held: RwSemWriteGuard<'_, u32> = map.write();
/// *held += 1;
/// assert!(map.try_read().is_none());
/// let held = held.downgrade();
/// assert_eq!((*held, map.try_read().is_some(), map.try_write().is_none()), (2, true, true));
/// ```
#[must_use = "the semaphore is released when the guard is dropped"]
pub struct RwSemWriteGuard<'a, T: ?Sized> {
    semaphore: &'a RwSemaphore<T>,
    /// As in [`RwSemReadGuard`].
    owned: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives only `&T`.
unsafe impl<T: ?Sized + Sync> Sync for RwSemReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for RwSemWriteGuard<'_, T> {}

impl<T: ?Sized> RwSemReadGuard<'_, T> {
    /// Releases it here, where the report can say so.
    #[doc(alias = "up_read")]
    #[track_caller]
    #[inline]
    pub fn unlock(self) {
        ManuallyDrop::new(self).semaphore.raw.up_read();
    }
}

impl<'a, T: ?Sized> RwSemWriteGuard<'a, T> {
    /// Releases it here, where the report can say so.
    #[doc(alias = "up_write")]
    #[track_caller]
    #[inline]
    pub fn unlock(self) {
        ManuallyDrop::new(self).semaphore.raw.up_write();
    }

    /// Reads from here on, and nobody wrote in between.
    #[doc(alias("downgrade_write", "downgrade_writer"))]
    #[track_caller]
    #[inline]
    pub fn downgrade(self) -> RwSemReadGuard<'a, T> {
        let this = ManuallyDrop::new(self);
        this.semaphore.raw.downgrade_write();
        this.semaphore.reads()
    }
}

impl<T: ?Sized> Drop for RwSemReadGuard<'_, T> {
    /// The place is this one; the report finds the caller's from the stack.
    #[inline]
    fn drop(&mut self) {
        self.semaphore.raw.up_read();
    }
}

impl<T: ?Sized> Drop for RwSemWriteGuard<'_, T> {
    /// As that of [`RwSemReadGuard`].
    #[inline]
    fn drop(&mut self) {
        self.semaphore.raw.up_write();
    }
}

impl<T: ?Sized> Deref for RwSemReadGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: nobody writes while the guard lives.
        unsafe { &*self.semaphore.data.get() }
    }
}

impl<T: ?Sized> Deref for RwSemWriteGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: nobody else holds it while the guard lives.
        unsafe { &*self.semaphore.data.get() }
    }
}

impl<T: ?Sized> DerefMut for RwSemWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { &mut *self.semaphore.data.get() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwSemReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwSemWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Debug for RwSemaphore<T> {
    /// Shows the semaphore, not the data, and without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T: Default> Default for RwSemaphore<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::RwSemaphore;

    #[test]
    fn guards_give_the_data() {
        let sem = RwSemaphore::new(7).named("s");
        *sem.write() += 1;
        let (one, other) = (sem.read(), sem.read_killable().expect("no signal"));
        assert_eq!((*one + *other, sem.try_write().is_none()), (16, true));
        one.unlock();
        other.unlock();
        let held = sem.try_write().expect("it is free").downgrade();
        assert!(sem.try_read().is_some() && sem.try_write().is_none());
        held.unlock();
        sem.write_killable().expect("no signal").unlock();
        assert_eq!((sem.is_locked(), sem.into_inner()), (false, 8));
    }
}
