//! Waiting as a [`Future`], with any executor.
//!
//! A future's entry holds a [`Waker`] in place of a task. Whoever wakes the queue takes the entry off, and calls the waker
//! when the queue's lock is released: it is others' code. A future that is dropped takes its entry off.

use crate::completion::Completion;
use crate::queue::{FUTURE, Node, WaitQueueHead};
use crate::schedule::{Barrier, schedule_at, set_current_state_at, wake_up_process};
use crate::task::{TASK_RUNNING, TASK_UNINTERRUPTIBLE, Task, current};
use crate::wait_bit::{WaitBitKey, var_waitqueue};
use core::cell::Cell;
use core::future::Future;
use core::marker::PhantomPinned;
use core::mem::MaybeUninit;
use core::pin::{Pin, pin};
use core::sync::atomic::{Ordering::SeqCst, fence};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use ringzero_context::at;
use ringzero_machine::{Op, Place};

/// How many wakers are called at once.
const BATCH: usize = 8;

/// Wakers that are to be called when a lock is released.
pub(crate) struct Batch {
    wakers: [MaybeUninit<Waker>; BATCH],
    len: usize,
}

impl Batch {
    pub(crate) const fn new() -> Self {
        Self { wakers: [const { MaybeUninit::uninit() }; BATCH], len: 0 }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.len == BATCH
    }

    /// Panics if it is full.
    pub(crate) fn push(&mut self, waker: Waker) {
        self.wakers[self.len].write(waker);
        self.len += 1;
    }

    /// Calls them all; whether it was full.
    #[inline]
    pub(crate) fn wake_all(&mut self) -> bool {
        let full = self.is_full();
        let len = core::mem::take(&mut self.len);
        for waker in &mut self.wakers[..len] {
            // SAFETY: the first `len` were pushed, and are taken once.
            unsafe { waker.assume_init_read() }.wake();
        }
        full
    }
}

/// A future's entry. Its node is on a queue as long as it is registered and nobody has woken it.
#[repr(C)]
struct Entry {
    node: Node,
    /// What it is woken for; a wake-up for something else passes it by. Changed while it is on no queue.
    key: Cell<Option<WaitBitKey>>,
    /// Touched while the queue's lock is held.
    waker: Cell<Option<Waker>>,
    pinned: PhantomPinned,
}

// SAFETY: its cells are touched while the queue's lock is held, or while it is on no queue by whoever polls or drops it;
// `home` by these only, who are alone. A `Waker` may be sent.
unsafe impl Send for Entry {}

impl Entry {
    const fn new() -> Self {
        Self { node: Node::new(FUTURE), key: Cell::new(None), waker: Cell::new(None), pinned: PhantomPinned }
    }

    /// Puts it on `wq`, if it is not there, to be woken for `key` through `waker`.
    ///
    /// # Safety
    /// `wq` is alive until [`Entry::leave`], which comes before this entry moves or dies.
    unsafe fn register(&self, wq: &WaitQueueHead, key: Option<WaitBitKey>, waker: &Waker, place: Place) {
        self.node.home.set(wq);
        let (waker, mut old) = (waker.clone(), None);
        wq.with_lock(Op::WaitqueueAdd, place, || {
            old = self.waker.replace(Some(waker));
            self.key.set(key);
            wq.link(&self.node);
        });
        // As in `WaitQueueEntry::put`.
        fence(SeqCst);
        drop(old);
    }

    /// Takes it off the queue that it was put on.
    fn leave(&self, place: Place) {
        // SAFETY: alive, as `register` was promised.
        if let Some(wq) = unsafe { self.node.home.replace(core::ptr::null()).as_ref() } {
            let mut old = None;
            wq.with_lock(Op::WaitqueueRemove, place, || {
                wq.unlink(&self.node);
                old = self.waker.take();
            });
            drop(old);
        }
    }
}

/// The waker of a linked node of a future, if it is to be woken for `key`. Its queue's lock is held.
pub(crate) fn waker_of(node: &Node, key: *const ()) -> Option<Waker> {
    // SAFETY: only `Entry`s have nodes with that flag, as their first field, and linked ones are alive.
    let entry = unsafe { &*core::ptr::from_ref(node).cast::<Entry>() };
    // SAFETY: whoever wakes a queue with entries that have a key brings one, too.
    if entry.key.get().is_some_and(|own| !unsafe { own.is(key) }) {
        return None;
    }
    entry.waker.take()
}

/// A [`Future`] that is ready once a condition holds, as [`wait_event`](crate::wait_event) returns then: see [`event`].
///
/// ```
/// use ringzero::wait::{Event, WaitQueueHead, block_on, event, wake_up};
/// use ringzero::{Machine, atomic::Atomic, kthread::kthread_run};
/// ringzero::global! {
///     static READY: Atomic = Atomic::new(0);
///     static QUEUE: WaitQueueHead = WaitQueueHead::new();
/// }
/// let init = || {
///     kthread_run(|| { READY.set(1); wake_up(&QUEUE); }, "waker");
///     let ready: Event<'_, _> = event(&QUEUE, || READY.read() == 1);
///     block_on(async { ready.await; });
/// };
/// Machine::host().cpus(2).boot(init).assert_clean();
/// ```
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct Event<'q, F> {
    wq: &'q WaitQueueHead,
    condition: F,
    entry: Entry,
    place: Place,
}

