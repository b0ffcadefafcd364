//! A seqcount reader that changes the sequence itself.
//!
//! A reader under a sequence counter reads again if the counter has changed meanwhile. This one counts its look-ups in
//! the table, and marks that as a change of it, as writers do: each try sees the change that it has made itself, and
//! tries again, for ever. What a reader does in its section must not look like a write.
//!
//! Source: seed 004 (seq locks: "loop if the lock variable is odd or has changed"); Linux `Documentation/locking/seqlock.rst`.
//! Expected: `seqcount-retry-buggy` violated livelock, `seqcount-retry-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::{Atomic, cpu_relax};
use ringzero::kthread::kthread_run_on_cpu;

pair!(
    "seqcount-retry",
    "livelock",
    "a seqcount reader that changes the sequence in each of its tries",
    "a seqcount reader that only reads the sequence"
);

ringzero::global! {
    static SEQUENCE: Atomic = Atomic::new(0);
    static TABLE: Atomic = Atomic::new(0);
    static LOOKUPS: Atomic = Atomic::new(0);
}

fn read_begin() -> i32 {
    loop {
        let start = SEQUENCE.read_acquire();
        if start & 1 == 0 {
            return start;
        }
        cpu_relax();
    }
}

fn write(change: impl FnOnce()) {
    SEQUENCE.inc_return();
    change();
    SEQUENCE.inc_return();
}

fn update() {
    write(|| TABLE.set(1));
}

fn buggy() {
    kthread_run_on_cpu(
        || {
            loop {
                let start = read_begin();
                TABLE.read();
                write(|| LOOKUPS.inc());
                if SEQUENCE.read_acquire() == start {
                    break;
                }
            }
        },
        0,
        "reader",
    );
    kthread_run_on_cpu(update, 1, "writer");
}

fn fixed() {
    kthread_run_on_cpu(
        || {
            loop {
                let start = read_begin();
                TABLE.read();
                if SEQUENCE.read_acquire() == start {
                    break;
                }
            }
            LOOKUPS.inc();
        },
        0,
        "reader",
    );
    kthread_run_on_cpu(update, 1, "writer");
}
