//! A condition that is tested before `prepare_to_wait()`.
//!
//! The condition becomes true and the wake-up comes between the test and the queueing: nobody is on the queue yet, so
//! nobody is woken, and the task sleeps although what it waits for has happened. First queue, then test, then
//! `schedule()`: a wake-up in between sets the task running again.
//!
//! Source: seed 001 (wait queues: the sample wait cycle); Linux `Documentation/kernel-hacking/hacking.rst`.
//! Expected: `lost-wakeup-buggy` violated hang, `lost-wakeup-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sched::{TASK_UNINTERRUPTIBLE, schedule};
use ringzero::wait::{WaitQueueEntry, WaitQueueHead, finish_wait, prepare_to_wait, wake_up};
use std::pin::pin;

pair!(
    "lost-wakeup",
    "hang",
    "a condition tested before prepare_to_wait()",
    "a condition tested after prepare_to_wait()"
);

ringzero::global! {
    static QUEUE: WaitQueueHead = WaitQueueHead::new().named("dev.wait");
    static READY: Atomic = Atomic::new(0);
}

fn produce() {
    READY.set(1);
    wake_up(&QUEUE);
}

fn buggy() {
    kthread_run_on_cpu(
        || {
            let wait = pin!(WaitQueueEntry::new());
            while READY.read() == 0 {
                prepare_to_wait(&QUEUE, wait.as_ref(), TASK_UNINTERRUPTIBLE);
                schedule();
            }
            finish_wait(&QUEUE, wait.as_ref());
        },
        0,
        "consumer",
    );
    kthread_run_on_cpu(produce, 1, "producer");
}

fn fixed() {
    kthread_run_on_cpu(
        || {
            let wait = pin!(WaitQueueEntry::new());
            loop {
                prepare_to_wait(&QUEUE, wait.as_ref(), TASK_UNINTERRUPTIBLE);
                if READY.read() != 0 {
                    break;
                }
                schedule();
            }
            finish_wait(&QUEUE, wait.as_ref());
        },
        0,
        "consumer",
    );
    kthread_run_on_cpu(produce, 1, "producer");
}
