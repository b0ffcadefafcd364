//! A counter that is incremented by `READ_ONCE()` and `WRITE_ONCE()`.
//!
//! Marking the accesses makes each of them whole; it does not make the two of them one. Both tasks read the same value,
//! and one increment is lost.
//!
//! Source: seed 004 (`atomic_inc`: change the value atomically), seed 001.
//! Expected: `marked-counter-buggy` violated panic, `marked-counter-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::{Atomic, Marked};
use ringzero::kthread::kthread_run_on_cpu;

pair!(
    "marked-counter",
    "panic",
    "a counter incremented by READ_ONCE() and WRITE_ONCE()",
    "a counter incremented by atomic_inc()"
);

ringzero::global! {
    static MARKED: Marked<u32> = Marked::new(0);
    static COUNT: Atomic = Atomic::new(0);
}

fn buggy() {
    for cpu in 0..2 {
        kthread_run_on_cpu(
            || {
                let n = MARKED.read_once();
                MARKED.write_once(n + 1);
            },
            cpu,
            "incrementer",
        );
    }
    ringzero::on_exit(|| assert_eq!(MARKED.read_once(), 2, "an increment was lost"));
}

fn fixed() {
    for cpu in 0..2 {
        kthread_run_on_cpu(|| COUNT.inc(), cpu, "incrementer");
    }
    ringzero::on_exit(|| assert_eq!(COUNT.read(), 2, "an increment was lost"));
}
