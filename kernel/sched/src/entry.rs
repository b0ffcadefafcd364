//! The entries of wait queues: what is linked, what owns it, and what its wake function sees.

use crate::queue::WaitQueueHead;
use crate::raw::RawWaitQueueEntry;
use crate::schedule::{Barrier, set_state_at, unwinds, wake_up_also_at};
use crate::task::{TASK_RUNNING, Task, try_current};
use core::cell::Cell;
use core::ffi::{c_int, c_uint};
use core::fmt;
use core::marker::{PhantomData, PhantomPinned};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst, fence};
use ringzero_context::violation;
use ringzero_machine::{Mode, Op, Place, Step, step};

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

/// Where an entry is linked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linked {
    Nowhere,
    /// On the queue in question.
    Here,
    /// On another one.
    Elsewhere,
}

/// The `next` of a node on no queue that `remove_wait_queue()` may not be called for: it was never put, or was taken off
/// so. Null after all else that takes an entry off, and of entries that are made for [`prepare_to_wait`](crate::prepare_to_wait).
pub(crate) const NO_LIST: *const Node = ptr::without_provenance(1);

/// What is linked: the entry without its lifetime.
#[repr(C)]
pub(crate) struct Node {
    pub(crate) flags: Cell<u32>,
    /// [`MAGIC`](crate::RawWaitQueueEntry::MAGIC) in an entry that C code made; else 0.
    pub(crate) magic: Cell<u32>,
    /// Whom to wake: a task, or what the entry's own function makes of it.
    pub(crate) private: Cell<*const ()>,
    /// What wakers do with an entry of C code, if that is not waking the task.
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
    /// The first field: [`call`] gets from it to the others.
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
        Self::made(None, 0)
    }

    /// An entry whose wakers call `function`, which finds `private` in it.
    #[doc(alias("init_waitqueue_func_entry", "DEFINE_WAIT_FUNC"))]
    #[must_use]
    pub const fn with_function(function: WakeFunction, private: usize) -> Self {
        Self::made(Some(function), private)
    }

    const fn made(function: Option<WakeFunction>, private: usize) -> Self {
        let node = Node { next: Cell::new(NO_LIST), ..Node::new(0) };
        Self { node, function, private, queue: PhantomData, pinned: PhantomPinned }
    }

    pub(crate) const fn node(&self) -> &Node {
        &self.node
    }

    /// Sets the running task's state if there is one to set, and puts it on `wq`: in this order, so that a waker who
    /// finds the entry finds the state too (invariant 4). Whether a signal ends a sleep in that state already.
    pub(crate) fn put(&self, wq: &'q WaitQueueHead, flags: u32, state: Option<u32>, place: Place) -> bool {
        let signalled = set_state(try_current(), state, place);
        let linked = self.put_in_step(wq, flags, state.is_some(), place);
        if linked == Linked::Here && state.is_none() {
            misuse(TWICE, place);
        }
        signalled
    }

    /// [`put`](Self::put) unless a signal ends a sleep in `state`: then it is taken off, so that no later wake-up is used
    /// up by it. Whether that is so.
    pub(crate) fn put_for_event(&self, wq: &'q WaitQueueHead, flags: u32, state: u32, place: Place) -> bool {
        let signalled = set_state(try_current(), Some(state), place);
        if signalled {
            self.take(wq, Some(TASK_RUNNING), place);
        } else {
            self.put_in_step(wq, flags, true, place);
        }
        signalled
    }

    fn put_in_step(&self, wq: &'q WaitQueueHead, flags: u32, autoremove: bool, place: Place) -> Linked {
        self.leave_others(wq, place);
        let (node, task, mut linked) = (&self.node, try_current(), Linked::Nowhere);
        node.home.set(wq);
        wq.with_lock(Op::WaitqueueAdd, place, || {
            node.private.set(task.map_or(ptr::null(), |task| ptr::from_ref(task).cast()));
            node.autoremove.set(autoremove);
            node.flags.set(flags);
            linked = wq.link(node);
        });
        // Pairs with the fence in `wake_up`: it sees the entry, or the test of the condition that comes now sees what came
        // before it.
        fence(SeqCst);
        linked
    }

    /// Puts it on `wq`, whose lock is held, if it is not there, and sets the running task's state: in this order, since
    /// nobody looks before the lock is released. Whether a signal ends a sleep in that state already.
    pub(crate) fn put_locked(&self, wq: &'q WaitQueueHead, flags: u32, state: u32, place: Place) -> bool {
        let (node, task) = (&self.node, try_current());
        node.home.set(wq);
        wq.announce_change(Op::WaitqueueAdd, place);
        node.private.set(task.map_or(ptr::null(), |task| ptr::from_ref(task).cast()));
        node.flags.set(flags);
        wq.link_at(node, true);
        set_state(task, Some(state), place)
    }

    /// Takes it off `wq`, whose lock is held, if it is there. The running task runs again.
    pub(crate) fn take_locked(&self, wq: &WaitQueueHead, place: Place) {
        wq.announce_change(Op::WaitqueueRemove, place);
        wq.unlink(&self.node);
        self.node.home.set(ptr::null());
        set_state(try_current(), Some(TASK_RUNNING), place);
    }

    /// Sets the running task's state if there is one to set, and takes it off `wq` if it is still there.
    pub(crate) fn take(&self, wq: &WaitQueueHead, state: Option<u32>, place: Place) {
        self.leave_others(wq, place);
        set_state(try_current(), state, place);
        let (node, mut linked, mut no_list) = (&self.node, Linked::Nowhere, false);
        wq.with_lock(Op::WaitqueueRemove, place, || {
            no_list = node.next.get() == NO_LIST;
            linked = wq.unlink(node);
            if state.is_none() {
                node.next.set(NO_LIST);
            }
        });
        node.home.set(ptr::null());
        if linked == Linked::Nowhere && no_list && state.is_none() {
            misuse(NOT_THERE, place);
        }
    }

    /// Finding `warn` if its context has put it on another queue than `wq` and not taken it off: then it comes off there,
    /// where it would be left behind otherwise.
    fn leave_others(&self, wq: &WaitQueueHead, place: Place) {
        let home = self.node.home.get();
        if home.is_null() || home == ptr::from_ref(wq) {
            return;
        }
        // SAFETY: the queue is alive: `'q` outlives this entry.
        self.leave(unsafe { &*home }, place);
        misuse(ELSEWHERE, place);
    }

    /// Takes it off `home`, whose lock another entry's context may hold.
    fn leave(&self, home: &WaitQueueHead, place: Place) {
        home.with_lock(Op::WaitqueueRemove, place, || _ = home.unlink(&self.node));
        self.node.home.set(ptr::null());
    }
}

