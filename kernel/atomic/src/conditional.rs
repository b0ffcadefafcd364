//! Operations of atomics that may leave the value alone: then they order nothing.

use crate::atomic::Atomic;
use crate::integer::{FULL, Integer};
use ringzero_machine::Place;

/// Operations that look at the value first: they order everything before and after them if they change it, and nothing
/// otherwise.
impl<T: Integer> Atomic<T> {
    /// Sets the value to `new` if it is `old`; what it was.
    #[doc(alias("atomic_cmpxchg", "atomic64_cmpxchg", "atomic_long_cmpxchg"))]
    #[inline]
    #[track_caller]
    pub fn cmpxchg(&self, old: T, new: T) -> T {
        self.cas(old, new, FULL, Place::caller())
    }

    /// Sets the value to `new` if it is `*old`, else puts what it is into `*old`; whether it was set.
    #[doc(alias("atomic_try_cmpxchg", "atomic64_try_cmpxchg", "atomic_long_try_cmpxchg"))]
    #[inline]
    #[track_caller]
    pub fn try_cmpxchg(&self, old: &mut T, new: T) -> bool {
        self.try_cas(old, new, FULL, Place::caller())
    }

    /// Adds `a` unless the value is `unless`; the old value.
    #[doc(alias("atomic_fetch_add_unless", "atomic64_fetch_add_unless", "atomic_long_fetch_add_unless"))]
    #[inline]
    #[track_caller]
    pub fn fetch_add_unless(&self, a: T, unless: T) -> T {
        self.modify(FULL, Place::caller(), |v| (v != unless).then(|| v.plus(a)))
    }

    /// Adds `a` unless the value is `unless`; whether it was added.
    #[doc(alias("atomic_add_unless", "atomic64_add_unless", "atomic_long_add_unless"))]
    #[inline]
    #[track_caller]
    pub fn add_unless(&self, a: T, unless: T) -> bool {
        self.fetch_add_unless(a, unless) != unless
    }

    /// Adds one unless the value is zero; whether it was added.
    #[doc(alias(
        "atomic_inc_not_zero",
        "atomic64_inc_not_zero",
        "atomic_long_inc_not_zero",
        "atomic_inc_not_zero_hint"
    ))]
    #[inline]
    #[track_caller]
    pub fn inc_not_zero(&self) -> bool {
        self.add_unless(T::ONE, T::ZERO)
    }

    /// Subtracts one if the result is not negative; the old value less one, whether it was stored or not.
    #[doc(alias("atomic_dec_if_positive", "atomic64_dec_if_positive", "atomic_long_dec_if_positive"))]
    #[inline]
    #[track_caller]
    pub fn dec_if_positive(&self) -> T {
        self.modify(FULL, Place::caller(), |v| (v > T::ZERO).then(|| v.minus(T::ONE))).minus(T::ONE)
    }

    /// Adds one if the value is not negative; whether it was added.
    #[doc(alias("atomic_inc_unless_negative", "atomic64_inc_unless_negative", "atomic_long_inc_unless_negative"))]
    #[inline]
    #[track_caller]
    pub fn inc_unless_negative(&self) -> bool {
        self.modify(FULL, Place::caller(), |v| (v >= T::ZERO).then(|| v.plus(T::ONE))) >= T::ZERO
    }

    /// Subtracts one if the value is not positive; whether it was subtracted.
    #[doc(alias("atomic_dec_unless_positive", "atomic64_dec_unless_positive", "atomic_long_dec_unless_positive"))]
    #[inline]
    #[track_caller]
    pub fn dec_unless_positive(&self) -> bool {
        self.modify(FULL, Place::caller(), |v| (v <= T::ZERO).then(|| v.minus(T::ONE))) <= T::ZERO
    }
}

#[cfg(test)]
mod tests {
    use crate::{Atomic, AtomicLong};

    #[test]
    fn signs_decide() {
        let a = Atomic::new(-1);
        assert!(!a.inc_unless_negative() && a.dec_unless_positive());
        assert_eq!((a.read(), a.dec_if_positive()), (-2, -3));
        a.set(0);
        assert!(a.inc_unless_negative() && !a.dec_unless_positive());
        assert_eq!((a.dec_if_positive(), a.dec_if_positive(), a.read()), (0, -1, 0));
        assert!(a.dec_unless_positive() && !a.inc_unless_negative());
    }

    #[test]
    fn a_value_is_left_alone() {
        let a = AtomicLong::new(4);
        let mut old = 5;
        assert!(!a.try_cmpxchg(&mut old, 6) && old == 4 && a.try_cmpxchg(&mut old, 6));
        assert_eq!((a.cmpxchg(4, 9), a.fetch_add_unless(1, 6), a.read()), (6, 6, 6));
        assert!(a.add_unless(-6, 0) && !a.inc_not_zero());
    }
}
