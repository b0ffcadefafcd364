//! The timer that ends a task's sleep: for the scheduler.

use crate::jiffies::{TICK_NSEC, time_after};
use crate::timer::Timer;
use ringzero_machine::{Machine, Op, Place};

/// The machine's time in jiffies. What [`jiffies()`](crate::jiffies()) says, or is just about to say: the tick's entry
/// advances the machine's time, and its first step the jiffies. So within a step on a timer it needs no step of its own
/// (crate invariant 6).
fn now(m: &dyn Machine) -> u64 {
    m.now_ns() / TICK_NSEC
}

impl Timer {
    /// Arms the timer for `timeout` jiffies from now, and returns when that is. Reading the clock and arming are one
    /// step. `begun` runs in that step.
    ///
    /// Context: a task that is about to sleep; the timer is not pending.
    ///
    /// # Panics
    /// Outside a machine.
    pub fn begin_sleep(&'static self, timeout: u64, place: Place, begun: impl FnOnce()) -> u64 {
        let m = self.enter(Op::Sleep, place);
        begun();
        let expires = now(m).wrapping_add(timeout);
        self.arm(m, expires, None, place);
        expires
    }

    /// Deletes the timer after a sleep that something else ended; its callback does not run any more. Returns the
    /// jiffies that are left until `expires`.
    ///
    /// Context: task.
    ///
    /// # Panics
    /// Outside a machine.
    pub fn end_sleep(&'static self, expires: u64, place: Place) -> u64 {
        self.stop(place, 0);
        let now = ringzero_machine::machine().map_or(0, now);
        if time_after(expires, now) { expires - now } else { 0 }
    }
}
