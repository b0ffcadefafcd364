//! Sleeping for a time.
//!
//! The timer of a sleep lies in its task. Its callback either wakes the task, or tells the object that the task waits
//! for (a [`WaitWord`](crate::WaitWord)), so that the wait's condition stays one of one word.

use crate::schedule::{Barrier, schedule_at, schedule_in_loop, set_current_state_at, wake_up_within};
use crate::signal::signal_pending_state_at;
use crate::task::{TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_NORMAL, TASK_UNINTERRUPTIBLE, Task, current};
use crate::word::On;
use core::cell::Cell;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::at;
use ringzero_machine::{Place, model};
use ringzero_time::{Timer, from_timer, jiffies_to_msecs, msecs_to_jiffies, udelay, usecs_to_jiffies};

/// A timeout that never comes.
pub const MAX_SCHEDULE_TIMEOUT: u64 = i64::MAX as u64;

/// A task's means to sleep for a time.
#[repr(C)]
pub(crate) struct Sleep {
    timer: Timer,
    /// What the task waits for, if that is not its state. Written while the timer is idle and its callback does not run.
    on: Cell<Option<On>>,
    /// 1 when the timer's callback has told the task or the object, and has nothing more to do. Written in that step, and
    /// in the one that begins the sleep. On the host the callback may not have returned yet.
    over: AtomicU32,
}

impl Sleep {
    pub(crate) const fn new() -> Self {
        Self { timer: Timer::for_sleep(timeout), on: Cell::new(None), over: AtomicU32::new(0) }
    }

    /// Whether the time was over when the task's last step came.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Acquire) != 0
    }

    /// Begins to count: in one step. `on` is told when the time is over, or the task is woken. Returns when that is.
    pub(crate) fn begin(&'static self, timeout: u64, on: Option<On>, place: Place) -> u64 {
        self.timer.begin_sleep(timeout, place, || {
            self.on.set(on);
            self.over.store(0, Relaxed);
        })
    }

    /// Ends the counting that was begun for `expires`, after a step that would have noticed the end; the jiffies left.
    pub(crate) fn end(&'static self, expires: u64, place: Place) -> u64 {
        if !self.is_over() {
            return self.timer.end_sleep(expires, place);
        }
        if model().is_none() {
            // The callback may just be about to wake the task: not out of its next sleep (crate invariant 11).
            self.timer.end_sleep(expires, place);
        }
        0
    }

    fn set_over(&self) {
        self.over.store(1, Release);
    }
}

/// The callback of a sleep's timer.
fn timeout(timer: &'static Timer) {
    // SAFETY: only the timers inside `Sleep`s have this callback, and those live in tasks, as long as the execution.
    let sleep: &'static Sleep = unsafe { from_timer!(timer, Sleep, timer) };
    match sleep.on.get() {
        Some(object) => object.poke(|| sleep.set_over()),
        None => {
            let task = Task::of_sleep(sleep);
            wake_up_within(task, TASK_NORMAL, task.place(), || sleep.set_over());
        }
    }
}

/// Gives up the CPU until the running task is woken or `timeout` jiffies are over; what is left of them. Set the state
/// first: a task whose state is `TASK_RUNNING` only lets others run. With [`MAX_SCHEDULE_TIMEOUT`] it is
/// [`schedule()`](crate::schedule()).
///
/// Context: task, sleeps: finding `sleep-in-atomic` elsewhere. The state is `TASK_RUNNING` afterwards.
#[track_caller]
pub fn schedule_timeout(timeout: u64) -> u64 {
    schedule_timeout_at(timeout, Place::caller())
}

pub(crate) fn schedule_timeout_at(timeout: u64, place: Place) -> u64 {
    at::assert_may_sleep("scheduling while atomic: schedule_timeout()", place);
    if timeout >= MAX_SCHEDULE_TIMEOUT {
        schedule_at(place);
        return timeout;
    }
    let sleep = &current().sleep;
    let expires = sleep.begin(timeout, None, place);
    schedule_in_loop(place);
    sleep.end(expires, place)
}

/// Sleeps in `state` for `timeout` jiffies or until it is woken; what is left of them.
fn sleep_in(state: u32, timeout: u64, place: Place) -> u64 {
    set_current_state_at(state, Barrier::None, place);
    schedule_timeout_at(timeout, place)
}

