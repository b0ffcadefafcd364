//! A lock that a softirq takes too, taken with bottom halves on.
//!
//! The network card's interrupt raises a softirq, which runs at the end of the interrupt, on top of the task that holds
//! the lock: it spins for a holder that it keeps from going on. Whoever shares a lock with a softirq takes it with
//! `spin_lock_bh()` in task context.
//!
//! Source: seed 002 (locking between user context and softirqs), seed 001 (softirqs); Linux
//! `Documentation/kernel-hacking/locking.rst`.
//! Expected: `softirq-lock-buggy` violated softirq-deadlock, `softirq-lock-fixed` holds.

use crate::entry::pair;
use crate::support::request_irq_on;
use ringzero::irq::IrqReturn;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::softirq::{NET_RX_SOFTIRQ, open_softirq, raise_softirq};
use ringzero::sync::SpinLock;

pair!(
    "softirq-lock",
    "softirq-deadlock",
    "a lock shared with a softirq, taken with spin_lock()",
    "a lock shared with a softirq, taken with spin_lock_bh()"
);

ringzero::global! {
    static BACKLOG: SpinLock<u32> = SpinLock::new(0).named("nic.backlog");
}

fn nic_irq(_irq: u32) -> IrqReturn {
    raise_softirq(NET_RX_SOFTIRQ);
    IrqReturn::Handled
}

fn net_rx(_nr: u32) {
    let mut backlog = BACKLOG.lock();
    *backlog += 1;
    backlog.unlock();
}

fn buggy() {
    open_softirq(NET_RX_SOFTIRQ, net_rx);
    request_irq_on(4, 0, "nic", nic_irq);
    kthread_run_on_cpu(
        || {
            let mut backlog = BACKLOG.lock();
            *backlog = 0;
            backlog.unlock();
        },
        0,
        "reader",
    );
}

fn fixed() {
    open_softirq(NET_RX_SOFTIRQ, net_rx);
    request_irq_on(4, 0, "nic", nic_irq);
    kthread_run_on_cpu(
        || {
            let mut backlog = BACKLOG.lock_bh();
            *backlog = 0;
            backlog.unlock();
        },
        0,
        "reader",
    );
}
