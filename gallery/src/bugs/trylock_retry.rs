//! Two tasks that take two locks in two orders, try the second one, and start again if they do not get it.
//!
//! Giving up the first lock avoids the deadlock of AB-BA, and makes a livelock of it: both get their first lock, both
//! fail with the second, both start again, and nothing says that this ever ends. Only one order for both does.
//!
//! Source: seed 002 (deadlock; the retry loop); Linux `Documentation/kernel-hacking/locking.rst`.
//! Expected: `trylock-retry-buggy` violated livelock, `trylock-retry-fixed` holds.

use crate::entry::pair;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SpinLock;

pair!(
    "trylock-retry",
    "livelock",
    "two tasks try for each other's lock and start again if they do not get it",
    "two tasks take two locks in one order"
);

ringzero::global! {
    static LEFT: SpinLock<u32> = SpinLock::new(0).named("left");
    static RIGHT: SpinLock<u32> = SpinLock::new(0).named("right");
}

fn move_between(from: &'static SpinLock<u32>, to: &'static SpinLock<u32>) {
    loop {
        let mut first = from.lock();
        if let Some(mut second) = to.try_lock() {
            *second += *first;
            *first = 0;
            second.unlock();
            first.unlock();
            return;
        }
        first.unlock();
    }
}

fn buggy() {
    kthread_run_on_cpu(|| move_between(&LEFT, &RIGHT), 0, "to-right");
    kthread_run_on_cpu(|| move_between(&RIGHT, &LEFT), 1, "to-left");
}

fn fixed() {
    for cpu in 0..2 {
        kthread_run_on_cpu(
            || {
                let mut left = LEFT.lock();
                let mut right = RIGHT.lock();
                std::mem::swap(&mut *left, &mut *right);
                right.unlock();
                left.unlock();
            },
            cpu,
            "swapper",
        );
    }
}
