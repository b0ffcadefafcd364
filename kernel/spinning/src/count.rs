//! Counts whose last drop takes a spinlock.

use crate::kind::Kind;
use crate::lock::{Guard, Lock};
use ringzero_atomic::{Kref, Refcount};

/// Drops a reference, and takes `lock` if it is the last one: then the guard, else nothing. The lock is held whenever the
/// count becomes zero. Findings as for [`Lock::lock`] and [`Refcount::dec_and_test`].
///
/// ```
/// use ringzero::refcount::{Refcount, refcount_dec_and_lock};
/// use ringzero::sync::SpinLock;
/// let (users, idle) = (Refcount::new(2), SpinLock::new(0));
/// assert!(refcount_dec_and_lock(&users, &idle).is_none());
/// *refcount_dec_and_lock(&users, &idle).expect("the last reference") += 1;
/// assert_eq!(*idle.lock(), 1);
/// ```
#[doc(alias = "refcount_dec_and_lock_irqsave")]
#[track_caller]
pub fn refcount_dec_and_lock<'a, T: ?Sized, K: Kind>(
    count: &Refcount,
    lock: &'a Lock<T, K>,
) -> Option<Guard<'a, T, K>> {
    if count.dec_not_one() {
        return None;
    }
    let guard = lock.lock();
    if count.dec_and_test() {
        return Some(guard);
    }
    guard.unlock();
    None
}

/// Drops a reference, and with the last one takes `lock` and calls `release`, which gets it held. Whether it was the last.
#[track_caller]
pub fn kref_put_lock<T: ?Sized, K: Kind>(
    kref: &Kref,
    release: impl FnOnce(Guard<'_, T, K>),
    lock: &Lock<T, K>,
) -> bool {
    let held = refcount_dec_and_lock(kref.count(), lock);
    let last = held.is_some();
    if let Some(guard) = held {
        release(guard);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SpinLock;

    #[test]
    fn the_last_drop_takes_the_lock() {
        let (kref, lock) = (Kref::new(), SpinLock::new(5));
        kref.get();
        assert!(!kref_put_lock(&kref, |_| unreachable!(), &lock) && !lock.is_locked());
        assert!(kref_put_lock(&kref, |mut n| *n += 1, &lock));
        assert_eq!((*lock.lock(), kref.read()), (6, 0));
    }
}
