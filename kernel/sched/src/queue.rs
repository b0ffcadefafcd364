//! Wait queues: the head, the entries, and putting one on the other.
//!
//! Entries are linked by address. That an entry stays where it is as long as it is linked follows from `Pin`; that the
//! head outlives it, from the lifetime `'q`; and that it is taken off before its memory is reused, from its `Drop`.
//! Links and flags are touched only while the head's lock is held.

use crate::event::Interrupted;
use crate::raw::RawWaitQueueEntry;
use crate::schedule::{set_state_at, unwinds, wake_up_state_at};
use crate::task::{TASK_RUNNING, Task, try_current};
use core::cell::Cell;
use core::ffi::{c_int, c_uint};
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

    /// Whether somebody is on it, as far as is known without the lock.
    #[inline]
    pub(crate) fn has_entries(&self) -> bool {
        self.linked.load(Relaxed) != 0
    }

    /// Links `node`: exclusive ones last, those with priority first, the others behind these. The lock is held.
    pub(crate) fn link(&self, node: &Node) {
        if node.queue.get() == ptr::from_ref(self) {
            return;
        }
        assert!(node.queue.get().is_null(), "the wait queue entry is on another queue");
        node.queue.set(self);
        let (before, after) = match node.flags.get() & (WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY) {
            WQ_FLAG_EXCLUSIVE => (self.last.get(), ptr::null()),
            0 => self.behind_priority(),
            _ => (ptr::null(), self.first.get()),
        };
        node.previous.set(before);
        node.next.set(after);
        self.set_neighbours(before, after, node, node);
        self.linked.store(self.linked.load(Relaxed) + 1, Relaxed);
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

/// Of an entry: it uses up one of the wake-ups that are given.
pub const WQ_FLAG_EXCLUSIVE: u32 = 0x01;
/// Of an entry: it has been woken since it last looked ([`wait_woken`](crate::wait_woken)).
pub const WQ_FLAG_WOKEN: u32 = 0x02;
/// Of an entry: it comes before all others.
pub const WQ_FLAG_PRIORITY: u32 = 0x20;
/// Of an entry: it is a future's.
pub(crate) const FUTURE: u32 = 0x8000_0000;

/// What a waker does with an entry, in C: `wait_queue_func_t`. It gets the entry, the states of those who are to be woken,
/// the wake-up's flags, and its key; it returns 1 if it woke somebody, 0 if not, and less to end the wake-up.
///
/// ```
/// use ringzero::sched::{RawWaitQueueEntry, RawWakeFunction};
/// /// Wakes nobody.
/// unsafe extern "C" fn deaf(_: *const RawWaitQueueEntry, _mode: u32, _flags: i32, _key: *const ()) -> i32 {
///     0
/// }
/// let function: RawWakeFunction = deaf;
/// # let _ = function;
/// ```
pub type RawWakeFunction = unsafe extern "C" fn(*const RawWaitQueueEntry, c_uint, c_int, *const ()) -> c_int;

/// What is linked: the entry without its lifetime.
#[repr(C)]
pub(crate) struct Node {
    pub(crate) flags: Cell<u32>,
    /// [`MAGIC`](crate::RawWaitQueueEntry::MAGIC) in an entry that C code made; else 0.
    pub(crate) magic: Cell<u32>,
    /// Whom to wake: a task, or what the entry's own function makes of it.
    pub(crate) private: Cell<*const ()>,
    /// What wakers do with it, if that is not waking the task.
    pub(crate) func: Cell<Option<RawWakeFunction>>,
    pub(crate) queue: Cell<*const WaitQueueHead>,
    pub(crate) next: Cell<*const Node>,
    pub(crate) previous: Cell<*const Node>,
    /// A successful wake-up takes it off the queue.
    pub(crate) autoremove: Cell<bool>,
    /// 1 when it was woken since it last looked.
    pub(crate) woken: AtomicU32,
    /// Where its own context has put it and not yet taken it off, whatever wakers did since. Touched by that context
    /// only, so that its next step never depends on what was not announced.
    pub(crate) home: Cell<*const WaitQueueHead>,
}

impl Node {
    pub(crate) const fn new(flags: u32) -> Self {
        Self {
            flags: Cell::new(flags),
            magic: Cell::new(0),
            private: Cell::new(ptr::null()),
            func: Cell::new(None),
            queue: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            previous: Cell::new(ptr::null()),
            autoremove: Cell::new(false),
            woken: AtomicU32::new(0),
            home: Cell::new(ptr::null()),
        }
    }

    /// The task to wake.
    pub(crate) fn task(&self) -> Option<&'static Task> {
        // SAFETY: without a function of its own, and in the functions that say so, it is null or a task; those live as long
        // as the execution.
        unsafe { self.private.get().cast::<Task>().as_ref() }
    }

    pub(crate) fn set_exclusive(&self, exclusive: bool) {
        let flags = self.flags.get() & !(WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY);
        self.flags.set(flags | if exclusive { WQ_FLAG_EXCLUSIVE } else { 0 });
    }
}

