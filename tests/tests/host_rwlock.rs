//! Reader-writer locks, sequence locks and local-global locks under threads: what they count and copy has to come out, with
//! more threads than processors, so that holders are put off theirs.

use ringzero::sync::{Latch, LgLock, RwLock, SeqLock, SeqLockIrq};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

const THREADS: usize = 6;
const ROUNDS: u64 = 4000;

#[test]
fn writers_are_alone_and_readers_see_all_of_it() {
    let table = RwLock::new([0_u64; 8]);
    thread::scope(|s| {
        for n in 0..THREADS {
            let table = &table;
            s.spawn(move || {
                for round in 0..ROUNDS {
                    if (round as usize + n).is_multiple_of(4) {
                        table.write().iter_mut().for_each(|word| *word += 1);
                    } else if round % 64 == 63 {
                        if let Some(read) = table.try_read() {
                            assert!(read.iter().all(|word| *word == read[0]));
                        }
                    } else {
                        let read = table.read();
                        assert!(read.iter().all(|word| *word == read[0]));
                    }
                }
            });
        }
    });
    let writes = THREADS as u64 * ROUNDS / 4;
    assert_eq!(*table.read(), [writes; 8]);
    assert!(!table.is_locked());
}

/// Readers that never leave the lock free keep no writer out, and writers no reader.
#[test]
fn nobody_starves() {
    let (table, stop) = (RwLock::new(0_u64), AtomicBool::new(false));
    let read = AtomicU64::new(0);
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                let mut last = 0;
                while !stop.load(Relaxed) {
                    let now = *table.read();
                    assert!(now >= last, "{now} after {last}");
                    last = now;
                    read.fetch_add(1, Relaxed);
                }
            });
        }
        // It ends only if both come in while the others do.
        let writes = || {
            let mut n = 0;
            while n < 500 || read.load(Relaxed) < 100 {
                *table.write() += 1;
                n += 1;
            }
            n
        };
        let writers = [s.spawn(writes), s.spawn(writes)];
        let written: u64 = writers.into_iter().map(|w| w.join().expect("a writer ends")).sum();
        stop.store(true, Relaxed);
        assert_eq!(*table.read(), written);
    });
}

#[test]
fn what_is_read_of_a_seqlock_is_whole() {
    let (plain, irq) = (SeqLock::new([0_u64; 5]), SeqLockIrq::new([0_u32; 3]));
    thread::scope(|s| {
        for n in 0..THREADS {
            let (plain, irq) = (&plain, &irq);
            s.spawn(move || {
                for _ in 0..ROUNDS {
                    if n < 2 {
                        let mut words = plain.write();
                        *words = words.map(|w| w + 1);
                        drop(words);
                        let mut words = irq.write();
                        *words = words.map(|w| w + 1);
                    } else {
                        let words = plain.read();
                        assert!(words.iter().all(|w| *w == words[0]), "{words:?}");
                        let words = irq.read();
                        assert!(words.iter().all(|w| *w == words[0]), "{words:?}");
                    }
                }
            });
        }
    });
    assert_eq!((plain.read(), irq.read()), ([2 * ROUNDS; 5], [2 * ROUNDS as u32; 3]));
    assert_eq!(plain.into_inner(), [2 * ROUNDS; 5]);
}

#[test]
fn what_is_read_of_a_latch_is_whole() {
    let latch = Latch::new([0_u64; 4]);
    thread::scope(|s| {
        for n in 0..THREADS {
            let latch = &latch;
            s.spawn(move || {
                let mut last = 0;
                for _ in 0..ROUNDS {
                    if n == 0 {
                        latch.write(|words| *words = words.map(|w| w + 1));
                    } else {
                        let words = latch.read();
                        assert!(words.iter().all(|w| *w == words[0]) && words[0] >= last, "{words:?} after {last}");
                        last = words[0];
                    }
                }
            });
        }
    });
    assert_eq!(latch.read(), [ROUNDS; 4]);
}

#[test]
fn local_sections_add_up_under_global_ones() {
    static COUNTS: LgLock<u64> = LgLock::new(0);
    let taken = AtomicU64::new(0);
    thread::scope(|s| {
        for n in 0..THREADS {
            let taken = &taken;
            s.spawn(move || {
                for round in 0..ROUNDS {
                    if n == 0 && round.is_multiple_of(16) {
                        let mut all = COUNTS.global_lock();
                        taken.fetch_add(all.iter_mut().map(std::mem::take).sum(), Relaxed);
                    } else {
                        *COUNTS.local_lock() += 1;
                    }
                }
            });
        }
    });
    let left: u64 = COUNTS.global_lock().iter().sum();
    assert_eq!(left + taken.load(Relaxed), THREADS as u64 * ROUNDS - ROUNDS / 16);
}
