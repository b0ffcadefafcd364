//! Wait queues: the head, the entries, and putting one on the other.
//!
//! Entries are linked by address. That an entry stays where it is as long as it is linked follows from `Pin`; that the
//! head outlives it, from the lifetime `'q`; and that it is taken off before its memory is reused, from its `Drop`.
//! Links and flags are touched only while the head's lock is held.

use crate::schedule::{set_state_at, unwinds};
use crate::task::{TASK_RUNNING, Task, try_current};
use core::cell::Cell;
use core::fmt;
use core::marker::{PhantomData, PhantomPinned};
use core::mem::offset_of;
use core::pin::Pin;
use core::ptr;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Relaxed, SeqCst},
    fence,
};
use ringzero_machine::{Mode, Op, Place, Step, model, step};
use ringzero_spinning::{IrqSave, RawSpinLock};

/// A wait queue (`wait_queue_head_t`). All zeroes is an empty one.
#[doc(alias = "wait_queue_head_t")]
#[repr(C)]
pub struct WaitQueueHead {
    pub(crate) lock: RawSpinLock,
    /// How many entries are linked: the word that `waitqueue_active` reads.
    linked: AtomicU32,
    pub(crate) first: Cell<*const Node>,
    last: Cell<*const Node>,
    /// An entry of C code was on it.
    pub(crate) raw: Cell<bool>,
}

// SAFETY: the links are only touched while the lock is held.
unsafe impl Sync for WaitQueueHead {}
// SAFETY: a queue with entries is borrowed by them and cannot be moved.
unsafe impl Send for WaitQueueHead {}

impl WaitQueueHead {
    /// An empty queue. Its class is the caller's place.
    #[doc(alias("init_waitqueue_head", "DECLARE_WAIT_QUEUE_HEAD"))]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            lock: RawSpinLock::new(),
            linked: AtomicU32::new(0),
            first: Cell::new(ptr::null()),
            last: Cell::new(ptr::null()),
            raw: Cell::new(false),
        }
    }

    /// The fields and where they lie: what the C header mirrors.
    pub const LAYOUT: [(&'static str, usize); 5] = [
        ("lock", offset_of!(Self, lock)),
        ("linked", offset_of!(Self, linked)),
        ("first", offset_of!(Self, first)),
        ("last", offset_of!(Self, last)),
        ("raw", offset_of!(Self, raw)),
    ];

    /// Makes the memory at `this` an empty queue whose class is `place`: `init_waitqueue_head()` of C. Every context;
    /// does not sleep.
    ///
    /// # Safety
    /// `this` must be valid for writes and aligned. What it held is forgotten.
    pub unsafe fn init_at(this: *mut Self, name: Option<&'static str>, place: Place) {
        // SAFETY: the caller's contract; a part of `this`.
        unsafe {
            RawSpinLock::init_at(&raw mut (*this).lock, name, place);
            (&raw mut (*this).linked).write(AtomicU32::new(0));
            (&raw mut (*this).first).write(Cell::new(ptr::null()));
            (&raw mut (*this).last).write(Cell::new(ptr::null()));
            (&raw mut (*this).raw).write(Cell::new(false));
        }
    }

    /// The same queue with a name for reports.
    #[must_use]
    pub const fn named(self, name: &'static str) -> Self {
        Self { lock: self.lock.named(name), ..self }
    }

    /// The queue's lock, for those who hold it around [`wake_up_locked`](crate::wake_up_locked).
    ///
    /// # Safety
    /// Only the context that took it may release it: otherwise entries are linked by two at once.
    #[must_use]
    pub const unsafe fn lock(&self) -> &RawSpinLock {
        &self.lock
    }

    /// Runs `f` with the lock held: coarse, within the one step `op` that takes and releases it; fine, and on the host, in
    /// a section of its own with interrupts off (invariant 4).
    pub(crate) fn with_lock(&self, op: Op, place: Place, f: impl FnOnce()) {
        if ringzero_machine::fine() || model().is_none() {
            self.lock.lock_kind::<IrqSave>(place);
            f();
            self.lock.unlock_kind::<IrqSave>(place);
        } else {
            self.lock.take_waiting(&self.lock.announcement(op, Mode::Rmw, place).ordered(true, true), place);
            f();
            self.lock.release_announced(place);
        }
    }

    /// Whether somebody is on it, as far as is known without the lock.
    #[inline]
    pub(crate) fn has_entries(&self) -> bool {
        self.linked.load(Relaxed) != 0
    }

    /// Links `node`, exclusive ones last. The lock is held.
    pub(crate) fn link(&self, node: &Node, exclusive: bool) {
        node.exclusive.set(exclusive);
        if node.queue.get() == ptr::from_ref(self) {
            return;
        }
        assert!(node.queue.get().is_null(), "the wait queue entry is on another queue");
        node.queue.set(self);
        let (before, after) = if exclusive { (self.last.get(), ptr::null()) } else { (ptr::null(), self.first.get()) };
        node.previous.set(before);
        node.next.set(after);
        self.set_neighbours(before, after, node, node);
        self.linked.store(self.linked.load(Relaxed) + 1, Relaxed);
    }

    /// Unlinks `node` if it is linked here. The lock is held.
    pub(crate) fn unlink(&self, node: &Node) {
        if node.queue.get() != ptr::from_ref(self) {
            return;
        }
        let (before, after) = (node.previous.get(), node.next.get());
        self.set_neighbours(before, after, after, before);
        self.linked.store(self.linked.load(Relaxed) - 1, Relaxed);
        node.queue.set(ptr::null());
    }

    /// Makes `after_before` follow `before` and `before_after` precede `after`; null stands for the queue's ends.
    fn set_neighbours(
        &self,
        before: *const Node,
        after: *const Node,
        after_before: *const Node,
        before_after: *const Node,
    ) {
        // SAFETY: a linked node is alive (see the module), and the lock is held.
        unsafe {
            before.as_ref().map_or(&self.first, |node| &node.next).set(after_before);
            after.as_ref().map_or(&self.last, |node| &node.previous).set(before_after);
        }
    }
}

