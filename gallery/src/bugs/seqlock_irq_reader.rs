//! A writer of a seqlock that is interrupted by a reader on its own CPU.
//!
//! The writer has made the sequence odd when the timer chip's interrupt comes. The handler reads the clock: it waits until
//! the sequence is even, and the writer goes on only after the handler has returned. Readers of a seqlock take no lock, so
//! it is easily forgotten that they wait for writers. What interrupts read is written with interrupts off.
//!
//! Source: seed 001 (seqlocks: the `_irqsave` forms; `jiffies_lock`), seed 004; Linux `Documentation/locking/seqlock.rst`.
//! Expected: `seqlock-irq-reader-buggy` violated irq-deadlock, `seqlock-irq-reader-fixed` holds.

use crate::entry::pair;
use crate::support::request_irq_on;
use ringzero::irq::IrqReturn;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SeqLock;

pair!(
    "seqlock-irq-reader",
    "irq-deadlock",
    "a clock that a hardirq reads, written with write_seqlock()",
    "a clock that a hardirq reads, written with write_seqlock_irqsave()"
);

ringzero::global! {
    static CLOCK: SeqLock<[u64; 2]> = SeqLock::new([0, 0]).named("clock");
}

fn stamp(_irq: u32) -> IrqReturn {
    let [seconds, nanoseconds] = CLOCK.read();
    assert_eq!(seconds, nanoseconds, "a torn time");
    IrqReturn::Handled
}

fn buggy() {
    request_irq_on(4, 0, "stamp", stamp);
    kthread_run_on_cpu(
        || {
            let mut clock = CLOCK.write();
            *clock = [1, 1];
            clock.unlock();
        },
        0,
        "setter",
    );
}

fn fixed() {
    request_irq_on(4, 0, "stamp", stamp);
    kthread_run_on_cpu(
        || {
            let mut clock = CLOCK.write_irqsave();
            *clock = [1, 1];
            clock.unlock();
        },
        0,
        "setter",
    );
}
