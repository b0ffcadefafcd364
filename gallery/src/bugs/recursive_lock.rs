//! A function that takes a lock calls another one that takes the same lock.
//!
//! Spinlocks in Linux do not nest: the CPU waits for itself, every time. The inner function comes in two forms: one
//! that takes the lock, and one that expects it to be held.
//!
//! Source: seed 000 (spinlock variations), seed 002; Linux `Documentation/kernel-hacking/locking.rst` ("Deadlock: Simple
//! and Advanced": the simplest one).
//! Expected: `recursive-lock-buggy` violated self-deadlock, `recursive-lock-fixed` holds.

use crate::entry::pair;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SpinLock;

pair!(
    "recursive-lock",
    "self-deadlock",
    "a spinlock taken again by the function that its holder calls",
    "a spinlock whose holder calls the form that expects it to be held"
);

ringzero::global! {
    static QUEUE: SpinLock<u32> = SpinLock::new(0).named("queue.lock");
}

/// Puts one on the queue.
fn enqueue() {
    let mut queue = QUEUE.lock();
    enqueue_locked(&mut queue);
    queue.unlock();
}

/// [`enqueue`] for those who hold the lock.
fn enqueue_locked(queue: &mut u32) {
    *queue += 1;
}

fn buggy() {
    kthread_run_on_cpu(
        || {
            let queue = QUEUE.lock();
            if *queue == 0 {
                enqueue();
            }
            queue.unlock();
        },
        0,
        "producer",
    );
}

fn fixed() {
    kthread_run_on_cpu(
        || {
            let mut queue = QUEUE.lock();
            if *queue == 0 {
                enqueue_locked(&mut queue);
            }
            queue.unlock();
        },
        0,
        "producer",
    );
    kthread_run_on_cpu(enqueue, 1, "other");
}
