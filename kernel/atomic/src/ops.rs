//! The arithmetic of atomics: void operations, and value-returning ones.

use crate::atomic::Atomic;
use crate::integer::{FULL, Integer, RELAXED, Word};
use ringzero_machine::Place;

/// Void operations: they order nothing.
impl<T: Integer> Atomic<T> {
    /// Adds `i`.
    #[doc(alias("atomic_add", "atomic64_add", "atomic_long_add"))]
    #[inline]
    #[track_caller]
    pub fn add(&self, i: T) {
        self.rmw(RELAXED, Place::caller(), |w, o| w.fetch_add(i, o));
    }

    /// Subtracts `i`.
    #[doc(alias("atomic_sub", "atomic64_sub", "atomic_long_sub"))]
    #[inline]
    #[track_caller]
    pub fn sub(&self, i: T) {
        self.rmw(RELAXED, Place::caller(), |w, o| w.fetch_sub(i, o));
    }

    /// Adds one.
    #[doc(alias("atomic_inc", "atomic64_inc", "atomic_long_inc"))]
    #[inline]
    #[track_caller]
    pub fn inc(&self) {
        self.rmw(RELAXED, Place::caller(), |w, o| w.fetch_add(T::ONE, o));
    }

    /// Subtracts one.
    #[doc(alias("atomic_dec", "atomic64_dec", "atomic_long_dec"))]
    #[inline]
    #[track_caller]
    pub fn dec(&self) {
        self.rmw(RELAXED, Place::caller(), |w, o| w.fetch_sub(T::ONE, o));
    }

    /// Keeps the bits of `mask` only.
    #[doc(alias("atomic_and", "atomic64_and", "atomic_long_and"))]
    #[inline]
    #[track_caller]
    pub fn and(&self, mask: T) {
        self.rmw(RELAXED, Place::caller(), |w, o| w.fetch_and(mask, o));
    }

    /// Sets the bits of `mask`.
    #[doc(alias("atomic_or", "atomic64_or", "atomic_long_or", "atomic_set_mask"))]
    #[inline]
    #[track_caller]
    pub fn or(&self, mask: T) {
        self.rmw(RELAXED, Place::caller(), |w, o| w.fetch_or(mask, o));
    }

    /// Flips the bits of `mask`.
    #[doc(alias("atomic_xor", "atomic64_xor", "atomic_long_xor"))]
    #[inline]
    #[track_caller]
    pub fn xor(&self, mask: T) {
        self.rmw(RELAXED, Place::caller(), |w, o| w.fetch_xor(mask, o));
    }

    /// Clears the bits of `mask`.
    #[doc(alias("atomic_andnot", "atomic64_andnot", "atomic_long_andnot", "atomic_clear_mask"))]
    #[inline]
    #[track_caller]
    pub fn andnot(&self, mask: T) {
        self.rmw(RELAXED, Place::caller(), |w, o| w.fetch_and(!mask, o));
    }
}

/// Value-returning operations: they order everything before and after them.
impl<T: Integer> Atomic<T> {
    /// Adds `i`; the new value.
    #[doc(alias("atomic_add_return", "atomic64_add_return", "atomic_long_add_return"))]
    #[inline]
    #[track_caller]
    pub fn add_return(&self, i: T) -> T {
        self.rmw(FULL, Place::caller(), |w, o| w.fetch_add(i, o)).plus(i)
    }

    /// Subtracts `i`; the new value.
    #[doc(alias("atomic_sub_return", "atomic64_sub_return", "atomic_long_sub_return"))]
    #[inline]
    #[track_caller]
    pub fn sub_return(&self, i: T) -> T {
        self.rmw(FULL, Place::caller(), |w, o| w.fetch_sub(i, o)).minus(i)
    }

    /// Adds one; the new value.
    #[doc(alias("atomic_inc_return", "atomic64_inc_return", "atomic_long_inc_return"))]
    #[inline]
    #[track_caller]
    pub fn inc_return(&self) -> T {
        self.add_return(T::ONE)
    }

    /// Subtracts one; the new value.
    #[doc(alias("atomic_dec_return", "atomic64_dec_return", "atomic_long_dec_return"))]
    #[inline]
    #[track_caller]
    pub fn dec_return(&self) -> T {
        self.sub_return(T::ONE)
    }

    /// Adds `i`; the old value.
    #[doc(alias("atomic_fetch_add", "atomic64_fetch_add", "atomic_long_fetch_add"))]
    #[inline]
    #[track_caller]
    pub fn fetch_add(&self, i: T) -> T {
        self.rmw(FULL, Place::caller(), |w, o| w.fetch_add(i, o))
    }

