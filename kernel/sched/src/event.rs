//! Waiting for a condition.

use crate::errno::{ERESTARTSYS, ETIME};
use crate::queue::{WQ_FLAG_EXCLUSIVE, WaitQueueEntry, WaitQueueHead, finish_wait_at};
use crate::schedule::{schedule_in_loop, unwinds};
use crate::sleep::{MAX_SCHEDULE_TIMEOUT, schedule_timeout_at};
use crate::task::{TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE};
use core::pin::{Pin, pin};
use ringzero_context::at;
use ringzero_machine::Place;
use ringzero_spinning::{Guard, Irq, Kind, Plain};
use ringzero_time::TICK_NSEC;

/// A signal ended the wait for an event or a completion. What one means that keeps a task from taking a lock is another
/// type, with another error number: `ringzero::mutex::Interrupted`.
///
/// ```
/// use ringzero::wait::{Interrupted, WaitQueueHead, wait_event_interruptible};
/// /// What a system call returns.
/// fn answer(on: &WaitQueueHead, ready: bool) -> i32 {
///     match wait_event_interruptible(on, || ready) {
///         Ok(()) => 7,
///         Err(signal) => signal.to_errno(),
///     }
/// }
/// assert_eq!((answer(&WaitQueueHead::new(), true), Interrupted.to_errno()), (7, -512));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

impl Interrupted {
    /// The error number that Linux's functions return.
    #[must_use]
    pub const fn to_errno(self) -> i32 {
        -ERESTARTSYS
    }
}

/// How to wait for an event.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) state: u32,
    pub(crate) flags: u32,
    pub(crate) timeout: u64,
    /// Who says that it may sleep; none where it may be called with a lock held, and only a sleep looks.
    pub(crate) call: Option<&'static str>,
}

impl How {
    pub(crate) const fn new(state: u32, call: &'static str) -> Self {
        Self { state, flags: 0, timeout: MAX_SCHEDULE_TIMEOUT, call: Some(call) }
    }

    pub(crate) const fn exclusive(self) -> Self {
        Self { flags: WQ_FLAG_EXCLUSIVE, ..self }
    }

    pub(crate) const fn timeout(self, timeout: u64) -> Self {
        Self { timeout, ..self }
    }

    pub(crate) const fn unchecked(state: u32) -> Self {
        Self { state, flags: 0, timeout: MAX_SCHEDULE_TIMEOUT, call: None }
    }
}

/// Waits with an entry of its own, whose wakers wake the task.
fn wait_in(
    wq: &WaitQueueHead,
    how: How,
    place: Place,
    mut condition: impl FnMut() -> bool,
) -> Result<u64, Interrupted> {
    let entry = pin!(WaitQueueEntry::new());
    wait_with(wq, entry.as_ref(), how, place, &mut (), |()| condition(), |(), sleep| sleep())
}

/// Waits with `entry` until `condition` holds: what is left of the time, at least 1, or 0 if it was over before.
/// `around` is called with each sleep. Both get `cx`.
pub(crate) fn wait_with<'q, C>(
    wq: &'q WaitQueueHead,
    entry: Pin<&WaitQueueEntry<'q>>,
    how: How,
    place: Place,
    cx: &mut C,
    mut condition: impl FnMut(&mut C) -> bool,
    mut around: impl FnMut(&mut C, &mut dyn FnMut()),
) -> Result<u64, Interrupted> {
    if let Some(call) = how.call {
        at::might_sleep(call, place);
    }
    if condition(cx) {
        return Ok(how.timeout.max(1));
    }
    let mut left = how.timeout;
    let held = loop {
        // Queued first, tested then: a wake-up between the two is not lost (invariant 2).
        let signalled = entry.put_for_event(wq, how.flags, how.state, place);
        let holds = condition(cx);
        if signalled {
            // Off the queue already. A time that is over comes first.
            return match (holds, left) {
                (true, _) => Ok(left.max(1)),
                (false, 0) => Ok(0),
                (false, _) => Err(Interrupted),
            };
        }
        // While unwinding nobody else runs, and there is nothing to wait for.
        if holds || left == 0 || unwinds() {
            break holds;
        }
        around(cx, &mut || {
            if left >= MAX_SCHEDULE_TIMEOUT {
                schedule_in_loop(place);
            } else {
                left = schedule_timeout_at(left, place);
            }
        });
    };
    finish_wait_at(wq, entry, place);
    Ok(if held { left.max(1) } else { 0 })
}

