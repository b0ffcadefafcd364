//! `linux/jiffies.h`, `linux/timekeeping.h`.
//!
//! Differences from Linux: one virtual clock, to the tick, which advances when a timer expires.

use core::ffi::c_ulong;
use ringzero_time::{TICK_NSEC, jiffies};

crate::exports! {
    /// `jiffies`. Any context; a step.
    fn __rz_jiffies() -> c_ulong {
        jiffies() as c_ulong
    }

    /// `ktime_get` and all its forms: nanoseconds since boot. Any context; a step.
    fn ktime_get() -> i64 {
        jiffies().wrapping_mul(TICK_NSEC).cast_signed()
    }
}
