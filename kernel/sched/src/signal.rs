//! Signals to tasks, as far as kernel code meets them: they end sleeps.
//!
//! A task has a set of signals that it *accepts*, and those that are *pending*. What sleeps have to know of them is the
//! upper half of the task's word, beside its state: so `schedule()`'s condition is one of one word.
//!
//! A task that waits on an object's word ([`WaitWord`](crate::WaitWord)) *listens*: it has left word where to poke. Whoever
//! sends a signal takes that note, pokes, and says that it has done; the task's wait does not end before (crate
//! invariant 14).

use crate::errno::EINVAL;
use crate::schedule::woken_by;
use crate::task::{TASK_INTERRUPTIBLE, TASK_WAKEKILL, Task, current, try_current};
use crate::word::On;
use core::cell::Cell;
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, SeqCst},
};
use ringzero_context::wait_asleep;
use ringzero_machine::{Cond, Mode, Op, Place, StepLock, model, step};

/// The signal that cannot be handled, and kills.
pub const SIGKILL: u32 = 9;
/// The greatest signal.
pub const SIGRTMAX: u32 = 64;

/// In a task's signal word: a signal is pending.
pub(crate) const PENDING: u32 = 1;
/// In a task's signal word: a fatal one is.
pub(crate) const FATAL: u32 = 2;
/// In a task's signal word: what it listens on is about to be poked. On the model only.
const POKING: u32 = 4;

const fn bit(sig: u32) -> u64 {
    1 << (sig - 1)
}

/// A task's signals.
#[repr(C)]
pub(crate) struct Signals {
    /// What makes a change of several of these, and of the task's signal word, one step.
    lock: StepLock,
    /// Changed by the task itself only.
    accepted: AtomicU64,
    pending: AtomicU64,
    /// What the task waits on, and the bits of its signal word that end the wait. Touched while the lock is held.
    listens: Cell<Option<(On, u32)>>,
}

impl Signals {
    /// None pending, and all accepted or none.
    pub(crate) const fn new(all: bool) -> Self {
        Self {
            lock: StepLock::new(),
            accepted: AtomicU64::new(if all { u64::MAX } else { 0 }),
            pending: AtomicU64::new(0),
            listens: Cell::new(None),
        }
    }
}

/// Whether signals as in `bits` end a sleep in `state`.
#[inline]
pub(crate) const fn ends_sleep(state: u32, bits: u32) -> bool {
    bits & PENDING != 0 && state & TASK_INTERRUPTIBLE != 0 || bits & FATAL != 0 && state & TASK_WAKEKILL != 0
}

impl Task {
    /// Whether a signal can come to it: for the running task, which alone changes that.
    pub(crate) fn hears(&self) -> bool {
        self.signals.accepted.load(Relaxed) != 0 && !self.works()
    }

    /// Whether one of these bits says that a signal is pending. Within a step on the task's word.
    pub(crate) fn heard(&self, mask: u32) -> bool {
        self.signal.load(Acquire) & mask != 0
    }

    /// Leaves word, if it is to stay, of what the running task is going to wait on: a step, unless a signal is pending
    /// already; whether none is.
    pub(crate) fn listen(&self, on: On, mask: u32, stays: bool, place: Place) -> bool {
        let _in = self.signals.lock.enter(&self.state_step(Op::SignalPending, Mode::Read, place));
        let silent = !self.heard(mask);
        if silent && stays {
            self.signals.listens.set(Some((on, mask)));
        }
        silent
    }

    /// Takes it back, as a part of the step just taken, which touched the task's word; whether somebody is about to poke.
    pub(crate) fn listen_no_more(&self) -> bool {
        let _in = self.signals.lock.lock();
        self.signals.listens.set(None);
        self.heard(POKING)
    }

    /// Waits until who was about to poke has done so.
    pub(crate) fn wait_for_poke(&self, place: Place) {
        let announced = self.state_step(Op::SignalPending, Mode::Read, place).ordered(true, false);
        wait_asleep(&announced, Cond::at(self.word_address(), 8, |w, _| (w >> 32) as u32 & POKING == 0, 0), || ());
    }

    /// Makes what is pending known to sleeps. The lock is held.
    fn tell(&self, pending: u64) {
        self.signals.pending.store(pending, Relaxed);
        let bits = if pending != 0 { PENDING } else { 0 } | if pending & bit(SIGKILL) != 0 { FATAL } else { 0 };
        // Full barriers here and on the state: either the sleep that begins now sees it, or `deliver` sees the state.
        self.signal.store(self.signal.load(Relaxed) & POKING | bits, SeqCst);
    }

    /// Makes `sig` pending, and ends the sleep that it ends; what is left to poke. The lock is held.
    fn deliver(&self, sig: u32) -> Option<On> {
        let signals = &self.signals;
        if signals.accepted.load(Relaxed) & bit(sig) == 0 {
            return None;
        }
        self.tell(signals.pending.load(Relaxed) | bit(sig));
        woken_by(self, TASK_INTERRUPTIBLE | if sig == SIGKILL { TASK_WAKEKILL } else { 0 });
        let (on, _) = signals.listens.get().filter(|(_, mask)| self.heard(*mask))?;
        if model().is_none() {
            // The task cannot stop listening meanwhile.
            on.poked();
            return None;
        }
        signals.listens.set(None);
        self.signal.fetch_or(POKING, Relaxed);
        Some(on)
    }

