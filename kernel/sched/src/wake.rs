//! Waking what waits in a queue.

use crate::future::{Batch, waker_of};
use crate::queue::{
    FUTURE, Node, WQ_FLAG_EXCLUSIVE, WaitQueueEntry, WaitQueueHead, call, wake_and_remove, wake_task, woken_step,
};
use crate::raw::look_at;
use crate::schedule::{Barrier, set_current_state_at};
use crate::sleep::schedule_timeout_at;
use crate::task::{TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, current};
use core::pin::Pin;
use core::ptr;
use core::sync::atomic::{
    Ordering::{Acquire, Relaxed, SeqCst},
    fence,
};
use ringzero_atomic::smp_mb;
use ringzero_machine::{Mode, Op, Place, model, step};
use ringzero_spinning::{IrqSave, Kind};

/// Of a wake-up: the waker is about to sleep. Wake functions see it; it changes nothing else.
pub const WF_SYNC: i32 = 0x10;

/// Who is to be woken, and what wake functions are told.
#[derive(Clone, Copy)]
pub(crate) struct Whom {
    /// Those whose state has one of these bits.
    pub(crate) mask: u32,
    /// How many exclusive entries (0: all).
    pub(crate) exclusive: u32,
    pub(crate) flags: i32,
    pub(crate) key: *const (),
}

impl Whom {
    pub(crate) const fn new(mask: u32, exclusive: u32) -> Self {
        Self { mask, exclusive, flags: 0, key: ptr::null() }
    }
}

/// Wakes every task on `wq`, but one exclusive one at most. Every context but an NMI; does not sleep.
#[track_caller]
pub fn wake_up(wq: &WaitQueueHead) {
    wake(wq, Whom::new(TASK_NORMAL, 1), Place::caller());
}

/// [`wake_up`] with at most `nr` exclusive ones.
#[track_caller]
pub fn wake_up_nr(wq: &WaitQueueHead, nr: u32) {
    wake(wq, Whom::new(TASK_NORMAL, nr), Place::caller());
}

/// [`wake_up`] with all exclusive ones.
#[track_caller]
pub fn wake_up_all(wq: &WaitQueueHead) {
    wake(wq, Whom::new(TASK_NORMAL, 0), Place::caller());
}

/// [`wake_up`] of interruptible sleepers only.
#[track_caller]
pub fn wake_up_interruptible(wq: &WaitQueueHead) {
    wake(wq, Whom::new(TASK_INTERRUPTIBLE, 1), Place::caller());
}

/// [`wake_up_nr`] of interruptible sleepers only.
#[track_caller]
pub fn wake_up_interruptible_nr(wq: &WaitQueueHead, nr: u32) {
    wake(wq, Whom::new(TASK_INTERRUPTIBLE, nr), Place::caller());
}

/// [`wake_up_all`] of interruptible sleepers only.
#[track_caller]
pub fn wake_up_interruptible_all(wq: &WaitQueueHead) {
    wake(wq, Whom::new(TASK_INTERRUPTIBLE, 0), Place::caller());
}

/// [`wake_up`] by one who is about to sleep.
#[track_caller]
pub fn wake_up_sync(wq: &WaitQueueHead) {
    wake(wq, Whom { flags: WF_SYNC, ..Whom::new(TASK_NORMAL, 1) }, Place::caller());
}

/// [`wake_up_sync`] of interruptible sleepers only.
#[track_caller]
pub fn wake_up_interruptible_sync(wq: &WaitQueueHead) {
    wake(wq, Whom { flags: WF_SYNC, ..Whom::new(TASK_INTERRUPTIBLE, 1) }, Place::caller());
}

/// [`wake_up`] whose wake functions are told which events have come.
#[track_caller]
pub fn wake_up_poll(wq: &WaitQueueHead, events: u32) {
    wake(wq, Whom { key: ptr::without_provenance(events as usize), ..Whom::new(TASK_NORMAL, 1) }, Place::caller());
}

