//! Entries of wait queues as C code has them: without a lifetime, initialised by its own macros.

use crate::queue::{
    ELSEWHERE, Linked, NO_LIST, NOT_THERE, Node, TWICE, WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY, WaitQueueHead, is_empty,
    misuse, set_state, set_woken, wake_and_remove, wake_task,
};
use crate::task::{TASK_RUNNING, try_current};
use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{Ordering::SeqCst, fence};
use ringzero_context::violation;
use ringzero_machine::{Mode, Op, Place, Step, machine, model, step};

/// C's `struct wait_queue_entry`. It names its task itself, and says itself whether a wake-up takes it off the queue.
///
/// It stays where it is, and alive, from the call that puts it on a queue until it is off again: C code promises that.
/// Where it does not, the machine is asked about the memory before a waker looks at it (invariant 10).
///
/// ```
/// use ringzero::sched::RawWaitQueueEntry;
/// // `struct wait_queue_entry` of the C headers has its fields at the same places.
/// assert!(RawWaitQueueEntry::LAYOUT.iter().any(|(field, _)| *field == "private"));
/// ```
#[repr(C)]
pub struct RawWaitQueueEntry {
    node: Node,
}

impl fmt::Debug for RawWaitQueueEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawWaitQueueEntry")
    }
}

