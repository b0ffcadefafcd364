//! `atomic_t` and `atomic64_t`.

use crate::integer::{ACQUIRE, Integer, Order, RELAXED, RELEASE, Word};
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::transmute;
use core::sync::atomic::Ordering;
use ringzero_machine::{Cond, Mode, Op, Place, Step, WaitKind, model, wait};

/// An atomic integer: `atomic_t` with its default width, `atomic64_t` as [`Atomic64`].
///
/// All zeroes is valid and means 0. See the crate's theory for what each operation orders.
///
/// ```
/// use ringzero::atomic::Atomic;
/// let users = Atomic::new(1);
/// users.inc();
/// assert!(!users.dec_and_test());
/// assert!(users.dec_and_test());
/// ```
#[doc(alias = "atomic_t")]
#[repr(transparent)]
pub struct Atomic<T = i32>(UnsafeCell<T>);

/// A 64-bit atomic integer.
///
/// ```
/// use ringzero::atomic::Atomic64;
/// let bytes = Atomic64::new(i64::from(u32::MAX));
/// assert_eq!(bytes.fetch_add_relaxed(1), 0xffff_ffff);
/// assert_eq!(bytes.read(), 1 << 32);
/// ```
#[doc(alias = "atomic64_t")]
pub type Atomic64 = Atomic<i64>;

/// An atomic integer as wide as a pointer: on this machine [`Atomic64`].
///
/// ```
/// use ringzero::atomic::AtomicLong;
/// let pages = AtomicLong::new(3);
/// assert!(pages.add_unless(1, 0));
/// assert_eq!(pages.read(), 4);
/// ```
#[doc(alias = "atomic_long_t")]
pub type AtomicLong = Atomic<i64>;

// SAFETY: the word is only accessed through atomic operations.
unsafe impl<T: Integer> Sync for Atomic<T> {}
// SAFETY: as above; it holds an integer.
unsafe impl<T: Integer> Send for Atomic<T> {}

impl<T: Integer> Atomic<T> {
    /// An atomic with this value.
    #[doc(alias("ATOMIC_INIT", "ATOMIC64_INIT", "ATOMIC_LONG_INIT", "ATOMIT64_INIT"))]
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

    /// A step on this word.
    #[inline]
    fn step(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.0.get() as usize, size_of::<T>() as u8, place)
    }

    /// One read-modify-write step.
    #[inline]
    pub(crate) fn rmw<R>(&self, order: Order, place: Place, f: impl FnOnce(&T::Word, Ordering) -> R) -> R {
        order.around(&self.step(Op::AtomicRmw, Mode::Rmw, place), |core| f(self.word(), core))
    }

    /// One compare-and-exchange step; the old value. It orders nothing if it fails.
    #[inline]
    pub(crate) fn cas(&self, old: T, new: T, order: Order, place: Place) -> T {
        order.if_done(&self.step(Op::Cmpxchg, Mode::Rmw, place), |core| {
            match self.word().compare_exchange(old, new, core, Ordering::Relaxed) {
                Ok(found) => (found, true),
                Err(found) => (found, false),
            }
        })
    }

    /// The same: whether it was done; `old` becomes what was there.
    #[inline]
    pub(crate) fn try_cas(&self, old: &mut T, new: T, order: Order, place: Place) -> bool {
        let found = self.cas(*old, new, order, place);
        let done = found == *old;
        *old = found;
        done
    }

    /// One step that stores what `f` makes of the value, unless it makes nothing of it; the old value. It orders
    /// nothing if it stores nothing.
    #[inline]
    pub(crate) fn modify(&self, order: Order, place: Place, f: impl Fn(T) -> Option<T>) -> T {
        order.if_done(&self.step(Op::AtomicRmw, Mode::Rmw, place), |core| {
            let mut found = self.word().load(Ordering::Relaxed);
            while let Some(new) = f(found) {
                match self.word().compare_exchange(found, new, core, Ordering::Relaxed) {
                    Ok(_) => return (found, true),
                    Err(now) => found = now,
                }
            }
            (found, false)
        })
    }
}

