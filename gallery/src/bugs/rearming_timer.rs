//! A timer that arms itself again, deleted with `del_timer()`.
//!
//! The callback may be running on another CPU, between its start and the line that arms the timer again. `del_timer()`
//! deletes nothing then, the object is freed, and the callback goes on in freed memory. `del_timer_sync()` waits for the
//! callback, and deletes again what it armed.
//!
//! Source: seed 002 ("deleting timers which restart themselves"), seed 001 (`del_timer_sync`).
//! Expected: `rearming-timer-buggy` violated use-after-free, `rearming-timer-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::slab::{GFP_KERNEL, KPtr, kmalloc_obj};
use ringzero::timer::{ObjectTimer, jiffies};

pair!(
    "rearming-timer",
    "use-after-free",
    "a timer that arms itself again, deleted with del_timer()",
    "a timer that arms itself again, deleted with del_timer_sync()"
);

struct Poller {
    polls: Atomic,
    timer: ObjectTimer<Poller>,
}

fn poll(poller: &'static Poller) {
    poller.polls.inc();
    poller.timer.mod_timer(poller, jiffies() + 1);
}

fn start() -> KPtr<Poller> {
    let poller = Poller { polls: Atomic::new(0), timer: ObjectTimer::new(poll) };
    let poller = kmalloc_obj(poller, GFP_KERNEL).expect("GFP_KERNEL does not fail");
    poller.get().timer.mod_timer(poller.get(), jiffies() + 1);
    poller
}

fn buggy() {
    let poller = start();
    kthread_run_on_cpu(
        move || {
            poller.get().timer.del_timer();
            poller.kfree();
        },
        1,
        "rmmod",
    );
}

fn fixed() {
    let poller = start();
    kthread_run_on_cpu(
        move || {
            poller.get().timer.del_timer_sync();
            poller.kfree();
        },
        1,
        "rmmod",
    );
}
