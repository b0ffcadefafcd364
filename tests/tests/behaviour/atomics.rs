//! What atomic operations return.

use crate::reach;
use ringzero::atomic::{
    Atomic, Atomic64, BitWord, Marked, PlainCell, Refcount, change_bit, clear_bit, set_bit, test_and_change_bit,
    test_and_clear_bit, test_and_set_bit, test_bit,
};
use ringzero::kthread::kthread_run_on_cpu;

ringzero::global! {
    static A: Atomic = Atomic::new(0);
    static B: Atomic64 = Atomic64::new(0);
    static BITS: [BitWord; 2] = [const { BitWord::new(0) }; 2];
    static WORD: Marked<u32> = Marked::new(1);
    static FLAG: Marked<bool> = Marked::new(false);
    static USERS: Refcount = Refcount::new(1);
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