/// [`wake_up_poll`] of interruptible sleepers only.
#[track_caller]
pub fn wake_up_interruptible_poll(wq: &WaitQueueHead, events: u32) {
    let key = ptr::without_provenance(events as usize);
    wake(wq, Whom { key, ..Whom::new(TASK_INTERRUPTIBLE, 1) }, Place::caller());
}

/// [`wake_up`] of those whose state has a bit of `mask`, at most `nr` exclusive ones (0: all), with flags and a key for
/// wake functions.
#[doc(alias("__wake_up", "__wake_up_sync_key"))]
#[track_caller]
pub fn wake_up_key(wq: &WaitQueueHead, mask: u32, nr: u32, flags: i32, key: *const ()) {
    wake(wq, Whom { mask, exclusive: nr, flags, key }, Place::caller());
}

/// [`wake_up_key`] by a context that holds the queue's lock.
///
/// # Safety
/// The caller must hold the lock of `wq`.
#[doc(alias("__wake_up_locked_key", "wake_up_locked_poll"))]
#[track_caller]
pub unsafe fn wake_up_locked_key(wq: &WaitQueueHead, mask: u32, nr: u32, flags: i32, key: *const ()) {
    walk(wq, Whom { mask, exclusive: nr, flags, key }, None, Place::caller());
}

/// [`wake_up`] by a context that holds the queue's lock.
///
/// # Safety
/// The caller must hold the lock of `wq`.
#[track_caller]
pub unsafe fn wake_up_locked(wq: &WaitQueueHead) {
    walk(wq, Whom::new(TASK_NORMAL, 1), None, Place::caller());
}

/// [`wake_up_locked`] with at most `nr` exclusive ones; 0: all.
///
/// # Safety
/// The caller must hold the lock of `wq`.
#[doc(alias = "wake_up_all_locked")]
#[track_caller]
pub unsafe fn wake_up_locked_nr(wq: &WaitQueueHead, nr: u32) {
    walk(wq, Whom::new(TASK_NORMAL, nr), None, Place::caller());
}

/// Invariant 5: a step that takes the lock, one for each entry, and one that releases it; a single one if the queue is
/// empty. On the host an empty queue is not locked: what its words say after a full fence is true.
#[inline]
pub(crate) fn wake(wq: &WaitQueueHead, whom: Whom, place: Place) {
    if model().is_none() {
        // Pairs with the one after an entry was put.
        fence(SeqCst);
        if !wq.has_entries() {
            return;
        }
    }
    wake_under_lock(wq, whom, place);
}

fn wake_under_lock(wq: &WaitQueueHead, mut whom: Whom, place: Place) {
    let fine = ringzero_machine::fine();
    let mut wakers = Batch::new();
    loop {
        IrqSave::enter(place);
        if fine || model().is_none() {
            wq.lock.acquire(place);
        } else {
            wq.lock.take_waiting(&wq.lock.announcement(Op::WakeUp, Mode::Rmw, place).ordered(true, true), place);
        }
        let mut left = Some(whom.exclusive);
        if !fine && wq.first.get().is_null() {
            wq.lock.release_announced(place);
        } else {
            left = walk(wq, whom, Some(&mut wakers), place);
            wq.lock.release(place);
        }
        IrqSave::leave(place);
        // They are others' code, and may do anything.
        let full = wakers.wake_all();
        match left {
            Some(exclusive) if full => whom.exclusive = exclusive,
            _ => return,
        }
    }
}

