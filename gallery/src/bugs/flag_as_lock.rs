//! A flag that is used as a lock: read, and if it is clear, set.
//!
//! Between the read and the write another CPU reads the same clear flag, and both are inside. Reading and setting has
//! to be one operation.
//!
//! Source: seed 004 (`test_and_set_bit`; a spinlock is made of one); Linux `Documentation/atomic_bitops.txt`.
//! Expected: `flag-as-lock-buggy` violated panic, `flag-as-lock-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::{Atomic, Marked};
use ringzero::kthread::kthread_run_on_cpu;

pair!(
    "flag-as-lock",
    "panic",
    "a busy flag that is read and then set",
    "a busy flag that is read and set in one operation"
);

ringzero::global! {
    static BUSY: Marked<bool> = Marked::new(false);
    static INSIDE: Atomic = Atomic::new(0);
}

/// What only one may do at a time.
fn reset_device() {
    assert_eq!(INSIDE.inc_return(), 1, "two tasks reset the device at once");
    INSIDE.dec();
}

fn buggy() {
    for cpu in 0..2 {
        kthread_run_on_cpu(
            || {
                if !BUSY.read_once() {
                    BUSY.write_once(true);
                    reset_device();
                    BUSY.write_once(false);
                }
            },
            cpu,
            "resetter",
        );
    }
}

fn fixed() {
    for cpu in 0..2 {
        kthread_run_on_cpu(
            || {
                if !BUSY.xchg(true) {
                    reset_device();
                    BUSY.store_release(false);
                }
            },
            cpu,
            "resetter",
        );
    }
}