/// Reading and setting.
impl<T: Integer> Atomic<T> {
    /// The value. Orders nothing.
    #[doc(alias("atomic_read", "atomic64_read", "atomic_long_read"))]
    #[inline]
    #[track_caller]
    pub fn read(&self) -> T {
        RELAXED.around(&self.step(Op::AtomicRead, Mode::Read, Place::caller()), |core| self.word().load(core))
    }

    /// The value; what comes after stays after. Pairs with [`Atomic::set_release`].
    #[doc(alias("atomic_read_acquire", "atomic64_read_acquire", "atomic_long_read_acquire"))]
    #[inline]
    #[track_caller]
    pub fn read_acquire(&self) -> T {
        ACQUIRE.around(&self.step(Op::AtomicRead, Mode::Read, Place::caller()), |core| self.word().load(core))
    }

    /// Sets the value. Orders nothing.
    #[doc(alias("atomic_set", "atomic64_set", "atomic_long_set"))]
    #[inline]
    #[track_caller]
    pub fn set(&self, value: T) {
        RELAXED.around(&self.step(Op::AtomicSet, Mode::Write, Place::caller()), |core| self.word().store(value, core));
    }

    /// Sets the value; what comes before stays before. Pairs with [`Atomic::read_acquire`].
    #[doc(alias("atomic_set_release", "atomic64_set_release", "atomic_long_set_release"))]
    #[inline]
    #[track_caller]
    pub fn set_release(&self, value: T) {
        RELEASE.around(&self.step(Op::AtomicSet, Mode::Write, Place::caller()), |core| self.word().store(value, core));
    }

    /// Spins until `cond` holds of the value and returns that value; what comes after stays after. `cond` must be
    /// pure: it is asked of past values too. Keeps the CPU.
    #[doc(alias("atomic_cond_read_acquire", "atomic64_cond_read_acquire", "atomic_long_cond_read_acquire"))]
    #[track_caller]
    pub fn cond_read_acquire(&self, cond: fn(T) -> bool) -> T {
        self.spin(cond, ACQUIRE, Place::caller())
    }

    /// [`Atomic::cond_read_acquire`], but it orders nothing.
    #[doc(alias("atomic_cond_read_relaxed", "atomic64_cond_read_relaxed", "atomic_long_cond_read_relaxed"))]
    #[track_caller]
    pub fn cond_read_relaxed(&self, cond: fn(T) -> bool) -> T {
        self.spin(cond, RELAXED, Place::caller())
    }

    fn spin(&self, cond: fn(T) -> bool, order: Order, place: Place) -> T {
        let announced = self.step(Op::AtomicRead, Mode::Read, place).ordered(order.acquire, false);
        let arg = cond as usize as u64;
        loop {
            wait(&announced, Cond::at(announced.addr, announced.size, ask::<T>, arg), WaitKind::Spin);
            let value = self.word().load(order.core);
            // On the host it may have changed again since.
            if model().is_some() || cond(value) {
                return value;
            }
        }
    }
}

/// Asks the function whose address is `cond` about `value`.
fn ask<T: Integer>(value: u64, cond: u64) -> bool {
    // SAFETY: only `spin` of the same `T` makes such a condition, from a function of this type.
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

/// [`smp_cond_load_acquire`], but it orders nothing.
#[track_caller]
pub fn smp_cond_load_relaxed<T: Integer>(atomic: &Atomic<T>, cond: fn(T) -> bool) -> T {
    atomic.cond_read_relaxed(cond)
}

#[cfg(test)]
mod tests {
    use super::{Atomic, Atomic64, smp_cond_load_acquire, smp_cond_load_relaxed};

    #[test]
    fn a_condition_that_holds_returns_the_value() {
        let a = Atomic::new(-3);
        assert_eq!(smp_cond_load_acquire(&a, |v| v < 0), -3);
        assert_eq!(smp_cond_load_relaxed(&a, |v| v != 0), -3);
    }

    #[test]
    #[should_panic(expected = "would wait for ever")]
    fn a_condition_that_never_holds_outside_a_machine_panics() {
        smp_cond_load_acquire(&Atomic64::new(0), |v| v != 0);
    }
}
