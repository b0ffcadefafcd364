//! Jiffies: reading, comparing, converting.

use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};
use ringzero_machine::{Mode, Op, Place, Step, host, machine_local, model, step};

/// Ticks a second.
pub const HZ: u64 = 100;
/// The length of a jiffy.
pub const TICK_NSEC: u64 = NSEC_PER_SEC / HZ;
/// Nanoseconds a second.
pub const NSEC_PER_SEC: u64 = 1_000_000_000;
/// The longest time span that can be told apart from the past, in jiffies.
pub const MAX_JIFFY_OFFSET: u64 = (i64::MAX as u64 >> 1) - 1;

const MSEC_PER_TICK: u64 = 1000 / HZ;
const USEC_PER_TICK: u64 = 1_000_000 / HZ;

machine_local! {
    /// The number of ticks since boot, but on the host (crate invariant 6).
    static JIFFIES: AtomicU64 = AtomicU64::new(0);
}

/// The number of ticks since boot. A step: it is ordered against the ticks that advance it.
///
/// Context: any. Never sleeps. 0 outside a machine.
#[doc(alias = "get_jiffies_64")]
#[doc(alias = "jiffies_64")]
#[must_use]
#[track_caller]
pub fn jiffies() -> u64 {
    let word = JIFFIES.get();
    let at = ptr::from_ref(word).addr();
    step(&Step::new(Op::ClockRead, Mode::Read, at, 8, Place::caller()).named(Some("jiffies"), None));
    free_running().map_or_else(|| word.load(Ordering::Relaxed), |now| now / TICK_NSEC)
}

/// The time since boot where no tick has to make it.
pub(crate) fn free_running() -> Option<u64> {
    if model().is_some() { None } else { host()?.free_running_ns() }
}

/// Advances the clock to `now`, in the tick; returns the time then.
pub(crate) fn advance(now: u64, place: Place) -> u64 {
    let word = JIFFIES.get();
    let at = ptr::from_ref(word).addr();
    step(&Step::new(Op::WriteOnce, Mode::Rmw, at, 8, place).named(Some("jiffies"), None));
    let now = if time_after(now, word.load(Ordering::Relaxed)) { now } else { word.load(Ordering::Relaxed) };
    word.store(now, Ordering::Relaxed);
    now
}

/// The machine's time at which jiffy `j` begins; a jiffy of the past before boot is time 0.
pub(crate) const fn deadline_ns(j: u64) -> u64 {
    if time_before(j, 0) { 0 } else { j.saturating_mul(TICK_NSEC) }
}

/// Whether time `a` is after `b`, for times less than half the range apart (they may have wrapped around).
#[doc(alias = "time_after64")]
#[must_use]
pub const fn time_after(a: u64, b: u64) -> bool {
    (b.wrapping_sub(a) as i64) < 0
}

/// Whether time `a` is before `b`.
#[doc(alias = "time_before64")]
#[must_use]
pub const fn time_before(a: u64, b: u64) -> bool {
    time_after(b, a)
}

/// Whether time `a` is after `b` or the same.
#[doc(alias = "time_after_eq64")]
#[must_use]
pub const fn time_after_eq(a: u64, b: u64) -> bool {
    !time_before(a, b)
}

/// Whether time `a` is before `b` or the same.
#[doc(alias = "time_before_eq64")]
#[must_use]
pub const fn time_before_eq(a: u64, b: u64) -> bool {
    !time_after(a, b)
}

/// Whether `a` lies in `b..=c`.
#[must_use]
pub const fn time_in_range(a: u64, b: u64, c: u64) -> bool {
    time_after_eq(a, b) && time_before_eq(a, c)
}

/// Whether `a` lies in `b..c`.
#[must_use]
pub const fn time_in_range_open(a: u64, b: u64, c: u64) -> bool {
    time_after_eq(a, b) && time_before(a, c)
}

/// Whether `a` is in the past. Reads [`jiffies()`].
#[must_use]
#[track_caller]
pub fn time_is_before_jiffies(a: u64) -> bool {
    time_after(jiffies(), a)
}

