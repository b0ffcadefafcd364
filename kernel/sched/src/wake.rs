//! Waking what waits in a queue.

use crate::queue::WaitQueueHead;
use crate::raw::look_at;
use crate::schedule::wake_up_state_at;
use crate::task::{TASK_INTERRUPTIBLE, TASK_NORMAL};
use core::sync::atomic::{Ordering::SeqCst, fence};
use ringzero_machine::{Mode, Op, Place, model};
use ringzero_spinning::{IrqSave, Kind};

/// Who is to be woken: states, and how many exclusive entries (0: all).
#[derive(Clone, Copy)]
struct Whom {
    mask: u32,
    exclusive: u32,
}

/// Wakes every task on `wq`, but one exclusive one at most. Every context but an NMI; does not sleep.
#[track_caller]
pub fn wake_up(wq: &WaitQueueHead) {
    wake(wq, Whom { mask: TASK_NORMAL, exclusive: 1 }, Place::caller());
}

/// [`wake_up`] with at most `nr` exclusive ones.
#[track_caller]
pub fn wake_up_nr(wq: &WaitQueueHead, nr: u32) {
    wake(wq, Whom { mask: TASK_NORMAL, exclusive: nr }, Place::caller());
}

/// [`wake_up`] with all exclusive ones.
#[track_caller]
pub fn wake_up_all(wq: &WaitQueueHead) {
    wake(wq, Whom { mask: TASK_NORMAL, exclusive: 0 }, Place::caller());
}

/// [`wake_up`] of interruptible sleepers only.
#[track_caller]
pub fn wake_up_interruptible(wq: &WaitQueueHead) {
    wake(wq, Whom { mask: TASK_INTERRUPTIBLE, exclusive: 1 }, Place::caller());
}

/// [`wake_up_nr`] of interruptible sleepers only.
#[track_caller]
pub fn wake_up_interruptible_nr(wq: &WaitQueueHead, nr: u32) {
    wake(wq, Whom { mask: TASK_INTERRUPTIBLE, exclusive: nr }, Place::caller());
}

/// [`wake_up_all`] of interruptible sleepers only.
#[track_caller]
pub fn wake_up_interruptible_all(wq: &WaitQueueHead) {
    wake(wq, Whom { mask: TASK_INTERRUPTIBLE, exclusive: 0 }, Place::caller());
}

/// [`wake_up`] by a context that holds the queue's lock.
///
/// # Safety
/// The caller must hold the lock of `wq`.
#[track_caller]
pub unsafe fn wake_up_locked(wq: &WaitQueueHead) {
    walk(wq, Whom { mask: TASK_NORMAL, exclusive: 1 }, Place::caller());
}

/// [`wake_up_locked`] with at most `nr` exclusive ones; 0: all.
///
/// # Safety
/// The caller must hold the lock of `wq`.
#[doc(alias = "wake_up_all_locked")]
#[track_caller]
pub unsafe fn wake_up_locked_nr(wq: &WaitQueueHead, nr: u32) {
    walk(wq, Whom { mask: TASK_NORMAL, exclusive: nr }, Place::caller());
}

/// Invariant 5: a step that takes the lock, one for each entry, and one that releases it; a single one if the queue is
/// empty. On the host an empty queue is not locked: what its words say after a full fence is true.
#[inline]
fn wake(wq: &WaitQueueHead, whom: Whom, place: Place) {
    if model().is_none() {
        // Pairs with the one after an entry was put.
        fence(SeqCst);
        if !wq.has_entries() {
            return;
        }
    }
    wake_under_lock(wq, whom, place);
}

fn wake_under_lock(wq: &WaitQueueHead, whom: Whom, place: Place) {
    let fine = ringzero_machine::fine();
    IrqSave::enter(place);
    if fine || model().is_none() {
        wq.lock.acquire(place);
    } else {
        wq.lock.take_waiting(&wq.lock.announcement(Op::WakeUp, Mode::Rmw, place).ordered(true, true), place);
    }
    if !fine && wq.first.get().is_null() {
        wq.lock.release_announced(place);
    } else {
        walk(wq, whom, place);
        wq.lock.release(place);
    }
    IrqSave::leave(place);
}

/// Goes through the queue and wakes. The lock is held.
fn walk(wq: &WaitQueueHead, whom: Whom, place: Place) {
    let mut left = whom.exclusive;
    look_at(wq, wq.first.get(), place);
    // SAFETY: linked nodes are alive, and the lock is held (see the module of the queue).
    let mut at = unsafe { wq.first.get().as_ref() };
    while let Some(node) = at {
        look_at(wq, node.next.get(), place);
        // SAFETY: as above.
        at = unsafe { node.next.get().as_ref() };
        let Some(task) = node.task.get() else { continue };
        if !wake_up_state_at(task, whom.mask, place) {
            continue;
        }
        if node.autoremove.get() {
            wq.unlink(node);
        }
        if node.exclusive.get() {
            left = left.wrapping_sub(1);
            if left == 0 {
                break;
            }
        }
    }
}
