//! Sleeping locks.
//!
//! # Theory
//! **Vocabulary.** A mutex is *free* or *held* by one task, its *owner*. A task that finds it held gives up its CPU until it
//! is free. [`RawMutex`] is what C embeds (`struct mutex`); [`Mutex`] carries its data.
//!
//! **Invariants.**
//! 1. The word is 0 when the mutex is free and 1 when it is held; zeroed memory is a free mutex without a class, which C
//!    may not use (`uninitialised-lock`).
//! 2. Coarse: locking is one step that is possible only while the word is 0, unlocking is one step, a trylock is one
//!    step. Fine: locking is a compare-and-exchange, and a read that sleeps until the word is 0 after each failure.
//! 3. Locking is an acquire, unlocking a release: they pair on the word.
//! 4. Only a task locks, tries, and unlocks: finding `sleep-in-atomic` in softirqs, hardirqs and NMIs, also for
//!    [`RawMutex::trylock`] and [`RawMutex::unlock`], which do not sleep. Locking needs a context that may sleep, whether
//!    the mutex is free or not.
//! 5. Only the owner unlocks: finding `unlock-by-other` otherwise. Who it is, is written by the owner only, while it holds
//!    the mutex.
//! 6. Nothing of the mutex is touched after the step that unlocks it, but on the host the count of those who sleep for it.
//! 7. Dropping a guard while unwinding unlocks, and reports nothing.
//! 8. On the host locking is one exchange, and unlocking one store and one look at that count, which is where the wake-up
//!    begins. A task that finds the mutex held by one of another CPU looks again for a while before it sleeps. Whoever
//!    comes first gets it, also before those who sleep.
//!
//! **Differences from Linux.** Waiting is not first come, first served: every order is explored. On the
//! model nobody spins for a running owner. Locking a mutex that the task holds itself is `self-deadlock`: on the model it
//! waits, and the machine says why, on the host it is found at once. There are no
//! signals yet, so the interruptible forms always succeed. By invariant 6 a mutex may be freed by whoever locked it after
//! the last unlock; Linux forbids that, and here it is not noticed. The subclass of the `_nested` forms is for the
//! validator, and unused so far. No semaphores and no reader-writer semaphores yet.
//!
//! Sources: seed 001 (mutexes). The claims are checked by the tests of each file, and on the model by the behaviour tests.
#![no_std]
#[cfg(test)]
extern crate std;

mod common;
mod count;
pub mod legacy;
pub mod local_lock;
mod mutex;
pub mod owner_lock;
mod percpu_rwsem;
mod percpu_rwsem_raw;
mod raw;
mod rwsem;
mod rwsem_raw;
mod semaphore;

pub use count::{atomic_dec_and_mutex_lock, kref_put_mutex, refcount_dec_and_mutex_lock};
pub use mutex::{Mutex, MutexGuard};
pub use percpu_rwsem::{PercpuReadGuard, PercpuRwSemaphore, PercpuWriteGuard};
pub use percpu_rwsem_raw::RawPercpuRwSemaphore;
pub use raw::RawMutex;
pub use rwsem::{RwSemReadGuard, RwSemWriteGuard, RwSemaphore};
pub use rwsem_raw::RawRwSemaphore;
pub use semaphore::{Permit, Semaphore};

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