/// Whether `a` is in the future. Reads [`jiffies()`].
#[must_use]
#[track_caller]
pub fn time_is_after_jiffies(a: u64) -> bool {
    time_before(jiffies(), a)
}

/// Whether `a` is in the past or now. Reads [`jiffies()`].
#[must_use]
#[track_caller]
pub fn time_is_before_eq_jiffies(a: u64) -> bool {
    time_after_eq(jiffies(), a)
}

/// Whether `a` is in the future or now. Reads [`jiffies()`].
#[must_use]
#[track_caller]
pub fn time_is_after_eq_jiffies(a: u64) -> bool {
    time_before_eq(jiffies(), a)
}

/// Milliseconds to jiffies, rounded up, so that a wait is never too short. A value that is negative as an `i32`
/// means "for ever": [`MAX_JIFFY_OFFSET`].
#[must_use]
pub const fn msecs_to_jiffies(m: u32) -> u64 {
    if (m as i32) < 0 { MAX_JIFFY_OFFSET } else { (m as u64).div_ceil(MSEC_PER_TICK) }
}

/// Microseconds to jiffies, rounded up.
#[must_use]
pub const fn usecs_to_jiffies(u: u32) -> u64 {
    (u as u64).div_ceil(USEC_PER_TICK)
}

/// Nanoseconds to jiffies, rounded down (for the scheduler's use, as in Linux; not for timeouts).
#[doc(alias = "nsecs_to_jiffies64")]
#[must_use]
pub const fn nsecs_to_jiffies(n: u64) -> u64 {
    n / TICK_NSEC
}

/// Jiffies to milliseconds, cut to 32 bits.
#[must_use]
pub const fn jiffies_to_msecs(j: u64) -> u32 {
    j.wrapping_mul(MSEC_PER_TICK) as u32
}

/// Jiffies to microseconds, cut to 32 bits.
#[must_use]
pub const fn jiffies_to_usecs(j: u64) -> u32 {
    j.wrapping_mul(USEC_PER_TICK) as u32
}

/// Jiffies to nanoseconds.
#[must_use]
pub const fn jiffies_to_nsecs(j: u64) -> u64 {
    j.wrapping_mul(TICK_NSEC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_survive_the_wrap() {
        let late = u64::MAX - 2;
        let early = late.wrapping_add(10);
        assert!(time_after(early, late) && time_before(late, early));
        assert!(!time_after(late, early) && !time_before(early, late));
        assert!(time_after_eq(late, late) && time_before_eq(late, late) && !time_after(late, late));
        assert!(time_in_range(u64::MAX, late, early) && time_in_range(early, late, early));
        assert!(!time_in_range_open(early, late, early) && !time_in_range(late - 1, late, early));
    }

    #[test]
    fn timeouts_are_rounded_up_and_come_back() {
        assert_eq!(msecs_to_jiffies(0), 0);
        assert_eq!(msecs_to_jiffies(1), 1);
        assert_eq!(msecs_to_jiffies(10), 1);
        assert_eq!(msecs_to_jiffies(11), 2);
        assert_eq!(msecs_to_jiffies(u32::MAX), MAX_JIFFY_OFFSET);
        assert_eq!(usecs_to_jiffies(10_001), 2);
        assert_eq!(jiffies_to_msecs(msecs_to_jiffies(1000)), 1000);
        assert_eq!(jiffies_to_usecs(3), 30_000);
        assert_eq!(nsecs_to_jiffies(jiffies_to_nsecs(7) + 1), 7);
        assert!(time_after(MAX_JIFFY_OFFSET, 0));
    }

    #[test]
    fn deadlines_never_wrap() {
        assert_eq!(deadline_ns(3), 3 * TICK_NSEC);
        assert_eq!(deadline_ns(0u64.wrapping_sub(5)), 0);
        assert_eq!(deadline_ns(MAX_JIFFY_OFFSET), u64::MAX);
    }
}
