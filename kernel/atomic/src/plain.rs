//! Plain shared data.

use core::cell::UnsafeCell;
use ringzero_machine::{Mode, Op, Place, Step, step};

/// Shared data that is accessed plainly: what a C variable without `READ_ONCE` is.
///
/// It is `Sync` by declaration. Each access is a step that the data-race detector watches: two accesses of which one
/// writes, and which nothing orders, are the finding `data-race`.
///
/// ```
/// use ringzero_atomic::PlainCell;
/// let hits = PlainCell::new(1);
/// hits.update(|n| n + 1);
/// assert_eq!(hits.get(), 2);
/// ```
#[repr(transparent)]
pub struct PlainCell<T: Copy>(UnsafeCell<T>);

// SAFETY: this is the type's declaration: on the model, contexts run one at a time and races are found, not
// suffered; elsewhere the user promises that no two unordered accesses meet. `T: Send` because values cross over.
unsafe impl<T: Copy + Send> Sync for PlainCell<T> {}

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

    /// Reads, and then writes what `f` makes of it: two steps, as `x = f(x)` is in C.
    #[track_caller]
    #[inline]
    pub fn update(&self, f: impl FnOnce(T) -> T) {
        let value = self.get();
        self.set(f(value));
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
        let cell = PlainCell::new((1_u8, 2_u16));
        cell.update(|(a, b)| (a + 1, b + 1));
        assert_eq!(cell.get(), (2, 3));
    }
}