/// Sleeps until `condition` holds, which is tested now and after each wake-up of `wq`. Whoever makes it true must call
/// [`wake_up`](crate::wake_up) after that. Task context, sleeps: finding `sleep-in-atomic` elsewhere, even if the
/// condition holds. `condition` runs while the task is queued and must not sleep itself.
#[doc(alias = "io_wait_event")]
#[track_caller]
pub fn wait_event(wq: &WaitQueueHead, condition: impl FnMut() -> bool) {
    // No signal ends it.
    let _ = wait_in(wq, How::new(TASK_UNINTERRUPTIBLE, "wait_event()"), Place::caller(), condition);
}

/// [`wait_event`] as an exclusive waiter: one of them is woken at a time.
#[track_caller]
pub fn wait_event_exclusive(wq: &WaitQueueHead, condition: impl FnMut() -> bool) {
    // No signal ends it.
    let _ =
        wait_in(wq, How::new(TASK_UNINTERRUPTIBLE, "wait_event_exclusive()").exclusive(), Place::caller(), condition);
}

/// [`wait_event`] for `timeout` jiffies at most: 0 if they were over and the condition did not hold, else what is left of
/// them, at least 1.
#[track_caller]
pub fn wait_event_timeout(wq: &WaitQueueHead, condition: impl FnMut() -> bool, timeout: u64) -> u64 {
    wait_in(wq, How::new(TASK_UNINTERRUPTIBLE, "wait_event_timeout()").timeout(timeout), Place::caller(), condition)
        .unwrap_or(0)
}

/// [`wait_event`] that a signal ends too.
///
/// # Errors
/// [`Interrupted`] if a signal came first.
#[doc(alias = "wait_event_freezable")]
#[track_caller]
pub fn wait_event_interruptible(wq: &WaitQueueHead, condition: impl FnMut() -> bool) -> Result<(), Interrupted> {
    wait_in(wq, How::new(TASK_INTERRUPTIBLE, "wait_event_interruptible()"), Place::caller(), condition).map(drop)
}

/// [`wait_event_timeout`] that a signal ends too.
///
/// # Errors
/// [`Interrupted`] if a signal came first.
#[doc(alias = "wait_event_freezable_timeout")]
#[track_caller]
pub fn wait_event_interruptible_timeout(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
    timeout: u64,
) -> Result<u64, Interrupted> {
    wait_in(
        wq,
        How::new(TASK_INTERRUPTIBLE, "wait_event_interruptible_timeout()").timeout(timeout),
        Place::caller(),
        condition,
    )
}

/// [`wait_event_interruptible`] as an exclusive waiter: one of them is woken at a time. One that a signal ends uses up no
/// wake-up.
///
/// # Errors
/// [`Interrupted`] if a signal came first.
#[doc(alias = "wait_event_freezable_exclusive")]
#[track_caller]
pub fn wait_event_interruptible_exclusive(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
) -> Result<(), Interrupted> {
    wait_in(
        wq,
        How::new(TASK_INTERRUPTIBLE, "wait_event_interruptible_exclusive()").exclusive(),
        Place::caller(),
        condition,
    )
    .map(drop)
}

/// [`wait_event`] that a fatal signal ends too.
///
/// # Errors
/// [`Interrupted`] if a fatal signal came first.
#[track_caller]
pub fn wait_event_killable(wq: &WaitQueueHead, condition: impl FnMut() -> bool) -> Result<(), Interrupted> {
    wait_in(wq, How::new(TASK_KILLABLE, "wait_event_killable()"), Place::caller(), condition).map(drop)
}

/// [`wait_event_timeout`] that a fatal signal ends too.
///
/// # Errors
/// [`Interrupted`] if a fatal signal came first.
#[track_caller]
pub fn wait_event_killable_timeout(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
    timeout: u64,
) -> Result<u64, Interrupted> {
    wait_in(wq, How::new(TASK_KILLABLE, "wait_event_killable_timeout()").timeout(timeout), Place::caller(), condition)
}

