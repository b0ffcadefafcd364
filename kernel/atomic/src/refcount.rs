//! `refcount_t` and `kref`: counts of references, which notice that they are wrong.
//!
//! A count is 0 when the object is gone (or is about to go), and then stays so: nothing may take a reference from 0. A
//! count that would leave its range *saturates*: it stays at [`SATURATED`], so that the object is never freed. Both, and
//! dropping more references than there are, are the finding `refcount`.

use crate::Atomic;
use crate::integer::{RELAXED, RELEASE};
use core::fmt;
use core::ptr;
use core::sync::atomic::Ordering;
use ringzero_machine::{Finding, Place, model, report};

/// Where a count stays that went wrong.
#[doc(alias = "REFCOUNT_SATURATED")]
pub const SATURATED: i32 = i32::MIN / 2;
/// The greatest count.
pub const REFCOUNT_MAX: i32 = i32::MAX;

const FROM_ZERO: &str = "a reference is taken when none is left: the object may be gone";
const TOO_MANY: &str = "a reference count went out of its range and saturates: the object is never freed";
const UNDERFLOW: &str = "more references are dropped than were taken: the object was freed too early";
const LEAK: &str = "refcount_dec() drops the last reference: nobody frees the object";

/// A reference count (`refcount_t`). All zeroes is a count of 0.
///
/// ```
/// use ringzero::refcount::Refcount;
/// let users = Refcount::new(1);
/// users.inc();
/// assert!(!users.dec_and_test());
/// assert!(users.dec_and_test());
/// assert!(!users.inc_not_zero());
/// ```
#[doc(alias = "refcount_t")]
#[repr(transparent)]
pub struct Refcount(Atomic);

impl Refcount {
    /// A count of `n`.
    #[doc(alias = "REFCOUNT_INIT")]
    #[must_use]
    pub const fn new(n: i32) -> Self {
        Self(Atomic::new(n))
    }

    /// Sets the count. Nobody else may have the object. Orders nothing.
    #[doc(alias = "refcount_set")]
    #[track_caller]
    #[inline]
    pub fn set(&self, n: i32) {
        self.0.set(n);
    }

    /// The count; stale as soon as it is read. Orders nothing.
    #[doc(alias = "refcount_read")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> i32 {
        self.0.read()
    }

    /// Takes a reference; the caller has one, or else keeps the object from going. Orders nothing. Finding `refcount`
    /// from 0, and when there are too many.
    #[doc(alias = "refcount_inc")]
    #[track_caller]
    #[inline]
    pub fn inc(&self) {
        self.add_at(1, Place::caller());
    }

    /// [`Refcount::inc`], `n` times at once.
    #[doc(alias = "refcount_add")]
    #[track_caller]
    #[inline]
    pub fn add(&self, n: i32) {
        self.add_at(n, Place::caller());
    }

    #[inline]
    fn add_at(&self, n: i32, place: Place) {
        let old = self.0.rmw(RELAXED, place, |w, o| w.fetch_add(n, o));
        if old == 0 {
            self.wrong(FROM_ZERO, place);
        } else if old < 0 || old.checked_add(n).is_none() {
            self.wrong(TOO_MANY, place);
        }
    }

    /// Takes a reference unless none is left; whether it did. Orders nothing if it fails; what comes after a success
    /// depends on it.
    #[doc(alias = "refcount_inc_not_zero")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn inc_not_zero(&self) -> bool {
        self.add_not_zero_at(1, Place::caller())
    }

    /// [`Refcount::inc_not_zero`], `n` times at once.
    #[doc(alias = "refcount_add_not_zero")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn add_not_zero(&self, n: i32) -> bool {
        self.add_not_zero_at(n, Place::caller())
    }

    #[inline]
    fn add_not_zero_at(&self, n: i32, place: Place) -> bool {
        let old = self.0.modify(RELAXED, place, |old| (old != 0).then(|| old.wrapping_add(n)));
        if old < 0 || old.checked_add(n).is_none() {
            self.wrong(TOO_MANY, place);
        }
        old != 0
    }

    /// Drops a reference; whether it was the last one, so that the caller has to free the object. A release, and an acquire
    /// if it was the last: all that was done under the other references is over then. Finding `refcount` if there was none.
    #[doc(alias = "refcount_dec_and_test")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn dec_and_test(&self) -> bool {
        self.sub_and_test_at(1, Place::caller())
    }

    /// [`Refcount::dec_and_test`], `n` times at once.
    #[doc(alias = "refcount_sub_and_test")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn sub_and_test(&self, n: i32) -> bool {
        self.sub_and_test_at(n, Place::caller())
    }

    #[inline]
    fn sub_and_test_at(&self, n: i32, place: Place) -> bool {
        let old = self.0.rmw(RELEASE, place, |w, o| w.fetch_sub(n, o));
        if old > 0 && old == n {
            self.acquired();
            return true;
        }
        if old <= 0 || old < n {
            self.wrong(UNDERFLOW, place);
        }
        false
    }

    /// Drops a reference that is not the last. A release. Finding `refcount` if it was the last, or there was none.
    #[doc(alias = "refcount_dec")]
    #[track_caller]
    #[inline]
    pub fn dec(&self) {
        let place = Place::caller();
        let old = self.0.rmw(RELEASE, place, |w, o| w.fetch_sub(1, o));
        if old <= 1 {
            self.wrong(if old == 1 { LEAK } else { UNDERFLOW }, place);
        }
    }

    /// Drops the last reference if only that is left; whether it did. A release.
    #[doc(alias = "refcount_dec_if_one")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn dec_if_one(&self) -> bool {
        self.0.cas(1, 0, RELEASE, Place::caller()) == 1
    }

    /// Drops a reference unless it is the last; whether it did. A release. Finding `refcount` if there was none.
    #[doc(alias = "refcount_dec_not_one")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn dec_not_one(&self) -> bool {
        let place = Place::caller();
        let old = self.0.modify(RELEASE, place, |old| (old > 1).then(|| old - 1));
        if old <= 0 {
            self.wrong(UNDERFLOW, place);
        }
        old != 1
    }

    /// The acquire of whoever dropped the last reference: pairs with the releases of the others.
    #[inline]
    fn acquired(&self) {
        core::sync::atomic::fence(Ordering::Acquire);
        if let Some(m) = model() {
            m.order(ptr::from_ref(self).addr(), true, false);
        }
    }

    #[cold]
    fn wrong(&self, message: &str, place: Place) {
        // It stays wrong, but never frees the object.
        self.0.word().store(SATURATED, Ordering::Relaxed);
        if panicking() {
            return;
        }
        report(&Finding { code: "refcount", message, place, other: None });
    }
}

