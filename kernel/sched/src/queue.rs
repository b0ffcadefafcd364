//! Wait queues: the head, the entries, and putting one on the other.
//!
//! Entries are linked by address. That an entry stays where it is as long as it is linked follows from `Pin`; that the
//! head outlives it, from the lifetime `'q`; and that it is taken off before its memory is reused, from its `Drop`.
//! Links and flags are touched only while the head's lock is held. An entry that was leaked borrows its head no more: its
//! memory stays, and wakers find it by the links, wherever the head is moved.

pub(crate) use crate::entry::{
    ELSEWHERE, FUTURE, Linked, NO_LIST, NOT_THERE, Node, TWICE, call, misuse, set_state, set_woken, wake_and_remove,
    wake_task, woken_step,
};
pub use crate::entry::{
    EndWakeUp, RawWakeFunction, WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY, WQ_FLAG_WOKEN, WaitQueueEntry, WakeFunction,
    Woken, autoremove_wake_function, default_wake_function, woken_wake_function,
};
use crate::event::Interrupted;
use crate::task::TASK_RUNNING;
use core::cell::Cell;
use core::fmt;
use core::mem::offset_of;
use core::pin::Pin;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ringzero_atomic::smp_mb;
use ringzero_machine::{Mode, Op, Place, Step, model, step};
use ringzero_spinning::{IrqSave, Kind, RawSpinLock};

/// A wait queue (`wait_queue_head_t`). All zeroes is an empty one.
///
/// ```
/// use ringzero::wait::{WaitQueueHead, wait_event, wake_up};
/// use ringzero::{Machine, atomic::Atomic, kthread::kthread_run};
/// ringzero::global! {
///     static READY: Atomic = Atomic::new(0);
///     static QUEUE: WaitQueueHead = WaitQueueHead::new();
/// }
/// let init = || {
///     kthread_run(|| wait_event(&QUEUE, || READY.read() == 1), "waiter");
///     READY.set(1);
///     wake_up(&QUEUE);
/// };
/// Machine::host().cpus(2).boot(init).assert_clean();
/// ```
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

    /// Takes the lock as `K` does.
    pub(crate) fn lock_as<K: Kind>(&self, place: Place) {
        self.lock.lock_kind::<K>(place);
    }

    /// Releases the lock, which was taken as `K` takes it.
    pub(crate) fn unlock_as<K: Kind>(&self, place: Place) {
        self.lock.unlock_kind::<K>(place);
    }

    /// Whether somebody is on it, as far as is known without the lock.
    #[inline]
    pub(crate) fn has_entries(&self) -> bool {
        self.linked.load(Relaxed) != 0
    }

    /// Links `node`: exclusive ones last, those with priority first, each behind the earlier ones, the others behind these.
    /// The lock is held. Where it was before: on another queue it stays.
    pub(crate) fn link(&self, node: &Node) -> Linked {
        let last = node.flags.get() & (WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY) == WQ_FLAG_EXCLUSIVE;
        self.link_at(node, last)
    }

    /// [`link`](Self::link), as the last one or in front.
    pub(crate) fn link_at(&self, node: &Node, last: bool) -> Linked {
        let linked = self.has(node);
        if linked != Linked::Nowhere {
            return linked;
        }
        node.queue.set(self);
        let (before, after) = if last { (self.last.get(), ptr::null()) } else { self.behind_priority() };
        node.previous.set(before);
        node.next.set(after);
        self.set_neighbours(before, after, node, node);
        self.linked.store(self.linked.load(Relaxed) + 1, Relaxed);
        linked
    }

    /// Where `node` is. The lock is held.
    fn has(&self, node: &Node) -> Linked {
        match node.queue.get() {
            queue if queue == ptr::from_ref(self) => Linked::Here,
            queue if queue.is_null() => Linked::Nowhere,
            _ => Linked::Elsewhere,
        }
    }

    /// The neighbours of what comes behind the entries with priority.
    fn behind_priority(&self) -> (*const Node, *const Node) {
        let (mut before, mut after) = (ptr::null(), self.first.get());
        // SAFETY: a linked node is alive (see the module), and the lock is held.
        while let Some(node) = unsafe { after.as_ref() }
            && node.flags.get() & WQ_FLAG_PRIORITY != 0
        {
            (before, after) = (after, node.next.get());
        }
        (before, after)
    }

    /// Unlinks `node` if it is linked here. The lock is held. Where it was before.
    pub(crate) fn unlink(&self, node: &Node) -> Linked {
        let linked = self.has(node);
        if linked != Linked::Here {
            return linked;
        }
        let (before, after) = (node.previous.get(), node.next.get());
        self.set_neighbours(before, after, after, before);
        self.linked.store(self.linked.load(Relaxed) - 1, Relaxed);
        node.queue.set(ptr::null());
        node.next.set(ptr::null());
        linked
    }

    /// Announces that the number of entries changes, of a change whose own step does not say so. The lock is held.
    pub(crate) fn announce_change(&self, op: Op, place: Place) {
        let announced = Step::new(op, Mode::Write, self.linked_address(), 4, place);
        step(&announced.named(self.lock.name(), self.lock.class()));
    }

    /// The word that says how many entries there are.
    #[inline]
    pub(crate) fn linked_address(&self) -> usize {
        ptr::from_ref(&self.linked).addr()
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

/// Whether nobody is on `wq`, within a step that covers its lock.
pub(crate) fn is_empty(wq: &WaitQueueHead) -> bool {
    wq.first.get().is_null()
}

/// Sets the running task's state, and puts `entry` on `wq` unless it is there already: a step each. Then test the
/// condition, then [`schedule()`](crate::schedule()). Task context; does not sleep.
#[track_caller]
pub fn prepare_to_wait<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>, state: u32) {
    entry.put(wq, 0, Some(state), Place::caller());
}

