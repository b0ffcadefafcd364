//! Memory barriers, and the mark of a spin round. Barriers are no steps (invariant 5).

use core::sync::atomic::{Ordering, compiler_fence, fence};
use ringzero_machine::Place;

/// Tells the machine, whose data-race detector takes the edge.
#[inline]
fn announce(acquire: bool, release: bool) {
    if let Some(m) = ringzero_machine::model() {
        m.fence(acquire, release);
    }
}

/// Orders every access before it with every access after it.
#[inline]
pub fn smp_mb() {
    announce(true, true);
    fence(Ordering::SeqCst);
}

/// Orders the reads before it with the reads after it. Pairs with [`smp_wmb`].
#[inline]
pub fn smp_rmb() {
    announce(true, false);
    fence(Ordering::Acquire);
}

/// Orders the writes before it with the writes after it. Pairs with [`smp_rmb`].
#[inline]
pub fn smp_wmb() {
    announce(false, true);
    fence(Ordering::Release);
}

/// As [`smp_mb`], for devices too.
#[inline]
pub fn mb() {
    smp_mb();
}

/// As [`smp_rmb`], for devices too.
#[inline]
pub fn rmb() {
    smp_rmb();
}

/// As [`smp_wmb`], for devices too.
#[inline]
pub fn wmb() {
    smp_wmb();
}

/// Ordered writes to devices before the unlock of a spinlock, which does that itself today. Does nothing.
#[inline]
pub const fn mmiowb() {}

/// Between a read that another one depends on and that other: dependencies order by themselves. Does nothing.
#[doc(alias = "read_barrier_depends")]
#[inline]
pub const fn smp_read_barrier_depends() {}

/// Makes the control dependency before it an acquire.
#[doc(alias = "smp_acquire__after_ctrl_dep")]
#[inline]
pub fn smp_acquire_after_ctrl_dep() {
    smp_rmb();
}

/// Makes the void atomic that follows ordered with what came before.
#[doc(alias("smp_mb__before_atomic", "smp_mb__before_atomic_inc", "smp_mb__before_atomic_dec"))]
#[doc(alias = "smp_mb__before_clear_bit")]
#[inline]
pub fn smp_mb_before_atomic() {
    smp_mb();
}

/// Makes the void atomic before it ordered with what follows.
#[doc(alias("smp_mb__after_atomic", "smp_mb__after_atomic_inc", "smp_mb__after_atomic_dec"))]
#[doc(alias = "smp_mb__after_clear_bit")]
#[inline]
pub fn smp_mb_after_atomic() {
    smp_mb();
}

/// Keeps the compiler from moving accesses across it.
#[inline]
pub fn barrier() {
    compiler_fence(Ordering::SeqCst);
}

/// Marks one failed round of an open-coded wait loop. Keeps the CPU.
#[track_caller]
#[inline]
pub fn cpu_relax() {
    ringzero_machine::relax(Place::caller());
}
