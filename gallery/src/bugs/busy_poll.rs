//! A loop that polls a word which is no shared variable to the machine, without `cpu_relax()`.
//!
//! The loop reads the same word for ever, and as nothing in it lets anything else happen, the CPU that would change it
//! never comes to do so. A loop that waits for another CPU reads by `READ_ONCE()` or `atomic_read()`, and says
//! `cpu_relax()` in each round.
//!
//! Source: seed 001 (busy waiting, `cpu_relax`); Linux `Documentation/admin-guide/lockup-watchdogs.rst`,
//! `Documentation/process/volatile-considered-harmful.rst`.
//! Expected: `busy-poll-buggy` violated soft-lockup, `busy-poll-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::{Atomic, cpu_relax};
use ringzero::kthread::kthread_run_on_cpu;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pair!(
    "busy-poll",
    "soft-lockup",
    "a loop that polls a word without a step and without cpu_relax()",
    "a loop that polls an atomic with cpu_relax()"
);

ringzero::global! {
    static DONE: Atomic = Atomic::new(0);
}

fn buggy() {
    let done = Arc::new(AtomicBool::new(false));
    let seen = done.clone();
    kthread_run_on_cpu(
        move || {
            while !seen.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
        },
        0,
        "poller",
    );
    kthread_run_on_cpu(move || done.store(true, Ordering::Release), 1, "device");
}

fn fixed() {
    kthread_run_on_cpu(
        || {
            while DONE.read_acquire() == 0 {
                cpu_relax();
            }
        },
        0,
        "poller",
    );
    kthread_run_on_cpu(|| DONE.set_release(1), 1, "device");
}
