//! A program that does something else each time it is loaded.
//!
//! What it does first depends on a static of the process, which keeps its value when the module is loaded again. Nothing
//! can be concluded from one execution to the next. State begins anew with the module: `ringzero::global!`.
//!
//! Source: Linux `Documentation/dev-tools/kunit/usage.rst` (tests that do not depend on each other); seed 001 (modules).
//! Expected: `leftover-state-buggy` violated nondeterministic-program, `leftover-state-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use std::sync::atomic::{AtomicU32, Ordering};

pair!(
    "leftover-state",
    "nondeterministic-program",
    "what happens first depends on how often the module was loaded",
    "what happens first is the same whenever the module is loaded"
);

static PROCESS_WIDE: AtomicU32 = AtomicU32::new(0);

ringzero::global! {
    static LOADS: Atomic = Atomic::new(0);
    static MODE: Atomic = Atomic::new(0);
    static RESETS: Atomic = Atomic::new(0);
}

fn configure(loads: u32) {
    if loads.is_multiple_of(2) {
        MODE.set(1);
    } else {
        RESETS.inc();
    }
}

fn run() {
    kthread_run_on_cpu(|| MODE.set(2), 0, "one");
    kthread_run_on_cpu(|| MODE.set(3), 1, "other");
}

fn buggy() {
    configure(PROCESS_WIDE.fetch_add(1, Ordering::Relaxed));
    run();
}

fn fixed() {
    configure(LOADS.fetch_inc() as u32);
    run();
}
