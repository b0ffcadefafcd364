//! Entries of wait queues as C code has them: without a lifetime, initialised by its own macros.

use crate::queue::{Node, WaitQueueHead, is_empty, set_state};
use crate::task::{TASK_RUNNING, try_current};
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{Ordering::SeqCst, fence};
use ringzero_context::violation;
use ringzero_machine::{Mode, Op, Place, Step, machine, model, step};

/// C's `struct wait_queue_entry`. It names its task itself, and says itself whether a wake-up takes it off the queue.
///
/// It stays where it is, and alive, from the call that puts it on a queue until it is off again: C code promises that.
/// Where it does not, the machine is asked about the memory before a waker looks at it (invariant 10).
#[repr(C)]
pub struct RawWaitQueueEntry {
    node: Node,
}

impl RawWaitQueueEntry {
    /// What an entry says that was initialised.
    pub const MAGIC: u32 = 0x525a_5745;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 8] = [
        ("private", offset_of!(Node, task)),
        ("queue", offset_of!(Node, queue)),
        ("next", offset_of!(Node, next)),
        ("previous", offset_of!(Node, previous)),
        ("exclusive", offset_of!(Node, exclusive)),
        ("autoremove", offset_of!(Node, autoremove)),
        ("magic", offset_of!(Node, magic)),
        ("home", offset_of!(Node, home)),
    ];

    /// Puts the entry on `wq` unless it is there already, in a step that takes and releases the queue's lock; before
    /// that it sets the running task's state, if there is one to set. Whether the queue was empty. Task context; does
    /// not sleep. Finding `uninitialised-lock` for an entry that was never initialised.
    pub fn put(&self, wq: &WaitQueueHead, exclusive: bool, state: Option<u32>, place: Place) -> bool {
        if !self.check(place) {
            return false;
        }
        set_state(try_current(), state, place);
        let mut was_empty = false;
        wq.with_lock(Op::WaitqueueAdd, place, || {
            was_empty = is_empty(wq);
            wq.raw.set(true);
            wq.link(&self.node, exclusive);
        });
        // As in `WaitQueueEntry::put`.
        fence(SeqCst);
        was_empty
    }

    /// Takes the entry off `wq` if it is there, in a step as that of [`RawWaitQueueEntry::put`]; before that the
    /// running task runs again, if it is to. Task context; does not sleep.
    pub fn take(&self, wq: &WaitQueueHead, running: bool, place: Place) {
        if self.check(place) {
            set_state(try_current(), running.then_some(TASK_RUNNING), place);
            wq.with_lock(Op::WaitqueueRemove, place, || wq.unlink(&self.node));
        }
    }

    /// Puts the entry on `wq`, whose lock the caller holds. No step.
    pub fn put_locked(&self, wq: &WaitQueueHead, exclusive: bool, place: Place) {
        if self.check(place) {
            wq.raw.set(true);
            wq.link(&self.node, exclusive);
        }
    }

    /// Takes the entry off `wq`, whose lock the caller holds. No step.
    pub fn take_locked(&self, wq: &WaitQueueHead, place: Place) {
        if self.check(place) {
            wq.unlink(&self.node);
        }
    }

    fn check(&self, place: Place) -> bool {
        if self.node.magic.get() != Self::MAGIC {
            violation("uninitialised-lock", place, None, format_args!("this wait queue entry was never initialised"));
            return false;
        }
        if let Some(m) = model()
            && self.node.queue.get().is_null()
        {
            m.object_made(ptr::from_ref(self).addr(), size_of::<Self>(), place, "a wait queue entry");
        }
        true
    }
}

/// Asks the machine about the memory of `node`, which a waker is about to look at, if it may be one of C code. If it is
/// gone, a step on it says so.
pub(crate) fn look_at(wq: &WaitQueueHead, node: *const Node, place: Place) {
    if wq.raw.get()
        && !node.is_null()
        && let Some(m) = machine()
        && !m.alive(node.addr())
    {
        step(&Step::new(Op::WakeUp, Mode::Read, node.addr(), 4, place).named(Some("a wait queue entry"), None));
    }
}
