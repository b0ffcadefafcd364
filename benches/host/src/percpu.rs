//! A counter a CPU.

use crate::measure::Effort;
use ringzero_machine::define_per_cpu;
use std::cell::Cell;
use std::hint::black_box;

define_per_cpu! {
    static OURS: Cell<u64> = Cell::new(0);
}

thread_local! {
    static THEIRS: Cell<u64> = const { Cell::new(0) };
}

/// A counter a CPU beside a counter a thread.
pub fn measure(effort: &Effort) {
    let ours = effort.each("per-CPU", || {
        let here = OURS.this();
        here.set(black_box(here.get()) + 1);
    });
    let theirs = effort.each("thread_local Cell", || THEIRS.set(black_box(THEIRS.get()) + 1));
    effort.compare("per-CPU counter", "ns", 1.5, vec![ours, theirs]);
}
