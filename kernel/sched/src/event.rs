//! Waiting for a condition.

use crate::kthread::ERESTARTSYS;
use crate::queue::{WaitQueueEntry, WaitQueueHead, finish_wait, prepare_to_wait, prepare_to_wait_exclusive};
use crate::schedule::{schedule_in_loop, unwinds};
use crate::sleep::schedule_timeout_at;
use crate::task::{TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE};
use core::pin::pin;
use ringzero_context::at;
use ringzero_machine::Place;

/// A signal ended the wait. There are no signals yet, so nothing returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

impl Interrupted {
    /// The error number that Linux's functions return.
    #[must_use]
    pub const fn to_errno(self) -> i32 {
        -ERESTARTSYS
    }
}

/// Sleeps until `condition` holds, which is tested now and after each wake-up of `wq`. Whoever makes it true must call
/// [`wake_up`](crate::wake_up) after that. Task context, sleeps: finding `sleep-in-atomic` elsewhere, even if the
/// condition holds. `condition` runs while the task is queued and must not sleep itself.
#[track_caller]
pub fn wait_event(wq: &WaitQueueHead, condition: impl FnMut() -> bool) {
    wait_in(wq, TASK_UNINTERRUPTIBLE, false, "wait_event()", condition);
}

/// [`wait_event`] that a signal ends too.
///
/// # Errors
/// [`Interrupted`] if a signal came first (not yet).
#[track_caller]
pub fn wait_event_interruptible(wq: &WaitQueueHead, condition: impl FnMut() -> bool) -> Result<(), Interrupted> {
    wait_in(wq, TASK_INTERRUPTIBLE, false, "wait_event_interruptible()", condition);
    Ok(())
}

/// [`wait_event_interruptible`] as an exclusive waiter: one of them is woken at a time.
///
/// # Errors
/// [`Interrupted`] if a signal came first (not yet).
#[track_caller]
pub fn wait_event_interruptible_exclusive(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
) -> Result<(), Interrupted> {
    wait_in(wq, TASK_INTERRUPTIBLE, true, "wait_event_interruptible_exclusive()", condition);
    Ok(())
}

/// [`wait_event`] that a fatal signal ends too.
///
/// # Errors
/// [`Interrupted`] if a fatal signal came first (not yet).
#[track_caller]
pub fn wait_event_killable(wq: &WaitQueueHead, condition: impl FnMut() -> bool) -> Result<(), Interrupted> {
    wait_in(wq, TASK_KILLABLE, false, "wait_event_killable()", condition);
    Ok(())
}

/// [`wait_event`] for `timeout` jiffies at most: 0 if they were over and the condition did not hold, else what is left of
/// them, at least 1.
#[track_caller]
pub fn wait_event_timeout(wq: &WaitQueueHead, condition: impl FnMut() -> bool, timeout: u64) -> u64 {
    wait_in_for(wq, TASK_UNINTERRUPTIBLE, timeout, "wait_event_timeout()", condition)
}

/// [`wait_event_timeout`] that a signal ends too.
///
/// # Errors
/// [`Interrupted`] if a signal came first (not yet).
#[track_caller]
pub fn wait_event_interruptible_timeout(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
    timeout: u64,
) -> Result<u64, Interrupted> {
    Ok(wait_in_for(wq, TASK_INTERRUPTIBLE, timeout, "wait_event_interruptible_timeout()", condition))
}

#[track_caller]
fn wait_in_for(wq: &WaitQueueHead, state: u32, timeout: u64, call: &str, mut condition: impl FnMut() -> bool) -> u64 {
    let place = Place::caller();
    at::might_sleep(call, place);
    if condition() {
        return timeout.max(1);
    }
    let entry = pin!(WaitQueueEntry::new());
    let mut left = timeout;
    let held = loop {
        prepare_to_wait(wq, entry.as_ref(), state);
        let holds = condition();
        if holds || left == 0 || unwinds() {
            break holds;
        }
        left = schedule_timeout_at(left, place);
    };
    finish_wait(wq, entry.as_ref());
    if held { left.max(1) } else { 0 }
}

#[track_caller]
fn wait_in(wq: &WaitQueueHead, state: u32, exclusive: bool, call: &str, mut condition: impl FnMut() -> bool) {
    let place = Place::caller();
    at::might_sleep(call, place);
    if condition() {
        return;
    }
    let entry = pin!(WaitQueueEntry::new());
    loop {
        // Queued first, tested then: a wake-up between the two is not lost (invariant 2).
        if exclusive {
            prepare_to_wait_exclusive(wq, entry.as_ref(), state);
        } else {
            prepare_to_wait(wq, entry.as_ref(), state);
        }
        // While unwinding nobody else runs, and there is nothing to wait for.
        if condition() || unwinds() {
            break;
        }
        schedule_in_loop(place);
    }
    finish_wait(wq, entry.as_ref());
}
