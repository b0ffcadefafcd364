//! Busy delays.
//!
//! They keep the CPU and end after a time. Nothing on the model waits for time to pass, so there a delay is nothing at
//! all: other CPUs and interrupts may come where they may come anyway, at the steps before and after it. It does not
//! stand for `cpu_relax()`: a loop that polls without an end needs that one besides.

/// Waits busily for `usecs` microseconds.
///
/// Context: any. Never sleeps.
#[inline]
pub fn udelay(usecs: u64) {
    busy(usecs);
}

/// Waits busily for `nsecs` nanoseconds.
///
/// Context: any. Never sleeps.
#[inline]
pub fn ndelay(nsecs: u64) {
    busy(nsecs);
}

/// Waits busily for `msecs` milliseconds. A task that may sleep had better call `msleep`.
///
/// Context: any. Never sleeps.
#[inline]
pub fn mdelay(msecs: u64) {
    busy(msecs);
}

/// The one place where a machine with a clock of its own would spin.
#[inline]
const fn busy(_: u64) {}
