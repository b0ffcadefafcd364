//! Local-global locks: a spinlock a CPU, taken one at a time or all together.
//!
//! # Theory
//! What belongs to one CPU is used with that CPU's lock, mostly by the CPU itself; what belongs to all, with all of them.
//! So the local side writes nothing that other CPUs write, and the global side is slow.
//!
//! **Invariants** (`G` for global).
//! - G1. Who holds all locks holds them in the order of the CPUs' numbers; who holds two took the lower one first.
//! - G2. Who holds one takes no other: only [`LgLock::double_lock`] takes two.
//! - G3. CPUs whose numbers are the same modulo [`LG_CPUS`] share a lock. Those that were booted share none.
//!
//! **Differences from Linux.** The locks lie in the object, each on cache lines of its own. Gone from today's Linux.

use crate::kind::Plain;
use crate::raw::{RawSpinLock, tell};
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::{Deref, DerefMut};
use ringzero_context::at;
use ringzero_machine::{LockEvent, LockUse, Place, cpu, machine, model};

/// How many locks a local-global lock has.
pub const LG_CPUS: usize = 64;

/// A CPU's lock and data.
#[repr(C, align(64))]
struct Slot<T> {
    lock: RawSpinLock,
    data: UnsafeCell<T>,
}

/// A local-global lock (`struct lglock`) around data of each CPU.
///
/// ```
/// use ringzero::sync::LgLock;
/// static FILES: LgLock<u32> = LgLock::new(0).named("files");
/// std::thread::scope(|s| {
///     for _ in 0..2 {
///         s.spawn(|| (0..100).for_each(|_| *FILES.local_lock() += 1));
///     }
/// });
/// let all = FILES.global_lock();
/// assert_eq!(all.iter().sum::<u32>(), 200);
/// ```
#[doc(alias = "lglock")]
#[repr(C)]
pub struct LgLock<T = ()> {
    slots: [Slot<T>; LG_CPUS],
}

// SAFETY: whoever has the data of a CPU holds its lock, or all.
unsafe impl<T: Send> Sync for LgLock<T> {}

impl<T: Copy> LgLock<T> {
    /// A free lock with `value` for each CPU. Its class is the caller's place.
    #[doc(alias("lg_lock_init", "DEFINE_LGLOCK", "DEFINE_STATIC_LGLOCK"))]
    #[must_use]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        let mut slots = [const { MaybeUninit::<Slot<T>>::uninit() }; LG_CPUS];
        let mut n = 0;
        while n < LG_CPUS {
            slots[n] = MaybeUninit::new(Slot { lock: RawSpinLock::new(), data: UnsafeCell::new(value) });
            n += 1;
        }
        // SAFETY: all of them were just initialised.
        Self { slots: unsafe { core::mem::transmute_copy(&slots) } }
    }
}

impl<T> LgLock<T> {
    /// The same lock with a name for reports.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        let mut n = 0;
        while n < LG_CPUS {
            self.slots[n].lock.set_name(name);
            n += 1;
        }
        self
    }

    fn lock_slot(&self, slot: usize, subclass: u32, place: Place) -> LgLocalGuard<'_, T> {
        let lock = &self.slots[slot].lock;
        at::preempt_disable(place);
        self.tell(true, LockUse::Read, subclass, place);
        lock.acquire(place);
        LgLocalGuard { of: self, slot: &self.slots[slot], here: PhantomData }
    }

    /// What the validator hears: all locks are one, which is shared by those who have a CPU's.
    #[inline(always)]
    fn tell(&self, acquire: bool, held_as: LockUse, subclass: u32, place: Place) {
        let (made, one) = (if acquire { LockEvent::acquire } else { LockEvent::release }, &self.slots[0].lock);
        tell(|| made(one.address(), one.class(), one.name(), place).held_as(held_as).nested(subclass, 0));
    }

    /// The locks that some CPU uses.
    fn used(&self) -> &[Slot<T>] {
        // On threads any number may come.
        let n = if model().is_some() { machine().map_or(LG_CPUS, |m| m.nr_cpus() as usize) } else { LG_CPUS };
        &self.slots[..n.min(LG_CPUS)]
    }

    /// Takes the lock of the CPU that the caller runs on, and stays on it. Every context that shares no lock with what it
    /// may interrupt; never sleeps.
    #[doc(alias("lg_local_lock", "lg_local_unlock"))]
    #[track_caller]
    pub fn local_lock(&self) -> LgLocalGuard<'_, T> {
        let place = Place::caller();
        // Not moved to another CPU between the look and the lock.
        at::preempt_disable(place);
        let guard = self.lock_slot(cpu().id.get() as usize % LG_CPUS, 0, place);
        at::preempt_enable(place);
        guard
    }

    /// Takes the lock of CPU `cpu`.
    #[doc(alias("lg_local_lock_cpu", "lg_local_unlock_cpu"))]
    #[track_caller]
    pub fn local_lock_cpu(&self, cpu: u32) -> LgLocalGuard<'_, T> {
        self.lock_slot(cpu as usize % LG_CPUS, 0, Place::caller())
    }

    /// Takes the locks of two CPUs.
    ///
    /// # Panics
    /// If they are one CPU.
    #[doc(alias("lg_double_lock", "lg_double_unlock"))]
    #[track_caller]
    pub fn double_lock(&self, one: u32, other: u32) -> (LgLocalGuard<'_, T>, LgLocalGuard<'_, T>) {
        let (a, b, place) = (one as usize % LG_CPUS, other as usize % LG_CPUS, Place::caller());
        assert!(a != b, "lg_double_lock() of one CPU");
        let lower = self.lock_slot(a.min(b), 0, place);
        let upper = self.lock_slot(a.max(b), 1, place);
        if a < b { (lower, upper) } else { (upper, lower) }
    }

    /// Takes the locks of all CPUs.
    #[doc(alias("lg_global_lock", "lg_global_unlock"))]
    #[track_caller]
    pub fn global_lock(&self) -> LgGlobalGuard<'_, T> {
        let place = Place::caller();
        for (n, slot) in self.used().iter().enumerate() {
            at::preempt_disable(place);
            if n == 0 {
                self.tell(true, LockUse::Write, 0, place);
            }
            slot.lock.acquire(place);
        }
        LgGlobalGuard { lock: self, here: PhantomData }
    }
}

