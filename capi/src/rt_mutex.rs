//! `linux/rtmutex.h`.
//!
//! Differences from Linux: a mutex that was never initialised is a finding (`uninitialised-lock`), also where all
//! zeroes would do. A deadlock that is not asked for is a finding.

use crate::deref::{argument, deref};
use crate::memory;
use crate::spinlock::uninitialised;
use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use ringzero_machine::Place;
use ringzero_sched::{MAX_SCHEDULE_TIMEOUT, Task};
use ringzero_sleeping::{RawRtMutex, RtError};

/// The mutex at `p`. Finding `uninitialised-lock` if it was never initialised.
pub(crate) fn mutex(p: *const RawRtMutex) -> &'static RawRtMutex {
    let mutex = deref(p);
    if !mutex.is_initialised() {
        uninitialised(p.addr(), "rt_mutex");
    }
    mutex
}

fn result(result: Result<(), RtError>) -> c_int {
    result.map_or_else(RtError::to_errno, |()| 0)
}

crate::exports! {
    /// `rt_mutex_init`: a free mutex, of the class of this place. Any context.
    fn __rz_rt_mutex_init(p: *mut RawRtMutex, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a mutex of its own.
        unsafe { RawRtMutex::init_at(p, argument(name), Place::caller()) };
    }

    /// `rt_mutex_destroy`. Finding `warn` if it is held. Any context.
    fn rt_mutex_destroy(p: *const RawRtMutex) {
        mutex(p).destroy();
    }

    /// `rt_mutex_lock`. Task context, sleeps, as these.
    fn rt_mutex_lock(p: *const RawRtMutex) {
        mutex(p).lock();
    }

    /// `rt_mutex_lock_nested`.
    fn rt_mutex_lock_nested(p: *const RawRtMutex, subclass: c_uint) {
        mutex(p).lock_nested(subclass);
    }

    /// `rt_mutex_lock_nest_lock`.
    fn __rz_rt_mutex_lock_nest_lock(p: *const RawRtMutex, nest_lock: *const c_void) {
        mutex(p).lock_nest_lock(nest_lock.addr());
    }

    /// `rt_mutex_lock_interruptible`: 0, `-EINTR` or `-EDEADLK`.
    fn __rz_rt_mutex_lock_interruptible(p: *const RawRtMutex, detect_deadlock: c_int) -> c_int {
        result(mutex(p).lock_interruptible(detect_deadlock != 0))
    }

    /// `rt_mutex_lock_killable`: 0 or `-EINTR`.
    fn rt_mutex_lock_killable(p: *const RawRtMutex) -> c_int {
        result(mutex(p).lock_killable(false))
    }

    /// `rt_mutex_timed_lock`: also `-ETIMEDOUT`.
    fn rt_mutex_timed_lock(p: *const RawRtMutex, timeout: *const c_ulong, detect_deadlock: c_int) -> c_int {
        let jiffies = if timeout.is_null() { MAX_SCHEDULE_TIMEOUT } else { memory::get(timeout) };
        result(mutex(p).timed_lock(jiffies, detect_deadlock != 0))
    }

    /// `rt_mutex_trylock`: whether it locked the mutex. Task context; does not sleep.
    fn rt_mutex_trylock(p: *const RawRtMutex) -> c_int {
        c_int::from(mutex(p).trylock())
    }

    /// `rt_mutex_unlock`. Task context; does not sleep. Finding `unlock-by-other` if another task locked it.
    fn rt_mutex_unlock(p: *const RawRtMutex) {
        mutex(p).unlock();
    }

    /// `rt_mutex_is_locked`. Any context, as the next.
    fn rt_mutex_is_locked(p: *const RawRtMutex) -> c_int {
        c_int::from(mutex(p).is_locked())
    }

    /// `rt_mutex_owner`: the task, or null.
    fn rt_mutex_owner(p: *const RawRtMutex) -> *const Task {
        mutex(p).owner().map_or(core::ptr::null(), core::ptr::from_ref)
    }
}