impl Default for WaitQueueHead {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitQueueHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WaitQueueHead({})", self.lock.name().unwrap_or("unnamed"))
    }
}

/// What is linked: the entry without its lifetime.
#[repr(C)]
pub(crate) struct Node {
    pub(crate) task: Cell<Option<&'static Task>>,
    pub(crate) queue: Cell<*const WaitQueueHead>,
    pub(crate) next: Cell<*const Node>,
    pub(crate) previous: Cell<*const Node>,
    pub(crate) exclusive: Cell<bool>,
    /// A successful wake-up takes it off the queue.
    pub(crate) autoremove: Cell<bool>,
    /// [`MAGIC`](crate::RawWaitQueueEntry::MAGIC) in an entry that C code made; else 0.
    pub(crate) magic: Cell<u32>,
    /// Where its own context has put it and not yet taken it off, whatever wakers did since. Touched by that context
    /// only, so that its next step never depends on what was not announced.
    pub(crate) home: Cell<*const WaitQueueHead>,
}

/// One task's place on a queue (`wait_queue_entry`), usually on its stack:
/// `let wait = pin!(WaitQueueEntry::new())` is `DEFINE_WAIT(wait)`.
#[doc(alias("wait_queue_entry", "wait_queue_t", "DEFINE_WAIT", "DECLARE_WAITQUEUE"))]
#[repr(C)]
pub struct WaitQueueEntry<'q> {
    node: Node,
    /// Invariant in `'q`, pinned, and of its own context.
    queue: PhantomData<Cell<&'q WaitQueueHead>>,
    pinned: PhantomPinned,
}

impl<'q> WaitQueueEntry<'q> {
    /// An entry on no queue. It belongs to the task that puts it on one.
    #[must_use]
    pub const fn new() -> Self {
        let node = Node {
            task: Cell::new(None),
            queue: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            previous: Cell::new(ptr::null()),
            exclusive: Cell::new(false),
            autoremove: Cell::new(false),
            magic: Cell::new(0),
            home: Cell::new(ptr::null()),
        };
        Self { node, queue: PhantomData, pinned: PhantomPinned }
    }

