//! Bit operations on arrays of words.

use crate::integer::{ACQUIRE, FULL, Order, RELAXED, RELEASE};
use core::cell::UnsafeCell;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use ringzero_machine::{Mode, Op, Place, Step, step};

/// Bits in a word.
pub const BITS_PER_LONG: usize = usize::BITS as usize;

/// One word of a bitmap (`unsigned long`). A bit number counts from the start of the array.
///
/// ```
/// use ringzero::atomic::{BitWord, set_bit, test_and_clear_bit};
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
    pub(crate) fn word(&self) -> &AtomicUsize {
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

/// One access to the word of bit `nr`: `f` of the word and of the bit's mask in it.
#[inline]
fn access<R>(
    nr: usize,
    map: &[BitWord],
    (op, mode): (Op, Mode),
    order: Order,
    place: Place,
    f: impl FnOnce(&AtomicUsize, usize, Ordering) -> R,
) -> R {
    let word = map[nr / BITS_PER_LONG].word();
    let addr = core::ptr::from_ref(word) as usize;
    let announced = Step::new(op, mode, addr, size_of::<usize>() as u8, place);
    order.around(&announced, |core| f(word, mask(nr), core))
}

/// The bit in its word.
#[inline]
const fn mask(nr: usize) -> usize {
    1 << (nr % BITS_PER_LONG)
}

const READ: (Op, Mode) = (Op::AtomicRead, Mode::Read);
const RMW: (Op, Mode) = (Op::AtomicRmw, Mode::Rmw);

/// Sets bit `nr`. Orders nothing. Panics if the map has no such bit, as do all of these.
#[track_caller]
#[inline]
pub fn set_bit(nr: usize, map: &[BitWord]) {
    access(nr, map, RMW, RELAXED, Place::caller(), |word, mask, core| word.fetch_or(mask, core));
}

/// Clears bit `nr`. Orders nothing.
#[track_caller]
#[inline]
pub fn clear_bit(nr: usize, map: &[BitWord]) {
    access(nr, map, RMW, RELAXED, Place::caller(), |word, mask, core| word.fetch_and(!mask, core));
}

/// Flips bit `nr`. Orders nothing.
#[track_caller]
#[inline]
pub fn change_bit(nr: usize, map: &[BitWord]) {
    access(nr, map, RMW, RELAXED, Place::caller(), |word, mask, core| word.fetch_xor(mask, core));
}

/// [`set_bit`] or [`clear_bit`], as `value` says.
#[track_caller]
#[inline]
pub fn assign_bit(nr: usize, map: &[BitWord], value: bool) {
    if value { set_bit(nr, map) } else { clear_bit(nr, map) }
}

/// Whether bit `nr` is set. Orders nothing.
#[track_caller]
#[inline]
pub fn test_bit(nr: usize, map: &[BitWord]) -> bool {
    access(nr, map, READ, RELAXED, Place::caller(), |word, mask, core| word.load(core) & mask != 0)
}

/// Whether bit `nr` is set; what comes after stays after. Pairs with [`clear_bit_unlock`].
#[track_caller]
#[inline]
pub fn test_bit_acquire(nr: usize, map: &[BitWord]) -> bool {
    access(nr, map, READ, ACQUIRE, Place::caller(), |word, mask, core| word.load(core) & mask != 0)
}

/// Sets bit `nr`; what it was. Orders everything.
#[track_caller]
#[inline]
pub fn test_and_set_bit(nr: usize, map: &[BitWord]) -> bool {
    access(nr, map, RMW, FULL, Place::caller(), |word, mask, core| word.fetch_or(mask, core) & mask != 0)
}

/// Clears bit `nr`; what it was. Orders everything.
#[track_caller]
#[inline]
pub fn test_and_clear_bit(nr: usize, map: &[BitWord]) -> bool {
    access(nr, map, RMW, FULL, Place::caller(), |word, mask, core| word.fetch_and(!mask, core) & mask != 0)
}

/// Flips bit `nr`; what it was. Orders everything.
#[track_caller]
#[inline]
pub fn test_and_change_bit(nr: usize, map: &[BitWord]) -> bool {
    access(nr, map, RMW, FULL, Place::caller(), |word, mask, core| word.fetch_xor(mask, core) & mask != 0)
}

/// Sets bit `nr`; what it was. An acquire if it was clear, and no order if not: pairs with [`clear_bit_unlock`].
#[track_caller]
#[inline]
pub fn test_and_set_bit_lock(nr: usize, map: &[BitWord]) -> bool {
    let word = map[nr / BITS_PER_LONG].word();
    let addr = core::ptr::from_ref(word) as usize;
    let announced = Step::new(Op::AtomicRmw, Mode::Rmw, addr, size_of::<usize>() as u8, Place::caller());
    ACQUIRE.if_done(&announced, |core| {
        let was_set = word.fetch_or(mask(nr), core) & mask(nr) != 0;
        (was_set, !was_set)
    })
}

/// Clears bit `nr`. A release: pairs with [`test_and_set_bit_lock`].
#[track_caller]
#[inline]
pub fn clear_bit_unlock(nr: usize, map: &[BitWord]) {
    access(nr, map, RMW, RELEASE, Place::caller(), |word, mask, core| word.fetch_and(!mask, core));
}

/// [`clear_bit_unlock`] for a holder of the bit while nobody changes the others: a marked read, and a releasing write.
#[doc(alias = "__clear_bit_unlock")]
#[track_caller]
pub fn clear_bit_unlock_nonatomic(nr: usize, map: &[BitWord]) {
    let once = (Op::ReadOnce, Mode::Read);
    let bits = access(nr, map, once, RELAXED, Place::caller(), |word, _, core| word.load(core));
    let set = (Op::AtomicSet, Mode::Write);
    access(nr, map, set, RELEASE, Place::caller(), |word, mask, core| word.store(bits & !mask, core));
}

/// Flips the bits of `flips`, all below bit 7, in the first byte of the map; whether bit 7 of it is set. A release.
#[doc(alias = "clear_bit_unlock_is_negative_byte")]
#[track_caller]
#[inline]
pub fn xor_unlock_is_negative_byte(flips: usize, map: &[BitWord]) -> bool {
    access(0, map, RMW, RELEASE, Place::caller(), |word, _, core| word.fetch_xor(flips, core) & 0x80 != 0)
}

/// A plain read of the word of bit `nr`.
pub(crate) fn read_plainly(nr: usize, map: &[BitWord], place: Place) -> usize {
    let word = map[nr / BITS_PER_LONG].word();
    let addr = core::ptr::from_ref(word) as usize;
    let mut announced = Step::new(Op::PlainRead, Mode::Read, addr, size_of::<usize>() as u8, place);
    announced.plain = true;
    step(&announced);
    word.load(Ordering::Relaxed)
}

/// A plain read and a plain write of the word of bit `nr`: two steps; whether the bit was set.
fn update_plainly(nr: usize, map: &[BitWord], place: Place, f: impl FnOnce(usize, usize) -> usize) -> bool {
    let bits = read_plainly(nr, map, place);
    let word = map[nr / BITS_PER_LONG].word();
    let addr = core::ptr::from_ref(word) as usize;
    let mut announced = Step::new(Op::PlainWrite, Mode::Write, addr, size_of::<usize>() as u8, place);
    announced.plain = true;
    step(&announced);
    word.store(f(bits, mask(nr)), Ordering::Relaxed);
    bits & mask(nr) != 0
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

/// [`set_bit_nonatomic`] or [`clear_bit_nonatomic`], as `value` says.
#[doc(alias = "__assign_bit")]
#[track_caller]
pub fn assign_bit_nonatomic(nr: usize, map: &[BitWord], value: bool) {
    if value { set_bit_nonatomic(nr, map) } else { clear_bit_nonatomic(nr, map) }
}

/// Sets bit `nr`, not atomically; what it was.
#[doc(alias = "__test_and_set_bit")]
#[track_caller]
pub fn test_and_set_bit_nonatomic(nr: usize, map: &[BitWord]) -> bool {
    update_plainly(nr, map, Place::caller(), |bits, mask| bits | mask)
}

/// Clears bit `nr`, not atomically; what it was.
#[doc(alias = "__test_and_clear_bit")]
#[track_caller]
pub fn test_and_clear_bit_nonatomic(nr: usize, map: &[BitWord]) -> bool {
    update_plainly(nr, map, Place::caller(), |bits, mask| bits & !mask)
}

/// Flips bit `nr`, not atomically; what it was.
#[doc(alias = "__test_and_change_bit")]
#[track_caller]
pub fn test_and_change_bit_nonatomic(nr: usize, map: &[BitWord]) -> bool {
    update_plainly(nr, map, Place::caller(), |bits, mask| bits ^ mask)
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
    fn plain_ones_say_what_it_was() {
        let map = [BitWord::new(0), BitWord::new(0b100)];
        assert!(test_and_clear_bit_nonatomic(66, &map) && !test_and_clear_bit_nonatomic(66, &map));
        assert!(!test_and_set_bit_nonatomic(66, &map) && test_and_change_bit_nonatomic(66, &map));
        assert!(!test_and_change_bit_nonatomic(64, &map) && test_and_set_bit_nonatomic(64, &map));
        assign_bit(1, &map, true);
        assign_bit(64, &map, false);
        assign_bit_nonatomic(0, &map, true);
        assign_bit_nonatomic(1, &map, false);
        assert_eq!((map[0].word().load(Ordering::Relaxed), map[1].word().load(Ordering::Relaxed)), (1, 0));
    }

    #[test]
    fn an_unlock_looks_at_bit_seven() {
        let map = [BitWord::new(0b101)];
        assert!(!xor_unlock_is_negative_byte(1, &map));
        set_bit(7, &map);
        assert!(!test_and_set_bit_lock(0, &map) && test_and_set_bit_lock(0, &map) && test_bit_acquire(0, &map));
        assert!(xor_unlock_is_negative_byte(1, &map));
        clear_bit_unlock_nonatomic(2, &map);
        assert_eq!(map[0].word().load(Ordering::Relaxed), 0x80);
    }

    #[test]
    #[should_panic(expected = "out of bounds")]
    fn a_bit_beyond_the_map_panics() {
        set_bit(BITS_PER_LONG, &[BitWord::new(0)]);
    }
}
