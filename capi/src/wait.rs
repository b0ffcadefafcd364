//! `linux/wait.h`: the queues. The `wait_event` family is made of these in C, where the condition is.
//!
//! Differences from Linux: no wake functions of one's own, and no polling through queues.

use crate::deref::{argument, deref};
use crate::spinlock::uninitialised;
use core::ffi::{c_char, c_int, c_long, c_uint};
use ringzero_machine::Place;
use ringzero_sched::{RawWaitQueueEntry, TASK_INTERRUPTIBLE, WaitQueueHead};

/// The queue at `p`. Finding `uninitialised-lock` if it was never initialised.
fn head(p: *const WaitQueueHead) -> &'static WaitQueueHead {
    let head = deref(p);
    // SAFETY: nothing is released through it.
    if !unsafe { head.lock() }.is_initialised() {
        uninitialised(p.addr(), "wait queue");
    }
    head
}

/// Puts the entry on the queue, and sets the state if there is one to set; whether the queue was empty.
fn put(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry, exclusive: bool, state: Option<c_int>) -> bool {
    let state = state.map(c_int::cast_unsigned);
    deref(entry).put(head(wq), exclusive, state, Place::caller())
}

fn at_most(nr: c_int) -> u32 {
    u32::try_from(nr).unwrap_or(0)
}

crate::exports! {
    /// `init_waitqueue_head`: an empty queue, of the class of this place. Any context.
    fn __rz_init_waitqueue_head(p: *mut WaitQueueHead, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a queue of its own.
        unsafe { WaitQueueHead::init_at(p, argument(name), Place::caller()) };
    }

    /// `add_wait_queue`. Task context; does not sleep.
    fn add_wait_queue(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        put(wq, entry, false, None);
    }

    /// `add_wait_queue_exclusive`. Task context; does not sleep.
    fn add_wait_queue_exclusive(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        put(wq, entry, true, None);
    }

    /// `remove_wait_queue`. Task context; does not sleep.
    fn remove_wait_queue(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).take(head(wq), false, Place::caller());
    }

    /// `__add_wait_queue`, by who holds the queue's lock.
    fn __add_wait_queue(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).put_locked(head(wq), false, Place::caller());
    }

    /// `__add_wait_queue_exclusive`, by who holds the queue's lock.
    fn __add_wait_queue_exclusive(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).put_locked(head(wq), true, Place::caller());
    }

    /// `__remove_wait_queue`, by who holds the queue's lock.
    fn __remove_wait_queue(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).take_locked(head(wq), Place::caller());
    }

    /// `prepare_to_wait`: sets the state and queues. Then test, then `schedule()`. Task context; does not sleep.
    fn prepare_to_wait(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry, state: c_int) {
        put(wq, entry, false, Some(state));
    }

    /// `prepare_to_wait_exclusive`: whether the queue was empty. Task context; does not sleep.
    fn prepare_to_wait_exclusive(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry, state: c_int) -> bool {
        put(wq, entry, true, Some(state))
    }

    /// `prepare_to_wait_event`: 0, as no signal comes. Task context; does not sleep.
    fn prepare_to_wait_event(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry, state: c_int) -> c_long {
        put(wq, entry, false, Some(state));
        0
    }

    /// `finish_wait`: runs again, off the queue. Task context; does not sleep.
    fn finish_wait(wq: *const WaitQueueHead, entry: *const RawWaitQueueEntry) {
        deref(entry).take(head(wq), true, Place::caller());
    }

    /// `waitqueue_active`. Any context.
    fn waitqueue_active(wq: *const WaitQueueHead) -> c_int {
        c_int::from(ringzero_sched::waitqueue_active(head(wq)))
    }

    /// `wake_up` and its forms: who sleeps in a state of `mode`, but at most `nr` exclusive ones (0: all). Any context
    /// but an NMI.
    fn __rz_wake_up(wq: *const WaitQueueHead, mode: c_uint, nr: c_int) {
        if mode == TASK_INTERRUPTIBLE {
            ringzero_sched::wake_up_interruptible_nr(head(wq), at_most(nr));
        } else {
            ringzero_sched::wake_up_nr(head(wq), at_most(nr));
        }
    }

    /// `wake_up_locked`, by who holds the queue's lock.
    fn __rz_wake_up_locked(wq: *const WaitQueueHead, _mode: c_uint, nr: c_int) {
        // SAFETY: the module says that it holds the lock.
        unsafe { ringzero_sched::wake_up_locked_nr(head(wq), at_most(nr)) };
    }
}