impl RawWaitQueueEntry {
    /// What an entry says that was initialised.
    pub const MAGIC: u32 = 0x525a_5745;

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 10] = [
        ("flags", offset_of!(Node, flags)),
        ("magic", offset_of!(Node, magic)),
        ("private", offset_of!(Node, private)),
        ("func", offset_of!(Node, func)),
        ("queue", offset_of!(Node, queue)),
        ("next", offset_of!(Node, next)),
        ("previous", offset_of!(Node, previous)),
        ("autoremove", offset_of!(Node, autoremove)),
        ("woken", offset_of!(Node, woken)),
        ("home", offset_of!(Node, home)),
    ];

    /// Puts the entry on `wq` unless it is there already, in a step that takes and releases the queue's lock; before
    /// that it sets the running task's state, if there is one to set. Whether the queue was empty. Task context; does not sleep. Finding `uninitialised-lock` for an entry that was never
    /// initialised.
    pub fn put(&self, wq: &WaitQueueHead, kind: EntryKind, state: Option<u32>, place: Place) -> bool {
        if !self.check(place) {
            return false;
        }
        set_state(try_current(), state, place);
        self.put_in_step(wq, kind, state.is_some(), place)
    }

    /// `prepares`: it may be there already.
    fn put_in_step(&self, wq: &WaitQueueHead, kind: EntryKind, prepares: bool, place: Place) -> bool {
        let (mut was_empty, mut linked) = (false, Linked::Nowhere);
        wq.with_lock(Op::WaitqueueAdd, place, || {
            was_empty = is_empty(wq);
            linked = self.link(wq, kind);
        });
        // As in `WaitQueueEntry::put`.
        fence(SeqCst);
        found(linked, prepares, place);
        was_empty
    }

    /// The lock of `wq` is held.
    fn link(&self, wq: &WaitQueueHead, kind: EntryKind) -> Linked {
        wq.raw.set(true);
        kind.mark(&self.node);
        if kind == EntryKind::Tail { wq.link_at(&self.node, true) } else { wq.link(&self.node) }
    }

    /// The lock of `wq` is held. With `running` it is as `finish_wait()` does it: all is well where it is on no queue. What
    /// is wrong.
    fn unlink(&self, wq: &WaitQueueHead, running: bool) -> Option<&'static str> {
        let node = &self.node;
        let no_list = node.queue.get().is_null() && node.next.get() == NO_LIST;
        let linked = wq.unlink(node);
        if !running && linked != Linked::Elsewhere {
            node.next.set(NO_LIST);
        }
        match linked {
            Linked::Elsewhere => Some(ELSEWHERE),
            Linked::Nowhere if no_list && !running => Some(NOT_THERE),
            _ => None,
        }
    }

    /// [`RawWaitQueueEntry::put`] as the entry's flags say, unless a signal ends a sleep in `state`: then it is taken off
    /// the queue. Whether that is so.
    pub fn put_for_event(&self, wq: &WaitQueueHead, state: u32, place: Place) -> bool {
        if !self.check(place) {
            return false;
        }
        let signalled = set_state(try_current(), Some(state), place);
        if signalled {
            self.take(wq, true, place);
        } else {
            self.put_in_step(wq, EntryKind::AsItSays, true, place);
        }
        signalled
    }

    /// Takes the entry off `wq` if it is there, in a step as that of [`RawWaitQueueEntry::put`]; before that the
    /// running task runs again, if it is to. Task context; does not sleep.
    pub fn take(&self, wq: &WaitQueueHead, running: bool, place: Place) {
        if self.check(place) {
            set_state(try_current(), running.then_some(TASK_RUNNING), place);
            let mut wrong = None;
            wq.with_lock(Op::WaitqueueRemove, place, || wrong = self.unlink(wq, running));
            if let Some(what) = wrong {
                misuse(what, place);
            }
        }
    }

    /// Puts the entry on `wq`, whose lock the caller holds. `prepares`: unless it is there already.
    pub fn put_locked(&self, wq: &WaitQueueHead, kind: EntryKind, prepares: bool, place: Place) {
        if self.check(place) {
            wq.announce_change(Op::WaitqueueAdd, place);
            found(self.link(wq, kind), prepares, place);
        }
    }

    /// Takes the entry off `wq`, whose lock the caller holds.
    pub fn take_locked(&self, wq: &WaitQueueHead, place: Place) {
        if self.check(place) {
            wq.announce_change(Op::WaitqueueRemove, place);
            if let Some(what) = self.unlink(wq, false) {
                misuse(what, place);
            }
        }
    }

    /// Wakes the entry's task if its state has a bit of `mode`, and whether it had: what wakers do with an entry that has
    /// no function of its own. For such functions.
    #[doc(alias = "default_wake_function")]
    pub fn wake(&self, mode: u32, place: Place) -> bool {
        wake_task(&self.node, mode, place)
    }

    /// [`RawWaitQueueEntry::wake`], and takes the entry off its queue if that was so. The queue's lock is held.
    #[doc(alias = "autoremove_wake_function")]
    pub fn wake_and_remove(&self, mode: u32, place: Place) -> bool {
        wake_and_remove(&self.node, mode, place)
    }

    /// [`RawWaitQueueEntry::wake`] of a task in [`RawWaitQueueEntry::wait_woken`].
    #[doc(alias = "woken_wake_function")]
    pub fn wake_in_wait_woken(&self, mode: u32, place: Place) -> bool {
        set_woken(&self.node, place);
        self.wake(mode, place)
    }

    /// `wait_woken()`: see [`wait_woken`](crate::wait_woken()).
    pub fn wait_woken(&self, mode: u32, timeout: u64, place: Place) -> u64 {
        if self.check(place) { crate::wake::wait_woken_at(&self.node, mode, timeout, place) } else { 0 }
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

/// Finding `warn` for an entry that was on a queue already when it was to be put on one. `prepares`: it may be on this one.
fn found(linked: Linked, prepares: bool, place: Place) {
    match linked {
        Linked::Elsewhere => misuse(ELSEWHERE, place),
        Linked::Here if !prepares => misuse(TWICE, place),
        _ => {}
    }
}

/// Where on its queue an entry goes.
///
/// ```
/// use ringzero::sched::EntryKind;
/// /// Where C's functions put an entry.
/// fn kind(function: &str) -> EntryKind {
///     match function {
///         "add_wait_queue_priority" => EntryKind::Priority,
///         "add_wait_queue_exclusive" => EntryKind::Exclusive,
///         _ => EntryKind::Shared,
///     }
/// }
/// assert_eq!(kind("add_wait_queue"), EntryKind::Shared);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Before the exclusive ones.
    Shared,
    /// Behind all others; uses up a wake-up.
    Exclusive,
    /// Before all others, but for those that came so before; uses up a wake-up.
    Priority,
    /// Behind all others, whatever its flags say, which stay as they are.
    Tail,
    /// As its flags say.
    AsItSays,
}

impl EntryKind {
    fn mark(self, node: &Node) {
        match self {
            Self::Shared => node.set_exclusive(false),
            Self::Exclusive => node.set_exclusive(true),
            Self::Priority => node.flags.set(node.flags.get() | WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY),
            Self::Tail | Self::AsItSays => {}
        }
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
