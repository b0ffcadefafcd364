//! Two locks, taken in two orders on two CPUs (AB-BA).
//!
//! Each task holds the lock that the other one waits for. The rule is one order for all who hold both.
//!
//! Source: seed 002 (deadlock); Linux `Documentation/kernel-hacking/locking.rst` ("Deadlock: Simple and Advanced"),
//! `Documentation/locking/lockdep-design.rst`.
//! Expected: `lock-order-buggy` violated deadlock, `lock-order-fixed` holds.

use crate::entry::pair;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SpinLock;

pair!(
    "lock-order",
    "deadlock",
    "two locks taken in two orders on two CPUs (AB-BA)",
    "two locks taken in one order on two CPUs"
);

ringzero::global! {
    static CHECKING: SpinLock<i32> = SpinLock::new(10).named("checking");
    static SAVINGS: SpinLock<i32> = SpinLock::new(10).named("savings");
}

fn transfer(first: &'static SpinLock<i32>, second: &'static SpinLock<i32>) {
    let mut from = first.lock();
    let mut to = second.lock();
    *from -= 1;
    *to += 1;
    to.unlock();
    from.unlock();
}

fn buggy() {
    kthread_run_on_cpu(|| transfer(&CHECKING, &SAVINGS), 0, "save");
    kthread_run_on_cpu(|| transfer(&SAVINGS, &CHECKING), 1, "spend");
}

fn fixed() {
    kthread_run_on_cpu(|| transfer(&CHECKING, &SAVINGS), 0, "save");
    kthread_run_on_cpu(
        || {
            // The checking account first, whichever way the money goes.
            let mut to = CHECKING.lock();
            let mut from = SAVINGS.lock();
            *from -= 1;
            *to += 1;
            from.unlock();
            to.unlock();
        },
        1,
        "spend",
    );
}