pub(crate) const TWICE: &str = "is put on a wait queue that it is on already";
pub(crate) const NOT_THERE: &str = "is taken off a wait queue, but was never put on it, or was taken off before";
pub(crate) const ELSEWHERE: &str = "is on another wait queue than this one";

/// Finding `warn`: in Linux the queue's list is damaged, or the queue that the entry is on.
#[cold]
pub(crate) fn misuse(what: &str, place: Place) {
    violation("warn", place, None, format_args!("list corruption: this wait queue entry {what}"));
}

/// Sets the state of `task`, the running one, if there is one to set, with a barrier behind it if it is one to sleep in;
/// whether a signal ends a sleep in it already.
pub(crate) fn set_state(task: Option<&Task>, state: Option<u32>, place: Place) -> bool {
    let (Some(task), Some(state)) = (task, state) else { return false };
    set_state_at(task, state, if state == TASK_RUNNING { Barrier::None } else { Barrier::Full }, place)
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
        wake_task(self.node, self.mode, Place::caller())
    }

    /// [`wake`](Self::wake) that takes the entry off the queue if the task slept: what `prepare_to_wait` is for.
    #[doc(alias = "autoremove_wake_function")]
    #[track_caller]
    pub fn wake_and_remove(&self) -> bool {
        wake_and_remove(self.node, self.mode, Place::caller())
    }

    /// [`wake`](Self::wake) for a task that sleeps in [`wait_woken`](crate::wait_woken).
    #[doc(alias = "woken_wake_function")]
    #[track_caller]
    pub fn wake_in_wait_woken(&self) -> bool {
        set_woken(self.node, Place::caller());
        self.wake()
    }

    /// Takes the entry off the queue.
    #[track_caller]
    pub fn remove(&self) {
        remove_held(self.node, Place::caller());
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

/// Takes a linked node off its queue, whose lock is held, in a step.
fn remove_held(node: &Node, place: Place) {
    // SAFETY: a linked node's queue outlives it.
    if let Some(wq) = unsafe { node.queue.get().as_ref() } {
        wq.announce_change(Op::WaitqueueRemove, place);
        wq.unlink(node);
    }
}

/// Wakes the task of a linked node if its state has a bit of `mode`, and whether it had. The step says that the node may
/// leave its queue with it, whose lock is held.
pub(crate) fn wake_task(node: &Node, mode: u32, place: Place) -> bool {
    // SAFETY: a linked node's queue outlives it.
    let linked = unsafe { node.queue.get().as_ref() }.map_or(0, WaitQueueHead::linked_address);
    node.task().is_some_and(|task| wake_up_also_at(task, mode, linked, place))
}

/// [`wake_task`], and takes the node off its queue if that was so.
pub(crate) fn wake_and_remove(node: &Node, mode: u32, place: Place) -> bool {
    let woken = wake_task(node, mode, place);
    // SAFETY: a linked node's queue outlives it.
    if woken && let Some(wq) = unsafe { node.queue.get().as_ref() } {
        wq.unlink(node);
    }
    woken
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

/// Calls the function of an entry that has one of Rust; `None`: it has none.
///
/// # Safety
/// `node` is the first field of a [`WaitQueueEntry`], and is linked; its queue's lock is held.
pub(crate) unsafe fn call(node: &Node, mode: u32, flags: i32, key: *const ()) -> Option<i32> {
    // SAFETY: the caller's contract.
    let entry = unsafe { &*ptr::from_ref(node).cast::<WaitQueueEntry<'_>>() };
    let function = entry.function?;
    Some(match function(&Woken { node: &entry.node, private: entry.private, mode, flags, key }) {
        Ok(woken) => i32::from(woken),
        Err(EndWakeUp) => -1,
    })
}
