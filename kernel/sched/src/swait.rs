//! Simple wait queues (`linux/swait.h`): wait queues whose waiters are all exclusive, come one after the other, and have no
//! wake functions.

use crate::event::{How, Interrupted, wait_with};
use crate::queue::{WQ_FLAG_EXCLUSIVE, WaitQueueEntry, WaitQueueHead, finish_wait, prepare_to_wait_exclusive};
use crate::task::{TASK_IDLE, TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE};
use crate::{waitqueue_active, wake_up, wake_up_all, wake_up_locked, wq_has_sleeper};
use core::mem::offset_of;
use core::pin::{Pin, pin};
use ringzero_machine::Place;

/// A simple wait queue (`struct swait_queue_head`). All zeroes is an empty one.
///
/// ```
/// use ringzero::swait::{SwaitQueueHead, swait_event_exclusive, swake_up_one};
/// use ringzero::{Machine, atomic::Atomic, kthread::kthread_run};
/// ringzero::global! {
///     static READY: Atomic = Atomic::new(0);
///     static QUEUE: SwaitQueueHead = SwaitQueueHead::new();
/// }
/// let init = || {
///     kthread_run(|| swait_event_exclusive(&QUEUE, || READY.read() == 1), "waiter");
///     READY.set(1);
///     swake_up_one(&QUEUE);
/// };
/// Machine::host().cpus(2).boot(init).assert_clean();
/// ```
#[doc(alias("swait_queue_head", "DECLARE_SWAIT_QUEUE_HEAD"))]
#[repr(C)]
#[derive(Debug)]
pub struct SwaitQueueHead {
    wq: WaitQueueHead,
}

impl SwaitQueueHead {
    /// An empty queue. Its class is the caller's place.
    #[doc(alias = "init_swait_queue_head")]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self { wq: WaitQueueHead::new() }
    }

    /// The field and where it lies: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 1] = [("wq", offset_of!(Self, wq))];

    /// The same queue with a name for reports.
    #[must_use]
    pub const fn named(self, name: &'static str) -> Self {
        Self { wq: self.wq.named(name) }
    }

    /// The queue that it is.
    #[must_use]
    pub const fn queue(&self) -> &WaitQueueHead {
        &self.wq
    }
}

impl Default for SwaitQueueHead {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// Wakes the task that waits longest. Every context but an NMI; does not sleep.
#[track_caller]
pub fn swake_up_one(q: &SwaitQueueHead) {
    wake_up(&q.wq);
}

/// Wakes all. Does not sleep. Call it with interrupts on: Linux's switches them on in between; this one does not.
#[track_caller]
pub fn swake_up_all(q: &SwaitQueueHead) {
    wake_up_all(&q.wq);
}

/// [`swake_up_one`] by a context that holds the queue's lock.
///
/// # Safety
/// The caller must hold the lock of the queue.
#[track_caller]
pub unsafe fn swake_up_locked(q: &SwaitQueueHead) {
    // SAFETY: the caller's contract.
    unsafe { wake_up_locked(&q.wq) };
}

/// Whether somebody waits, without the lock: order it with the condition yourself. Every context.
#[must_use]
#[track_caller]
pub fn swait_active(q: &SwaitQueueHead) -> bool {
    waitqueue_active(&q.wq)
}

/// [`swait_active`] behind a full barrier: so a condition that was made true before is seen by whoever is not seen.
#[must_use]
#[track_caller]
pub fn swq_has_sleeper(q: &SwaitQueueHead) -> bool {
    wq_has_sleeper(&q.wq)
}

/// Sets the running task's state, and puts `entry` on `q` unless it is there already; see
/// [`prepare_to_wait`](crate::prepare_to_wait).
#[track_caller]
pub fn prepare_to_swait_exclusive<'q>(q: &'q SwaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>, state: u32) {
    prepare_to_wait_exclusive(&q.wq, entry, state);
}

