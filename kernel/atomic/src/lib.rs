//! Linux's atomics, bit operations, marked and plain shared cells, and barriers.
//!
//! # Theory
//! **Vocabulary.** An [`Atomic`] is `atomic_t` (`i32`), an [`Atomic64`] is `atomic64_t`. A *marked* access is one the
//! program declares as racing on purpose (`READ_ONCE`, `WRITE_ONCE`): [`Marked`]. A *plain* access is every other
//! access to shared memory: [`PlainCell`] declares memory whose accesses the data-race detector watches. A *void*
//! operation returns nothing about the value (`atomic_inc`); a *value-returning* one does (`atomic_inc_return`).
//!
//! **Invariants.**
//! 1. Each operation here is one step, announced before it is performed; [`PlainCell::update`] and the non-atomic
//!    bit operations are two, a read and a write.
//! 2. Value-returning read-modify-writes order everything before them and after them: they are acquire, release and
//!    [`smp_mb`]. Those named `_relaxed`, `_acquire`, `_release` order what they say. Those that leave the value alone (a
//!    failed compare-and-exchange, an `add_unless` that does not add) order nothing, and neither do void operations,
//!    [`Atomic::read`] and [`Atomic::set`]. [`Atomic::read_acquire`] pairs with [`Atomic::set_release`] and with every
//!    releasing read-modify-write of the same word. Of bit operations, the `test_and_` forms are the value-returning
//!    ones; [`test_and_set_bit_lock`] is an acquire and pairs with [`clear_bit_unlock`], a release.
//! 3. Marked accesses order nothing; [`Marked::load_acquire`] pairs with [`Marked::store_release`]. [`Marked::store_mb`]
//!    is a marked write with [`smp_mb`] behind it.
//! 4. Arithmetic wraps (two's complement), but for [`Refcount`], which saturates and is the finding `refcount` then.
//! 5. Barriers are no steps: they are ordinary fences, and the order in which steps happen on the model is
//!    sequentially consistent anyway. So a missing [`smp_mb`] between a write and a read of another word (store
//!    buffering) is not found; what the data-race detector finds is plain accesses that nothing orders.
//! 6. Looking for bits ([`find_first_bit`] and the others) reads plainly, a step a word.
//!
//! **Differences from Linux.** A compare-and-exchange that fails, and an `add_unless` that does not add, only read;
//! they are announced as read-modify-writes all the same, because what they will find is not known beforehand. The
//! condition of [`smp_cond_load_acquire`] is a function pointer, since the machine asks it of past values too. The
//! width is a type parameter (`Atomic<i32>`), as in the upstream `kernel` crate. Full operations are one instruction
//! with a lock prefix, which is a barrier on x86-64; another processor would need fences around it.
//!
//! All functions may be called in every context; none sleeps; none fails. Source: seed 001 (atomic operations,
//! memory barriers), seed 004. The claims are checked by the tests at the end of each file.
#![no_std]
#[cfg(not(any(target_os = "none", ringzero_bare)))]
extern crate std;

mod atomic;
mod barrier;
mod bits;
mod conditional;
mod find;
mod integer;
mod marked;
mod ops;
mod plain;
mod refcount;
mod variants;
mod words;

pub use atomic::{Atomic, Atomic64, AtomicLong, smp_cond_load_acquire, smp_cond_load_relaxed};
pub use barrier::{
    barrier, cpu_relax, mb, mmiowb, rmb, smp_acquire_after_ctrl_dep, smp_mb, smp_mb_after_atomic, smp_mb_before_atomic,
    smp_read_barrier_depends, smp_rmb, smp_wmb, wmb,
};
pub use bits::{
    BITS_PER_LONG, BitWord, assign_bit, assign_bit_nonatomic, change_bit, change_bit_nonatomic, clear_bit,
    clear_bit_nonatomic, clear_bit_unlock, clear_bit_unlock_nonatomic, set_bit, set_bit_nonatomic, test_and_change_bit,
    test_and_change_bit_nonatomic, test_and_clear_bit, test_and_clear_bit_nonatomic, test_and_set_bit,
    test_and_set_bit_lock, test_and_set_bit_nonatomic, test_bit, test_bit_acquire, xor_unlock_is_negative_byte,
};
pub use find::{
    clear_bits, find_first_bit, find_first_zero_bit, find_last_bit, find_next_bit, find_next_zero_bit, set_bits,
};
pub use integer::Integer;
pub use marked::{Marked, MarkedWord};
pub use plain::{PlainCell, PlainData};
pub use refcount::{Kref, REFCOUNT_MAX, Refcount, SATURATED};
pub use words::{
    __ffs, __fls, ffs, ffz, fls, fls_long, fls64, hweight_long, hweight8, hweight16, hweight32, hweight64,
};