    /// Sets the running task's state if there is one to set, and puts it on `wq`: in this order, so that a waker who
    /// finds the entry finds the state too (invariant 4).
    fn put(&self, wq: &'q WaitQueueHead, exclusive: bool, state: Option<u32>, place: Place) {
        let (node, task) = (&self.node, try_current());
        node.home.set(wq);
        set_state(task, state, place);
        wq.with_lock(Op::WaitqueueAdd, place, || {
            node.task.set(task);
            node.autoremove.set(state.is_some());
            wq.link(node, exclusive);
        });
        // Pairs with the fence in `wake_up`: it sees the entry, or the test of the condition that comes now sees what came
        // before it.
        fence(SeqCst);
    }

    /// Sets the running task's state if there is one to set, and takes it off `wq` if it is still there.
    fn take(&self, wq: &WaitQueueHead, state: Option<u32>, place: Place) {
        set_state(try_current(), state, place);
        wq.with_lock(Op::WaitqueueRemove, place, || wq.unlink(&self.node));
        self.node.home.set(ptr::null());
    }
}

pub(crate) fn set_state(task: Option<&Task>, state: Option<u32>, place: Place) {
    if let (Some(task), Some(state)) = (task, state) {
        set_state_at(task, state, place);
    }
}

impl Default for WaitQueueEntry<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for WaitQueueEntry<'_> {
    /// Takes it off the queue if its context has not done so. While unwinding, nothing is announced and nobody waited
    /// for: a queue whose lock stays held belongs to an execution that is over, and keeps the entry.
    fn drop(&mut self) {
        // SAFETY: the queue is alive: `'q` outlives this entry.
        let Some(wq) = (unsafe { self.node.home.get().as_ref() }) else { return };
        let place = Place::caller();
        if !unwinds() {
            return self.take(wq, Some(TASK_RUNNING), place);
        }
        for _ in 0..100_000 {
            if wq.lock.take_announced(place) {
                wq.unlink(&self.node);
                return wq.lock.release_announced(place);
            }
            core::hint::spin_loop();
        }
    }
}

/// Whether nobody is on `wq`, within a step that covers its lock.
pub(crate) fn is_empty(wq: &WaitQueueHead) -> bool {
    wq.first.get().is_null()
}

/// Sets the running task's state, and puts `entry` on `wq` unless it is there already: a step each. Then test the
/// condition, then [`schedule()`](crate::schedule()). Task context; does not sleep.
#[track_caller]
pub fn prepare_to_wait<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>, state: u32) {
    entry.put(wq, false, Some(state), Place::caller());
}

/// [`prepare_to_wait`] as an exclusive waiter, behind all others.
#[track_caller]
pub fn prepare_to_wait_exclusive<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>, state: u32) {
    entry.put(wq, true, Some(state), Place::caller());
}

/// Sets the running task's state to `TASK_RUNNING`, and takes `entry` off `wq` if it is still there: a step each. Task
/// context; does not sleep.
#[track_caller]
pub fn finish_wait<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    entry.take(wq, Some(TASK_RUNNING), Place::caller());
}

/// Puts `entry` on `wq`; wake-ups leave it there. The state is the caller's affair. Task context; does not sleep.
#[track_caller]
pub fn add_wait_queue<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    entry.put(wq, false, None, Place::caller());
}

/// [`add_wait_queue`] as an exclusive waiter, behind all others.
#[doc(alias = "__add_wait_queue_exclusive")]
#[track_caller]
pub fn add_wait_queue_exclusive<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    entry.put(wq, true, None, Place::caller());
}

/// Takes `entry` off `wq`. Task context; does not sleep.
#[track_caller]
pub fn remove_wait_queue<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    entry.take(wq, None, Place::caller());
}

/// Whether somebody is on `wq`, without its lock: order it with the condition yourself. Every context.
#[must_use]
#[track_caller]
pub fn waitqueue_active(wq: &WaitQueueHead) -> bool {
    let (addr, place) = (ptr::from_ref(&wq.linked) as usize, Place::caller());
    step(&Step::new(Op::ReadOnce, Mode::Read, addr, 4, place).named(wq.lock.name(), wq.lock.class()).also(
        // What changes the number is announced as an operation on the lock.
        wq.lock.address(),
        false,
    ));
    wq.has_entries()
}
