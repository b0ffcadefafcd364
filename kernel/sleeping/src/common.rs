//! What these locks have in common.

use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};
use ringzero_context::{at, in_hardirq, in_nmi, in_task, panicking, violation};
use ringzero_machine::{HAS_LOCK_EVENTS, LockEvent, Mode, Op, Place, Step, cpu, lock_event, model, step};
use ringzero_sched::{EINTR, Interruption, Task, WaitError};

/// A signal kept the task from taking a lock. That ended a wait for an event or a completion is another type,
/// [`ringzero_sched::Interrupted`], with another error number.
///
/// ```
/// use ringzero::mutex::{Interrupted, Mutex};
/// /// What a system call returns.
/// fn value(of: &Mutex<i32>) -> i32 {
///     match of.lock_interruptible() {
///         Ok(held) => *held,
///         Err(signal) => signal.to_errno(),
///     }
/// }
/// assert_eq!((value(&Mutex::new(7)), Interrupted.to_errno()), (7, -4));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

impl Interrupted {
    /// The error number that Linux's functions return.
    #[must_use]
    pub const fn to_errno(self) -> i32 {
        -EINTR
    }
}

/// How often a task that finds a lock held looks again before it sleeps. A section is mostly shorter than this, and sleeping
/// and waking longer.
pub(crate) const SPINS: u32 = 100;

/// The running task's object.
#[inline(always)]
pub(crate) fn running() -> *mut () {
    cpu().current.get().cast_mut()
}

/// Counts a lock that the running task holds now, and alone may release; or, with `u32::MAX`, has released. The model knows
/// by itself.
#[inline(always)]
pub(crate) fn count_held(n: u32) {
    if model().is_none() {
        Task::count_held(n);
    }
}

/// Tells the validator, if there can be one.
#[inline(always)]
pub(crate) fn tell(event: impl FnOnce() -> LockEvent) {
    if HAS_LOCK_EVENTS {
        lock_event(&event());
    }
}

/// How a lock is to be taken.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// The function, for the report.
    pub call: &'static str,
    pub interruption: Interruption,
    pub subclass: u32,
    pub nest_lock: usize,
}

impl How {
    pub(crate) const fn call(call: &'static str) -> Self {
        Self { call, interruption: Interruption::Uninterruptible, subclass: 0, nest_lock: 0 }
    }

    pub(crate) const fn interruptible(self) -> Self {
        Self { interruption: Interruption::Interruptible, ..self }
    }

    pub(crate) const fn killable(self) -> Self {
        Self { interruption: Interruption::Killable, ..self }
    }

    pub(crate) const fn nested(self, subclass: u32) -> Self {
        Self { subclass, ..self }
    }

    pub(crate) const fn nest_lock(self, nest_lock: usize) -> Self {
        Self { nest_lock, ..self }
    }

    /// The event of taking a lock so.
    pub(crate) const fn event(&self, event: LockEvent) -> LockEvent {
        event.nested(self.subclass, self.nest_lock)
    }

    /// The caller has to be allowed to sleep.
    #[inline(always)]
    pub(crate) fn may_sleep(&self, place: Place) {
        at::might_sleep(self.call, place);
    }
}

/// While a thread unwinds from a panic, findings are silent; here it would have a second guard, `what` it is of. On threads
/// it gets none: this panic is the second one, which aborts the process. An execution of the model is over by then.
#[cold]
pub(crate) fn no_second_guard(call: &str, name: &str) {
    if model().is_none() {
        panic!("{call} of `{name}` by who holds it already, while a panic unwinds");
    }
}

/// Whether a wait goes on without what it waits for: when an execution of the model unwinds, whose waits are silent and whose
/// holders may belong to one that is over. Counts the rounds in `failed`.
#[cold]
pub(crate) fn is_over(failed: &mut u32) -> bool {
    *failed += 1;
    *failed > 10_000 && model().is_some() && panicking()
}

/// Of a wait without an end in time.
pub(crate) fn untimed(result: Result<u64, WaitError>) -> Result<(), Interrupted> {
    result.map(|_| ()).map_err(|_| Interrupted)
}

/// Finding where there is no task to own a lock.
#[inline(always)]
pub(crate) fn assert_task(call: &str, locks: &str, place: Place) {
    if !in_task() || cpu().irq_nesting.get() != 0 {
        no_task(call, locks, place);
    }
}

#[cold]
fn no_task(call: &str, locks: &str, place: Place) {
    let what = if in_nmi() {
        "an NMI"
    } else if in_hardirq() {
        "a hardirq"
    } else {
        "a softirq"
    };
    violation("sleep-in-atomic", place, None, format_args!("{call} in {what}: {locks} are for tasks only"));
}

/// Announces that the lock at `at` is initialised. Finding `warn` if somebody holds it.
pub(crate) fn announce_init(at: usize, size: u8, name: Option<&'static str>, what: &str, place: Place) {
    step(&Step::new(Op::InitObject, Mode::Write, at, size, place).named(name, Some(place)));
    if let Some(m) = model()
        && let Some(taken) = m.lock_holder(at)
    {
        let name = name.unwrap_or(what);
        violation("warn", place, Some(taken), format_args!("`{name}` is initialised while it is held"));
    }
}

/// Tells the model of a lock made at run time.
pub(crate) fn made(at: usize, size: usize, name: Option<&'static str>, what: &'static str, place: Place) {
    if let Some(m) = model() {
        m.object_made(at, size, place, name.unwrap_or(what));
    }
}

/// Where a lock was made that was initialised.
pub(crate) fn class_of(class: &AtomicPtr<()>) -> Option<Place> {
    // SAFETY: of a lock that was initialised it is null or comes from a `Place`.
    unsafe { Place::from_ptr(class.load(Relaxed)) }
}

/// A place that only these locks have stored.
pub(crate) fn place_of(at: &AtomicPtr<()>) -> Option<Place> {
    // SAFETY: null, or it comes from a `Place`.
    unsafe { Place::from_ptr(at.load(Relaxed)) }
}

/// A change of `word` as long as `change` allows it; whether it was made.
#[inline(always)]
pub(crate) fn update(
    word: &AtomicU32,
    order: core::sync::atomic::Ordering,
    mut change: impl FnMut(u32) -> Option<u32>,
) -> bool {
    word.fetch_update(order, Relaxed, &mut change).is_ok()
}
