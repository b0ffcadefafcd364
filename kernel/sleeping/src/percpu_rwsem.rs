//! The per-CPU reader-writer semaphore that carries its data.

use crate::percpu_rwsem_raw::RawPercpuRwSemaphore;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// A per-CPU reader-writer semaphore around its data, for what is read all the time and hardly ever written. Reading is two
/// additions to words of the CPU's own. Its readers and its writer may sleep.
///
/// Dropping it gives back the memory of its counts.
///
/// ```
/// use ringzero::rwsem::PercpuRwSemaphore;
/// let routes = PercpuRwSemaphore::new(vec![1]).named("routes");
/// std::thread::scope(|s| {
///     s.spawn(|| assert!(routes.read().len() <= 2));
///     s.spawn(|| routes.write().push(2));
/// });
/// assert_eq!(*routes.read(), [1, 2]);
/// ```
pub struct PercpuRwSemaphore<T: ?Sized> {
    raw: RawPercpuRwSemaphore,
    data: UnsafeCell<T>,
}

// SAFETY: the semaphore hands out one `&mut T` at a time, or some `&T`, in whatever task.
unsafe impl<T: ?Sized + Send + Sync> Sync for PercpuRwSemaphore<T> {}

impl<T> PercpuRwSemaphore<T> {
    /// A free one around `value`. Its class is the caller's place.
    #[doc(alias("percpu_init_rwsem", "DEFINE_STATIC_PERCPU_RWSEM"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { raw: RawPercpuRwSemaphore::new(), data: UnsafeCell::new(value) }
    }

    /// The same with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.raw.set_name(name);
        self
    }
}

impl<T: ?Sized> PercpuRwSemaphore<T> {
    /// The lock without the data, to be looked at.
    pub(crate) const fn as_raw(&self) -> &RawPercpuRwSemaphore {
        &self.raw
    }

    /// The data, without the semaphore: nobody else can have it.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// Sleeps until no writer is there, and reads.
    ///
    /// Context: task, sleeps. Not again in the same section: a writer may have come in between.
    #[doc(alias = "percpu_down_read")]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> PercpuReadGuard<'_, T> {
        self.raw.down_read();
        PercpuReadGuard { semaphore: self, owned: PhantomData }
    }

    /// Reads if no writer is there. Never sleeps.
    #[doc(alias = "percpu_down_read_trylock")]
    #[track_caller]
    #[inline]
    pub fn try_read(&self) -> Option<PercpuReadGuard<'_, T>> {
        self.raw.down_read_trylock().then(|| PercpuReadGuard { semaphore: self, owned: PhantomData })
    }

    /// Sleeps until nobody holds it, and writes.
    ///
    /// Context: task, sleeps.
    #[doc(alias = "percpu_down_write")]
    #[track_caller]
    pub fn write(&self) -> PercpuWriteGuard<'_, T> {
        self.raw.down_write();
        PercpuWriteGuard { semaphore: self, owned: PhantomData }
    }
}

impl<T: ?Sized> Drop for PercpuRwSemaphore<T> {
    #[doc(alias = "percpu_free_rwsem")]
    fn drop(&mut self) {
        // SAFETY: it is borrowed alone, so nobody uses it; a guard that was forgotten does no more.
        unsafe { self.raw.free() };
    }
}

/// The semaphore held for reading: gives the data, and releases it when dropped. Belongs to its task, so it is not `Send`.
///
/// ```
/// use ringzero::rwsem::{PercpuReadGuard, PercpuRwSemaphore};
/// let routes = PercpuRwSemaphore::new(3);
/// let held: PercpuReadGuard<'_, u32> = routes.read();
/// assert!(*held == 3 && routes.try_read().is_some());
/// ```
#[must_use = "the semaphore is released when the guard is dropped"]
pub struct PercpuReadGuard<'a, T: ?Sized> {
    semaphore: &'a PercpuRwSemaphore<T>,
    /// Neither `Send` nor `Sync`: it says something of this task.
    owned: PhantomData<*mut ()>,
}

/// The semaphore held for writing: gives the data, and releases it when dropped. Belongs to its task, so it is not `Send`.
///
/// ```
/// use ringzero::rwsem::{PercpuRwSemaphore, PercpuWriteGuard};
/// let routes = PercpuRwSemaphore::new(3);
/// let mut held: PercpuWriteGuard<'_, u32> = routes.write();
/// *held = 4;
/// assert!(routes.try_read().is_none());
/// drop(held);
/// assert_eq!(*routes.read(), 4);
/// ```
#[must_use = "the semaphore is released when the guard is dropped"]
pub struct PercpuWriteGuard<'a, T: ?Sized> {
    semaphore: &'a PercpuRwSemaphore<T>,
    /// As in [`PercpuReadGuard`].
    owned: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives only `&T`.
unsafe impl<T: ?Sized + Sync> Sync for PercpuReadGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for PercpuWriteGuard<'_, T> {}

impl<T: ?Sized> Drop for PercpuReadGuard<'_, T> {
    /// The place is this one; the report finds the caller's from the stack.
    #[inline]
    fn drop(&mut self) {
        self.semaphore.raw.up_read();
    }
}

impl<T: ?Sized> Drop for PercpuWriteGuard<'_, T> {
    /// As that of [`PercpuReadGuard`].
    fn drop(&mut self) {
        self.semaphore.raw.up_write();
    }
}

impl<T: ?Sized> Deref for PercpuReadGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: nobody writes while the guard lives.
        unsafe { &*self.semaphore.data.get() }
    }
}

impl<T: ?Sized> Deref for PercpuWriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: nobody else holds it while the guard lives.
        unsafe { &*self.semaphore.data.get() }
    }
}

impl<T: ?Sized> DerefMut for PercpuWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { &mut *self.semaphore.data.get() }
    }
}

impl<T: ?Sized> fmt::Debug for PercpuRwSemaphore<T> {
    /// Shows the semaphore, not the data, and without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for PercpuReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for PercpuWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::PercpuRwSemaphore;

    #[test]
    fn guards_give_the_data() {
        let mut sem = PercpuRwSemaphore::new(7).named("s");
        *sem.get_mut() += 1;
        let mut writing = sem.write();
        *writing += 1;
        assert!(sem.try_read().is_none() && sem.try_read().is_none());
        drop(writing);
        let (one, other) = (sem.read(), sem.try_read().expect("nobody writes"));
        assert_eq!(*one + *other, 18);
    }
}