/// One task's place on a queue (`wait_queue_entry`), usually on its stack:
/// `let wait = pin!(WaitQueueEntry::new())` is `DEFINE_WAIT(wait)`.
///
/// ```
/// use ringzero::sched::{TASK_UNINTERRUPTIBLE, schedule};
/// use ringzero::wait::{WaitQueueEntry, WaitQueueHead, finish_wait, prepare_to_wait, wake_up};
/// use ringzero::{Machine, atomic::Atomic, kthread::kthread_run};
/// ringzero::global! {
///     static READY: Atomic = Atomic::new(0);
///     static QUEUE: WaitQueueHead = WaitQueueHead::new();
/// }
/// let waiter = || {
///     let entry = std::pin::pin!(WaitQueueEntry::new());
///     loop {
///         prepare_to_wait(&QUEUE, entry.as_ref(), TASK_UNINTERRUPTIBLE);
///         if READY.read() == 1 {
///             break;
///         }
///         schedule();
///     }
///     finish_wait(&QUEUE, entry.as_ref());
/// };
/// let init = move || {
///     kthread_run(waiter, "waiter");
///     READY.set(1);
///     wake_up(&QUEUE);
/// };
/// Machine::host().cpus(2).boot(init).assert_clean();
/// ```
#[doc(alias("wait_queue_entry", "wait_queue_t", "DEFINE_WAIT", "DECLARE_WAITQUEUE"))]
#[repr(C)]
pub struct WaitQueueEntry<'q> {
    /// The first field: `call_function` gets from it to the others.
    node: Node,
    function: Option<WakeFunction>,
    private: usize,
    /// Invariant in `'q`, pinned, and of its own context.
    queue: PhantomData<Cell<&'q WaitQueueHead>>,
    pinned: PhantomPinned,
}

impl<'q> WaitQueueEntry<'q> {
    /// An entry on no queue. It belongs to the task that puts it on one.
    #[must_use]
    pub const fn new() -> Self {
        Self { node: Node::new(0), function: None, private: 0, queue: PhantomData, pinned: PhantomPinned }
    }

    /// An entry whose wakers call `function`, which finds `private` in it.
    #[doc(alias("init_waitqueue_func_entry", "DEFINE_WAIT_FUNC"))]
    #[must_use]
    pub const fn with_function(function: WakeFunction, private: usize) -> Self {
        let node = Node { func: Cell::new(Some(call_function)), ..Node::new(0) };
        Self { node, function: Some(function), private, queue: PhantomData, pinned: PhantomPinned }
    }

    pub(crate) const fn node(&self) -> &Node {
        &self.node
    }

    /// Sets the running task's state if there is one to set, and puts it on `wq`: in this order, so that a waker who
    /// finds the entry finds the state too (invariant 4). Whether a signal ends a sleep in that state already.
    pub(crate) fn put(&self, wq: &'q WaitQueueHead, flags: u32, state: Option<u32>, place: Place) -> bool {
        let (node, task) = (&self.node, try_current());
        node.home.set(wq);
        let signalled = set_state(task, state, place);
        wq.with_lock(Op::WaitqueueAdd, place, || {
            node.private.set(task.map_or(ptr::null(), |task| ptr::from_ref(task).cast()));
            node.autoremove.set(state.is_some());
            node.flags.set(flags);
            wq.link(node);
        });
        // Pairs with the fence in `wake_up`: it sees the entry, or the test of the condition that comes now sees what came
        // before it.
        fence(SeqCst);
        signalled
    }