/// Sleeps for `timeout` jiffies, or until a signal or [`wake_up_process`](crate::wake_up_process) comes; what is left
/// of them.
///
/// Context: as [`schedule_timeout`].
#[track_caller]
pub fn schedule_timeout_interruptible(timeout: u64) -> u64 {
    sleep_in(TASK_INTERRUPTIBLE, timeout, Place::caller())
}

/// [`schedule_timeout_interruptible`] that only a fatal signal ends early.
#[track_caller]
pub fn schedule_timeout_killable(timeout: u64) -> u64 {
    sleep_in(TASK_KILLABLE, timeout, Place::caller())
}

/// [`schedule_timeout_interruptible`] that no signal ends early.
#[track_caller]
pub fn schedule_timeout_uninterruptible(timeout: u64) -> u64 {
    sleep_in(TASK_UNINTERRUPTIBLE, timeout, Place::caller())
}

/// [`schedule_timeout_uninterruptible`] of a task that has nothing to do meanwhile, and does not count as load.
#[track_caller]
pub fn schedule_timeout_idle(timeout: u64) -> u64 {
    sleep_in(TASK_IDLE, timeout, Place::caller())
}

/// [`schedule()`](crate::schedule()) of a task that waits for a device; it changes nothing but what statistics say in
/// Linux.
#[track_caller]
pub fn io_schedule() {
    schedule_at(Place::caller());
}

/// [`schedule_timeout`] of a task that waits for a device.
#[track_caller]
pub fn io_schedule_timeout(timeout: u64) -> u64 {
    schedule_timeout_at(timeout, Place::caller())
}

/// Sleeps until `timeout` jiffies are over, however often it is woken, or a signal comes that ends a sleep in `state`; what
/// is left of them.
fn sleep_out(call: &str, state: u32, mut timeout: u64, place: Place) -> u64 {
    at::might_sleep(call, place);
    if model().is_none() && timeout != 0 {
        // The jiffy that has begun already is not a whole one.
        timeout = timeout.saturating_add(1);
    }
    while timeout != 0 && !signal_pending_state_at(state, current(), place) {
        timeout = sleep_in(state, timeout, place);
    }
    timeout
}

/// Sleeps for `msecs` milliseconds at least, whatever wakes it.
///
/// Context: task, sleeps: finding `sleep-in-atomic` elsewhere.
#[track_caller]
pub fn msleep(msecs: u32) {
    sleep_out("msleep()", TASK_UNINTERRUPTIBLE, msecs_to_jiffies(msecs), Place::caller());
}

/// [`msleep`] that a signal ends early; the milliseconds left.
#[track_caller]
pub fn msleep_interruptible(msecs: u32) -> u32 {
    let timeout = msecs_to_jiffies(msecs);
    jiffies_to_msecs(sleep_out("msleep_interruptible()", TASK_INTERRUPTIBLE, timeout, Place::caller()))
}

/// [`msleep`] for seconds.
#[track_caller]
pub fn ssleep(seconds: u32) {
    let msecs = seconds.saturating_mul(1000).min(i32::MAX as u32);
    sleep_out("ssleep()", TASK_UNINTERRUPTIBLE, msecs_to_jiffies(msecs), Place::caller());
}

/// Sleeps for at least `min` and about at most `max` microseconds. Here time passes in jiffies, so it sleeps for `min`,
/// rounded up.
///
/// Context: as [`msleep`].
#[doc(alias("usleep_range_state", "usleep_idle_range"))]
#[track_caller]
pub fn usleep_range(min: u64, max: u64) {
    let _ = max;
    let min = u32::try_from(min).unwrap_or(u32::MAX);
    sleep_out("usleep_range()", TASK_UNINTERRUPTIBLE, usecs_to_jiffies(min).max(1), Place::caller());
}

/// Sleeps for `usecs` microseconds at least; very short ones are a [`udelay`].
///
/// Context: as [`msleep`].
#[track_caller]
pub fn fsleep(usecs: u64) {
    if usecs <= 10 {
        return udelay(usecs);
    }
    let usecs = u32::try_from(usecs).unwrap_or(u32::MAX);
    sleep_out("fsleep()", TASK_UNINTERRUPTIBLE, usecs_to_jiffies(usecs), Place::caller());
}
