//! `spin_unlock_irq()` inside a section that was entered with interrupts off already.
//!
//! The function that counts takes its own lock with `spin_lock_irq()` and switches interrupts on at the end,
//! whatever they were. Its caller holds the device's lock and relies on interrupts being off: from there on the handler
//! gets in and spins for the lock that its own CPU holds.
//!
//! Source: seed 000 (`_irq` "only in situations in which you know that interrupts will not have already been
//! disabled"), seed 001; Linux `Documentation/locking/spinlocks.rst`.
//! Expected: `early-irq-enable-buggy` violated irq-deadlock, `early-irq-enable-fixed` holds.

use crate::entry::pair;
use crate::support::request_irq_on;
use ringzero::irq::IrqReturn;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SpinLock;

pair!(
    "early-irq-enable",
    "irq-deadlock",
    "spin_unlock_irq() switches interrupts on inside its caller's section",
    "spin_unlock_irqrestore() leaves interrupts off inside its caller's section"
);

ringzero::global! {
    static DEVICE: SpinLock<u32> = SpinLock::new(0).named("dev.lock");
    static STATISTICS: SpinLock<u32> = SpinLock::new(0).named("stats.lock");
}

fn device_irq(_irq: u32) -> IrqReturn {
    let mut device = DEVICE.lock();
    *device += 1;
    device.unlock();
    IrqReturn::Handled
}

fn send(count: fn()) {
    request_irq_on(4, 0, "device", device_irq);
    kthread_run_on_cpu(
        move || {
            let mut device = DEVICE.lock_irq();
            count();
            *device += 1;
            device.unlock();
        },
        0,
        "sender",
    );
}

fn buggy() {
    send(|| {
        let mut sent = STATISTICS.lock_irq();
        *sent += 1;
        sent.unlock();
    });
}

fn fixed() {
    send(|| {
        let mut sent = STATISTICS.lock_irqsave();
        *sent += 1;
        sent.unlock();
    });
}