    /// Subtracts `i`; the old value.
    #[doc(alias("atomic_fetch_sub", "atomic64_fetch_sub", "atomic_long_fetch_sub"))]
    #[inline]
    #[track_caller]
    pub fn fetch_sub(&self, i: T) -> T {
        self.rmw(FULL, Place::caller(), |w, o| w.fetch_sub(i, o))
    }

    /// Adds one; the old value.
    #[doc(alias("atomic_fetch_inc", "atomic64_fetch_inc", "atomic_long_fetch_inc"))]
    #[inline]
    #[track_caller]
    pub fn fetch_inc(&self) -> T {
        self.fetch_add(T::ONE)
    }

    /// Subtracts one; the old value.
    #[doc(alias("atomic_fetch_dec", "atomic64_fetch_dec", "atomic_long_fetch_dec"))]
    #[inline]
    #[track_caller]
    pub fn fetch_dec(&self) -> T {
        self.fetch_sub(T::ONE)
    }

    /// Keeps the bits of `mask` only; the old value.
    #[doc(alias("atomic_fetch_and", "atomic64_fetch_and", "atomic_long_fetch_and"))]
    #[inline]
    #[track_caller]
    pub fn fetch_and(&self, mask: T) -> T {
        self.rmw(FULL, Place::caller(), |w, o| w.fetch_and(mask, o))
    }

    /// Sets the bits of `mask`; the old value.
    #[doc(alias("atomic_fetch_or", "atomic64_fetch_or", "atomic_long_fetch_or"))]
    #[inline]
    #[track_caller]
    pub fn fetch_or(&self, mask: T) -> T {
        self.rmw(FULL, Place::caller(), |w, o| w.fetch_or(mask, o))
    }

    /// Flips the bits of `mask`; the old value.
    #[doc(alias("atomic_fetch_xor", "atomic64_fetch_xor", "atomic_long_fetch_xor"))]
    #[inline]
    #[track_caller]
    pub fn fetch_xor(&self, mask: T) -> T {
        self.rmw(FULL, Place::caller(), |w, o| w.fetch_xor(mask, o))
    }

    /// Clears the bits of `mask`; the old value.
    #[doc(alias("atomic_fetch_andnot", "atomic64_fetch_andnot", "atomic_long_fetch_andnot"))]
    #[inline]
    #[track_caller]
    pub fn fetch_andnot(&self, mask: T) -> T {
        self.fetch_and(!mask)
    }

    /// Subtracts `i`; whether the result is zero.
    #[doc(alias("atomic_sub_and_test", "atomic64_sub_and_test", "atomic_long_sub_and_test"))]
    #[inline]
    #[track_caller]
    pub fn sub_and_test(&self, i: T) -> bool {
        self.sub_return(i) == T::ZERO
    }

    /// Subtracts one; whether the result is zero.
    #[doc(alias("atomic_dec_and_test", "atomic64_dec_and_test", "atomic_long_dec_and_test"))]
    #[inline]
    #[track_caller]
    pub fn dec_and_test(&self) -> bool {
        self.sub_return(T::ONE) == T::ZERO
    }

    /// Adds one; whether the result is zero.
    #[doc(alias("atomic_inc_and_test", "atomic64_inc_and_test", "atomic_long_inc_and_test"))]
    #[inline]
    #[track_caller]
    pub fn inc_and_test(&self) -> bool {
        self.add_return(T::ONE) == T::ZERO
    }

    /// Adds `i`; whether the result is negative.
    #[doc(alias("atomic_add_negative", "atomic64_add_negative", "atomic_long_add_negative"))]
    #[inline]
    #[track_caller]
    pub fn add_negative(&self, i: T) -> bool {
        self.add_return(i) < T::ZERO
    }

    /// Sets the value; the old one.
    #[doc(alias("atomic_xchg", "atomic64_xchg", "atomic_long_xchg"))]
    #[inline]
    #[track_caller]
    pub fn xchg(&self, new: T) -> T {
        self.rmw(FULL, Place::caller(), |w, o| w.swap(new, o))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Atomic, Atomic64};

    #[test]
    fn arithmetic_wraps() {
        let a = Atomic::new(i32::MAX);
        assert_eq!(a.inc_return(), i32::MIN);
        assert!(a.add_negative(1));
        let b = Atomic64::new(-1);
        assert!(b.inc_and_test());
        assert_eq!(b.dec_return(), -1);
    }

    #[test]
    fn masks() {
        let a = Atomic::new(0b1100);
        a.or(0b0011);
        a.andnot(0b1000);
        a.xor(0b0001);
        a.and(0b0111);
        assert_eq!(a.fetch_andnot(0b0110), 0b0110);
        assert_eq!(a.read_acquire(), 0);
    }
}