    fn send(&self, sig: u32, place: Place) {
        let announced = self.state_step(Op::SendSig, Mode::Rmw, place).ordered(false, true);
        let on = self.signals.lock.within(&announced, || self.deliver(sig));
        if let Some(on) = on {
            on.poke(|| ());
            step(&announced);
            self.signal.fetch_and(!POKING, Relaxed);
        }
    }

    /// Forgets all signals, without a step.
    pub(crate) fn forget_signals(&self) {
        let _in = self.signals.lock.lock();
        self.tell(0);
    }

    /// Changes the running task's signals in a step.
    fn change_signals<R>(&self, op: Op, place: Place, change: impl FnOnce(&Signals) -> R) -> R {
        self.signals.lock.within(&self.state_step(op, Mode::Rmw, place), || change(&self.signals))
    }
}

/// Sends signal `sig` to `task`: 0, or `-EINVAL` if there is no such signal. It is pending from then on, unless the task
/// does not accept it, and ends the interruptible sleep of the task, [`SIGKILL`] also a killable one. Signal 0 is not sent.
///
/// A task accepts all signals, a kernel thread none but those that it [allows](allow_signal). What a signal does to a
/// program is nobody's affair here; only [`SIGKILL`] is fatal.
///
/// Context: any but NMI. Never sleeps. A release.
#[doc(alias("send_sig_info", "group_send_sig_info"))]
#[track_caller]
pub fn send_sig(sig: u32, task: &Task) -> i32 {
    if sig > SIGRTMAX {
        return -EINVAL;
    }
    if sig != 0 {
        task.send(sig, Place::caller());
    }
    0
}

/// Sends a signal to the running task, which accepts it from now on. Panics if there is no such signal.
///
/// Context: task. Never sleeps.
#[track_caller]
pub fn force_sig(sig: u32) {
    let place = Place::caller();
    allow_signal_at(sig, place);
    current().send(sig, place);
}

/// Lets the running task accept signal `sig`. Panics if there is no such signal.
///
/// Context: task. Never sleeps.
#[track_caller]
pub fn allow_signal(sig: u32) {
    allow_signal_at(sig, Place::caller());
}

#[track_caller]
fn allow_signal_at(sig: u32, place: Place) {
    assert!((1..=SIGRTMAX).contains(&sig), "there is no signal {sig}");
    let task = current();
    task.change_signals(Op::AllowSignal, place, |signals| {
        signals.accepted.store(signals.accepted.load(Relaxed) | bit(sig), Relaxed);
    });
}

/// Lets the running task not accept signal `sig` any more; one that is pending is forgotten. Panics if there is no such
/// signal.
///
/// Context: task. Never sleeps.
#[track_caller]
pub fn disallow_signal(sig: u32) {
    assert!((1..=SIGRTMAX).contains(&sig), "there is no signal {sig}");
    let task = current();
    task.change_signals(Op::AllowSignal, Place::caller(), |signals| {
        signals.accepted.store(signals.accepted.load(Relaxed) & !bit(sig), Relaxed);
        task.tell(signals.pending.load(Relaxed) & !bit(sig));
    });
}

/// Forgets what signals are pending for `task`.
///
/// Context: any but NMI. Never sleeps.
#[track_caller]
pub fn flush_signals(task: &Task) {
    task.change_signals(Op::FlushSignals, Place::caller(), |_| task.tell(0));
}

/// Takes the running task's next pending signal, a fatal one first, then the least; `None` if there is none.
///
/// Context: task. Never sleeps.
#[doc(alias("dequeue_signal", "dequeue_signal_lock"))]
#[track_caller]
pub fn kernel_dequeue_signal() -> Option<u32> {
    let task = current();
    if !task.hears() {
        return None;
    }
    task.change_signals(Op::DequeueSignal, Place::caller(), |signals| {
        let pending = signals.pending.load(Relaxed);
        let sig = if pending & bit(SIGKILL) != 0 { SIGKILL } else { pending.trailing_zeros() + 1 };
        let sig = (pending != 0).then_some(sig)?;
        task.tell(pending & !bit(sig));
        Some(sig)
    })
}

/// Bits of a task's signal word, in a step; none without one, where no signal can come.
fn bits(task: &Task, place: Place) -> u32 {
    if try_current().is_some_and(|running| core::ptr::eq(running, task)) && !task.hears() {
        return 0;
    }
    step(&task.state_step(Op::SignalPending, Mode::Read, place));
    task.signal.load(Acquire)
}

/// Whether a signal is pending for `task`. A task that was woken in an interruptible sleep asks this of itself.
///
/// Context: any. Never sleeps.
#[must_use]
#[track_caller]
pub fn signal_pending(task: &Task) -> bool {
    bits(task, Place::caller()) & PENDING != 0
}

/// Whether a fatal signal is pending for `task`.
///
/// Context: any. Never sleeps.
#[doc(alias = "__fatal_signal_pending")]
#[must_use]
#[track_caller]
pub fn fatal_signal_pending(task: &Task) -> bool {
    bits(task, Place::caller()) & FATAL != 0
}

/// Whether a signal is pending for `task` that ends a sleep in `state`.
///
/// Context: any. Never sleeps.
#[must_use]
#[track_caller]
pub fn signal_pending_state(state: u32, task: &Task) -> bool {
    signal_pending_state_at(state, task, Place::caller())
}

pub(crate) fn signal_pending_state_at(state: u32, task: &Task, place: Place) -> bool {
    ends_sleep(state, u32::MAX) && ends_sleep(state, bits(task, place))
}

/// A task's signal word at first.
pub(crate) const fn none() -> AtomicU32 {
    AtomicU32::new(0)
}
