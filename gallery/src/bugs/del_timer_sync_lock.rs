//! `del_timer_sync()` under a lock that an interrupt takes.
//!
//! ```text
//!   CPU 0                             CPU 1
//!                                     timer softirq: the callback runs
//!   spin_lock_irq(somelock)
//!                                     hardirq above the callback: spin_lock(somelock) waits for CPU 0
//!   del_timer_sync(timer) waits for the callback to end, on CPU 1
//! ```
//! The callback does not take the lock: that the lock is taken in an interrupt, which may come above the callback, is
//! enough.
//!
//! Source: seed 001 (timers: the diagram at `del_timer_sync`).
//! Expected: `del-timer-sync-lock-buggy` violated deadlock, `del-timer-sync-lock-fixed` holds.

use crate::entry::pair;
use crate::support::request_irq_on;
use ringzero::atomic::Atomic;
use ringzero::irq::IrqReturn;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SpinLock;
use ringzero::timer::{Timer, add_timer_on, del_timer_sync, jiffies};

pair!(
    "del-timer-sync-lock",
    "deadlock",
    "del_timer_sync() under a lock that an interrupt takes above the callback",
    "del_timer_sync() before the lock that an interrupt takes"
);

ringzero::global! {
    static SOMELOCK: SpinLock<u32> = SpinLock::new(0).named("somelock");
    static MYTIMER: Timer = Timer::new(expire);
    static EXPIRED: Atomic = Atomic::new(0);
}

fn expire(_timer: &'static Timer) {
    EXPIRED.inc();
}

fn device_irq(_irq: u32) -> IrqReturn {
    let mut some = SOMELOCK.lock();
    *some += 1;
    some.unlock();
    IrqReturn::Handled
}

fn prepare() {
    request_irq_on(4, 1, "device", device_irq);
    MYTIMER.set_expires(jiffies() + 1);
    add_timer_on(&MYTIMER, 1);
}

fn buggy() {
    prepare();
    kthread_run_on_cpu(
        || {
            let mut some = SOMELOCK.lock_irq();
            *some = 0;
            del_timer_sync(&MYTIMER);
            some.unlock();
        },
        0,
        "remover",
    );
}

fn fixed() {
    prepare();
    kthread_run_on_cpu(
        || {
            del_timer_sync(&MYTIMER);
            let mut some = SOMELOCK.lock_irq();
            *some = 0;
            some.unlock();
        },
        0,
        "remover",
    );
}
