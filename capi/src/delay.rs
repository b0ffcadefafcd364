//! `linux/delay.h`.

use core::ffi::{c_uint, c_ulong};

crate::exports! {
    /// `udelay`. Any context; does not sleep.
    fn udelay(usecs: c_ulong) {
        ringzero_time::udelay(usecs);
    }

    /// `ndelay`. Any context; does not sleep.
    fn ndelay(nsecs: c_ulong) {
        ringzero_time::ndelay(nsecs);
    }

    /// `mdelay`. Any context; does not sleep.
    fn mdelay(msecs: c_ulong) {
        ringzero_time::mdelay(msecs);
    }

    /// `msleep`. Task context, sleeps, as all of these.
    fn msleep(msecs: c_uint) {
        ringzero_sched::msleep(msecs);
    }

    /// `msleep_interruptible`: the milliseconds left.
    fn msleep_interruptible(msecs: c_uint) -> c_ulong {
        ringzero_sched::msleep_interruptible(msecs).into()
    }

    /// `ssleep`.
    fn ssleep(seconds: c_uint) {
        ringzero_sched::ssleep(seconds);
    }

    /// `usleep_range`.
    fn usleep_range(min: c_ulong, max: c_ulong) {
        ringzero_sched::usleep_range(min, max);
    }

    /// `fsleep`.
    fn fsleep(usecs: c_ulong) {
        ringzero_sched::fsleep(usecs);
    }
}