/// [`wait_event_killable`] as an exclusive waiter: one of them is woken at a time.
///
/// # Errors
/// [`Interrupted`] if a fatal signal came first.
#[track_caller]
pub fn wait_event_killable_exclusive(wq: &WaitQueueHead, condition: impl FnMut() -> bool) -> Result<(), Interrupted> {
    wait_in(wq, How::new(TASK_KILLABLE, "wait_event_killable_exclusive()").exclusive(), Place::caller(), condition)
        .map(drop)
}

/// [`wait_event`] of a task that has nothing to do meanwhile, and does not count as load.
#[track_caller]
pub fn wait_event_idle(wq: &WaitQueueHead, condition: impl FnMut() -> bool) {
    // No signal ends it.
    let _ = wait_in(wq, How::new(TASK_IDLE, "wait_event_idle()"), Place::caller(), condition);
}

/// [`wait_event_idle`] as an exclusive waiter: one of them is woken at a time.
#[track_caller]
pub fn wait_event_idle_exclusive(wq: &WaitQueueHead, condition: impl FnMut() -> bool) {
    // No signal ends it.
    let _ = wait_in(wq, How::new(TASK_IDLE, "wait_event_idle_exclusive()").exclusive(), Place::caller(), condition);
}

/// [`wait_event_timeout`] of a task that has nothing to do meanwhile, and does not count as load.
#[track_caller]
pub fn wait_event_idle_timeout(wq: &WaitQueueHead, condition: impl FnMut() -> bool, timeout: u64) -> u64 {
    wait_in(wq, How::new(TASK_IDLE, "wait_event_idle_timeout()").timeout(timeout), Place::caller(), condition)
        .unwrap_or(0)
}

/// [`wait_event_idle_timeout`] as an exclusive waiter: one of them is woken at a time.
#[track_caller]
pub fn wait_event_idle_exclusive_timeout(wq: &WaitQueueHead, condition: impl FnMut() -> bool, timeout: u64) -> u64 {
    wait_in(
        wq,
        How::new(TASK_IDLE, "wait_event_idle_exclusive_timeout()").timeout(timeout).exclusive(),
        Place::caller(),
        condition,
    )
    .unwrap_or(0)
}

/// [`wait_event`] in state `state`, which says what signals end it, too.
///
/// # Errors
/// [`Interrupted`] if such a signal came first.
#[track_caller]
pub fn wait_event_state(wq: &WaitQueueHead, condition: impl FnMut() -> bool, state: u32) -> Result<(), Interrupted> {
    wait_in(wq, How::new(state, "wait_event_state()"), Place::caller(), condition).map(drop)
}

/// [`wait_event`] that calls `before` each time it goes to sleep, and `after` when it comes back. The caller may hold a lock
/// that they release and take: only the sleep has to be allowed.
#[track_caller]
pub fn wait_event_cmd(wq: &WaitQueueHead, condition: impl FnMut() -> bool, before: impl FnMut(), after: impl FnMut()) {
    let how = How::unchecked(TASK_UNINTERRUPTIBLE);
    wait_with_cmd(wq, how, Place::caller(), condition, before, after);
}

/// [`wait_event_cmd`] as an exclusive waiter: one of them is woken at a time.
#[track_caller]
pub fn wait_event_exclusive_cmd(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
    before: impl FnMut(),
    after: impl FnMut(),
) {
    let how = How::unchecked(TASK_UNINTERRUPTIBLE).exclusive();
    wait_with_cmd(wq, how, Place::caller(), condition, before, after);
}

fn wait_with_cmd(
    wq: &WaitQueueHead,
    how: How,
    place: Place,
    mut condition: impl FnMut() -> bool,
    mut before: impl FnMut(),
    mut after: impl FnMut(),
) {
    let entry = pin!(WaitQueueEntry::new());
    // No signal ends it.
    let _ = wait_with(
        wq,
        entry.as_ref(),
        how,
        place,
        &mut (),
        |()| condition(),
        |(), sleep| {
            before();
            sleep();
            after();
        },
    );
}

/// A time in jiffies that is not shorter than `ns` nanoseconds.
fn jiffies_of_ns(ns: u64) -> u64 {
    ns.div_ceil(TICK_NSEC)
}