    /// [`put`](Self::put) unless a signal ends a sleep in `state`: then it is taken off, so that no later wake-up is used
    /// up by it. Whether that is so.
    pub(crate) fn put_for_event(&self, wq: &'q WaitQueueHead, flags: u32, state: u32, place: Place) -> bool {
        let (node, task) = (&self.node, try_current());
        if !set_state(task, Some(state), place) {
            node.home.set(wq);
            wq.with_lock(Op::WaitqueueAdd, place, || {
                node.private.set(task.map_or(ptr::null(), |task| ptr::from_ref(task).cast()));
                node.autoremove.set(true);
                node.flags.set(flags);
                wq.link(node);
            });
            fence(SeqCst);
            return false;
        }
        self.take(wq, Some(TASK_RUNNING), place);
        true
    }

    /// Sets the running task's state if there is one to set, and takes it off `wq` if it is still there.
    fn take(&self, wq: &WaitQueueHead, state: Option<u32>, place: Place) {
        set_state(try_current(), state, place);
        wq.with_lock(Op::WaitqueueRemove, place, || wq.unlink(&self.node));
        self.node.home.set(ptr::null());
    }
}

/// Sets the state of `task`, the running one, if there is one to set; whether a signal ends a sleep in it already.
pub(crate) fn set_state(task: Option<&Task>, state: Option<u32>, place: Place) -> bool {
    if let (Some(task), Some(state)) = (task, state) { set_state_at(task, state, place) } else { false }
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

/// An entry as its wake function sees it: linked, with the queue's lock held and interrupts off.
///
/// ```
/// use ringzero::atomic::Atomic;
/// use ringzero::wait::{EndWakeUp, WaitQueueEntry, WaitQueueHead, Woken, add_wait_queue, wake_up_poll};
/// ringzero::global! {
///     static CALLS: Atomic = Atomic::new(0);
///     static QUEUE: WaitQueueHead = WaitQueueHead::new();
/// }
/// fn count(woken: &Woken<'_>) -> Result<bool, EndWakeUp> {
///     CALLS.add((woken.private() + woken.key().addr()) as i32);
///     woken.remove();
///     Ok(true)
/// }
/// let entry = std::pin::pin!(WaitQueueEntry::with_function(count, 7));
/// add_wait_queue(&QUEUE, entry.as_ref());
/// wake_up_poll(&QUEUE, 4);
/// assert_eq!(CALLS.read(), 11);
/// ```
pub struct Woken<'a> {
    node: &'a Node,
    private: usize,
    mode: u32,
    flags: i32,
    key: *const (),
}

impl fmt::Debug for Woken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Woken(mode {}, flags {})", self.mode, self.flags)
    }
}

/// What a waker does with an entry. It does not sleep, wakes nothing on the same queue, and returns whether that used up
/// the wake-up, if the entry is exclusive; an error ends the whole wake-up.
///
/// ```
/// use ringzero::wait::{WaitQueueEntry, WakeFunction, autoremove_wake_function};
/// // What `prepare_to_wait()` is for wakes so.
/// let function: WakeFunction = autoremove_wake_function;
/// let entry = WaitQueueEntry::with_function(function, 0);
/// # drop(entry);
/// ```
pub type WakeFunction = fn(&Woken<'_>) -> Result<bool, EndWakeUp>;

/// A [`WakeFunction`] wants no other entry to be looked at.
///
/// ```
/// use ringzero::atomic::Atomic;
/// use ringzero::wait::{EndWakeUp, WaitQueueEntry, WaitQueueHead, Woken, add_wait_queue, wake_up_poll};
/// ringzero::global! {
///     static CALLS: Atomic = Atomic::new(0);
///     static QUEUE: WaitQueueHead = WaitQueueHead::new();
/// }
/// fn only_me(_: &Woken<'_>) -> Result<bool, EndWakeUp> {
///     CALLS.inc();
///     Err(EndWakeUp)
/// }
/// let behind = std::pin::pin!(WaitQueueEntry::with_function(only_me, 0));
/// add_wait_queue(&QUEUE, behind.as_ref());
/// let entry = std::pin::pin!(WaitQueueEntry::with_function(only_me, 7));
/// add_wait_queue(&QUEUE, entry.as_ref());
/// wake_up_poll(&QUEUE, 4);
/// assert_eq!(CALLS.read(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndWakeUp;

impl Woken<'_> {
    /// What the entry was made with.
    #[must_use]
    pub const fn private(&self) -> usize {
        self.private
    }

    /// The states whose sleepers are to be woken.
    #[must_use]
    pub const fn mode(&self) -> u32 {
        self.mode
    }

    /// [`WF_SYNC`](crate::WF_SYNC) or 0.
    #[must_use]
    pub const fn flags(&self) -> i32 {
        self.flags
    }

    /// What the waker has to say; null if nothing.
    #[must_use]
    pub const fn key(&self) -> *const () {
        self.key
    }

    /// Wakes the task that put the entry on the queue, and whether it slept: what entries without a function do.
    #[doc(alias = "default_wake_function")]
    #[track_caller]
    pub fn wake(&self) -> bool {
        self.node.task().is_some_and(|task| wake_up_state_at(task, self.mode, Place::caller()))
    }

    /// [`wake`](Self::wake) that takes the entry off the queue if the task slept: what `prepare_to_wait` is for.
    #[doc(alias = "autoremove_wake_function")]
    #[track_caller]
    pub fn wake_and_remove(&self) -> bool {
        let woken = self.wake();
        if woken {
            self.remove();
        }
        woken
    }

    /// [`wake`](Self::wake) for a task that sleeps in [`wait_woken`](crate::wait_woken).
    #[doc(alias = "woken_wake_function")]
    #[track_caller]
    pub fn wake_in_wait_woken(&self) -> bool {
        set_woken(self.node, Place::caller());
        self.wake()
    }

    /// Takes the entry off the queue.
    pub fn remove(&self) {
        remove_held(self.node);
    }
}

