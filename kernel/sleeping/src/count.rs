//! Counts whose last drop takes a mutex.

use crate::common::How;
use crate::mutex::{Mutex, MutexGuard};
use crate::raw::RawMutex;
use ringzero_atomic::{Atomic, Kref, Refcount};
use ringzero_machine::Place;

/// Subtracts one from `count`, and locks `mutex` if that makes it zero: then the guard, else nothing. The mutex is held
/// whenever the count becomes zero.
///
/// Context: as [`Mutex::lock`], but only when the mutex has to be locked.
#[track_caller]
pub fn atomic_dec_and_mutex_lock<'a, T: ?Sized>(count: &Atomic, mutex: &'a Mutex<T>) -> Option<MutexGuard<'a, T>> {
    if count.add_unless(-1, 1) {
        return None;
    }
    let guard = mutex.lock();
    if count.dec_and_test() {
        return Some(guard);
    }
    guard.unlock();
    None
}

/// [`atomic_dec_and_mutex_lock`] for a [`Refcount`] and a mutex without data: whether the mutex is held now.
#[must_use]
#[track_caller]
pub fn refcount_dec_and_mutex_lock(count: &Refcount, mutex: &RawMutex) -> bool {
    if count.dec_not_one() {
        return false;
    }
    mutex.lock_at(How::call("refcount_dec_and_mutex_lock()"), Place::caller());
    let last = count.dec_and_test();
    if !last {
        mutex.unlock_at(Place::caller());
    }
    last
}

/// Drops a reference, and with the last one locks `mutex` and calls `release`, which unlocks it. Whether it was the last.
#[track_caller]
pub fn kref_put_mutex(kref: &Kref, release: impl FnOnce(), mutex: &RawMutex) -> bool {
    let last = refcount_dec_and_mutex_lock(kref.count(), mutex);
    if last {
        release();
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_drop_takes_the_mutex() {
        let (count, mutex) = (Atomic::new(2), Mutex::new(5));
        assert!(atomic_dec_and_mutex_lock(&count, &mutex).is_none() && !mutex.is_locked());
        assert_eq!(atomic_dec_and_mutex_lock(&count, &mutex).as_deref(), Some(&5));
        let (kref, raw) = (Kref::new(), RawMutex::new());
        kref.get();
        assert!(!kref_put_mutex(&kref, || unreachable!(), &raw) && !raw.is_locked());
        assert!(kref_put_mutex(&kref, || assert!(raw.is_locked()), &raw));
        raw.unlock();
    }
}
