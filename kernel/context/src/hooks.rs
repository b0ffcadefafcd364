//! What this crate calls in the crates above it, and what it remembers for reports.

use core::cell::Cell;
use core::sync::atomic::AtomicBool;
use ringzero_machine::{Place, define_per_cpu, machine_local, model};

/// What sleeping means to a crate above: workers' sleeps let others go on (`workqueue`).
///
/// ```
/// use ringzero::context::{HOOKS, SleepHook};
/// // The work queues are told: when a worker sleeps, another one goes on.
/// let hook: Option<SleepHook> = HOOKS.sleep.get();
/// assert!(hook.is_some());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SleepHook {
    /// The running task may give up its CPU from now on. Called in a task that may sleep; may take steps. The object that
    /// the step which ends the sleep has to write as well, or 0 if the task is of no interest.
    pub begins: fn(Place) -> usize,
    /// The sleep has ended, in the step just taken, which wrote that object. Takes no step.
    pub ends: fn(),
}

/// How a task that sleeps drops the big kernel lock (`sleeping`).
///
/// ```
/// use ringzero::context::{BigLockHook, HOOKS};
/// let hook: Option<BigLockHook> = HOOKS.big_lock.get();
/// assert!(hook.is_some_and(|hook| !(hook.held)()), "nobody holds it here");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BigLockHook {
    /// Whether the running task holds it.
    pub held: fn() -> bool,
    /// Drops it if the running task holds it: how deep that was, or 0. May take steps.
    pub drop: fn(Place) -> u32,
    /// Takes it again, so deep. May sleep.
    pub retake: fn(u32, Place),
}

/// Installed by the crates above, at boot of each instance. Empty hooks do nothing.
///
/// ```
/// use ringzero::context::{HOOKS, Hooks};
/// let hooks: &Hooks = HOOKS.get();
/// assert!(hooks.softirq.get().is_some(), "local_bh_enable() runs pending softirqs");
/// ```
#[derive(Debug)]
pub struct Hooks {
    /// Runs the pending softirqs of this CPU. Called by `local_bh_enable` in a task, with interrupts on, bottom halves
    /// enabled and preemption disabled; must return the same way. Installed by `softirq::init()`.
    pub softirq: Cell<Option<fn(Place)>>,
    /// Called around each wait that may sleep. Installed by `workqueue::init()`.
    pub sleep: Cell<Option<SleepHook>>,
    /// Called around each sleep once the big kernel lock is used. Installed by `sleeping::init()`.
    pub big_lock: Cell<Option<BigLockHook>>,
    /// Somebody has taken the big kernel lock, ever.
    pub big_lock_used: AtomicBool,
}

machine_local! {
    /// The hooks of this instance.
    pub static HOOKS: Hooks = Hooks {
        softirq: Cell::new(None),
        sleep: Cell::new(None),
        big_lock: Cell::new(None),
        big_lock_used: AtomicBool::new(false),
    };
}

/// Where the running context became atomic, for the second line of a report. Right as long as it is atomic: contexts
/// above it begin atomic already.
struct Since {
    counted: Cell<Option<Place>>,
    masked: Cell<Option<Place>>,
}

define_per_cpu! {
    static SINCE: Since = Since { counted: Cell::new(None), masked: Cell::new(None) };
}

/// Notes that the count leaves zero at `place`. Outside a machine there is nobody to tell.
#[inline]
pub(crate) fn note_counted(place: Place) {
    if model().is_some() {
        SINCE.this().counted.set(Some(place));
    }
}

/// Notes that interrupts go off at `place`.
#[inline]
pub(crate) fn note_masked(place: Place) {
    if model().is_some() {
        SINCE.this().masked.set(Some(place));
    }
}

/// Where the count left zero.
pub(crate) fn counted_since() -> Option<Place> {
    model().is_some().then(|| SINCE.this().counted.get()).flatten()
}

/// Where interrupts went off.
pub(crate) fn masked_since() -> Option<Place> {
    model().is_some().then(|| SINCE.this().masked.get()).flatten()
}
