//! Reader-writer spinlocks that carry their data.

use crate::kind::{Bh, Irq, IrqSave, Kind, Plain};
use crate::rwlock_raw::RawRwLock;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use ringzero_machine::Place;

/// A reader-writer spinlock around its data; `K` is the kind of context in which [`RwLockOf::read`] and
/// [`RwLockOf::write`] hold it. Many read at once, or one writes. Writers do not starve: who comes while one waits reads
/// after it, but for interrupts, softirqs, and where bottom halves are off.
///
/// All zeroes is a free lock if it is a valid `T`. The lock itself drops nothing.
///
/// ```
/// use ringzero::sync::{IrqSave, RwLockOf};
/// let routes: RwLockOf<Vec<u32>, IrqSave> = RwLockOf::new(Vec::new()).named("dev.routes");
/// routes.write().push(7);
/// assert_eq!(routes.into_inner(), [7]);
/// ```
#[repr(C)]
pub struct RwLockOf<T: ?Sized, K: Kind> {
    raw: RawRwLock,
    kind: PhantomData<fn() -> K>,
    data: UnsafeCell<T>,
}

/// A reader-writer spinlock for data that interrupts and softirqs do not touch, or whose callers choose the kind each
/// time.
///
/// ```
/// use ringzero::sync::RwLock;
/// let table = RwLock::new([0; 4]).named("dev.table");
/// std::thread::scope(|s| {
///     s.spawn(|| table.write()[1] = 7);
///     s.spawn(|| assert!([0, 7].contains(&table.read()[1])));
/// });
/// let (one, other) = (table.read(), table.read_irqsave());
/// assert_eq!(one[1] + other[1], 14);
/// ```
pub type RwLock<T> = RwLockOf<T, Plain>;
/// A reader-writer spinlock for data that softirqs touch too: held with bottom halves off.
///
/// ```
/// use ringzero::{context::in_softirq, sync::RwLockBh};
/// let routes = RwLockBh::new(3);
/// let route = routes.read();
/// assert!(in_softirq() && *route == 3);
/// ```
pub type RwLockBh<T> = RwLockOf<T, Bh>;
/// A reader-writer spinlock for data that hardirqs touch too: held with interrupts off, counted.
///
/// ```
/// use ringzero::{context::irqs_disabled, sync::RwLockIrq};
/// let mode = RwLockIrq::new(3);
/// *mode.write() = 4;
/// assert!(!irqs_disabled() && *mode.read() == 4);
/// ```
pub type RwLockIrq<T> = RwLockOf<T, IrqSave>;

// SAFETY: the lock hands out one `&mut T` at a time, or some `&T`, on whatever CPU.
unsafe impl<T: ?Sized + Send + Sync, K: Kind> Sync for RwLockOf<T, K> {}

impl<T, K: Kind> RwLockOf<T, K> {
    /// A free lock around `value`. Its class is the caller's place.
    #[doc(alias("rwlock_init", "DEFINE_RWLOCK"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self { raw: RawRwLock::new(), kind: PhantomData, data: UnsafeCell::new(value) }
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

impl<T: ?Sized, K: Kind> RwLockOf<T, K> {
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
    pub const unsafe fn raw(&self) -> &RawRwLock {
        &self.raw
    }

    /// Whether somebody holds the lock or waits to write. Orders nothing.
    #[doc(alias = "rwlock_is_locked")]
    #[must_use]
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Spins until no writer is before the caller, and reads. Not again in the same section: a writer that comes in between
    /// and the second call would wait for each other. Never sleeps.
    #[doc(alias("read_lock", "read_lock_bh", "read_lock_irqsave"))]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> ReadGuard<'_, T, K> {
        self.read_as(Place::caller())
    }

    /// Spins until nobody holds the lock, and writes. Never sleeps.
    #[doc(alias("write_lock", "write_lock_bh", "write_lock_irqsave"))]
    #[track_caller]
    #[inline]
    pub fn write(&self) -> WriteGuard<'_, T, K> {
        self.write_as(Place::caller())
    }

    /// Reads if no writer holds the lock or waits.
    #[doc(alias = "read_trylock")]
    #[track_caller]
    #[inline]
    pub fn try_read(&self) -> Option<ReadGuard<'_, T, K>> {
        self.raw.try_read_kind::<K>(Place::caller()).then(|| self.read_guard())
    }

    /// Writes if nobody holds the lock or waits to write.
    #[doc(alias = "write_trylock")]
    #[track_caller]
    #[inline]
    pub fn try_write(&self) -> Option<WriteGuard<'_, T, K>> {
        self.raw.try_write_kind::<K>(Place::caller()).then(|| self.write_guard())
    }

    #[inline]
    fn read_as<J: Kind>(&self, place: Place) -> ReadGuard<'_, T, J> {
        self.raw.read_kind::<J>(place);
        self.read_guard()
    }

    /// The lock without the data, to be looked at.
    pub(crate) const fn as_raw(&self) -> &RawRwLock {
        &self.raw
    }

    #[inline]
    fn write_as<J: Kind>(&self, place: Place) -> WriteGuard<'_, T, J> {
        self.raw.write_kind::<J>(place);
        self.write_guard()
    }

    #[inline]
    const fn read_guard<J: Kind>(&self) -> ReadGuard<'_, T, J> {
        ReadGuard { raw: &self.raw, data: &self.data, kind: PhantomData }
    }

    #[inline]
    const fn write_guard<J: Kind>(&self) -> WriteGuard<'_, T, J> {
        WriteGuard { raw: &self.raw, data: &self.data, kind: PhantomData }
    }
}

