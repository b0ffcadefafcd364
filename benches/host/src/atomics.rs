//! Atomics and marked accesses beside those of `core`, which they compile to.

use crate::measure::Effort;
use ringzero::atomic::{Atomic64, Marked};
use std::hint::black_box;
use std::sync::atomic::{
    AtomicI64, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

/// An addition that orders nothing, one that orders everything, and a marked read.
pub fn measure(effort: &Effort) {
    let (ours, core) = (Atomic64::new(0), AtomicI64::new(0));
    let (marked, word) = (Marked::new(1_u64), AtomicU64::new(1));
    let compare = |work, ours, core| effort.compare(work, "ns", 1.0, vec![ours, core]);
    compare(
        "atomic_add, relaxed",
        effort.each("ours", || black_box(&ours).add(1)),
        effort.each("core", || {
            black_box(&core).fetch_add(1, Relaxed);
        }),
    );
    compare(
        "atomic_add_return, full",
        effort.each("ours", || {
            black_box(black_box(&ours).add_return(1));
        }),
        effort.each("core", || {
            black_box(black_box(&core).fetch_add(1, SeqCst) + 1);
        }),
    );
    compare(
        "READ_ONCE",
        effort.each("ours", || {
            black_box(black_box(&marked).read_once());
        }),
        effort.each("core", || {
            black_box(black_box(&word).load(Relaxed));
        }),
    );
}