impl core::fmt::Debug for Entry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Entry")
    }
}

/// [`wait_event`](crate::wait_event) for `async` code: `event(&wq, || ready()).await`. The condition is tested when the
/// future is polled, and must not block. Whoever makes it true wakes `wq` after that. It may be dropped at any time.
///
/// Context of each poll, and of the end: any in which the queue may be locked, so any but an NMI.
#[track_caller]
pub fn event<F: FnMut() -> bool>(wq: &WaitQueueHead, condition: F) -> Event<'_, F> {
    Event { wq, condition, entry: Entry::new(), place: Place::caller() }
}

impl<F: FnMut() -> bool> Future for Event<'_, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the entry is not moved; the condition is never pinned.
        let this = unsafe { self.get_unchecked_mut() };
        if !(this.condition)() {
            // SAFETY: the queue outlives `self`, which is pinned, and whose end takes the entry off.
            unsafe { this.entry.register(this.wq, None, cx.waker(), this.place) };
            if !(this.condition)() {
                return Poll::Pending;
            }
        }
        this.entry.leave(this.place);
        Poll::Ready(())
    }
}

impl<F> Drop for Event<'_, F> {
    fn drop(&mut self) {
        self.entry.leave(self.place);
    }
}

/// A [`Future`] that is ready once it has taken one of a [`Completion`]: see [`Completion::wait_async`].
///
/// ```
/// use ringzero::completion::{Completion, CompletionFuture};
/// use ringzero::{Machine, kthread::kthread_run, wait::block_on};
/// ringzero::global! {
///     static DONE: Completion = Completion::new();
/// }
/// let init = || {
///     kthread_run(|| DONE.complete(), "worker");
///     let done: CompletionFuture<'_> = DONE.wait_async();
///     block_on(done);
/// };
/// Machine::host().cpus(2).boot(init).assert_clean();
/// ```
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct CompletionFuture<'a> {
    completion: &'a Completion,
    entry: Entry,
    place: Place,
}

impl Completion {
    /// [`Completion::wait_for_completion`] for `async` code. It may be dropped at any time; it takes nothing before it is
    /// ready.
    ///
    /// Context of each poll, and of the end: any but NMI.
    #[track_caller]
    pub fn wait_async(&self) -> CompletionFuture<'_> {
        CompletionFuture { completion: self, entry: Entry::new(), place: Place::caller() }
    }
}

impl Future for CompletionFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: nothing is moved.
        let this = unsafe { self.get_unchecked_mut() };
        if !this.completion.take_or_ask(false, this.place) {
            let (wq, key) = var_waitqueue(this.completion.word_address());
            // SAFETY: those queues live as long as the machine's instance; the end of `self`, which is pinned, takes the
            // entry off.
            unsafe { this.entry.register(wq, Some(key), cx.waker(), this.place) };
            if !this.completion.take_or_ask(true, this.place) {
                return Poll::Pending;
            }
        }
        this.entry.leave(this.place);
        Poll::Ready(())
    }
}

impl Drop for CompletionFuture<'_> {
    fn drop(&mut self) {
        self.entry.leave(self.place);
    }
}

/// Runs a future to its end on the running task, which sleeps while it waits.
///
/// Context: task, sleeps: finding `sleep-in-atomic` elsewhere.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let place = Place::caller();
    at::might_sleep("block_on()", place);
    let mut future = pin!(future);
    let waker = waker_for(current());
    let mut cx = Context::from_waker(&waker);
    loop {
        // The state first: a wake-up that comes while it is polled is not lost (crate invariant 2).
        set_current_state_at(TASK_UNINTERRUPTIBLE, Barrier::Full, place);
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            set_current_state_at(TASK_RUNNING, Barrier::None, place);
            return output;
        }
        schedule_at(place);
    }
}

/// A waker that wakes `task`.
fn waker_for(task: &'static Task) -> Waker {
    task.hold(Place::here());
    // SAFETY: the table's functions take such a pointer, from any thread, and count.
    unsafe { Waker::from_raw(RawWaker::new(core::ptr::from_ref(task).cast(), &TABLE)) }
}

const TABLE: RawWakerVTable = RawWakerVTable::new(
    clone_waker,
    |task| {
        // SAFETY: as `task_of` asks; and again.
        unsafe {
            wake_up_process(task_of(task));
            drop_waker(task);
        }
    },
    |task| {
        // SAFETY: as `task_of` asks.
        wake_up_process(unsafe { task_of(task) });
    },
    drop_waker,
);

/// # Safety
/// `task` is the pointer of a waker that is alive: a task, to which the waker has a reference if they count.
unsafe fn task_of(task: *const ()) -> &'static Task {
    // SAFETY: the caller's contract.
    unsafe { &*task.cast::<Task>() }
}

/// # Safety
/// As [`task_of`].
unsafe fn clone_waker(task: *const ()) -> RawWaker {
    // SAFETY: the caller's contract.
    unsafe { task_of(task) }.hold(Place::here());
    RawWaker::new(task, &TABLE)
}

/// # Safety
/// As [`task_of`]; the waker is gone after it.
unsafe fn drop_waker(task: *const ()) {
    // SAFETY: the caller's contract.
    unsafe { task_of(task) }.let_go(Place::here());
}