/// [`prepare_to_wait`] as an exclusive waiter, behind all others.
#[track_caller]
pub fn prepare_to_wait_exclusive<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>, state: u32) {
    entry.put(wq, WQ_FLAG_EXCLUSIVE, Some(state), Place::caller());
}

/// [`prepare_to_wait`] that a signal ends which `state` lets end sleeps: then the entry is taken off the queue, and
/// that is the result. Test the condition all the same.
///
/// # Errors
/// [`Interrupted`] if a signal is pending.
#[track_caller]
pub fn prepare_to_wait_event<'q>(
    wq: &'q WaitQueueHead,
    entry: Pin<&WaitQueueEntry<'q>>,
    state: u32,
) -> Result<(), Interrupted> {
    let signalled = entry.put_for_event(wq, entry.node().flags.get() & WQ_FLAG_EXCLUSIVE, state, Place::caller());
    if signalled { Err(Interrupted) } else { Ok(()) }
}

/// Sets the running task's state to `TASK_RUNNING`, and takes `entry` off `wq` if it is still there: a step each. Task
/// context; does not sleep.
#[track_caller]
pub fn finish_wait<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    finish_wait_at(wq, entry, Place::caller());
}

pub(crate) fn finish_wait_at<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>, place: Place) {
    entry.take(wq, Some(TASK_RUNNING), place);
}

/// Puts `entry` on `wq`; wake-ups leave it there. The state is the caller's affair. Finding `warn` if it is on a queue
/// already. Task context; does not sleep.
#[track_caller]
pub fn add_wait_queue<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    entry.put(wq, 0, None, Place::caller());
}

/// [`add_wait_queue`] as an exclusive waiter, behind all others.
#[doc(alias = "__add_wait_queue_exclusive")]
#[track_caller]
pub fn add_wait_queue_exclusive<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    entry.put(wq, WQ_FLAG_EXCLUSIVE, None, Place::caller());
}

/// [`add_wait_queue_exclusive`], but before all others, behind those that came so before.
#[track_caller]
pub fn add_wait_queue_priority<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    entry.put(wq, WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY, None, Place::caller());
}

/// Takes `entry` off `wq`. Finding `warn` if it was never put there, or has been taken off so already. Task context; does
/// not sleep.
#[track_caller]
pub fn remove_wait_queue<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    entry.take(wq, None, Place::caller());
}

/// Whether somebody is on `wq`, without its lock: order it with the condition yourself. Every context.
#[must_use]
#[track_caller]
pub fn waitqueue_active(wq: &WaitQueueHead) -> bool {
    entries(wq, Place::caller()) != 0
}

/// [`waitqueue_active`] behind a full barrier: so a condition that was made true before is seen by whoever is not seen.
/// Every context.
#[must_use]
#[track_caller]
pub fn wq_has_sleeper(wq: &WaitQueueHead) -> bool {
    // Pairs with the one after an entry was put.
    smp_mb();
    waitqueue_active(wq)
}

/// Whether one entry is on `wq` and no more, without its lock: order it yourself, as [`waitqueue_active`]. Every context.
#[must_use]
#[track_caller]
pub fn wq_has_single_sleeper(wq: &WaitQueueHead) -> bool {
    entries(wq, Place::caller()) == 1
}

/// How many entries there are, in a step.
fn entries(wq: &WaitQueueHead, place: Place) -> u32 {
    step(
        &Step::new(Op::ReadOnce, Mode::Read, wq.linked_address(), 4, place)
            .named(wq.lock.name(), wq.lock.class())
            // What changes the number as a part of an operation on the lock is announced as that.
            .also(wq.lock.address(), false),
    );
    wq.linked.load(Relaxed)
}
