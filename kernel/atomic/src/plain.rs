//! Plain shared data.

use crate::marked::{Marked, MarkedWord};
use core::cell::UnsafeCell;
use core::ptr;
use ringzero_machine::{Mode, Op, Place, Step, step};

/// Shared data that is accessed plainly: what a C variable without `READ_ONCE` is.
///
/// It is `Sync` by declaration. Each access is a step that the data-race detector watches: two accesses of which one
/// writes, and which nothing orders, are the finding `data-race`.
///
/// ```
/// use ringzero::atomic::PlainCell;
/// let hits = PlainCell::new(1);
/// hits.update(|n| n + 1);
/// assert_eq!(hits.get(), 2);
/// ```
///
/// Threads share only [`PlainData`], of which any mix of two values is one:
///
/// ```compile_fail
/// static NAME: ringzero::atomic::PlainCell<&str> = ringzero::atomic::PlainCell::new("a");
/// ```
#[repr(transparent)]
pub struct PlainCell<T: Copy>(UnsafeCell<T>);

/// What a [`PlainCell`] may hold that threads share: words, and arrays of them. On threads nothing notices accesses that meet,
/// and a reader may see parts of two values: of a slice, the address of one and the length of the other.
///
/// ```
/// use ringzero::atomic::{PlainCell, PlainData};
/// fn take<T: PlainData + Default>(cell: &PlainCell<T>) -> T {
///     let value = cell.get();
///     cell.set(T::default());
///     value
/// }
/// assert_eq!(take(&PlainCell::new(3)), 3);
/// ```
///
/// # Safety
/// Words of up to 8 bytes that are aligned to their size, each of which was in its place in some value, make a value.
pub unsafe trait PlainData: Copy {}

// SAFETY: it is such a word itself, and read and written whole.
unsafe impl<T: MarkedWord> PlainData for T {}
// SAFETY: its elements are.
unsafe impl<T: PlainData, const N: usize> PlainData for [T; N] {}

// SAFETY: this is the type's declaration: on the model, contexts run one at a time and races are found, not
// suffered; elsewhere the user promises that no two unordered accesses meet, and gets a mix of values if they do, which
// `PlainData` is made for. `T: Send` because values cross over.
unsafe impl<T: PlainData + Send> Sync for PlainCell<T> {}

impl<T: Copy> PlainCell<T> {
    /// A cell with this value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The size of a word that the machine can read, 0 if it is none.
    const fn word_size() -> u8 {
        let size = size_of::<T>();
        if matches!(size, 1 | 2 | 4 | 8) && align_of::<T>() == size { size as u8 } else { 0 }
    }

    #[inline]
    fn announce(&self, op: Op, mode: Mode, place: Place) -> *mut T {
        let mut announced = Step::new(op, mode, self.0.get() as usize, Self::word_size(), place);
        announced.plain = true;
        step(&announced);
        self.0.get()
    }

    /// Reads.
    #[track_caller]
    #[inline]
    pub fn get(&self) -> T {
        let at = self.announce(Op::PlainRead, Mode::Read, Place::caller());
        // SAFETY: the cell is live and initialised; see `Sync` above for races.
        unsafe { at.read_volatile() }
    }

    /// Writes.
    #[track_caller]
    #[inline]
    pub fn set(&self, value: T) {
        let at = self.announce(Op::PlainWrite, Mode::Write, Place::caller());
        // SAFETY: as in `get`.
        unsafe { at.write_volatile(value) }
    }

    /// Reads, and a race with this read is meant (`data_race()`). It is no step: what else it could have found is not
    /// explored.
    #[doc(alias = "data_race")]
    #[inline]
    pub fn get_racy(&self) -> T {
        // SAFETY: as in `get`; that it races is the caller's word.
        unsafe { self.0.get().read_volatile() }
    }

    /// Reads, and then writes what `f` makes of it: two steps, as `x = f(x)` is in C.
    #[track_caller]
    #[inline]
    pub fn update(&self, f: impl FnOnce(T) -> T) {
        let value = self.get();
        self.set(f(value));
    }
}

impl<T: MarkedWord> PlainCell<T> {
    /// The same word for marked accesses: `READ_ONCE(x)` of a variable that others access plainly under a lock.
    ///
    /// ```
    /// use ringzero::atomic::PlainCell;
    /// let jobs = PlainCell::new(3_u32);
    /// jobs.marked().write_once(jobs.get() - 1);
    /// assert_eq!(jobs.marked().read_once(), 2);
    /// ```
    #[doc(alias("READ_ONCE", "WRITE_ONCE", "ACCESS_ONCE"))]
    #[must_use]
    pub const fn marked(&self) -> &Marked<T> {
        // SAFETY: both are transparent over the same cell; plain accesses beside these are what the type declares.
        unsafe { &*ptr::from_ref(self).cast::<Marked<T>>() }
    }
}

impl<T: Copy + Default> Default for PlainCell<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::PlainCell;

    #[test]
    fn only_words_have_a_size() {
        assert_eq!(PlainCell::<u64>::word_size(), 8);
        assert_eq!(PlainCell::<bool>::word_size(), 1);
        assert_eq!(PlainCell::<[u8; 4]>::word_size(), 0);
        assert_eq!(PlainCell::<[u64; 2]>::word_size(), 0);
    }

    #[test]
    fn update_reads_and_writes() {
        let cell = PlainCell::new([1_u16, 2]);
        cell.update(|[a, b]| [a + 1, b + 1]);
        assert_eq!((cell.get(), cell.get_racy()), ([2, 3], [2, 3]));
    }
}
