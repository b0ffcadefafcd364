//! What atomic operations return.

use crate::reach;
use ringzero::atomic::{
    Atomic, Atomic64, AtomicLong, BitWord, Kref, Marked, PlainCell, Refcount, barrier, change_bit, clear_bit, mmiowb,
    set_bit, smp_cond_load_relaxed, smp_mb, smp_read_barrier_depends, test_and_change_bit, test_and_clear_bit,
    test_and_set_bit, test_bit,
};
use ringzero::kref::kref_put_lock;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::refcount::refcount_dec_and_lock;
use ringzero::sync::{Guard, SpinLock};

ringzero::global! {
    static A: Atomic = Atomic::new(0);
    static B: Atomic64 = Atomic64::new(0);
    static BITS: [BitWord; 2] = [const { BitWord::new(0) }; 2];
    static WORD: Marked<u32> = Marked::new(1);
    static FLAG: Marked<bool> = Marked::new(false);
    static USERS: Refcount = Refcount::new(1);
    static KREF: Kref = Kref::new();
    static GONE: SpinLock<u32> = SpinLock::new(0);
    static LONG: AtomicLong = AtomicLong::new(0);
    static WANTS: [Marked<i32>; 2] = [const { Marked::new(0) }; 2];
    static PARTS: [PlainCell<u32>; 2] = [const { PlainCell::new(0) }; 2];
}

pub fn arithmetic_returns() {
    A.set(5);
    assert_eq!((A.add_return(3), A.sub_return(1), A.inc_return(), A.dec_return()), (8, 7, 8, 7));
    assert_eq!((A.fetch_add(3), A.fetch_sub(5), A.fetch_inc(), A.fetch_dec()), (7, 10, 5, 6));
    assert_eq!((A.fetch_or(0b1000), A.fetch_and(0b1100), A.fetch_xor(0b0101), A.read()), (5, 13, 12, 9));
    assert_eq!((A.xchg(1), A.read()), (9, 1));
    assert!(!A.inc_and_test() && !A.dec_and_test() && A.dec_and_test() && !A.sub_and_test(1) && A.inc_and_test());
    assert!(A.add_negative(-1) && !A.add_negative(1));
    A.set(i32::MAX);
    assert_eq!(A.inc_return(), i32::MIN);
    B.set(1 << 40);
    assert_eq!((B.fetch_add(1), B.read()), (1 << 40, (1 << 40) + 1));
    reach("returns");
}

pub fn conditional_operations() {
    assert_eq!((A.cmpxchg(1, 2), A.cmpxchg(0, 2), A.read()), (0, 0, 2));
    let mut old = 7;
    assert!(!A.try_cmpxchg(&mut old, 3) && old == 2 && A.try_cmpxchg(&mut old, 3));
    assert!(A.add_unless(1, 9) && !A.add_unless(1, 4));
    assert_eq!(A.fetch_add_unless(1, 4), 4);
    assert_eq!((A.dec_if_positive(), A.read()), (3, 3));
    A.set(0);
    assert_eq!((A.dec_if_positive(), A.inc_not_zero(), A.read()), (-1, false, 0));
    assert!(A.dec_unless_positive() && !A.inc_unless_negative());
    A.set(1);
    assert!(!A.dec_unless_positive() && A.inc_unless_negative());
    assert_eq!((A.read_acquire(), LONG.inc_return(), LONG.cond_read_relaxed(|n| n == 1)), (2, 1, 1));
    reach("conditional");
}

pub fn bits() {
    let map: &[BitWord] = &*BITS;
    set_bit(3, map);
    set_bit(70, map);
    assert!(test_bit(3, map) && test_bit(70, map) && !test_bit(4, map) && !test_bit(6, map));
    assert!(test_and_set_bit(3, map) && !test_and_set_bit(4, map));
    assert!(test_and_clear_bit(4, map) && !test_and_clear_bit(4, map));
    assert!(!test_and_change_bit(5, map) && test_and_change_bit(5, map));
    change_bit(5, map);
    clear_bit(3, map);
    assert!(test_bit(5, map) && !test_bit(3, map));
    reach("bits");
}