/// Goes through the queue and wakes. The lock is held. Wakers of futures are put into `wakers`, or called at once where
/// there is none. Comes back before the end when that is full. What is left of the exclusive ones; `None`: it is over.
fn walk(wq: &WaitQueueHead, whom: Whom, mut wakers: Option<&mut Batch>, place: Place) -> Option<u32> {
    let (mut left, mut called) = (whom.exclusive, false);
    look_at(wq, wq.first.get(), place);
    // SAFETY: linked nodes are alive, and the lock is held (see the module of the queue).
    let mut at = unsafe { wq.first.get().as_ref() };
    while let Some(node) = at {
        look_at(wq, node.next.get(), place);
        // SAFETY: as above.
        at = unsafe { node.next.get().as_ref() };
        if !ptr::eq(node.queue.get(), wq) {
            // It was leaked, which ends its borrow of the queue, and then the queue was moved: here is where it is now.
            node.queue.set(wq);
        }
        let exclusive = node.flags.get() & WQ_FLAG_EXCLUSIVE != 0;
        if node.flags.get() & FUTURE != 0 {
            if wakers.as_ref().is_some_and(|wakers| wakers.is_full()) {
                return Some(left);
            }
            let Some(waker) = waker_of(node, whom.key) else { continue };
            if called {
                // Steps of others' code lie between it and the last one that says that entries may leave.
                wq.announce_change(Op::WaitqueueRemove, place);
            }
            wq.unlink(node);
            match &mut wakers {
                Some(wakers) => wakers.push(waker),
                None => waker.wake(),
            }
        } else {
            match wake_node(node, &whom, &mut called, place) {
                0 => continue,
                ..0 => return None,
                _ => {}
            }
        }
        if exclusive {
            left = left.wrapping_sub(1);
            if left == 0 {
                return None;
            }
        }
    }
    None
}

/// Does with an entry what it is to be done with, and what came of it, as a [`RawWakeFunction`](crate::RawWakeFunction)
/// says it. `called`: by a function of its own.
fn wake_node(node: &Node, whom: &Whom, called: &mut bool, place: Place) -> i32 {
    let done = if let Some(function) = node.func.get() {
        // SAFETY: what has such a function is a `RawWaitQueueEntry`, or begins as one, and is linked; the lock is held.
        Some(unsafe { function(ptr::from_ref(node).cast(), whom.mask, whom.flags, whom.key) })
    } else if node.magic.get() == 0 {
        // SAFETY: neither C code's nor a future's: a `WaitQueueEntry`; it is linked, and the lock is held.
        unsafe { call(node, whom.mask, whom.flags, whom.key) }
    } else {
        None
    };
    if let Some(done) = done {
        *called = true;
        return done;
    }
    i32::from(if node.autoremove.get() {
        wake_and_remove(node, whom.mask, place)
    } else {
        wake_task(node, whom.mask, place)
    })
}

/// Sleeps in state `mode` until `entry`, which is on a queue, is woken, or `timeout` jiffies are over; what is left of
/// them. At once if it was woken since the last time, or the kthread shall stop. For entries with
/// [`woken_wake_function`](crate::woken_wake_function): the condition may be tested, and sleep, before it.
///
/// Context: task, sleeps: finding `sleep-in-atomic` elsewhere.
#[track_caller]
pub fn wait_woken(entry: Pin<&WaitQueueEntry<'_>>, mode: u32, timeout: u64) -> u64 {
    wait_woken_at(entry.get_ref().node(), mode, timeout, Place::caller())
}

pub(crate) fn wait_woken_at(node: &Node, mode: u32, mut timeout: u64, place: Place) -> u64 {
    set_current_state_at(mode, Barrier::Full, place);
    step(&woken_step(node, Op::ReadOnce, Mode::Read, place).ordered(true, false));
    if node.woken.load(Acquire) == 0 && !current().is_told_to_stop(place) {
        timeout = schedule_timeout_at(timeout, place);
    }
    set_current_state_at(TASK_RUNNING, Barrier::None, place);
    step(&woken_step(node, Op::WriteOnce, Mode::Write, place).ordered(true, true));
    // Pairs with the store in `set_woken`: what was done before it is seen by the test that comes now.
    fence(SeqCst);
    node.woken.store(0, Relaxed);
    smp_mb();
    timeout
}
