//! What Linux had once: the big kernel lock.
//!
//! # Theory
//! One lock for all of the old code, held by a task. It nests; and a task that sleeps drops it, however deep it holds it, and has
//! it again when it goes on. So it protects only what happens between two sleeps, and never waits for a task that sleeps.
//!
//! It is a mutex, as it was last where the kernel was preemptible: a task that is preempted keeps it.
//!
//! **Invariants.**
//! 1. Only the holder reads or writes the depth, which is not 0 while it holds the lock.
//! 2. It is dropped in each call that would sleep, and in each [`schedule()`](ringzero_sched::schedule), right before that, and
//!    taken again right after it, before the call looks at what it waited for.
//!
//! **Differences from Linux.** A call that sleeps tries first in a step of its own, on the model, if its task holds the lock.

use crate::common::How;
use crate::raw::RawMutex;
use core::cell::Cell;
use core::sync::atomic::Ordering::Relaxed;
use ringzero_context::{BigLockHook, HOOKS, violation};
use ringzero_machine::{Place, machine_local};

struct BigLock {
    mutex: RawMutex,
    depth: Cell<u32>,
}

machine_local! {
    static BIG_LOCK: BigLock = BigLock { mutex: RawMutex::new().named("the big kernel lock"), depth: Cell::new(0) };
}

/// Makes sleeping tasks drop the lock. Called once at the boot of each instance.
pub(crate) fn init() {
    HOOKS.big_lock.set(Some(BigLockHook { held: kernel_locked, drop: drop_all, retake }));
}

/// Takes the big kernel lock, once more if the running task holds it already.
///
/// Context: task; sleeps if it does not hold it.
///
/// ```
/// use ringzero::{Machine, legacy::{kernel_locked, lock_kernel, unlock_kernel}, sched::schedule};
/// Machine::host()
///     .boot(|| {
///         lock_kernel();
///         lock_kernel();
///         schedule(); // others may have held it meanwhile
///         assert!(kernel_locked());
///         unlock_kernel();
///         unlock_kernel();
///         assert!(!kernel_locked());
///     })
///     .assert_clean();
/// ```
#[track_caller]
pub fn lock_kernel() {
    let lock = BIG_LOCK.get();
    if !lock.mutex.is_ours() {
        HOOKS.big_lock_used.store(true, Relaxed);
        lock.mutex.lock_at(How::call("lock_kernel()"), Place::caller());
    }
    lock.depth.set(lock.depth.get() + 1);
}

/// Undoes one [`lock_kernel`]; the last one releases the lock. Finding `unlock-by-other` if the running task does not hold it.
///
/// Context: task. Never sleeps.
#[track_caller]
pub fn unlock_kernel() {
    let (lock, place) = (BIG_LOCK.get(), Place::caller());
    if !lock.mutex.is_ours() {
        let text = format_args!("unlock_kernel() by a task that does not hold the big kernel lock");
        return violation("unlock-by-other", place, None, text);
    }
    let depth = lock.depth.get() - 1;
    lock.depth.set(depth);
    if depth == 0 {
        lock.mutex.unlock_at(place);
    }
}

/// Whether the running task holds the big kernel lock. No step.
#[must_use]
pub fn kernel_locked() -> bool {
    BIG_LOCK.mutex.is_ours()
}

/// Drops it for a sleep; how deep it was held, 0 if it was not.
fn drop_all(place: Place) -> u32 {
    let lock = BIG_LOCK.get();
    if !lock.mutex.is_ours() {
        return 0;
    }
    let depth = lock.depth.replace(0);
    lock.mutex.unlock_at(place);
    depth
}

/// Takes it again after the sleep.
fn retake(depth: u32, place: Place) {
    let lock = BIG_LOCK.get();
    lock.mutex.lock_at(How::call("schedule()"), place);
    lock.depth.set(depth);
}
