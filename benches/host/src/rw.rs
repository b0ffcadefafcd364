//! Locks that readers share: the reader-writer spinlock, the sequence lock.

use crate::measure::Effort;
use ringzero::sync::{Latch, RwLock, SeqLock};
use std::hint::black_box;

const NS: &str = "ns";

/// In cache lines of its own.
#[repr(align(128))]
struct Apart<T>(T);

/// 32 bytes.
type Words = [u64; 4];

/// All rows about them.
pub fn measure(effort: &Effort) {
    rwlock(effort);
    seqlock(effort);
}

fn rwlock(effort: &Effort) {
    let ours = Apart(RwLock::new(1_u64));
    let parking = Apart(parking_lot::RwLock::new(1_u64));
    let std = Apart(std::sync::RwLock::new(1_u64));
    effort.compare(
        "RwLock read, 1 thread",
        NS,
        1.2,
        vec![
            effort.each("RwLock", || {
                black_box(*black_box(&ours.0).read());
            }),
            effort.each("parking_lot RwLock", || {
                black_box(*black_box(&parking.0).read());
            }),
            effort.each("std RwLock", || {
                black_box(*black_box(&std.0).read().expect("nobody panics"));
            }),
        ],
    );
    effort.compare(
        "RwLock write, 1 thread",
        NS,
        1.25,
        vec![
            effort.each("RwLock", || *black_box(&ours.0).write() += 1),
            effort.each("parking_lot RwLock", || *black_box(&parking.0).write() += 1),
            effort.each("std RwLock", || *black_box(&std.0).write().expect("nobody panics") += 1),
        ],
    );
}

fn seqlock(effort: &Effort) {
    let ours = Apart(SeqLock::<Words>::new([1; 4]));
    let theirs = Apart(seqlock::SeqLock::<Words>::new([1; 4]));
    let latch = Apart(Latch::<Words>::new([1; 4]));
    effort.compare(
        "SeqLock read of 32 bytes",
        NS,
        1.1,
        vec![
            effort.each("SeqLock", || {
                black_box(black_box(&ours.0).read());
            }),
            effort.each("seqlock", || {
                black_box(black_box(&theirs.0).read());
            }),
            effort.each("Latch", || {
                black_box(black_box(&latch.0).read());
            }),
        ],
    );
    effort.compare(
        "SeqLock write of 32 bytes",
        NS,
        1.0,
        vec![
            effort.each("SeqLock", || *black_box(&ours.0).write() = black_box([2; 4])),
            effort.each("seqlock", || *black_box(&theirs.0).lock_write() = black_box([2; 4])),
        ],
    );
}
