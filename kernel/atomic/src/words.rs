//! The bits of one word: where the first and the last one are, and how many. No shared memory, so no steps.

/// The number of the first bit that is set, from 1; 0 if none is.
///
/// ```
/// use ringzero::atomic::{__ffs, __fls, ffs, ffz, fls};
/// assert_eq!((ffs(0b1010), fls(0b1010), ffs(0)), (2, 4, 0));
/// assert_eq!((__ffs(0b1010), __fls(0b1010), ffz(0b1011)), (1, 3, 2));
/// ```
#[must_use]
pub const fn ffs(word: i32) -> u32 {
    if word == 0 { 0 } else { word.trailing_zeros() + 1 }
}

/// The number of the last bit that is set, from 1; 0 if none is.
#[must_use]
pub const fn fls(word: u32) -> u32 {
    u32::BITS - word.leading_zeros()
}

/// [`fls`] of 64 bits.
#[must_use]
pub const fn fls64(word: u64) -> u32 {
    u64::BITS - word.leading_zeros()
}

/// [`fls`] of a `long`.
#[must_use]
pub const fn fls_long(word: usize) -> u32 {
    usize::BITS - word.leading_zeros()
}

/// The number of the first bit that is set, from 0. Panics if none is, where C has no answer.
#[must_use]
pub const fn __ffs(word: usize) -> usize {
    assert!(word != 0, "__ffs() of a word without a set bit");
    word.trailing_zeros() as usize
}

/// The number of the last bit that is set, from 0. Panics if none is, where C has no answer.
#[must_use]
pub const fn __fls(word: usize) -> usize {
    assert!(word != 0, "__fls() of a word without a set bit");
    (usize::BITS - 1 - word.leading_zeros()) as usize
}

/// The number of the first bit that is clear, from 0. Panics if none is, where C has no answer.
#[must_use]
pub const fn ffz(word: usize) -> usize {
    assert!(word != usize::MAX, "ffz() of a word without a clear bit");
    word.trailing_ones() as usize
}

/// How many bits are set.
#[must_use]
pub const fn hweight64(word: u64) -> u32 {
    word.count_ones()
}

/// [`hweight64`] of 32 bits.
#[must_use]
pub const fn hweight32(word: u32) -> u32 {
    word.count_ones()
}

/// [`hweight64`] of 16 bits.
#[must_use]
pub const fn hweight16(word: u16) -> u32 {
    word.count_ones()
}

/// [`hweight64`] of 8 bits.
#[must_use]
pub const fn hweight8(word: u8) -> u32 {
    word.count_ones()
}

/// [`hweight64`] of a `long`.
#[must_use]
pub const fn hweight_long(word: usize) -> u32 {
    word.count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_bit_is_found() {
        for nr in 0..64 {
            let word = 1_usize << nr;
            assert_eq!((__ffs(word), __fls(word), ffz(!word)), (nr, nr, nr));
            assert_eq!((fls64(1 << nr), fls_long(word), hweight_long(!word)), (nr as u32 + 1, nr as u32 + 1, 63));
            assert_eq!((__ffs(usize::MAX << nr), __fls(usize::MAX >> nr)), (nr, 63 - nr));
        }
        for nr in 0..32 {
            assert_eq!((ffs(1 << nr), fls(1 << nr), hweight32(!(1 << nr))), (nr + 1, nr + 1, 31));
        }
        assert_eq!((ffs(0), fls(0), fls64(0), fls_long(0)), (0, 0, 0, 0));
        assert_eq!((hweight64(u64::MAX), hweight16(0xf0f0), hweight8(0x81)), (64, 8, 2));
    }

    #[test]
    #[should_panic(expected = "without a clear bit")]
    fn no_clear_bit_is_no_number() {
        let _ = ffz(usize::MAX);
    }
}
