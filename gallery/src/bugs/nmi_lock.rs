//! An NMI handler that takes a lock of the context it interrupts.
//!
//! `spin_lock_irqsave()` keeps interrupts away, but not this one: it enters whatever is masked, and spins for a holder
//! below it. An NMI handler may only try, and has to have an answer if it does not get the lock.
//!
//! Source: seed 001 (execution contexts: NMI).
//! Expected: `nmi-lock-buggy` violated irq-deadlock, `nmi-lock-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, request_nmi};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SpinLock;

pair!(
    "nmi-lock",
    "irq-deadlock",
    "an NMI handler takes a lock that is taken with interrupts off elsewhere",
    "an NMI handler only tries a lock that is taken with interrupts off elsewhere"
);

ringzero::global! {
    static LOG: SpinLock<u32> = SpinLock::new(0).named("log.lock");
    static MISSED: Atomic = Atomic::new(0);
}

fn watch(nmi: fn(u32) -> IrqReturn) {
    irq_set_affinity(2, 1 << 0).expect("the line and the CPU exist");
    request_nmi(2, IrqFlags::NONE, "perf", nmi).expect("nobody else has the line");
    kthread_run_on_cpu(
        || {
            let mut log = LOG.lock_irqsave();
            *log += 1;
            log.unlock();
        },
        0,
        "writer",
    );
}

fn buggy() {
    watch(|_| {
        let mut log = LOG.lock();
        *log += 1;
        log.unlock();
        IrqReturn::Handled
    });
}

fn fixed() {
    watch(|_| {
        match LOG.try_lock() {
            Some(mut log) => {
                *log += 1;
                log.unlock();
            }
            None => MISSED.inc(),
        }
        IrqReturn::Handled
    });
}
