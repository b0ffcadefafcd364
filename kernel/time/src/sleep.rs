//! Arming a timer for a time from now, in one step with reading the clock: for the crates above, whose objects have timers
//! inside.

use crate::arm::Arming;
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
    /// Arms the timer, whether it is pending or not, for `delay` jiffies from now. Any context but an NMI.
    ///
    /// # Panics
    /// Outside a machine.
    pub fn arm_in(&'static self, delay: u64, place: Place) {
        self.arm_from_now(Op::TimerArm, delay, None, place, || ());
    }

    /// [`Timer::arm_in`] on CPU `cpu`.
    ///
    /// # Panics
    /// Outside a machine.
    pub fn arm_in_on(&'static self, delay: u64, cpu: u32, place: Place) {
        self.arm_from_now(Op::TimerArm, delay, Some(cpu), place, || ());
    }

    /// [`Timer::arm_in`] of a pending timer; whether it was. An idle one is left alone.
    ///
    /// # Panics
    /// Outside a machine.
    pub fn rearm_in(&'static self, delay: u64, place: Place) -> bool {
        let m = self.enter(Op::TimerArm, place);
        let how = Arming { on: None, idle_too: false, place };
        self.arm_held(m, how, || now(m).wrapping_add(delay))
    }

    /// [`Timer::arm_in`] for a task that is about to sleep; `begun` runs in that step. Returns when it expires.
    ///
    /// # Panics
    /// Outside a machine.
    pub fn begin_sleep(&'static self, timeout: u64, place: Place, begun: impl FnOnce()) -> u64 {
        self.arm_from_now(Op::Sleep, timeout, None, place, begun)
    }

    fn arm_from_now(&'static self, op: Op, delay: u64, on: Option<u32>, place: Place, within: impl FnOnce()) -> u64 {
        let m = self.enter(op, place);
        let mut expires = 0;
        self.arm_held(m, Arming { on, idle_too: true, place }, || {
            within();
            expires = now(m).wrapping_add(delay);
            expires
        });
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
