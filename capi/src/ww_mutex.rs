//! `linux/ww_mutex.h`.
//!
//! Differences from Linux: a mutex or class that was never initialised is a finding (`uninitialised-lock`).

use crate::deref::{argument, deref};
use crate::spinlock::uninitialised;
use core::ffi::{c_char, c_int};
use ringzero_machine::Place;
use ringzero_sched::EINTR;
use ringzero_sleeping::{RawWwAcquireCtx, RawWwMutex, WwClass, WwError};

/// The mutex at `p`. Finding `uninitialised-lock` if it was never initialised.
pub(crate) fn mutex(p: *const RawWwMutex) -> &'static RawWwMutex {
    let mutex = deref(p);
    if !mutex.is_initialised() {
        uninitialised(p.addr(), "ww_mutex");
    }
    mutex
}

/// The class at `p`. Finding `uninitialised-lock` if it was never initialised.
fn class(p: *const WwClass) -> &'static WwClass {
    let class = deref(p);
    if !class.is_initialised() {
        uninitialised(p.addr(), "ww_class");
    }
    class
}

/// The context at `p`, if there is one.
fn context(p: *const RawWwAcquireCtx) -> Option<&'static RawWwAcquireCtx> {
    (!p.is_null()).then(|| deref(p))
}

fn result(result: Result<(), WwError>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(WwError::Interrupted) => -EINTR,
        Err(error) => error.to_errno(),
    }
}

crate::exports! {
    /// `ww_mutex_init`: a free mutex, of the class of this place. Any context.
    fn __rz_ww_mutex_init(p: *mut RawWwMutex, of: *const WwClass, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a mutex of its own.
        unsafe { RawWwMutex::init_at(p, class(of), argument(name), Place::caller()) };
    }

    /// `ww_mutex_destroy`. Finding `warn` if it is held. Any context.
    fn ww_mutex_destroy(p: *const RawWwMutex) {
        mutex(p).destroy();
    }

    /// `ww_acquire_init`. Task context; does not sleep, as these.
    fn ww_acquire_init(p: *mut RawWwAcquireCtx, of: *const WwClass) {
        deref(p.cast_const());
        let ctx = RawWwAcquireCtx::begin(class(of), Place::caller());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a context of its own.
        unsafe { p.write(ctx) };
    }

    /// `ww_acquire_done`.
    fn ww_acquire_done(p: *const RawWwAcquireCtx) {
        deref(p).done();
    }

    /// `ww_acquire_fini`. Finding `warn` if mutexes are held under the context.
    fn ww_acquire_fini(p: *const RawWwAcquireCtx) {
        deref(p).end();
    }

    /// `ww_mutex_lock`: 0, `-EDEADLK` or `-EALREADY`. Task context, sleeps, as these.
    fn ww_mutex_lock(p: *const RawWwMutex, ctx: *const RawWwAcquireCtx) -> c_int {
        let Some(ctx) = context(ctx) else {
            mutex(p).lock_alone();
            return 0;
        };
        // SAFETY: the module keeps the context until it has unlocked; its end is a finding otherwise.
        result(unsafe { mutex(p).lock(ctx) })
    }

    /// `ww_mutex_lock_interruptible`: also `-EINTR`.
    fn ww_mutex_lock_interruptible(p: *const RawWwMutex, ctx: *const RawWwAcquireCtx) -> c_int {
        result(match context(ctx) {
            None => mutex(p).lock_alone_interruptible(),
            // SAFETY: as above.
            Some(ctx) => unsafe { mutex(p).lock_interruptible(ctx) },
        })
    }

    /// `ww_mutex_lock_slow`. Finding `warn` if the context holds a mutex.
    fn ww_mutex_lock_slow(p: *const RawWwMutex, ctx: *const RawWwAcquireCtx) {
        // SAFETY: as above.
        unsafe { mutex(p).lock_slow(deref(ctx)) };
    }

    /// `ww_mutex_lock_slow_interruptible`: 0 or `-EINTR`.
    fn ww_mutex_lock_slow_interruptible(p: *const RawWwMutex, ctx: *const RawWwAcquireCtx) -> c_int {
        // SAFETY: as above.
        result(unsafe { mutex(p).lock_slow_interruptible(deref(ctx)) })
    }

    /// `ww_mutex_trylock`: whether it locked the mutex. Task context; does not sleep.
    fn ww_mutex_trylock(p: *const RawWwMutex, ctx: *const RawWwAcquireCtx) -> c_int {
        // SAFETY: as above.
        c_int::from(unsafe { mutex(p).trylock(context(ctx)) })
    }

    /// `ww_mutex_unlock`. Task context; does not sleep. Finding `unlock-by-other` if another task locked it.
    fn ww_mutex_unlock(p: *const RawWwMutex) {
        mutex(p).unlock();
    }

    /// `ww_mutex_is_locked`. Any context.
    fn ww_mutex_is_locked(p: *const RawWwMutex) -> bool {
        mutex(p).is_locked()
    }
}