/// [`prepare_to_swait_exclusive`] that a signal ends; see [`prepare_to_wait_event`](crate::prepare_to_wait_event).
///
/// # Errors
/// [`Interrupted`] if a signal is pending.
#[track_caller]
pub fn prepare_to_swait_event<'q>(
    q: &'q SwaitQueueHead,
    entry: Pin<&WaitQueueEntry<'q>>,
    state: u32,
) -> Result<(), Interrupted> {
    let signalled = entry.get_ref().put_for_event(&q.wq, WQ_FLAG_EXCLUSIVE, state, Place::caller());
    if signalled { Err(Interrupted) } else { Ok(()) }
}

/// Runs again, off the queue.
#[track_caller]
pub fn finish_swait<'q>(q: &'q SwaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    finish_wait(&q.wq, entry);
}

fn wait(q: &SwaitQueueHead, how: How, place: Place, mut condition: impl FnMut() -> bool) -> Result<u64, Interrupted> {
    let entry = pin!(WaitQueueEntry::new());
    wait_with(&q.wq, entry.as_ref(), how.exclusive(), place, &mut (), |()| condition(), |(), sleep| sleep())
}

/// Sleeps until `condition` holds, which is tested now and when it is this task's turn to be woken.
///
/// Context: task, sleeps unless the condition holds: finding `sleep-in-atomic` elsewhere.
#[track_caller]
pub fn swait_event_exclusive(q: &SwaitQueueHead, condition: impl FnMut() -> bool) {
    // No signal ends it.
    let _ = wait(q, How::unchecked(TASK_UNINTERRUPTIBLE), Place::caller(), condition);
}

/// [`swait_event_exclusive`] for `timeout` jiffies at most: 0 if they were over and the condition did not hold, else what
/// is left of them, at least 1.
#[track_caller]
pub fn swait_event_timeout_exclusive(q: &SwaitQueueHead, condition: impl FnMut() -> bool, timeout: u64) -> u64 {
    let how = How::unchecked(TASK_UNINTERRUPTIBLE).timeout(timeout);
    wait(q, how, Place::caller(), condition).unwrap_or(0)
}

/// [`swait_event_exclusive`] that a signal ends too.
///
/// # Errors
/// [`Interrupted`] if a signal came first.
#[track_caller]
pub fn swait_event_interruptible_exclusive(
    q: &SwaitQueueHead,
    condition: impl FnMut() -> bool,
) -> Result<(), Interrupted> {
    let how = How::unchecked(TASK_INTERRUPTIBLE);
    wait(q, how, Place::caller(), condition).map(drop)
}

/// [`swait_event_timeout_exclusive`] that a signal ends too.
///
/// # Errors
/// [`Interrupted`] if a signal came first.
#[track_caller]
pub fn swait_event_interruptible_timeout_exclusive(
    q: &SwaitQueueHead,
    condition: impl FnMut() -> bool,
    timeout: u64,
) -> Result<u64, Interrupted> {
    let how = How::unchecked(TASK_INTERRUPTIBLE).timeout(timeout);
    wait(q, how, Place::caller(), condition)
}

/// [`swait_event_exclusive`] of a task that has nothing to do meanwhile.
#[track_caller]
pub fn swait_event_idle_exclusive(q: &SwaitQueueHead, condition: impl FnMut() -> bool) {
    // No signal ends it.
    let _ = wait(q, How::unchecked(TASK_IDLE), Place::caller(), condition);
}

/// [`swait_event_timeout_exclusive`] of a task that has nothing to do meanwhile.
#[track_caller]
pub fn swait_event_idle_timeout_exclusive(q: &SwaitQueueHead, condition: impl FnMut() -> bool, timeout: u64) -> u64 {
    let how = How::unchecked(TASK_IDLE).timeout(timeout);
    wait(q, how, Place::caller(), condition).unwrap_or(0)
}
