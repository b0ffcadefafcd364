//! Mutexes with priority inheritance.
//!
//! # Theory
//! A task that waits for an [`RtMutex`](crate::RtMutex) lends its priority to whoever holds it, as long as it waits,
//! and so on along the chain of those who hold what the holder waits for: so a task of a middle priority does not keep
//! one of the best priority waiting by keeping the holder off the CPU. What makes that out of priorities, waiters and
//! owners is [`RtMutexBase`](ringzero_sched::RtMutexBase) and its rules, P1 to P5; here is what tasks do with it.
//!
//! **Invariants** (`R` for real time).
//! - R1. Locking a mutex that is free and has no waiters, and unlocking one without, is one exchange. Otherwise a task
//!   *joins* the waiters, *sleeps* until the mutex is granted to it, and *settles*, which may fail, as another one may
//!   have stolen it; who unlocks *hands over*. Joining, settling and handing over are one step each, which changes
//!   priorities too.
//! - R2. Waiters are served by priority, and in the order in which they came among equals; all that are not of real
//!   time are equals.
//! - R3. Who leaves without the mutex, because of a signal, a time or a deadlock, takes back what it lent. A grant that
//!   came first counts: then it has the mutex.
//! - R4. A form that *detects deadlocks* returns [`RtError::Deadlock`] rather than wait for itself along the chain. The
//!   others wait: on the model the machine finds `self-deadlock` or `deadlock`; on threads
//!   [`RawRtMutex::lock`](crate::RawRtMutex::lock), which nothing would end, finds the same at once.
//! - R5. Locking is an acquire, unlocking a release: they pair on the mutex.
//! - R6. Who may lock and unlock, and what ends with a mutex held: as with a mutex (crate invariants 4 to 7).
//!
//! **Granularities.** The same in both, but for the name of the first step.
//!
//! **Differences from Linux.** On threads a task that finds the mutex held by one of another CPU looks again for a
//! while, before it lends its priority, unless that is one of real time, and before it sleeps. A recursive lock or a
//! circle is no warning but a finding; the forms that take an argument for it (as in older versions) return an error
//! for it, as Linux does for futexes. Times are jiffies.

use ringzero_sched::{EDEADLK, EINTR, ETIMEDOUT};

/// Why an [`RtMutex`](crate::RtMutex) was not locked.
///
/// ```
/// use ringzero::rtmutex::{RtError, RtMutex};
/// ringzero::global! { static STATE: RtMutex<u32> = RtMutex::new(0); }
/// ringzero::Machine::host()
///     .boot(|| {
///         let _held = STATE.lock();
///         // Detecting deadlocks.
///         assert_eq!(STATE.lock_interruptible(true).err(), Some(RtError::Deadlock));
///         assert_eq!(STATE.timed_lock(1, false).err(), Some(RtError::TimedOut));
///     })
///     .assert_clean();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtError {
    /// The task would have waited for itself.
    Deadlock,
    /// A signal came first.
    Interrupted,
    /// The time was over first.
    TimedOut,
}

impl RtError {
    /// The error number that Linux's functions return.
    #[must_use]
    pub const fn to_errno(self) -> i32 {
        match self {
            Self::Deadlock => -EDEADLK,
            Self::Interrupted => -EINTR,
            Self::TimedOut => -ETIMEDOUT,
        }
    }
}
