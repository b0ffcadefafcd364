//! Sleeping locks.
//!
//! # Theory
//! | lock | who holds it | here |
//! |---|---|---|
//! | mutex | one task, its *owner* | [`Mutex`], [`RawMutex`] |
//! | semaphore | as many as it counts; nobody in particular | [`Semaphore`] |
//! | reader-writer semaphore | many readers, or one writer | [`RwSemaphore`], [`RawRwSemaphore`] |
//! | per-CPU reader-writer semaphore | the same; reading costs next to nothing | [`PercpuRwSemaphore`], [`RawPercpuRwSemaphore`] |
//! | rt_mutex | one task, which has the priority of the best that waits | [`RtMutex`], [`RawRtMutex`] |
//! | ww_mutex | one task, of several at once in any order | [`WwMutex`], [`RawWwMutex`] |
//! | local lock | who runs on this CPU; nobody waits | [`local_lock`] |
//! | owner lock | a task, and interrupts leave notes | [`owner_lock`] |
//! | the big kernel lock | a task, as long as it does not sleep | [`legacy`] |
//!
//! The invariants of the others stand in their modules; what is below is the
//! mutex's, and 2, 3, 7 and 8 the semaphore's, whose word is a count.
//!
//! **Vocabulary.** A mutex is *free* or *held* by one task, its *owner*. A task that finds it held gives up its CPU until it
//! is free. [`RawMutex`] is what C embeds (`struct mutex`); [`Mutex`] carries its data.
//!
//! **Invariants.**
//! 1. The word is 0 when the mutex is free and 1 when it is held; zeroed memory is a free mutex without a class, which C
//!    may not use (`uninitialised-lock`).
//! 2. Coarse: locking is one step that is possible only while the word is 0, unlocking is one step, a trylock is one
//!    step. Fine: locking is a compare-and-exchange, and a read that sleeps until the word is 0 after each failure. Who may be
//!    interrupted tries in a step of its own before it waits ([`WaitWord`](ringzero_sched::WaitWord)).
//! 3. Locking is an acquire, unlocking a release: they pair on the word.
//! 4. Only a task locks, tries, and unlocks: finding `sleep-in-atomic` in softirqs, hardirqs and NMIs, also for
//!    [`RawMutex::trylock`] and [`RawMutex::unlock`], which do not sleep. Locking needs a context that may sleep, whether
//!    the mutex is free or not.
//! 5. Only the owner unlocks: finding `unlock-by-other` otherwise. Who it is, is written by the owner only, while it holds
//!    the mutex. A task that ends while it owns one is the finding `unbalanced-context`; a held one that is destroyed,
//!    initialised again or freed is `warn` (the last two on the model only).
//! 6. A mutex must live until the unlock has returned: in Linux that may still look for whom to wake when the next one has
//!    locked, unlocked and freed it. So on the model an unlock is one step more where the mutex's memory may be freed: one that
//!    only needs the memory to be alive, and finds `use-after-free`. On the host nothing is touched after the store that
//!    unlocks but the count of those who sleep.
//! 7. Dropping a guard while unwinding unlocks, and reports nothing.
//! 8. On the host locking is one exchange, and unlocking one store and one look at that count, which is where the wake-up
//!    begins. A task that finds the mutex held by one of another CPU looks again for a while before it sleeps. Whoever
//!    comes first gets it, also before those who sleep.
//!
//! **Differences from Linux.** Waiting is not first come, first served: every order is explored. On the model nobody spins for
//! a running owner. Locking a mutex that the task holds itself is `self-deadlock`: on the model it waits, and the machine says
//! why, on the host it is found at once. Kernel threads hear no signal that they have not allowed, so an interruptible form
//! never fails there. The host counts the mutexes of a task that ends, and does not say which; of reader-writer semaphores only
//! the model knows.
//!
//! **What a validator hears** ([`ringzero_machine::lock_event`]): of all of these but the semaphore, as in Linux: who ups
//! one need not have downed it. Of the owner lock both sides, as two locks.
//!
//! Sources: seeds 001 (mutexes, semaphores, rwsems), 003 (owner lock), 004 (semaphores, the big kernel lock). The claims are
//! checked by the tests of each file, by the behaviour tests on both machines, by `tests/tests/fine_sleeping.rs`,
//! `fine_owners.rs` and `fine_ww.rs`, where each atomic instruction is a step, and by `tests/tests/lock_events.rs`.
#![no_std]
#[cfg(test)]
extern crate std;

mod common;
mod count;
mod held;
pub mod legacy;
pub mod local_lock;
mod mutex;
pub mod owner_lock;
mod percpu_rwsem;
mod percpu_rwsem_raw;
mod raw;
mod rt;
mod rt_mutex;
mod rt_raw;
mod rwsem;
mod rwsem_raw;
mod semaphore;
mod ww;
mod ww_mutex;
mod ww_raw;

pub use common::Interrupted;
pub use count::{atomic_dec_and_mutex_lock, kref_put_mutex, refcount_dec_and_mutex_lock};
pub use mutex::{Mutex, MutexGuard};
pub use percpu_rwsem::{PercpuReadGuard, PercpuRwSemaphore, PercpuWriteGuard};
pub use percpu_rwsem_raw::RawPercpuRwSemaphore;
pub use raw::RawMutex;
pub use rt::RtError;
pub use rt_mutex::{RtMutex, RtMutexGuard};
pub use rt_raw::RawRtMutex;
pub use rwsem::{RwSemReadGuard, RwSemWriteGuard, RwSemaphore};
pub use rwsem_raw::RawRwSemaphore;
pub use semaphore::{Permit, Semaphore};
pub use ww::{RawWwAcquireCtx, WwAcquireCtx, WwClass, WwError};
pub use ww_mutex::{WwMutex, WwMutexGuard};
pub use ww_raw::RawWwMutex;

/// Makes sleeping tasks drop the big kernel lock. Called once at the boot of each instance.
pub fn init() {
    legacy::init();
}

/// Makes a [`Mutex`] of a value, with a name for reports if one is given.
///
/// ```
/// use ringzero::mutex::{Mutex, new_mutex};
/// let hits: Mutex<u32> = new_mutex!(0, "dev.hits");
/// *hits.lock() += 1;
/// assert_eq!(*hits.lock(), 1);
/// ```
#[doc(alias("DEFINE_MUTEX", "mutex_init"))]
#[macro_export]
macro_rules! new_mutex {
    ($value:expr $(,)?) => {
        $crate::Mutex::new($value)
    };
    ($value:expr, $name:expr $(,)?) => {
        $crate::Mutex::new($value).named($name)
    };
}
