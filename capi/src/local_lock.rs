//! `linux/local_lock.h`, `linux/smp_lock.h`.
//!
//! Differences from Linux: a local lock that was never initialised is a finding (`uninitialised-lock`), and one that is taken
//! twice is, too.

use crate::deref::{argument, deref};
use crate::spinlock::uninitialised;
use core::ffi::{c_char, c_int};
use ringzero_machine::Place;
use ringzero_sleeping::legacy;
use ringzero_sleeping::local_lock::RawLocalLock;

/// The lock at `p`. Finding `uninitialised-lock` if it was never initialised.
pub(crate) fn lock(p: *const RawLocalLock) -> &'static RawLocalLock {
    let lock = deref(p);
    if !lock.is_initialised() {
        uninitialised(p.addr(), "local lock");
    }
    lock
}

crate::exports! {
    /// `local_lock_init`: a free one, of the class of this place. Any context.
    fn __rz_local_lock_init(p: *mut RawLocalLock, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a lock of its own.
        unsafe { RawLocalLock::init_at(p, argument(name), Place::caller()) };
    }

    /// `local_lock` and its forms, where preemption or interrupts are off already.
    fn __rz_local_lock(p: *const RawLocalLock) {
        lock(p).take(Place::caller());
    }

    /// `local_unlock` and its forms, where they are still off.
    fn __rz_local_unlock(p: *const RawLocalLock) {
        lock(p).release(Place::caller());
    }

    /// `lock_kernel`. Task context; sleeps if the task does not hold it.
    fn lock_kernel() {
        legacy::lock_kernel();
    }

    /// `unlock_kernel`. Finding `unlock-by-other` if the task does not hold it.
    fn unlock_kernel() {
        legacy::unlock_kernel();
    }

    /// `kernel_locked`. Any context.
    fn kernel_locked() -> c_int {
        c_int::from(legacy::kernel_locked())
    }
}
