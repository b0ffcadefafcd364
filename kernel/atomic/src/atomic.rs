//! `atomic_t` and `atomic64_t`.

use crate::integer::{ACQUIRE, FULL, Integer, Order, RELAXED, RELEASE, Word};
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::transmute;
use core::sync::atomic::Ordering;
use ringzero_machine::{Cond, Mode, Op, Place, Step, WaitKind, model, step, wait};

/// An atomic integer: `atomic_t` with its default width, `atomic64_t` as [`Atomic64`].
///
/// All zeroes is valid and means 0. See the crate's theory for what each operation orders.
///
/// ```
/// use ringzero_atomic::Atomic;
/// let users = Atomic::new(1);
/// users.inc();
/// assert!(!users.dec_and_test());
/// assert!(users.dec_and_test());
/// ```
#[doc(alias = "atomic_t")]
#[repr(transparent)]
pub struct Atomic<T = i32>(UnsafeCell<T>);

/// A 64-bit atomic integer.
#[doc(alias = "atomic64_t")]
pub type Atomic64 = Atomic<i64>;

// SAFETY: the word is only accessed through atomic operations.
unsafe impl<T: Integer> Sync for Atomic<T> {}
// SAFETY: as above; it holds an integer.
unsafe impl<T: Integer> Send for Atomic<T> {}

impl<T: Integer> Atomic<T> {
    /// An atomic with this value.
    #[doc(alias("ATOMIC_INIT", "ATOMIC64_INIT", "ATOMIT64_INIT"))]
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The value at address `self` as the processor's word.
    #[inline]
    pub(crate) fn word(&self) -> &T::Word {
        // SAFETY: the cell is valid as long as `self`, and every access goes through here.
        unsafe { T::word(self.0.get()) }
    }

    #[inline]
    fn announce(&self, op: Op, mode: Mode, order: Order, place: Place) -> &T::Word {
        let addr = self.0.get() as usize;
        step(&Step::new(op, mode, addr, size_of::<T>() as u8, place).ordered(order.acquire, order.release));
        self.word()
    }

    /// One read-modify-write step.
    #[inline]
    pub(crate) fn rmw<R>(&self, order: Order, place: Place, f: impl FnOnce(&T::Word, Ordering) -> R) -> R {
        f(self.announce(Op::AtomicRmw, Mode::Rmw, order, place), order.core)
    }

    /// One compare-and-exchange step; the old value.
    #[inline]
    pub(crate) fn cas(&self, old: T, new: T, order: Order, place: Place) -> T {
        let word = self.announce(Op::Cmpxchg, Mode::Rmw, order, place);
        match word.compare_exchange(old, new, order.core, Ordering::Relaxed) {
            Ok(found) | Err(found) => found,
        }
    }

    /// One step that stores what `f` makes of the value, unless it makes nothing of it; the old value.
    #[inline]
    pub(crate) fn modify(&self, place: Place, f: impl Fn(T) -> Option<T>) -> T {
        let word = self.announce(Op::AtomicRmw, Mode::Rmw, FULL, place);
        let mut found = word.load(Ordering::Relaxed);
        while let Some(new) = f(found) {
            match word.compare_exchange(found, new, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => found = now,
            }
        }
        found
    }
}

/// Reading and setting.
impl<T: Integer> Atomic<T> {
    /// The value. Orders nothing.
    #[doc(alias("atomic_read", "atomic64_read"))]
    #[inline]
    #[track_caller]
    pub fn read(&self) -> T {
        self.announce(Op::AtomicRead, Mode::Read, RELAXED, Place::caller()).load(Ordering::Relaxed)
    }

    /// The value; what comes after stays after. Pairs with [`Atomic::set_release`].
    #[doc(alias("atomic_read_acquire", "atomic64_read_acquire"))]
    #[inline]
    #[track_caller]
    pub fn read_acquire(&self) -> T {
        self.announce(Op::AtomicRead, Mode::Read, ACQUIRE, Place::caller()).load(Ordering::Acquire)
    }

    /// Sets the value. Orders nothing.
    #[doc(alias("atomic_set", "atomic64_set"))]
    #[inline]
    #[track_caller]
    pub fn set(&self, value: T) {
        self.announce(Op::AtomicSet, Mode::Write, RELAXED, Place::caller()).store(value, Ordering::Relaxed);
    }

    /// Sets the value; what comes before stays before. Pairs with [`Atomic::read_acquire`].
    #[doc(alias("atomic_set_release", "atomic64_set_release"))]
    #[inline]
    #[track_caller]
    pub fn set_release(&self, value: T) {
        self.announce(Op::AtomicSet, Mode::Write, RELEASE, Place::caller()).store(value, Ordering::Release);
    }

    /// Spins until `cond` holds of the value and returns that value; what comes after stays after. `cond` must be
    /// pure: it is asked of past values too. Keeps the CPU.
    #[doc(alias("atomic_cond_read_acquire", "atomic64_cond_read_acquire"))]
    #[track_caller]
    pub fn cond_read_acquire(&self, cond: fn(T) -> bool) -> T {
        let (addr, size) = (self.0.get() as usize, size_of::<T>() as u8);
        let announced = Step::new(Op::AtomicRead, Mode::Read, addr, size, Place::caller()).ordered(true, false);
        let arg = cond as usize as u64;
        loop {
            wait(&announced, Cond::at(addr, size, ask::<T>, arg), WaitKind::Spin);
            let value = self.word().load(Ordering::Acquire);
            // On the host it may have changed again since.
            if model().is_some() || cond(value) {
                return value;
            }
        }
    }
}

/// Asks the function whose address is `cond` about `value`.
fn ask<T: Integer>(value: u64, cond: u64) -> bool {
    // SAFETY: only `cond_read_acquire` of the same `T` makes such a condition, from a function of this type.
    let cond = unsafe { transmute::<*const (), fn(T) -> bool>(cond as usize as *const ()) };
    cond(T::from_bits(value))
}

impl<T: Integer> Default for Atomic<T> {
    fn default() -> Self {
        Self::new(T::ZERO)
    }
}

impl<T: Integer + fmt::Debug> fmt::Debug for Atomic<T> {
    /// Shows the value without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.word().load(Ordering::Relaxed).fmt(f)
    }
}

/// Spins until `cond` holds of the value and returns that value; what comes after stays after. Keeps the CPU;
/// pairs with a release of the same word. `cond` must be pure.
#[track_caller]
pub fn smp_cond_load_acquire<T: Integer>(atomic: &Atomic<T>, cond: fn(T) -> bool) -> T {
    atomic.cond_read_acquire(cond)
}

#[cfg(test)]
mod tests {
    use super::{Atomic, Atomic64, smp_cond_load_acquire};

    #[test]
    fn a_condition_that_holds_returns_the_value() {
        let a = Atomic::new(-3);
        assert_eq!(smp_cond_load_acquire(&a, |v| v < 0), -3);
    }

    #[test]
    #[should_panic(expected = "would wait for ever")]
    fn a_condition_that_never_holds_outside_a_machine_panics() {
        smp_cond_load_acquire(&Atomic64::new(0), |v| v != 0);
    }
}
