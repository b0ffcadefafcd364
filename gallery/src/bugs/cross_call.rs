//! Two CPUs that call each other with wait, with interrupts off.
//!
//! A cross-CPU call is an interrupt at the other CPU. Each of the two waits until the other has run its function, and
//! neither takes the interrupt that would run it. So a call with wait is made with interrupts on.
//!
//! Source: seed 001 (calling functions on other CPUs: deadlock with interrupts disabled).
//! Expected: `cross-call-buggy` violated deadlock, `cross-call-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::context::{local_irq_disable, local_irq_enable};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::smp::smp_call_function_single;

pair!(
    "cross-call",
    "deadlock",
    "two CPUs call each other with wait, with interrupts off",
    "two CPUs call each other with wait, with interrupts on"
);

ringzero::global! {
    static FLUSHED: Atomic = Atomic::new(0);
}

/// Flushes the other CPU's cache, and returns when it is done.
fn flush(other: u32) {
    smp_call_function_single(other, || FLUSHED.inc(), true).expect("both CPUs exist");
}

fn buggy() {
    for cpu in 0..2 {
        kthread_run_on_cpu(
            move || {
                local_irq_disable();
                flush(1 - cpu);
                local_irq_enable();
            },
            cpu,
            "flusher",
        );
    }
}

fn fixed() {
    for cpu in 0..2 {
        kthread_run_on_cpu(move || flush(1 - cpu), cpu, "flusher");
    }
}
