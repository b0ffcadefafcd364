//! `linux/refcount.h`.
//!
//! Differences from Linux: what Linux warns of is the finding `refcount`.

use crate::deref::deref;
use crate::mutex::mutex;
use crate::spinlock::{lock, to_raw};
use core::ffi::{c_int, c_uint, c_ulong};
use ringzero_atomic::Refcount;
use ringzero_machine::Place;
use ringzero_machine::plain_range;
use ringzero_sleeping::RawMutex;
use ringzero_spinning::RawSpinLock;

crate::exports! {
    /// `refcount_set`. Any context, as all but those that lock.
    fn refcount_set(r: *const Refcount, n: c_int) {
        deref(r).set(n);
    }

    /// `refcount_read`.
    fn refcount_read(r: *const Refcount) -> c_uint {
        deref(r).read().cast_unsigned()
    }

    /// `refcount_inc`: finding `refcount` if none is left.
    fn refcount_inc(r: *const Refcount) {
        deref(r).inc();
    }

    /// `refcount_add`.
    fn refcount_add(n: c_int, r: *const Refcount) {
        deref(r).add(n);
    }

    /// `refcount_inc_not_zero`: whether it took one.
    fn refcount_inc_not_zero(r: *const Refcount) -> bool {
        deref(r).inc_not_zero()
    }

    /// `refcount_add_not_zero`.
    fn refcount_add_not_zero(n: c_int, r: *const Refcount) -> bool {
        deref(r).add_not_zero(n)
    }

    /// `refcount_dec`: finding `refcount` if it was the last.
    fn refcount_dec(r: *const Refcount) {
        deref(r).dec();
    }

    /// `refcount_dec_and_test`: whether it was the last. Finding `refcount` if there was none.
    fn refcount_dec_and_test(r: *const Refcount) -> bool {
        deref(r).dec_and_test()
    }

    /// `refcount_sub_and_test`.
    fn refcount_sub_and_test(n: c_int, r: *const Refcount) -> bool {
        deref(r).sub_and_test(n)
    }

    /// `refcount_dec_if_one`: whether it was the last, and is dropped.
    fn refcount_dec_if_one(r: *const Refcount) -> bool {
        deref(r).dec_if_one()
    }

    /// `refcount_dec_not_one`: whether it was not the last, and is dropped.
    fn refcount_dec_not_one(r: *const Refcount) -> bool {
        deref(r).dec_not_one()
    }

    /// `refcount_dec_and_mutex_lock`: whether it was the last, and the mutex is held. Task context, sleeps.
    fn refcount_dec_and_mutex_lock(r: *const Refcount, m: *const RawMutex) -> bool {
        ringzero_sleeping::refcount_dec_and_mutex_lock(deref(r), mutex(m))
    }

    /// `refcount_dec_and_lock`: whether it was the last, and the lock is held. As `spin_lock`.
    fn __rz_refcount_dec_and_lock(r: *const Refcount, l: *const RawSpinLock) -> bool {
        let (count, lock) = (deref(r), lock(l));
        if count.dec_not_one() {
            return false;
        }
        lock.lock();
        let last = count.dec_and_test();
        if !last {
            lock.unlock();
        }
        last
    }

    /// `refcount_dec_and_lock_irqsave`: the flags go to `flags`. As `spin_lock_irqsave`.
    fn __rz_refcount_dec_and_lock_irqsave(r: *const Refcount, l: *const RawSpinLock, flags: *mut c_ulong) -> bool {
        let (count, lock) = (deref(r), lock(l));
        if count.dec_not_one() {
            return false;
        }
        let found = lock.lock_irqsave();
        if count.dec_and_test() {
            deref(flags.cast_const());
            plain_range(flags.addr(), size_of::<c_ulong>(), true, Place::caller());
            // SAFETY: readable and aligned, since `deref` came back, and C says that it is the caller's variable.
            unsafe { flags.write(to_raw(found)) };
            return true;
        }
        lock.unlock_irqrestore(found);
        false
    }
}
