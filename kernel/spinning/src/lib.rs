//! Spinning locks: the raw spinlock, and spinlocks that carry their data.
//!
//! # Theory
//! **Vocabulary.** A lock is *free* or *held* by one context: a task, a softirq or a hardirq on one CPU. Taking it is
//! two things: entering the *kind* of context that the caller asks for, and acquiring the word. The kinds:
//!
//! | kind | enters | leaves | Linux's suffix |
//! |---|---|---|---|
//! | [`Plain`] | preemption off | preemption on | none |
//! | [`Bh`] | bottom halves off | bottom halves on, pending softirqs run | `_bh` |
//! | [`Irq`] | interrupts off | interrupts on, whatever they were | `_irq` |
//! | [`IrqSave`] | interrupts off, counted | interrupts as they were | `_irqsave` |
//!
//! Every kind disables preemption as well. The kind is part of the data-carrying lock's type ([`SpinLock`],
//! [`SpinLockBh`], [`SpinLockIrq`]); `SpinLock` offers the others per call, as Linux does.
//!
//! **Invariants.**
//! 1. The word is 0 when the lock is free and 1 when it is held; zeroed memory is a free lock without a class.
//! 2. The context is entered before the word is acquired, and left after it is released, so that a waiter already
//!    stands in the context in which it will hold the lock.
//! 3. Coarse: acquiring is one step that is possible only while the word is 0, releasing is one step, a trylock is
//!    one step. Fine: acquiring is a compare-and-exchange, and a read that waits for 0 after each failure.
//! 4. An acquisition is an acquire, a release is a release: they pair on the word.
//! 5. Only the context that took a lock releases it: finding `unlock-by-other` otherwise. Who holds it is written by
//!    the holder only, after the word is acquired and before it is released.
//! 6. A lock's class is the place where it was made.
//! 7. Dropping a guard while unwinding releases the lock and reports nothing. Nobody gets a guard without the lock: on
//!    threads, who waits while he unwinds for what he holds waits for ever. Who releases then what he does not hold changes
//!    nothing.
//!
//! 8. The write that frees a lock is the last access to it: whoever owns it next may free its memory. Who sleeps for it is
//!    counted elsewhere ([`ringzero_machine::sleepers_at`]).
//!
//! **Differences from Linux.** `_irqsave` counts instead of keeping flags in Rust, so guards may be dropped in any
//! order ([`RawSpinLock`] has the flags for C). Waiting is not first come, first served on the model, where every
//! order is explored. Taking a lock that the context itself holds is not noticed here: it waits, and the machine
//! says why.
//!
//! **What a validator hears** ([`ringzero_machine::lock_event`]). Each public operation tells of itself: taking when the kind is
//! entered and before it may wait, a trylock when it has taken, releasing before it does. The operations for primitives
//! that are built around a lock ([`RawSpinLock::acquire`], [`RawSpinLock::lock_kind`], ...) tell nothing: the primitive does.
//! A reader of a sequence is told as one that takes and releases at once. Without the features `model` and `validator`
//! no code is left of it. [`lockdep`] asks the locks themselves who holds them.
//!
//! Locks may be taken in every context that their kind allows; taking one never sleeps, and holding one forbids to.
//! The locks that readers share have theories of their own: the reader-writer spinlock ([`RawRwLock`], R1 to R6 in
//! `rwlock_raw.rs`), sequence counters, sequence locks and latches ([`SeqCount`], [`RawSeqLock`], [`Latch`], S1 to S5 in
//! `seqcount.rs`), local-global locks ([`LgLock`], G1 to G3 in `lglock.rs`).
//!
//! Sources: seed 001 (spinlocks, reader-writer and local-global locks, seqlocks), seed 000 (spinlock variations). The claims are checked by the tests of each file.
#![no_std]
#[cfg(test)]
extern crate std;

mod count;
mod kind;
mod latch;
mod lglock;
mod lock;
pub mod lockdep;
mod owner;
mod raw;
mod rwlock;
mod rwlock_forms;
mod rwlock_raw;
mod seqcount;
mod seqcount_lock;
mod seqdata;
mod seqlock;
mod seqlock_raw;
mod waiting;

pub use count::{kref_put_lock, refcount_dec_and_lock};
pub use kind::{Bh, Irq, IrqSave, Kind, Plain};
pub use latch::{Latch, SeqLatch};
pub use lglock::{LG_CPUS, LgGlobalGuard, LgLocalGuard, LgLock};
pub use lock::{Guard, Lock, SpinLock, SpinLockBh, SpinLockIrq, atomic_dec_and_lock};
pub use raw::RawSpinLock;
pub use rwlock::{ReadGuard, RwLock, RwLockBh, RwLockIrq, RwLockOf, WriteGuard};
pub use rwlock_raw::RawRwLock;
pub use seqcount::SeqCount;
pub use seqcount_lock::{SeqCountLocked, WriterLock};
pub use seqdata::SeqData;
pub use seqlock::{SeqLock, SeqLockBh, SeqLockIrq, SeqLockOf, SeqWriteGuard};
pub use seqlock_raw::RawSeqLock;

/// Makes a [`SpinLock`] of a value, with a name for reports if one is given.
///
/// ```
/// use ringzero::sync::{SpinLock, new_spinlock};
/// let hits: SpinLock<u32> = new_spinlock!(0, "dev.hits");
/// *hits.lock() += 1;
/// assert_eq!(*hits.lock_irqsave(), 1);
/// ```
#[doc(alias("DEFINE_SPINLOCK", "SPIN_LOCK_UNLOCKED", "spin_lock_init"))]
#[macro_export]
macro_rules! new_spinlock {
    ($value:expr $(,)?) => {
        $crate::SpinLock::new($value)
    };
    ($value:expr, $name:expr $(,)?) => {
        $crate::SpinLock::new($value).named($name)
    };
}