/// Whether this thread unwinds from a panic, which is the finding then.
fn panicking() -> bool {
    #[cfg(not(any(target_os = "none", ringzero_bare)))]
    return std::thread::panicking();
    #[cfg(any(target_os = "none", ringzero_bare))]
    false
}

impl Default for Refcount {
    fn default() -> Self {
        Self::new(0)
    }
}

impl fmt::Debug for Refcount {
    /// Shows the count without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The reference count that is embedded in an object (`struct kref`), together with how the object is released.
///
/// ```
/// use ringzero::kref::Kref;
/// let kref = Kref::new();
/// kref.get();
/// assert!(!kref.put(|| unreachable!()));
/// assert!(kref.put(|| {}));
/// ```
#[repr(transparent)]
pub struct Kref(Refcount);

impl Kref {
    /// A count of 1: its maker's.
    #[doc(alias("kref_init", "KREF_INIT"))]
    #[must_use]
    pub const fn new() -> Self {
        Self(Refcount::new(1))
    }

    /// The count itself.
    #[must_use]
    pub const fn count(&self) -> &Refcount {
        &self.0
    }

    /// Sets the count to 1 again. Nobody else may have the object.
    #[doc(alias = "kref_init")]
    #[track_caller]
    #[inline]
    pub fn init(&self) {
        self.0.set(1);
    }

    /// The count; stale as soon as it is read.
    #[doc(alias = "kref_read")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> i32 {
        self.0.read()
    }

    /// [`Refcount::inc`].
    #[doc(alias = "kref_get")]
    #[track_caller]
    #[inline]
    pub fn get(&self) {
        self.0.inc();
    }

    /// [`Refcount::inc_not_zero`]: for objects that are found without a reference.
    #[doc(alias = "kref_get_unless_zero")]
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn get_unless_zero(&self) -> bool {
        self.0.inc_not_zero()
    }

    /// [`Refcount::dec_and_test`], and `release` if it was the last reference; whether it was.
    ///
    /// Context: that of `release`.
    #[doc(alias = "kref_put")]
    #[track_caller]
    #[inline]
    pub fn put(&self, release: impl FnOnce()) -> bool {
        let last = self.0.dec_and_test();
        if last {
            release();
        }
        last
    }
}

impl Default for Kref {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Kref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_and_go() {
        let n = Refcount::new(1);
        n.inc();
        n.add(2);
        assert!(n.dec_not_one() && !n.dec_if_one() && !n.sub_and_test(2));
        assert!(!n.dec_not_one() && n.dec_if_one() && !n.add_not_zero(3));
        assert_eq!(n.read(), 0);
        let k = Kref::new();
        assert!(k.get_unless_zero() && !k.put(|| ()) && k.put(|| ()) && !k.get_unless_zero());
    }

    #[test]
    #[should_panic(expected = "refcount: a reference is taken when none is left")]
    fn nothing_comes_from_zero() {
        Refcount::new(0).inc();
    }

    #[test]
    #[should_panic(expected = "refcount: more references are dropped than were taken")]
    fn an_underflow_is_found() {
        let _ = Refcount::new(0).dec_and_test();
    }

    #[test]
    #[should_panic(expected = "refcount: refcount_dec() drops the last reference")]
    fn the_last_reference_is_not_dropped_blindly() {
        Refcount::new(1).dec();
    }

    #[test]
    #[should_panic(expected = "refcount: a reference count went out of its range")]
    fn an_overflow_is_found() {
        Refcount::new(REFCOUNT_MAX).inc();
    }
}
