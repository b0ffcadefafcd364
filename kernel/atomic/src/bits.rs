//! Bit operations on arrays of words.

use core::cell::UnsafeCell;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use ringzero_machine::{Mode, Op, Place, Step, step};

/// Bits in a word.
pub const BITS_PER_LONG: usize = usize::BITS as usize;

/// One word of a bitmap (`unsigned long`). A bit number counts from the start of the array.
///
/// ```
/// use ringzero_atomic::{BitWord, set_bit, test_and_clear_bit};
/// let map = [const { BitWord::new(0) }; 2];
/// set_bit(70, &map);
/// assert!(test_and_clear_bit(70, &map));
/// ```
#[repr(transparent)]
pub struct BitWord(UnsafeCell<usize>);

// SAFETY: the word is only accessed atomically, or plainly by the `_nonatomic` forms, which are declared as racy as
// `PlainCell` is.
unsafe impl Sync for BitWord {}

impl BitWord {
    /// A word with these bits.
    #[must_use]
    pub const fn new(bits: usize) -> Self {
        Self(UnsafeCell::new(bits))
    }

    #[inline]
    fn word(&self) -> &AtomicUsize {
        // SAFETY: the cell is live and aligned.
        unsafe { AtomicUsize::from_ptr(self.0.get()) }
    }
}

impl fmt::Debug for BitWord {
    /// Shows the bits without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.word().load(Ordering::Relaxed))
    }
}

/// Announces one access to the word of bit `nr`; the word and the bit's mask in it.
#[inline]
fn announce(
    nr: usize,
    map: &[BitWord],
    what: (Op, Mode),
    acquire: bool,
    release: bool,
    place: Place,
) -> (&AtomicUsize, usize) {
    let word = map[nr / BITS_PER_LONG].word();
    let addr = core::ptr::from_ref(word) as usize;
    step(&Step::new(what.0, what.1, addr, size_of::<usize>() as u8, place).ordered(acquire, release));
    (word, 1 << (nr % BITS_PER_LONG))
}

const RMW: (Op, Mode) = (Op::AtomicRmw, Mode::Rmw);

/// Sets bit `nr`. Orders nothing. Panics if the map has no such bit, as do all of these.
#[track_caller]
#[inline]
pub fn set_bit(nr: usize, map: &[BitWord]) {
    let (word, mask) = announce(nr, map, RMW, false, false, Place::caller());
    word.fetch_or(mask, Ordering::Relaxed);
}

/// Clears bit `nr`. Orders nothing.
#[track_caller]
#[inline]
pub fn clear_bit(nr: usize, map: &[BitWord]) {
    let (word, mask) = announce(nr, map, RMW, false, false, Place::caller());
    word.fetch_and(!mask, Ordering::Relaxed);
}

/// Flips bit `nr`. Orders nothing.
#[track_caller]
#[inline]
pub fn change_bit(nr: usize, map: &[BitWord]) {
    let (word, mask) = announce(nr, map, RMW, false, false, Place::caller());
    word.fetch_xor(mask, Ordering::Relaxed);
}

/// Whether bit `nr` is set. Orders nothing.
#[track_caller]
#[inline]
pub fn test_bit(nr: usize, map: &[BitWord]) -> bool {
    let (word, mask) = announce(nr, map, (Op::AtomicRead, Mode::Read), false, false, Place::caller());
    word.load(Ordering::Relaxed) & mask != 0
}

/// Sets bit `nr`; what it was. Orders everything.
#[track_caller]
#[inline]
pub fn test_and_set_bit(nr: usize, map: &[BitWord]) -> bool {
    let (word, mask) = announce(nr, map, RMW, true, true, Place::caller());
    word.fetch_or(mask, Ordering::SeqCst) & mask != 0
}

/// Clears bit `nr`; what it was. Orders everything.
#[track_caller]
#[inline]
pub fn test_and_clear_bit(nr: usize, map: &[BitWord]) -> bool {
    let (word, mask) = announce(nr, map, RMW, true, true, Place::caller());
    word.fetch_and(!mask, Ordering::SeqCst) & mask != 0
}

