//! Bit operations, looking for bits, locks of one bit.

use crate::reach;
use ringzero::atomic::{
    Atomic, BitWord, PlainCell, assign_bit, assign_bit_nonatomic, change_bit_nonatomic, clear_bit_nonatomic,
    clear_bit_unlock, clear_bit_unlock_nonatomic, clear_bits, cpu_relax, find_first_bit, find_first_zero_bit,
    find_last_bit, find_next_bit, find_next_zero_bit, set_bit, set_bit_nonatomic, set_bits,
    test_and_change_bit_nonatomic, test_and_clear_bit_nonatomic, test_and_set_bit_lock, test_and_set_bit_nonatomic,
    test_bit, test_bit_acquire, xor_unlock_is_negative_byte,
};
use ringzero::kthread::kthread_run_on_cpu;

ringzero::global! {
    static MAP: [BitWord; 2] = [const { BitWord::new(0) }; 2];
    static LOCKED: PlainCell<u32> = PlainCell::new(0);
    static ENDED: Atomic = Atomic::new(0);
}

pub fn plain_operations() {
    let map: &[BitWord] = &*MAP;
    set_bit_nonatomic(65, map);
    change_bit_nonatomic(66, map);
    assert!(test_and_clear_bit_nonatomic(65, map) && !test_and_clear_bit_nonatomic(65, map));
    assert!(!test_and_set_bit_nonatomic(65, map) && test_and_set_bit_nonatomic(65, map));
    assert!(test_and_change_bit_nonatomic(66, map) && !test_and_change_bit_nonatomic(66, map));
    clear_bit_nonatomic(66, map);
    assign_bit_nonatomic(1, map, true);
    assign_bit(2, map, true);
    assign_bit(65, map, false);
    assert!(set_bits(map, 128).eq([1, 2]));
    reach("plain bits");
}

pub fn bits_are_found() {
    let map: &[BitWord] = &*MAP;
    assert_eq!((find_first_bit(map, 128), find_last_bit(map, 128), find_first_zero_bit(map, 128)), (128, 128, 0));
    [3, 63, 64, 100].into_iter().for_each(|nr| set_bit(nr, map));
    assert_eq!((find_first_bit(map, 128), find_last_bit(map, 128), find_last_bit(map, 100)), (3, 100, 64));
    assert_eq!((find_next_bit(map, 128, 4), find_next_bit(map, 128, 101), find_next_bit(map, 99, 65)), (63, 128, 99));
    assert_eq!((find_next_zero_bit(map, 128, 63), find_next_zero_bit(map, 65, 63)), (65, 65));
    assert!(set_bits(map, 101).eq([3, 63, 64, 100]) && clear_bits(map, 6).eq([0, 1, 2, 4, 5]));
    reach("bits found");
}

/// Two tasks exclude each other with bit 0, each with another kind of unlock.
pub fn a_bit_is_a_lock() {
    let section = |unlock: fn()| {
        while test_and_set_bit_lock(0, &*MAP) {
            while test_bit(0, &*MAP) {
                cpu_relax();
            }
        }
        LOCKED.update(|n| n + 1);
        unlock();
        if ENDED.inc_return() == 2 {
            assert!(!test_bit_acquire(0, &*MAP));
            assert_eq!(LOCKED.get(), 2);
            reach("both had the bit");
        }
    };
    kthread_run_on_cpu(move || section(|| clear_bit_unlock(0, &*MAP)), 1, "other");
    section(|| {
        set_bit(7, &*MAP);
        assert!(xor_unlock_is_negative_byte(1, &*MAP));
    });
}

/// The other bits are the holder's, so it may write the whole word.
pub fn a_bit_is_unlocked_plainly() {
    let section = || {
        if !test_and_set_bit_lock(0, &*MAP) {
            LOCKED.update(|n| n + 1);
            clear_bit_unlock_nonatomic(0, &*MAP);
        }
        if ENDED.inc_return() == 2 {
            assert!(!test_bit_acquire(0, &*MAP));
            reach(if LOCKED.get() == 2 { "both took the bit" } else { "one took the bit" });
        }
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
}

/// Looking for a bit reads plainly, and the other CPU sets one meanwhile.
pub fn found_while_they_change() {
    kthread_run_on_cpu(|| set_bit(3, &*MAP), 1, "other");
    let _ = find_first_zero_bit(&*MAP, 128);
}

pub fn two_set_bits_plainly() {
    kthread_run_on_cpu(|| set_bit_nonatomic(3, &*MAP), 1, "other");
    set_bit_nonatomic(4, &*MAP);
}