/// [`wait_event`] for `timeout_ns` nanoseconds at most: 0, or `-ETIME` if they were over first. Here sleeps end at a
/// jiffy, so the time is rounded up.
#[track_caller]
pub fn wait_event_hrtimeout(wq: &WaitQueueHead, condition: impl FnMut() -> bool, timeout_ns: u64) -> i32 {
    let how = How::new(TASK_UNINTERRUPTIBLE, "wait_event_hrtimeout()").timeout(jiffies_of_ns(timeout_ns));
    if wait_in(wq, how, Place::caller(), condition) == Ok(0) { -ETIME } else { 0 }
}

/// [`wait_event_hrtimeout`] that a signal ends too: `-ERESTARTSYS` then.
#[track_caller]
pub fn wait_event_interruptible_hrtimeout(wq: &WaitQueueHead, condition: impl FnMut() -> bool, timeout_ns: u64) -> i32 {
    let how = How::new(TASK_INTERRUPTIBLE, "wait_event_interruptible_hrtimeout()").timeout(jiffies_of_ns(timeout_ns));
    match wait_in(wq, how, Place::caller(), condition) {
        Ok(0) => -ETIME,
        Ok(_) => 0,
        Err(interrupted) => interrupted.to_errno(),
    }
}

/// [`wait_event`] for a condition on what the spinlock of `guard` protects: it is tested with the lock held. The lock is
/// released while the task sleeps, and held again afterwards. Without the lock the task must be able to sleep.
#[doc(alias = "wait_event_lock_irq_cmd")]
#[track_caller]
pub fn wait_event_lock_irq<T: ?Sized, K: Kind>(
    wq: &WaitQueueHead,
    guard: &mut Guard<'_, T, K>,
    condition: impl FnMut(&mut T) -> bool,
) {
    // No signal ends it.
    let _ = wait_unlocked(wq, guard, How::unchecked(TASK_UNINTERRUPTIBLE), Place::caller(), condition);
}

/// [`wait_event_lock_irq`] for `timeout` jiffies at most: 0 if they were over and the condition did not hold, else what is
/// left of them, at least 1.
#[track_caller]
pub fn wait_event_lock_irq_timeout<T: ?Sized, K: Kind>(
    wq: &WaitQueueHead,
    guard: &mut Guard<'_, T, K>,
    condition: impl FnMut(&mut T) -> bool,
    timeout: u64,
) -> u64 {
    let how = How::unchecked(TASK_UNINTERRUPTIBLE).timeout(timeout);
    wait_unlocked(wq, guard, how, Place::caller(), condition).unwrap_or(0)
}

/// [`wait_event_lock_irq`] that a signal ends too.
///
/// # Errors
/// [`Interrupted`] if a signal came first; the lock is held all the same.
#[doc(alias = "wait_event_interruptible_lock_irq_cmd")]
#[track_caller]
pub fn wait_event_interruptible_lock_irq<T: ?Sized, K: Kind>(
    wq: &WaitQueueHead,
    guard: &mut Guard<'_, T, K>,
    condition: impl FnMut(&mut T) -> bool,
) -> Result<(), Interrupted> {
    wait_unlocked(wq, guard, How::unchecked(TASK_INTERRUPTIBLE), Place::caller(), condition).map(drop)
}

/// [`wait_event_lock_irq_timeout`] that a signal ends too.
///
/// # Errors
/// [`Interrupted`] if a signal came first; the lock is held all the same.
#[track_caller]
pub fn wait_event_interruptible_lock_irq_timeout<T: ?Sized, K: Kind>(
    wq: &WaitQueueHead,
    guard: &mut Guard<'_, T, K>,
    condition: impl FnMut(&mut T) -> bool,
    timeout: u64,
) -> Result<u64, Interrupted> {
    wait_unlocked(wq, guard, How::unchecked(TASK_INTERRUPTIBLE).timeout(timeout), Place::caller(), condition)
}

fn wait_unlocked<T: ?Sized, K: Kind>(
    wq: &WaitQueueHead,
    guard: &mut Guard<'_, T, K>,
    how: How,
    place: Place,
    mut condition: impl FnMut(&mut T) -> bool,
) -> Result<u64, Interrupted> {
    let entry = pin!(WaitQueueEntry::new());
    wait_with(
        wq,
        entry.as_ref(),
        how,
        place,
        guard,
        |guard| condition(&mut **guard),
        |guard, sleep| guard.unlocked_at(place, sleep),
    )
}

