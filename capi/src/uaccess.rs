//! `linux/uaccess.h`: memory of user processes.
//!
//! Any memory may be called `__user`. An access may sleep, so it is for tasks outside atomic sections, and it may fault:
//! a choice of the explorer within `--failures`.
//!
//! Differences from Linux: a fault copies nothing, instead of what lies before it.

use crate::memory::{copy, store, text_max};
use core::ffi::{c_char, c_int, c_long, c_ulong, c_void};
use ringzero_machine::{Op, Place, Step, machine};

const EFAULT: c_long = 14;

/// Says that `call` may sleep, and asks whether the access faults.
fn faults(call: &str) -> bool {
    ringzero_context::might_sleep_named(call);
    machine().is_some_and(|m| m.limits().failures > 0 && m.choose(&Step::gate(Op::CopyUser, Place::caller()), 2) == 1)
}

crate::exports! {
    /// `copy_from_user`: how many bytes were not copied, which are zeroed. Task context, may sleep.
    fn copy_from_user(to: *mut c_void, from: *const c_void, n: c_ulong) -> c_ulong {
        if faults("copy_from_user()") {
            store(to, n as usize).fill(0);
            return n;
        }
        copy(to, from, n as usize);
        0
    }

    /// `copy_to_user`: how many bytes were not copied. Task context, may sleep.
    fn copy_to_user(to: *mut c_void, from: *const c_void, n: c_ulong) -> c_ulong {
        if faults("copy_to_user()") {
            return n;
        }
        copy(to, from, n as usize);
        0
    }

    /// `clear_user`: how many bytes were not cleared. Task context, may sleep.
    fn clear_user(to: *mut c_void, n: c_ulong) -> c_ulong {
        if faults("clear_user()") {
            return n;
        }
        store(to, n as usize).fill(0);
        0
    }

    /// `get_user`, of `size` bytes: 0 or `-EFAULT`. Task context, may sleep.
    fn __rz_get_user(to: *mut c_void, from: *const c_void, size: c_ulong) -> c_int {
        if faults("get_user()") {
            return -EFAULT as c_int;
        }
        copy(to, from, size as usize);
        0
    }

    /// `put_user`, of `size` bytes: 0 or `-EFAULT`. Task context, may sleep.
    fn __rz_put_user(from: *const c_void, to: *mut c_void, size: c_ulong) -> c_int {
        if faults("put_user()") {
            return -EFAULT as c_int;
        }
        copy(to, from, size as usize);
        0
    }

    /// `strncpy_from_user`: the length, at most `count`, or `-EFAULT`. Task context, may sleep.
    fn strncpy_from_user(to: *mut c_char, from: *const c_char, count: c_long) -> c_long {
        if faults("strncpy_from_user()") {
            return -EFAULT;
        }
        let max = usize::try_from(count).unwrap_or(0);
        let text = text_max(from.cast(), max);
        let n = text.len();
        // The zero too, if there is room for it.
        copy(to.cast(), from.cast(), (n + 1).min(max));
        n as c_long
    }

    /// `strnlen_user`: the length with its zero, more than `count` if there is none by then, 0 on a fault. Task context,
    /// may sleep.
    fn strnlen_user(from: *const c_char, count: c_long) -> c_long {
        if faults("strnlen_user()") {
            return 0;
        }
        let max = usize::try_from(count).unwrap_or(0);
        text_max(from.cast(), max).len() as c_long + 1
    }
}
