//! A spinlock that one task takes and another one releases.
//!
//! The submitter takes the lock, and whoever completes the request is meant to release it. But a spinlock belongs to
//! the context that took it: the submitter's preemption stays disabled, the completer's is enabled once too often, and a
//! third one gets in while the first believes to be alone. To tell another context that something is done there are
//! flags with a wait queue, completions and semaphores.
//!
//! Source: seed 000 ("your function should be in possession of the lock before calling one of the unlocking
//! primitives").
//! Expected: `unlock-by-other-buggy` violated unlock-by-other, `unlock-by-other-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::RawSpinLock;
use ringzero::wait::{WaitQueueHead, wait_event, wake_up};

pair!(
    "unlock-by-other",
    "unlock-by-other",
    "a spinlock that one task takes and another one releases",
    "a flag that one task waits for and another one sets"
);

ringzero::global! {
    static REQUEST: RawSpinLock = RawSpinLock::new().named("request.lock");
    static DONE: Atomic = Atomic::new(0);
    static DONE_WAIT: WaitQueueHead = WaitQueueHead::new().named("request.wait");
}

fn buggy() {
    kthread_run_on_cpu(
        || {
            REQUEST.lock();
            // Wait until the completer has released it.
            REQUEST.unlock_wait();
        },
        0,
        "submitter",
    );
    kthread_run_on_cpu(|| REQUEST.unlock(), 1, "completer");
}

fn fixed() {
    kthread_run_on_cpu(|| wait_event(&DONE_WAIT, || DONE.read() != 0), 0, "submitter");
    kthread_run_on_cpu(
        || {
            DONE.set(1);
            wake_up(&DONE_WAIT);
        },
        1,
        "completer",
    );
}
