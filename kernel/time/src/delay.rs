//! Busy delays.
//!
//! They keep the CPU and end after a time. Nothing on the model waits for time to pass, so there a delay is nothing at
//! all: other CPUs and interrupts may come where they may come anyway, at the steps before and after it. It does not
//! stand for `cpu_relax()`: a loop that polls without an end needs that one besides. On the host the time passes, and
//! interrupts are taken meanwhile if they are on; without a machine there is no clock, and no delay.

use crate::jiffies::free_running;
use ringzero_machine::{Place, relax};

/// Waits busily for `usecs` microseconds.
///
/// Context: any. Never sleeps.
#[inline]
pub fn udelay(usecs: u64) {
    busy(usecs.saturating_mul(1000));
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
    busy(msecs.saturating_mul(1_000_000));
}

/// Spins for `ns` nanoseconds at least, where the clock goes on by itself.
fn busy(ns: u64) {
    let Some(begun) = free_running() else { return };
    while free_running().is_some_and(|now| now.saturating_sub(begun) < ns) {
        relax(Place::here());
    }
}