pub fn marked_words() {
    assert_eq!((WORD.read_once(), WORD.xchg(2), WORD.cmpxchg(1, 9), WORD.cmpxchg(2, 3)), (1, 1, 2, 2));
    WORD.write_once(4);
    assert_eq!(WORD.load_acquire(), 4);
    WORD.store_release(5);
    assert_eq!(WORD.read_once(), 5);
    WORD.store_mb(6);
    assert_eq!((WORD.cond_load_relaxed(|n| n > 5), smp_cond_load_relaxed(&*A, |n| n == 0)), (6, 0));
    PARTS[0].marked().write_once(7);
    assert_eq!((PARTS[0].get(), PARTS[0].marked().read_once(), PARTS[0].get_racy()), (7, 7, 7));
    mmiowb();
    smp_read_barrier_depends();
    barrier();
    reach("marked");
}

pub fn one_of_two_wins() {
    kthread_run_on_cpu(
        || {
            if !FLAG.xchg(true) {
                A.inc();
            }
        },
        1,
        "other",
    );
    let won = !FLAG.xchg(true);
    reach(if won { "won" } else { "lost" });
    if won {
        A.inc();
    }
    ringzero::on_exit(|| assert_eq!(A.read(), 1));
}

/// Waits for a flag, behind which the data is.
pub fn a_value_is_waited_for() {
    kthread_run_on_cpu(
        || {
            PARTS[0].set(1);
            FLAG.store_release(true);
            PARTS[1].set(1);
            A.set_release(-1);
        },
        1,
        "other",
    );
    assert!(FLAG.cond_load_acquire(|set| set));
    assert_eq!(PARTS[0].get(), 1);
    assert_eq!(A.cond_read_acquire(|n| n != 0), -1);
    assert_eq!(PARTS[1].get(), 1);
    reach("waited for");
}

/// Store buffering: with a full barrier between the write and the read, one of the two sees the other's write.
pub fn barriers_are_full() {
    let try_it = |mine: usize, write: fn(usize)| {
        write(mine);
        if WANTS[1 - mine].read_once() == 0 {
            // Both at once would be two.
            assert_eq!(A.inc_return(), 1);
            reach("alone");
        } else {
            reach("not alone");
        }
    };
    kthread_run_on_cpu(move || try_it(1, |n| WANTS[n].store_mb(1)), 1, "other");
    try_it(0, |n| {
        WANTS[n].write_once(1);
        smp_mb();
    });
}

/// A value-returning operation is a barrier, whatever word it is on.
pub fn a_result_is_a_barrier() {
    kthread_run_on_cpu(
        || {
            PARTS[0].set(1);
            B.inc_return();
            FLAG.write_once(true);
        },
        1,
        "other",
    );
    if FLAG.read_once() {
        A.inc_return();
        assert_eq!(PARTS[0].get(), 1);
        reach("behind a result");
    }
}

/// The read may race, and says so.
pub fn a_race_is_meant() {
    kthread_run_on_cpu(|| PARTS[0].set(1), 1, "other");
    assert!(PARTS[0].get_racy() <= 1);
    reach("raced");
}

/// The last of two users finds the lock held.
pub fn the_last_reference_takes_the_lock() {
    let put = || {
        if let Some(mut gone) = refcount_dec_and_lock(&USERS, &GONE) {
            *gone += 1;
            gone.unlock();
        }
        let release = |mut gone: Guard<'_, u32>| {
            *gone += 1;
            assert_eq!(*gone, 2);
            reach("released under the lock");
        };
        kref_put_lock(&KREF, release, &GONE);
    };
    USERS.inc();
    KREF.get();
    kthread_run_on_cpu(put, 1, "other");
    put();
}

/// A compare-and-exchange that fails orders nothing.
pub fn failing_is_no_barrier() {
    kthread_run_on_cpu(
        || {
            PARTS[0].set(1);
            A.cmpxchg(5, 6);
            FLAG.write_once(true);
        },
        1,
        "other",
    );
    if FLAG.read_once() {
        A.read_acquire();
        PARTS[0].get();
    }
}

/// Each user touches the object, and the last one once more.
pub fn references_are_counted() {
    let put = |mine: &'static PlainCell<u32>| {
        mine.set(1);
        if USERS.dec_and_test() {
            // What the other one did is over.
            assert_eq!((PARTS[0].get(), PARTS[1].get()), (1, 1));
            reach("last reference dropped");
        }
    };
    USERS.inc();
    kthread_run_on_cpu(move || put(&PARTS[0]), 1, "other");
    put(&PARTS[1]);
}

pub fn a_reference_from_nothing() {
    assert!(USERS.dec_and_test());
    USERS.inc();
}

pub fn a_reference_too_few() {
    assert!(USERS.dec_and_test());
    let _ = USERS.dec_and_test();
}
