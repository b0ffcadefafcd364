//! Spinlocks and mutexes around a counter.

use crate::measure::{Effort, Side, median};
use crate::row::{Better, Row};
use crate::threads::{Fight, fight};
use mcslock::barging::spins::Mutex as Mcs;
use ringzero::mutex::Mutex;
use ringzero::sync::{SpinLock, SpinLockIrq};
use std::cell::RefCell;
use std::hint::black_box;

const NS: &str = "ns";

/// The locks, each around its counter.
struct Locks {
    ours: Apart<SpinLock<u64>>,
    irq: Apart<SpinLockIrq<u64>>,
    mcs: Apart<Mcs<u64>>,
    spin: Apart<spin::Mutex<u64>>,
    parking: Apart<parking_lot::Mutex<u64>>,
    mutex: Apart<Mutex<u64>>,
    std: Apart<std::sync::Mutex<u64>>,
}

/// In cache lines of its own.
#[repr(align(128))]
struct Apart<T>(T);

impl Locks {
    fn new() -> Self {
        Self {
            ours: Apart(SpinLock::new(0)),
            irq: Apart(SpinLockIrq::new(0)),
            mcs: Apart(Mcs::new(0)),
            spin: Apart(spin::Mutex::new(0)),
            parking: Apart(parking_lot::Mutex::new(0)),
            mutex: Apart(Mutex::new(0)),
            std: Apart(std::sync::Mutex::new(0)),
        }
    }
}

/// All rows about locks.
pub fn measure(effort: &Effort) {
    let locks = &*Box::leak(Box::new(Locks::new()));
    let ours = || effort.each("SpinLock", || *black_box(&locks.ours.0).lock() += 1);
    let std = || effort.each("std Mutex", || *black_box(&locks.std.0).lock().expect("nobody panics") += 1);
    let parking = || effort.each("parking_lot Mutex", || *black_box(&locks.parking.0).lock() += 1);
    effort.compare(
        "SpinLock, 1 thread",
        NS,
        1.5,
        vec![
            ours(),
            effort.each("mcslock barging", || *black_box(&locks.mcs.0).lock() += 1),
            effort.each("spin Mutex", || *black_box(&locks.spin.0).lock() += 1),
            parking(),
        ],
    );
    contended(effort, locks, 2, 1.5);
    contended(effort, locks, 4, 2.0);
    effort.compare(
        "SpinLockIrq, 1 thread",
        NS,
        2.0,
        vec![effort.each("SpinLockIrq", || *black_box(&locks.irq.0).lock() += 1), ours()],
    );
    let mutex = effort.each("Mutex", || *black_box(&locks.mutex.0).lock() += 1);
    effort.compare("Mutex, 1 thread", NS, 1.1, vec![mutex, std(), parking()]);
}

/// The spinlock and its peers with `threads` threads that want nothing but the lock; and how it is shared out.
fn contended(effort: &Effort, locks: &Locks, threads: usize, goal: f64) {
    let work = format!("SpinLock, {threads} threads on 2 cores");
    if !effort.wants(&work) {
        return;
    }
    let shares = RefCell::new(vec![Vec::new(); 4]);
    let keep = |index: usize, Fight { each, share }: Fight| {
        shares.borrow_mut()[index].push(share);
        each
    };
    // A fight needs some time slices of the operating system to show how it goes on.
    let time = effort.slice * 4;
    let sides: Vec<Side<'_>> = vec![
        ("SpinLock", Box::new(|| keep(0, fight(threads, time, &|| *locks.ours.0.lock() += 1)))),
        ("mcslock barging", Box::new(|| keep(1, fight(threads, time, &|| *locks.mcs.0.lock() += 1)))),
        ("spin Mutex", Box::new(|| keep(2, fight(threads, time, &|| *locks.spin.0.lock() += 1)))),
        ("parking_lot Mutex", Box::new(|| keep(3, fight(threads, time, &|| *locks.parking.0.lock() += 1)))),
    ];
    let names: Vec<_> = sides.iter().map(|(name, _)| *name).collect();
    effort.compare(&work, "ns for each, all threads together", goal, sides);
    let shares: Vec<f64> = shares.into_inner().into_iter().map(median).collect();
    for (peer, theirs) in names.iter().zip(&shares).skip(1) {
        let (work, unit) = (format!("{work}: share"), "least / most of a thread");
        Row { work: &work, peer, ours: shares[0], theirs: *theirs, goal: None, better: Better::Higher, unit }.print();
    }
}