macro_rules! forms {
    ($($read:ident $write:ident: $kind:ident, $alias_read:literal $alias_write:literal, $what:literal;)*) => {
        impl<T: ?Sized> RwLock<T> {$(
            #[doc = concat!("[`RwLockOf::read`] with ", $what, ".")]
            #[doc(alias = $alias_read)]
            #[track_caller]
            #[inline]
            pub fn $read(&self) -> ReadGuard<'_, T, $kind> {
                self.read_as(Place::caller())
            }

            #[doc = concat!("[`RwLockOf::write`] with ", $what, ".")]
            #[doc(alias = $alias_write)]
            #[track_caller]
            #[inline]
            pub fn $write(&self) -> WriteGuard<'_, T, $kind> {
                self.write_as(Place::caller())
            }
        )*}
    };
}
forms! {
    read_bh write_bh: Bh, "read_lock_bh" "write_lock_bh", "bottom halves off. Task or softirq, interrupts on";
    read_irq write_irq: Irq, "read_lock_irq" "write_lock_irq",
        "interrupts off; dropping the guard switches them on, whatever they were";
    read_irqsave write_irqsave: IrqSave, "read_lock_irqsave" "write_lock_irqsave",
        "interrupts off, counted. Every context but an NMI";
}

macro_rules! guard {
    ($(#[$meta:meta])* $guard:ident, $release:ident, [$($alias:literal)*]) => {
        $(#[$meta])*
        #[must_use = "the lock is released when the guard is dropped"]
        pub struct $guard<'a, T: ?Sized, K: Kind = Plain> {
            raw: &'a RawRwLock,
            data: &'a UnsafeCell<T>,
            /// Neither `Send` nor `Sync`: it says something of this CPU.
            kind: PhantomData<*mut K>,
        }

        impl<T: ?Sized, K: Kind> $guard<'_, T, K> {
            /// Releases the lock here, where the report can say so.
            $(#[doc(alias = $alias)])*
            #[track_caller]
            #[inline]
            pub fn unlock(self) {
                let this = ManuallyDrop::new(self);
                this.raw.$release::<K>(Place::caller());
            }
        }

        impl<T: ?Sized, K: Kind> Drop for $guard<'_, T, K> {
            /// The place is this one; the report finds the caller's from the stack.
            #[inline]
            fn drop(&mut self) {
                self.raw.$release::<K>(Place::caller());
            }
        }

        impl<T: ?Sized, K: Kind> Deref for $guard<'_, T, K> {
            type Target = T;
            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: the lock is held as long as the guard lives: nobody writes, or only the guard's owner.
                unsafe { &*self.data.get() }
            }
        }

        impl<T: ?Sized + fmt::Debug, K: Kind> fmt::Debug for $guard<'_, T, K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}
guard! {
    /// The lock held for reading: gives the data, and releases the lock when dropped. Stays on its CPU, so it is not
    /// `Send`.
    ///
    /// ```
    /// use ringzero::sync::{ReadGuard, RwLock};
    /// let lock = RwLock::new(1);
    /// let held: ReadGuard<'_, u32> = lock.read();
    /// assert!(lock.try_read().is_some() && lock.try_write().is_none());
    /// held.unlock();
    /// ```
    ReadGuard, read_unlock_kind, ["read_unlock" "read_unlock_bh" "read_unlock_irq" "read_unlock_irqrestore"]
}
guard! {
    /// The lock held for writing: gives the data, and releases the lock when dropped. Stays on its CPU, so it is not
    /// `Send`.
    ///
    /// ```
    /// use ringzero::sync::{RwLock, WriteGuard};
    /// let lock = RwLock::new(1);
    /// let mut held: WriteGuard<'_, u32> = lock.write();
    /// *held += 1;
    /// assert!(lock.try_read().is_none());
    /// held.unlock();
    /// assert_eq!(*lock.read(), 2);
    /// ```
    WriteGuard, write_unlock_kind, ["write_unlock" "write_unlock_bh" "write_unlock_irq" "write_unlock_irqrestore"]
}

impl<T: ?Sized, K: Kind> DerefMut for WriteGuard<'_, T, K> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held by this guard alone, and the guard is borrowed alone.
        unsafe { &mut *self.data.get() }
    }
}

impl<T: ?Sized, K: Kind> fmt::Debug for RwLockOf<T, K> {
    /// Shows the lock, not the data, and without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

impl<T: Default, K: Kind> Default for RwLockOf<T, K> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Makes an [`RwLock`] of a value, with a name for reports if one is given.
///
/// ```
/// use ringzero::sync::{RwLock, new_rwlock};
/// let mode: RwLock<u32> = new_rwlock!(0, "dev.mode");
/// *mode.write() += 1;
/// assert_eq!(*mode.read(), 1);
/// ```
#[doc(alias("DEFINE_RWLOCK", "RW_LOCK_UNLOCKED", "rwlock_init"))]
#[macro_export]
macro_rules! new_rwlock {
    ($value:expr $(,)?) => {
        $crate::RwLock::new($value)
    };
    ($value:expr, $name:expr $(,)?) => {
        $crate::RwLock::new($value).named($name)
    };
}
