//! A lock that a hardirq handler takes too, taken with interrupts on.
//!
//! The task holds the lock when the device's interrupt comes to the same CPU. The handler spins for a lock whose
//! holder goes on only after the handler has returned: the CPU is dead. Whoever shares a lock with a handler takes it
//! with interrupts off, by `spin_lock_irqsave()`, everywhere but in the handler.
//!
//! Source: seed 004 (spinlocks, preemption, and interrupts), seed 001; Linux `Documentation/locking/spinlocks.rst`.
//! Expected: `hardirq-lock-buggy` violated irq-deadlock, `hardirq-lock-fixed` holds.

use crate::entry::pair;
use crate::support::request_irq_on;
use ringzero::irq::IrqReturn;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SpinLock;

pair!(
    "hardirq-lock",
    "irq-deadlock",
    "a lock shared with a hardirq handler, taken with spin_lock()",
    "a lock shared with a hardirq handler, taken with spin_lock_irqsave()"
);

ringzero::global! {
    static RECEIVED: SpinLock<u32> = SpinLock::new(0).named("serial.lock");
}

fn serial_irq(_irq: u32) -> IrqReturn {
    let mut received = RECEIVED.lock();
    *received += 1;
    received.unlock();
    IrqReturn::Handled
}

fn buggy() {
    request_irq_on(4, 0, "serial", serial_irq);
    kthread_run_on_cpu(
        || {
            let mut received = RECEIVED.lock();
            *received = 0;
            received.unlock();
        },
        0,
        "reader",
    );
}

fn fixed() {
    request_irq_on(4, 0, "serial", serial_irq);
    kthread_run_on_cpu(
        || {
            let mut received = RECEIVED.lock_irqsave();
            *received = 0;
            received.unlock();
        },
        0,
        "reader",
    );
}
