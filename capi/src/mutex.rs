//! `linux/mutex.h`.
//!
//! Differences from Linux: a mutex that was never initialised is a finding (`uninitialised-lock`), also where all zeroes
//! would do.

use crate::deref::{argument, deref};
use crate::spinlock::uninitialised;
use core::ffi::{c_char, c_int, c_uint, c_void};
use ringzero_atomic::Atomic;
use ringzero_machine::Place;
use ringzero_sleeping::{Interrupted, RawMutex};

/// The mutex at `p`. Finding `uninitialised-lock` if it was never initialised.
pub(crate) fn mutex(p: *const RawMutex) -> &'static RawMutex {
    let mutex = deref(p);
    if !mutex.is_initialised() {
        uninitialised(p.addr(), "mutex");
    }
    mutex
}

/// What locks return that a signal may keep from being taken.
pub(crate) fn taken(result: Result<(), Interrupted>) -> c_int {
    result.map_or_else(Interrupted::to_errno, |()| 0)
}

/// What waits return that a signal may cut short.
pub(crate) fn interrupted(result: Result<(), ringzero_sched::Interrupted>) -> c_int {
    result.map_or_else(ringzero_sched::Interrupted::to_errno, |()| 0)
}

crate::exports! {
    /// `mutex_init`: a free mutex, of the class of this place. Any context.
    fn __rz_mutex_init(p: *mut RawMutex, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a mutex of its own.
        unsafe { RawMutex::init_at(p, argument(name), Place::caller()) };
    }

    /// `mutex_destroy`: it has to be initialised before it is used again. Finding `warn` if it is held. Any context.
    fn mutex_destroy(p: *const RawMutex) {
        mutex(p).destroy();
    }

    /// `mutex_lock`. Task context, sleeps.
    fn mutex_lock(p: *const RawMutex) {
        mutex(p).lock();
    }

    /// `mutex_lock_interruptible`. Task context, sleeps.
    fn mutex_lock_interruptible(p: *const RawMutex) -> c_int {
        taken(mutex(p).lock_interruptible())
    }

    /// `mutex_lock_killable`. Task context, sleeps.
    fn mutex_lock_killable(p: *const RawMutex) -> c_int {
        taken(mutex(p).lock_killable())
    }

    /// `mutex_lock_nested`. Task context, sleeps, as these.
    fn mutex_lock_nested(p: *const RawMutex, subclass: c_uint) {
        mutex(p).lock_nested(subclass);
    }

    /// `mutex_lock_interruptible_nested`.
    fn mutex_lock_interruptible_nested(p: *const RawMutex, subclass: c_uint) -> c_int {
        taken(mutex(p).lock_interruptible_nested(subclass))
    }

    /// `mutex_lock_killable_nested`.
    fn mutex_lock_killable_nested(p: *const RawMutex, subclass: c_uint) -> c_int {
        taken(mutex(p).lock_killable_nested(subclass))
    }

    /// `mutex_lock_nest_lock`.
    fn __rz_mutex_lock_nest_lock(p: *const RawMutex, nest_lock: *const c_void) {
        mutex(p).lock_nest_lock(nest_lock.addr());
    }

    /// `mutex_trylock`: whether it locked the mutex. Task context; does not sleep.
    fn mutex_trylock(p: *const RawMutex) -> c_int {
        c_int::from(mutex(p).trylock())
    }

    /// `mutex_unlock`. Task context; does not sleep. Finding `unlock-by-other` if another task locked it.
    fn mutex_unlock(p: *const RawMutex) {
        mutex(p).unlock();
    }

    /// Whether the running task holds it. Any context; no step.
    fn __rz_mutex_is_held(p: *const RawMutex) -> c_int {
        c_int::from(mutex(p).is_held())
    }

    /// `mutex_is_locked`. Any context.
    fn mutex_is_locked(p: *const RawMutex) -> bool {
        mutex(p).is_locked()
    }

    /// `atomic_dec_and_mutex_lock`: 1 with the mutex held, if this was the last. Task context, sleeps.
    fn atomic_dec_and_mutex_lock(count: *const Atomic, p: *const RawMutex) -> c_int {
        let count = deref(count);
        if count.add_unless(-1, 1) {
            return 0;
        }
        let mutex = mutex(p);
        mutex.lock();
        if count.dec_and_test() {
            return 1;
        }
        mutex.unlock();
        0
    }
}
