//! `linux/semaphore.h`.
//!
//! Differences from Linux: a semaphore that was never initialised is a finding (`uninitialised-lock`). Who waits is not served
//! in the order in which he came.

use crate::deref::{argument, deref};
use crate::mutex::taken;
use crate::spinlock::uninitialised;
use core::ffi::{c_char, c_int, c_long};
use ringzero_machine::Place;
use ringzero_sched::ETIME;
use ringzero_sleeping::Semaphore;

/// The semaphore at `p`. Finding `uninitialised-lock` if it was never initialised.
fn semaphore(p: *const Semaphore) -> &'static Semaphore {
    let semaphore = deref(p);
    if !semaphore.is_initialised() {
        uninitialised(p.addr(), "semaphore");
    }
    semaphore
}

crate::exports! {
    /// `sema_init`: one that lets `val` in, of the class of this place. Any context.
    fn __rz_sema_init(p: *mut Semaphore, val: c_int, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a semaphore of its own.
        unsafe { Semaphore::init_at(p, val.cast_unsigned(), argument(name), Place::caller()) };
    }

    /// `down`. Task context, sleeps, as the next three.
    fn down(p: *const Semaphore) {
        semaphore(p).down();
    }

    /// `down_interruptible`.
    fn down_interruptible(p: *const Semaphore) -> c_int {
        taken(semaphore(p).down_interruptible())
    }

    /// `down_killable`.
    fn down_killable(p: *const Semaphore) -> c_int {
        taken(semaphore(p).down_killable())
    }

    /// `down_timeout`: 0, or `-ETIME`.
    fn down_timeout(p: *const Semaphore, jiffies: c_long) -> c_int {
        semaphore(p).down_timeout(jiffies.max(0).cast_unsigned()).map_or(-ETIME, |_| 0)
    }

    /// `down_trylock`: 0 if it took one, 1 if not. Any context but an NMI; does not sleep.
    fn down_trylock(p: *const Semaphore) -> c_int {
        c_int::from(!semaphore(p).down_trylock())
    }

    /// `up`. Any context but an NMI; does not sleep.
    fn up(p: *const Semaphore) {
        semaphore(p).up();
    }
}
