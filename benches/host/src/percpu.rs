//! A counter a CPU.

use crate::measure::Effort;
use ringzero::define_per_cpu;
use std::cell::Cell;
use std::hint::black_box;

define_per_cpu! {
    static OURS: Cell<u64> = Cell::new(0);
}

thread_local! {
    static THEIRS: Cell<u64> = const { Cell::new(0) };
}

/// A counter a CPU beside a counter a thread. Between two additions the compiler may know nothing of memory.
pub fn measure(effort: &Effort) {
    let ours = effort.each("per-CPU", || {
        OURS.inc();
        black_box(());
    });
    let this = effort.each("per-CPU, this()", || {
        OURS.this().set(OURS.this().get() + 1);
        black_box(());
    });
    let theirs = effort.each("thread_local Cell", || {
        THEIRS.set(THEIRS.get() + 1);
        black_box(());
    });
    effort.compare("per-CPU counter", "ns", 1.5, vec![ours, this, theirs]);
}
