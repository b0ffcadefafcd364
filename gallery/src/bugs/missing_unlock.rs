//! A handler that returns without releasing its lock, on one of its paths.
//!
//! The lock stays held for good, and preemption stays disabled in whatever was interrupted: a context leaves with
//! counts that it did not enter with. In C it is a `return` between lock and unlock; in Rust a guard that is forgotten.
//!
//! Source: seed 001 (preemption mask), seed 000.
//! Expected: `missing-unlock-buggy` violated unbalanced-context, `missing-unlock-fixed` holds.

use crate::entry::pair;
use crate::support::request_irq_on;
use ringzero::atomic::Marked;
use ringzero::irq::IrqReturn;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::RawSpinLock;

pair!(
    "missing-unlock",
    "unbalanced-context",
    "a handler that returns with its lock held if the device is not open",
    "a handler that releases its lock on every path"
);

ringzero::global! {
    static LOCK: RawSpinLock = RawSpinLock::new().named("dev.lock");
    static OPEN: Marked<bool> = Marked::new(false);
}

fn open_device(device_irq: fn(u32) -> IrqReturn) {
    request_irq_on(4, 0, "device", device_irq);
    kthread_run_on_cpu(
        || {
            let flags = LOCK.lock_irqsave();
            OPEN.write_once(true);
            LOCK.unlock_irqrestore(flags);
        },
        0,
        "opener",
    );
}

fn buggy() {
    open_device(|_| {
        LOCK.lock();
        if !OPEN.read_once() {
            return IrqReturn::None;
        }
        LOCK.unlock();
        IrqReturn::Handled
    });
}

fn fixed() {
    open_device(|_| {
        LOCK.lock();
        let open = OPEN.read_once();
        LOCK.unlock();
        if open { IrqReturn::Handled } else { IrqReturn::None }
    });
}