/// The lock of one CPU, held: gives the CPU's data, and releases the lock when dropped. Stays on its CPU, so it is not
/// `Send`.
///
/// ```
/// use ringzero::sync::{LgLocalGuard, LgLock};
/// let counts = LgLock::new(1);
/// let mut mine: LgLocalGuard<'_, u32> = counts.local_lock_cpu(0);
/// *mine += 1;
/// mine.unlock();
/// assert_eq!(*counts.local_lock_cpu(0), 2);
/// ```
#[must_use = "the lock is released when the guard is dropped"]
pub struct LgLocalGuard<'a, T> {
    of: &'a LgLock<T>,
    slot: &'a Slot<T>,
    /// Neither `Send` nor `Sync`: it says something of this CPU.
    here: PhantomData<*mut ()>,
}

impl<T> LgLocalGuard<'_, T> {
    /// Releases the lock here, where the report can say so.
    #[track_caller]
    pub fn unlock(self) {
        ManuallyDrop::new(self).release(Place::caller());
    }

    fn release(&self, place: Place) {
        self.of.tell(false, LockUse::Read, 0, place);
        self.slot.lock.unlock_kind::<Plain>(place);
    }
}

impl<T> Drop for LgLocalGuard<'_, T> {
    /// The place is this one; the report finds the caller's from the stack.
    fn drop(&mut self) {
        self.release(Place::caller());
    }
}

impl<T> Deref for LgLocalGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held as long as the guard lives.
        unsafe { &*self.slot.data.get() }
    }
}

impl<T> DerefMut for LgLocalGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; the guard is borrowed alone.
        unsafe { &mut *self.slot.data.get() }
    }
}

impl<T: fmt::Debug> fmt::Debug for LgLocalGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// All locks of an [`LgLock`], held: gives the data of all CPUs, and releases them when dropped. Stays on its CPU, so it is
/// not `Send`.
///
/// ```
/// use ringzero::sync::{LgGlobalGuard, LgLock};
/// let counts = LgLock::new(1);
/// let mut all: LgGlobalGuard<'_, u32> = counts.global_lock();
/// all.iter_mut().for_each(|n| *n = 0);
/// all.unlock();
/// assert_eq!(*counts.local_lock(), 0);
/// ```
#[must_use = "the locks are released when the guard is dropped"]
pub struct LgGlobalGuard<'a, T> {
    lock: &'a LgLock<T>,
    /// Neither `Send` nor `Sync`: it says something of this CPU.
    here: PhantomData<*mut ()>,
}

impl<T> LgGlobalGuard<'_, T> {
    /// The data of each CPU, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        // SAFETY: all locks are held as long as the guard lives.
        self.lock.used().iter().map(|slot| unsafe { &*slot.data.get() })
    }

    /// The data of each CPU, in the order of their numbers.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        // SAFETY: as in `iter`; the guard is borrowed alone, and each slot comes once.
        self.lock.used().iter().map(|slot| unsafe { &mut *slot.data.get() })
    }

    /// Releases the locks here, where the report can say so.
    #[track_caller]
    pub fn unlock(self) {
        ManuallyDrop::new(self).release(Place::caller());
    }

    fn release(&self, place: Place) {
        self.lock.tell(false, LockUse::Write, 0, place);
        for slot in self.lock.used().iter().rev() {
            slot.lock.unlock_kind::<Plain>(place);
        }
    }
}

impl<T> Drop for LgGlobalGuard<'_, T> {
    /// The place is this one; the report finds the caller's from the stack.
    fn drop(&mut self) {
        self.release(Place::caller());
    }
}

impl<T> fmt::Debug for LgGlobalGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LgGlobalGuard")
    }
}

impl<T> fmt::Debug for LgLock<T> {
    /// Shows the locks of the CPUs that are used, without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.used().iter().map(|slot| &slot.lock)).finish()
    }
}

impl<T: Copy + Default> Default for LgLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}