/// [`Woken::wake`], as a [`WakeFunction`].
///
/// # Errors
/// None.
#[track_caller]
pub fn default_wake_function(woken: &Woken<'_>) -> Result<bool, EndWakeUp> {
    Ok(woken.wake())
}

/// [`Woken::wake_and_remove`], as a [`WakeFunction`].
///
/// # Errors
/// None.
#[track_caller]
pub fn autoremove_wake_function(woken: &Woken<'_>) -> Result<bool, EndWakeUp> {
    Ok(woken.wake_and_remove())
}

/// [`Woken::wake_in_wait_woken`], as a [`WakeFunction`]: `WaitQueueEntry::with_function(woken_wake_function, 0)` is for
/// [`wait_woken`](crate::wait_woken).
///
/// # Errors
/// None.
#[track_caller]
pub fn woken_wake_function(woken: &Woken<'_>) -> Result<bool, EndWakeUp> {
    Ok(woken.wake_in_wait_woken())
}

/// Takes a linked node off its queue, whose lock is held.
pub(crate) fn remove_held(node: &Node) {
    // SAFETY: a linked node's queue outlives it.
    if let Some(wq) = unsafe { node.queue.get().as_ref() } {
        wq.unlink(node);
    }
}

/// Says in `node` that it was woken, in a step that writes it.
pub(crate) fn set_woken(node: &Node, place: Place) {
    step(&woken_step(node, Op::WriteOnce, Mode::Write, place).ordered(true, true));
    // A full barrier: pairs with the one in `wait_woken`.
    node.woken.store(1, SeqCst);
}

pub(crate) fn woken_step(node: &Node, op: Op, mode: Mode, place: Place) -> Step {
    Step::new(op, mode, ptr::from_ref(&node.woken).addr(), 4, place).named(Some("a wait queue entry"), None)
}

/// The function of entries that have one of Rust.
///
/// # Safety
/// `entry` is the first field of a [`WaitQueueEntry`] that has a function, and is linked; its queue's lock is held.
unsafe extern "C" fn call_function(
    entry: *const RawWaitQueueEntry,
    mode: c_uint,
    flags: c_int,
    key: *const (),
) -> c_int {
    // SAFETY: the caller's contract.
    let entry = unsafe { &*entry.cast::<WaitQueueEntry<'_>>() };
    let woken = Woken { node: &entry.node, private: entry.private, mode, flags, key };
    match entry.function.map_or(Ok(false), |function| function(&woken)) {
        Ok(woken) => c_int::from(woken),
        Err(EndWakeUp) => -1,
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
    let signalled = entry.put_for_event(wq, entry.node.flags.get() & WQ_FLAG_EXCLUSIVE, state, Place::caller());
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

/// Puts `entry` on `wq`; wake-ups leave it there. The state is the caller's affair. Task context; does not sleep.
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

/// [`add_wait_queue_exclusive`], but before all others.
#[track_caller]
pub fn add_wait_queue_priority<'q>(wq: &'q WaitQueueHead, entry: Pin<&WaitQueueEntry<'q>>) {
    entry.put(wq, WQ_FLAG_EXCLUSIVE | WQ_FLAG_PRIORITY, None, Place::caller());
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
