//! `linux/sched/signal.h`.
//!
//! Differences from Linux: only `SIGKILL` is fatal; see `ringzero_sched::send_sig`.

use crate::deref::deref;
use core::ffi::{c_int, c_uint};
use ringzero_machine::Place;
use ringzero_sched::{EINVAL, Task, try_current};

/// A signal's number; what is none is too great.
fn number(sig: c_int) -> u32 {
    u32::try_from(sig).unwrap_or(u32::MAX)
}

/// Panics, as an oops, where Linux would write past the end of its table.
fn known(sig: c_int) -> u32 {
    assert!((1..=64).contains(&sig), "there is no signal {sig} (at {})", Place::caller());
    number(sig)
}

crate::exports! {
    /// `send_sig`: 0 or `-EINVAL`. Any context but an NMI.
    fn send_sig(sig: c_int, task: *const Task, _from_kernel: c_int) -> c_int {
        ringzero_sched::send_sig(number(sig), deref(task))
    }

    /// `force_sig`: the running task accepts it from now on; to another one, `send_sig`. Task context.
    fn __rz_force_sig(sig: c_int, task: *const Task) -> c_int {
        if try_current().is_none_or(|running| !core::ptr::eq(running, task)) {
            return send_sig(sig, task, 1);
        }
        if !(1..=64).contains(&sig) {
            return -EINVAL;
        }
        ringzero_sched::force_sig(number(sig));
        0
    }

    /// `allow_signal`. Task context.
    fn allow_signal(sig: c_int) {
        ringzero_sched::allow_signal(known(sig));
    }

    /// `disallow_signal`. Task context.
    fn disallow_signal(sig: c_int) {
        ringzero_sched::disallow_signal(known(sig));
    }

    /// `flush_signals`. Any context but an NMI.
    fn flush_signals(task: *const Task) {
        ringzero_sched::flush_signals(deref(task));
    }

    /// `kernel_dequeue_signal`: 0 if none is pending. Task context.
    fn kernel_dequeue_signal() -> c_int {
        ringzero_sched::kernel_dequeue_signal().map_or(0, u32::cast_signed)
    }

    /// `signal_pending`. Any context.
    fn signal_pending(task: *const Task) -> c_int {
        c_int::from(ringzero_sched::signal_pending(deref(task)))
    }

    /// `fatal_signal_pending`. Any context.
    fn fatal_signal_pending(task: *const Task) -> c_int {
        c_int::from(ringzero_sched::fatal_signal_pending(deref(task)))
    }

    /// `signal_pending_state`. Any context.
    fn signal_pending_state(state: c_uint, task: *const Task) -> c_int {
        c_int::from(ringzero_sched::signal_pending_state(state, deref(task)))
    }
}