/// Flips bit `nr`; what it was. Orders everything.
#[track_caller]
#[inline]
pub fn test_and_change_bit(nr: usize, map: &[BitWord]) -> bool {
    let (word, mask) = announce(nr, map, RMW, true, true, Place::caller());
    word.fetch_xor(mask, Ordering::SeqCst) & mask != 0
}

/// Sets bit `nr`; what it was. An acquire: pairs with [`clear_bit_unlock`].
#[track_caller]
#[inline]
pub fn test_and_set_bit_lock(nr: usize, map: &[BitWord]) -> bool {
    let (word, mask) = announce(nr, map, RMW, true, false, Place::caller());
    word.fetch_or(mask, Ordering::Acquire) & mask != 0
}

/// Clears bit `nr`. A release: pairs with [`test_and_set_bit_lock`].
#[track_caller]
#[inline]
pub fn clear_bit_unlock(nr: usize, map: &[BitWord]) {
    let (word, mask) = announce(nr, map, RMW, false, true, Place::caller());
    word.fetch_and(!mask, Ordering::Release);
}

/// A plain read and a plain write of the word of bit `nr`: two steps; the word before.
fn update_plainly(nr: usize, map: &[BitWord], place: Place, f: impl FnOnce(usize, usize) -> usize) {
    let word = map[nr / BITS_PER_LONG].word();
    let addr = core::ptr::from_ref(word) as usize;
    let mut announced = Step::new(Op::PlainRead, Mode::Read, addr, size_of::<usize>() as u8, place);
    announced.plain = true;
    step(&announced);
    let bits = word.load(Ordering::Relaxed);
    (announced.op, announced.mode) = (Op::PlainWrite, Mode::Write);
    step(&announced);
    word.store(f(bits, 1 << (nr % BITS_PER_LONG)), Ordering::Relaxed);
}

/// Sets bit `nr`, not atomically: a plain read and a plain write.
#[doc(alias = "__set_bit")]
#[track_caller]
pub fn set_bit_nonatomic(nr: usize, map: &[BitWord]) {
    update_plainly(nr, map, Place::caller(), |bits, mask| bits | mask);
}

/// Clears bit `nr`, not atomically: a plain read and a plain write.
#[doc(alias = "__clear_bit")]
#[track_caller]
pub fn clear_bit_nonatomic(nr: usize, map: &[BitWord]) {
    update_plainly(nr, map, Place::caller(), |bits, mask| bits & !mask);
}

/// Flips bit `nr`, not atomically: a plain read and a plain write.
#[doc(alias = "__change_bit")]
#[track_caller]
pub fn change_bit_nonatomic(nr: usize, map: &[BitWord]) {
    update_plainly(nr, map, Place::caller(), |bits, mask| bits ^ mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_count_over_words() {
        let map = [const { BitWord::new(0) }; 3];
        set_bit(BITS_PER_LONG + 5, &map);
        assert!(test_bit(BITS_PER_LONG + 5, &map) && !test_bit(5, &map));
        assert!(!test_and_set_bit(0, &map) && test_and_change_bit(0, &map));
        assert!(!test_bit(0, &map));
        assert!(!test_and_set_bit_lock(1, &map));
        clear_bit_unlock(1, &map);
        set_bit_nonatomic(2 * BITS_PER_LONG, &map);
        change_bit_nonatomic(2 * BITS_PER_LONG + 1, &map);
        clear_bit_nonatomic(2 * BITS_PER_LONG, &map);
        assert!(test_and_clear_bit(2 * BITS_PER_LONG + 1, &map));
        change_bit(BITS_PER_LONG + 5, &map);
        clear_bit(3, &map);
        assert!((0..3 * BITS_PER_LONG).all(|nr| !test_bit(nr, &map)));
    }

    #[test]
    #[should_panic(expected = "out of bounds")]
    fn a_bit_beyond_the_map_panics() {
        set_bit(BITS_PER_LONG, &[BitWord::new(0)]);
    }
}
