//! `linux/timer.h`.
//!
//! Differences from Linux: see `ringzero_time`. `expires`, `function` and `data` are the module's to set before it arms
//! the timer.

use crate::deref::deref;
use core::ffi::{c_int, c_uint, c_ulong};
use ringzero_machine::Place;
use ringzero_time::{Timer, TimerStyle};

/// A timer's function as `timer_setup()` takes it.
type TimerFn = unsafe extern "C" fn(*mut Timer);

/// Initialises the timer for functions of this kind.
fn init(p: *mut Timer, style: TimerStyle, flags: c_uint) {
    deref(p.cast_const());
    // SAFETY: readable and aligned, since `deref` came back; the module says that it is a timer of its own, and what it
    // stores in `function` is of the kind that the macro it used says.
    unsafe { Timer::init_at(p, style, flags, Place::caller()) };
}

crate::exports! {
    /// `init_timer`, `setup_timer`: a timer whose function gets its data. Any context.
    fn __rz_init_timer(p: *mut Timer, flags: c_uint) {
        init(p, TimerStyle::COld, flags);
    }

    /// `timer_setup`: a timer whose function gets the timer. Any context.
    fn __rz_timer_setup(p: *mut Timer, function: Option<TimerFn>, flags: c_uint) {
        init(p, TimerStyle::CNew, flags);
        let function = function.map_or(core::ptr::null(), |f| f as *const ());
        // SAFETY: of the kind that the timer was initialised for.
        unsafe { deref(p.cast_const()).set_function(function) };
    }

    /// `add_timer`: for the time in `expires`, on this CPU; it must not be pending. Any context but an NMI.
    fn add_timer(p: *const Timer) {
        deref(p).add_timer();
    }

    /// `add_timer_on`: on CPU `cpu`. Any context but an NMI.
    fn add_timer_on(p: *const Timer, cpu: c_int) {
        deref(p).add_timer_on(cpu.cast_unsigned());
    }

    /// `mod_timer`: 1 if it was pending. Any context but an NMI.
    fn mod_timer(p: *const Timer, expires: c_ulong) -> c_int {
        c_int::from(deref(p).mod_timer(expires))
    }

    /// `mod_timer_pending`: only if it is pending. Any context but an NMI.
    fn mod_timer_pending(p: *const Timer, expires: c_ulong) -> c_int {
        c_int::from(deref(p).mod_timer_pending(expires))
    }

    /// `timer_delete`, `del_timer`: 1 if it was pending. Any context but an NMI.
    fn timer_delete(p: *const Timer) -> c_int {
        c_int::from(deref(p).del_timer())
    }

    /// `timer_delete_sync`, `del_timer_sync`: waits for the callback. Task or softirq, under no lock that the callback or
    /// an interrupt takes.
    fn timer_delete_sync(p: *const Timer) -> c_int {
        c_int::from(deref(p).timer_delete_sync())
    }

    /// `timer_delete_sync_try`, `try_to_del_timer_sync`: -1 while it runs. Any context but an NMI.
    fn timer_delete_sync_try(p: *const Timer) -> c_int {
        ringzero_time::try_to_del_timer_sync(deref(p))
    }

    /// `timer_shutdown`: it cannot be armed any more. Any context but an NMI.
    fn timer_shutdown(p: *const Timer) -> c_int {
        c_int::from(deref(p).timer_shutdown())
    }

    /// `timer_shutdown_sync`: and waits for the callback. Context as `timer_delete_sync`.
    fn timer_shutdown_sync(p: *const Timer) -> c_int {
        c_int::from(deref(p).timer_shutdown_sync())
    }

    /// `timer_pending`. Any context.
    fn timer_pending(p: *const Timer) -> c_int {
        c_int::from(deref(p).timer_pending())
    }
}
