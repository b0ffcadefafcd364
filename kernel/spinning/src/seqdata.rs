//! Data that are read and written word by word.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};
use ringzero_machine::{Mode, Op, Place, Step, fine, step};

/// What may be copied word by word while another CPU writes it: [`SeqLock`](crate::SeqLock) and [`Latch`](crate::Latch)
/// have it. A copy that is torn is thrown away before anybody sees it as a value.
///
/// Numbers, `bool`, `char`, arrays of them, and structs made by [`seq_data!`](crate::seq_data).
///
/// ```
/// use ringzero::sync::{SeqData, SeqLock};
/// fn last<T: SeqData, const N: usize>(samples: &SeqLock<[T; N]>) -> Option<T> {
///     samples.read().last().copied()
/// }
/// assert_eq!(last(&SeqLock::new([1.5, 2.5])), Some(2.5));
/// ```
///
/// # Safety
/// No byte of a value is padding, none belongs to a pointer or reference, and nothing in it is changed through a shared
/// reference.
pub unsafe trait SeqData: Copy + 'static {}

macro_rules! seq_data_is {
    ($($t:ty)*) => {$(
        // SAFETY: a number, `bool` or `char` has no padding, no pointer and no cell.
        unsafe impl SeqData for $t {}
    )*};
}
seq_data_is! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 bool char }

// SAFETY: it has no bytes.
unsafe impl SeqData for () {}
// SAFETY: an array has no padding between its elements.
unsafe impl<T: SeqData, const N: usize> SeqData for [T; N] {}

/// Declares structs that are [`SeqData`]. One with padding between its fields does not compile: pad it by a field. Nor does a
/// field with an attribute other than its documentation: all of them are always there.
///
/// ```
/// use ringzero::sync::{SeqLock, seq_data};
/// seq_data! {
///     /// Where something is.
///     #[derive(Debug, PartialEq)]
///     pub struct Position {
///         /// To the right.
///         x: f64,
///         y: f64,
///     }
/// }
/// let position = SeqLock::new(Position { x: 0.0, y: 0.0 });
/// position.write().x = 2.0;
/// assert_eq!(position.read(), Position { x: 2.0, y: 0.0 });
/// ```
///
/// ```compile_fail
/// ringzero::sync::seq_data! { struct Padded { flag: bool, count: u32 } }
/// ```
///
/// ```compile_fail
/// ringzero::sync::seq_data! { struct Padded { flag: bool, #[cfg(any())] pad: [u8; 3], count: u32 } }
/// ```
#[macro_export]
macro_rules! seq_data {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[doc = $doc:expr])* $field_vis:vis $field:ident: $t:ty),* $(,)?
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy)]
        #[repr(C)]
        $vis struct $name {
            $($(#[doc = $doc])* $field_vis $field: $t),*
        }

        const _: () = {
            const fn is_seq_data<T: $crate::SeqData>() {}
            $(is_seq_data::<$t>();)*
            let fields = 0 $(+ ::core::mem::size_of::<$t>())*;
            assert!(::core::mem::size_of::<$name>() == fields, "there is padding between the fields");
        };
        // SAFETY: all fields are, and there is nothing between them.
        unsafe impl $crate::SeqData for $name {}
    )*};
}

/// A value in words: each is read and written by one atomic instruction, always the same one.
#[repr(C, align(8))]
pub(crate) struct Words<T>(UnsafeCell<T>);

// SAFETY: through a shared reference it is read and written by atomic instructions only.
unsafe impl<T: SeqData + Send> Sync for Words<T> {}

/// The steps in which `size` bytes are gone through: where, and how many bytes.
macro_rules! each_word {
    ($size:expr, |$at:ident| $w8:expr, $w4:expr, $w2:expr, $w1:expr) => {
        let size = $size;
        let mut $at = 0;
        while $at + 8 <= size {
            $w8;
            $at += 8;
        }
        if size & 4 != 0 {
            $w4;
            $at += 4;
        }
        if size & 2 != 0 {
            $w2;
            $at += 2;
        }
        if size & 1 != 0 {
            $w1;
        }
    };
}

impl<T> Words<T> {
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }

    pub const fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<T: SeqData> Words<T> {
    fn announce(&self, at: usize, size: u8, write: bool, place: Place) {
        if fine() {
            let (op, mode) = if write { (Op::AtomicSet, Mode::Write) } else { (Op::AtomicRead, Mode::Read) };
            step(&Step::new(op, mode, self.0.get().addr() + at, size, place));
        }
    }

    /// A copy, torn if somebody writes meanwhile: then it is no value of the type. In fine granularity a step a word.
    #[inline(always)]
    pub fn load(&self, place: Place) -> MaybeUninit<T> {
        let mut copy = MaybeUninit::<T>::uninit();
        let (from, to) = (self.0.get().cast::<u8>(), copy.as_mut_ptr().cast::<u8>());
        macro_rules! word {
            ($at:ident, $atomic:ty, $word:ty) => {{
                self.announce($at, size_of::<$word>() as u8, false, place);
                // SAFETY: within the value, which is aligned for words of 8; smaller ones come after them, larger before
                // smaller. All bytes are initialised (the contract of `SeqData`). Nobody accesses it otherwise.
                unsafe {
                    let word = <$atomic>::from_ptr(from.add($at).cast()).load(Relaxed);
                    to.add($at).cast::<$word>().write_unaligned(word);
                }
            }};
        }
        each_word!(
            size_of::<T>(),
            |at| word!(at, AtomicU64, u64),
            word!(at, AtomicU32, u32),
            word!(at, AtomicU16, u16),
            word!(at, AtomicU8, u8)
        );
        copy
    }

    /// Overwrites the value. One at a time.
    #[inline(always)]
    pub fn store(&self, value: &T, place: Place) {
        let (from, to) = (ptr::from_ref(value).cast::<u8>(), self.0.get().cast::<u8>());
        macro_rules! word {
            ($at:ident, $atomic:ty, $word:ty) => {{
                self.announce($at, size_of::<$word>() as u8, true, place);
                // SAFETY: as in `load`.
                unsafe {
                    let word = from.add($at).cast::<$word>().read_unaligned();
                    <$atomic>::from_ptr(to.add($at).cast()).store(word, Relaxed);
                }
            }};
        }
        each_word!(
            size_of::<T>(),
            |at| word!(at, AtomicU64, u64),
            word!(at, AtomicU32, u32),
            word!(at, AtomicU16, u16),
            word!(at, AtomicU8, u8)
        );
    }

    /// The value, which nobody else writes now.
    #[inline(always)]
    pub fn settled(&self) -> T {
        // SAFETY: nobody writes it (the caller's lock), and concurrent reads are reads.
        unsafe { *self.0.get() }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    fn round<T: SeqData + PartialEq + core::fmt::Debug>(before: T, after: T) {
        let (words, place) = (Words::new(before), Place::here());
        // SAFETY: nobody writes.
        assert_eq!(unsafe { words.load(place).assume_init() }, before);
        words.store(&after, place);
        assert_eq!((words.settled(), words.into_inner()), (after, after));
    }

    #[test]
    fn values_of_all_sizes_come_back() {
        round((), ());
        round(true, false);
        round('a', '\u{1F980}');
        round([1_u8; 7], [0xfe; 7]);
        round([1_u16; 11], [0xfedc; 11]);
        round([1_u32; 3], [7; 3]);
        round([u128::MAX; 2], [5; 2]);
        round([1.5_f64; 4], [-2.5; 4]);
    }
}
