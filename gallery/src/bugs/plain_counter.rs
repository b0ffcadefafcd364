//! A plain shared counter, incremented on two CPUs without a lock.
//!
//! `x++` is a read and a write. Nothing orders the two tasks' accesses: an increment may be lost, and the compiler may
//! do whatever it likes with a variable that it believes to be one task's own. `atomic_t` is for this.
//!
//! Source: seed 004 (integer atomic operations); Linux `Documentation/dev-tools/kcsan.rst`.
//! Expected: `plain-counter-buggy` violated data-race, `plain-counter-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::{Atomic, PlainCell};
use ringzero::kthread::kthread_run_on_cpu;

pair!(
    "plain-counter",
    "data-race",
    "a plain counter incremented on two CPUs without a lock",
    "an atomic counter incremented on two CPUs"
);

ringzero::global! {
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static COUNT: Atomic = Atomic::new(0);
}

fn buggy() {
    for cpu in 0..2 {
        kthread_run_on_cpu(|| PLAIN.update(|n| n + 1), cpu, "incrementer");
    }
    ringzero::on_exit(|| assert_eq!(PLAIN.get(), 2, "an increment was lost"));
}

fn fixed() {
    for cpu in 0..2 {
        kthread_run_on_cpu(|| COUNT.inc(), cpu, "incrementer");
    }
    ringzero::on_exit(|| assert_eq!(COUNT.read(), 2, "an increment was lost"));
}
