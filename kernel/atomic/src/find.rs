//! Looking for bits in arrays of words (invariant 6). What is not found is the size in bits.

use crate::bits::{BITS_PER_LONG, BitWord, read_plainly};
use ringzero_machine::Place;

/// The first bit from `start` on that is set after its word was flipped with `flip`.
fn find(map: &[BitWord], size: usize, start: usize, flip: usize, place: Place) -> usize {
    let mut at = start;
    while at < size {
        let word = (read_plainly(at, map, place) ^ flip) >> (at % BITS_PER_LONG);
        if word != 0 {
            return size.min(at + word.trailing_zeros() as usize);
        }
        at += BITS_PER_LONG - at % BITS_PER_LONG;
    }
    size
}

/// The first bit that is set among the first `size` ones, or `size`. Panics if the map is shorter, as do all of these.
///
/// ```
/// use ringzero::atomic::{BitWord, find_first_bit, find_next_bit, find_next_zero_bit, set_bit};
/// let map = [const { BitWord::new(0) }; 2];
/// set_bit(3, &map);
/// set_bit(70, &map);
/// assert_eq!((find_first_bit(&map, 128), find_next_bit(&map, 128, 4)), (3, 70));
/// assert_eq!((find_next_bit(&map, 128, 71), find_next_zero_bit(&map, 128, 3)), (128, 4));
/// ```
#[must_use]
#[track_caller]
pub fn find_first_bit(map: &[BitWord], size: usize) -> usize {
    find(map, size, 0, 0, Place::caller())
}

/// The first bit from `offset` on that is set, or `size`.
#[must_use]
#[track_caller]
pub fn find_next_bit(map: &[BitWord], size: usize, offset: usize) -> usize {
    find(map, size, offset, 0, Place::caller())
}

/// The first bit that is clear, or `size`.
#[must_use]
#[track_caller]
pub fn find_first_zero_bit(map: &[BitWord], size: usize) -> usize {
    find(map, size, 0, usize::MAX, Place::caller())
}

/// The first bit from `offset` on that is clear, or `size`.
#[must_use]
#[track_caller]
pub fn find_next_zero_bit(map: &[BitWord], size: usize, offset: usize) -> usize {
    find(map, size, offset, usize::MAX, Place::caller())
}

/// The last bit that is set, or `size`.
#[must_use]
#[track_caller]
pub fn find_last_bit(map: &[BitWord], size: usize) -> usize {
    let place = Place::caller();
    for n in (0..size.div_ceil(BITS_PER_LONG)).rev() {
        let beyond = ((n + 1) * BITS_PER_LONG).saturating_sub(size);
        let word = read_plainly(n * BITS_PER_LONG, map, place) << beyond;
        if word != 0 {
            return (n + 1) * BITS_PER_LONG - 1 - beyond - word.leading_zeros() as usize;
        }
    }
    size
}

/// The bits that are set, one after the other; each is looked for when it is asked for.
///
/// ```
/// use ringzero::atomic::{BitWord, set_bit, set_bits};
/// let pending = [BitWord::new(0b10011)];
/// assert!(set_bits(&pending, 64).eq([0, 1, 4]));
/// ```
#[doc(alias = "for_each_set_bit")]
#[track_caller]
pub fn set_bits(map: &[BitWord], size: usize) -> impl Iterator<Item = usize> {
    each(map, size, 0, Place::caller())
}

/// The bits that are clear, one after the other; each is looked for when it is asked for.
#[doc(alias = "for_each_clear_bit")]
#[track_caller]
pub fn clear_bits(map: &[BitWord], size: usize) -> impl Iterator<Item = usize> {
    each(map, size, usize::MAX, Place::caller())
}

fn each(map: &[BitWord], size: usize, flip: usize, place: Place) -> impl Iterator<Item = usize> {
    let mut next = 0;
    core::iter::from_fn(move || {
        let at = find(map, size, next, flip, place);
        next = at + 1;
        (at < size).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Against the bits one by one, for maps of several sizes.
    #[test]
    fn found_as_one_by_one() {
        let words = [0_usize, 1, 1 << 63, usize::MAX, 0xf0f0_0000_1111_0001, !(1 << 40)];
        for (a, b) in words.into_iter().flat_map(|a| words.map(|b| (a, b))) {
            let map = [BitWord::new(a), BitWord::new(b)];
            let is_set = |nr: usize| if nr < 64 { a >> nr & 1 == 1 } else { b >> (nr - 64) & 1 == 1 };
            for size in [0, 1, 5, 63, 64, 65, 100, 127, 128] {
                let set: Vec<usize> = (0..size).filter(|&nr| is_set(nr)).collect();
                let clear: Vec<usize> = (0..size).filter(|&nr| !is_set(nr)).collect();
                assert!(
                    set_bits(&map, size).eq(set.iter().copied()) && clear_bits(&map, size).eq(clear.iter().copied())
                );
                assert_eq!(find_first_bit(&map, size), set.first().copied().unwrap_or(size));
                assert_eq!(find_last_bit(&map, size), set.last().copied().unwrap_or(size));
                assert_eq!(find_first_zero_bit(&map, size), clear.first().copied().unwrap_or(size));
                for from in 0..=size + 1 {
                    let next = |bits: &[usize]| bits.iter().copied().find(|&nr| nr >= from).unwrap_or(size);
                    assert_eq!(find_next_bit(&map, size, from), next(&set));
                    assert_eq!(find_next_zero_bit(&map, size, from), next(&clear));
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "out of bounds")]
    fn a_map_that_is_too_short_panics() {
        let _ = find_first_bit(&[BitWord::new(0)], 65);
    }
}
