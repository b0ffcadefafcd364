//! A lock between process and interrupt context that loses the event which comes while the process side holds it.
//!
//! A connection is locked for long by the process side, which only counts itself as a user under a spinlock, and for
//! short by the interrupt side, which holds the spinlock itself. If a completion event comes while the connection has a
//! user, the interrupt side may not touch it. It has to leave a mark, and the process side looks for the mark when it
//! unlocks, and drains the queue itself. Without the mark the event lies in the queue, and no further interrupt comes
//! for it.
//!
//! Left out here is the wait queue by which one process waits for another: there is one.
//!
//! Source: seed 003 (`SDP_CONN_LOCK` of the sockets direct protocol).
//! Expected: `connection-lock-buggy` violated panic, `connection-lock-fixed` holds.

use crate::entry::pair;
use crate::support::request_irq_on;
use ringzero::atomic::Atomic;
use ringzero::irq::IrqReturn;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SpinLock;

pair!(
    "connection-lock",
    "panic",
    "an event that comes while the process side holds the connection is lost",
    "an event that comes while the process side holds the connection is marked, and drained at unlock"
);

struct Lock {
    users: u32,
    pending: bool,
}

ringzero::global! {
    static CONNECTION: SpinLock<Lock> = SpinLock::new(Lock { users: 0, pending: false }).named("conn.slock");
    /// Completions that the device has put into the queue and nobody has taken out.
    static QUEUED: Atomic = Atomic::new(0);
    static TAKEN: Atomic = Atomic::new(0);
}

/// Takes all completions out of the queue. For whoever has the connection.
fn drain() {
    TAKEN.add(QUEUED.xchg(0));
}

fn conn_lock() {
    let mut lock = CONNECTION.lock_irq();
    lock.users += 1;
    lock.unlock();
}

fn conn_unlock(drains: bool) {
    let mut lock = CONNECTION.lock_irq();
    if drains && lock.pending {
        lock.pending = false;
        drain();
    }
    lock.users -= 1;
    lock.unlock();
}

fn check_queue() {
    assert_eq!(QUEUED.read(), 0, "a completion lies in the queue, and nobody comes for it");
}

fn buggy() {
    request_irq_on(4, 0, "cq", |_| {
        QUEUED.inc();
        let lock = CONNECTION.lock();
        if lock.users == 0 {
            drain();
        }
        lock.unlock();
        IrqReturn::Handled
    });
    kthread_run_on_cpu(
        || {
            conn_lock();
            TAKEN.read();
            conn_unlock(false);
        },
        0,
        "process",
    );
    ringzero::on_exit(check_queue);
}

fn fixed() {
    request_irq_on(4, 0, "cq", |_| {
        QUEUED.inc();
        let mut lock = CONNECTION.lock();
        if lock.users == 0 {
            drain();
        } else {
            lock.pending = true;
        }
        lock.unlock();
        IrqReturn::Handled
    });
    kthread_run_on_cpu(
        || {
            conn_lock();
            TAKEN.read();
            conn_unlock(true);
        },
        0,
        "process",
    );
    ringzero::on_exit(check_queue);
}