/// Waits until `condition` holds, with the lock of `wq` held all the time but for the sleeps: it is tested with the lock
/// held, and whoever makes it true holds the lock too ([`wake_up_locked`](crate::wake_up_locked)). Task context, sleeps.
///
/// ```
/// use ringzero::atomic::Atomic;
/// use ringzero::kthread::kthread_run;
/// use ringzero::wait::{WaitQueueHead, wait_event_interruptible_locked, wake_up_locked};
/// ringzero::global! {
///     static QUEUE: WaitQueueHead = WaitQueueHead::new();
///     static READY: Atomic = Atomic::new(0);
/// }
/// ringzero::Machine::host().boot(|| {
///     kthread_run(|| {
///         // SAFETY: released below, by the context that takes it.
///         let lock = unsafe { QUEUE.lock() };
///         lock.lock();
///         READY.set(1);
///         // SAFETY: the lock is held.
///         unsafe { wake_up_locked(&QUEUE) };
///         lock.unlock();
///     }, "waker");
///     // SAFETY: as above.
///     let lock = unsafe { QUEUE.lock() };
///     lock.lock();
///     // SAFETY: taken with `lock`, which is the form for it.
///     let waited = unsafe { wait_event_interruptible_locked(&QUEUE, || READY.read() == 1) };
///     lock.unlock();
///     assert_eq!(waited, Ok(()));
/// }).assert_clean();
/// ```
///
/// # Errors
/// [`Interrupted`] if a signal came first; the lock is held all the same.
///
/// # Safety
/// The caller must have taken the lock of `wq` with `lock()`, once, and hold no other spinlock.
#[track_caller]
pub unsafe fn wait_event_interruptible_locked(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
) -> Result<(), Interrupted> {
    wait_locked::<Plain>(wq, 0, Place::caller(), condition)
}

/// [`wait_event_interruptible_locked`] of a lock that was taken with `lock_irq()`.
///
/// # Errors
/// [`Interrupted`] if a signal came first; the lock is held all the same.
///
/// # Safety
/// The caller must have taken the lock of `wq` with `lock_irq()`, once, and hold no other spinlock.
#[track_caller]
pub unsafe fn wait_event_interruptible_locked_irq(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
) -> Result<(), Interrupted> {
    wait_locked::<Irq>(wq, 0, Place::caller(), condition)
}

/// [`wait_event_interruptible_locked`] as an exclusive waiter: one of them is woken at a time.
///
/// # Errors
/// [`Interrupted`] if a signal came first; the lock is held all the same.
///
/// # Safety
/// The caller must have taken the lock of `wq` with `lock()`, once, and hold no other spinlock.
#[track_caller]
pub unsafe fn wait_event_interruptible_exclusive_locked(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
) -> Result<(), Interrupted> {
    wait_locked::<Plain>(wq, WQ_FLAG_EXCLUSIVE, Place::caller(), condition)
}

/// [`wait_event_interruptible_exclusive_locked`] of a lock that was taken with `lock_irq()`.
///
/// # Errors
/// [`Interrupted`] if a signal came first; the lock is held all the same.
///
/// # Safety
/// The caller must have taken the lock of `wq` with `lock_irq()`, once, and hold no other spinlock.
#[track_caller]
pub unsafe fn wait_event_interruptible_exclusive_locked_irq(
    wq: &WaitQueueHead,
    condition: impl FnMut() -> bool,
) -> Result<(), Interrupted> {
    wait_locked::<Irq>(wq, WQ_FLAG_EXCLUSIVE, Place::caller(), condition)
}

/// The lock of `wq` is held, and was taken as `K` takes it.
fn wait_locked<K: Kind>(
    wq: &WaitQueueHead,
    flags: u32,
    place: Place,
    mut condition: impl FnMut() -> bool,
) -> Result<(), Interrupted> {
    if condition() {
        return Ok(());
    }
    let entry = pin!(WaitQueueEntry::new());
    let mut result = Ok(());
    // Queued and tested with the lock held, so that no wake-up with it comes in between (invariant 2).
    while result.is_ok() && !unwinds() {
        if entry.put_locked(wq, flags, TASK_INTERRUPTIBLE, place) {
            result = Err(Interrupted);
            break;
        }
        wq.unlock_as::<K>(place);
        schedule_in_loop(place);
        wq.lock_as::<K>(place);
        if condition() {
            break;
        }
    }
    entry.take_locked(wq, place);
    result
}
