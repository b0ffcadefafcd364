//! `READ_ONCE` and `WRITE_ONCE`.

use core::cell::UnsafeCell;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use ringzero_machine::{Mode, Op, Place, Step, step};

/// A word that marked accesses can read and write whole: integers of 32 and 64 bits, `usize`, `bool`, pointers.
///
/// # Safety
/// Each operation must be one atomic access of `size_of::<Self>()` bytes, which is 1, 4 or 8.
pub unsafe trait MarkedWord: Copy + PartialEq {
    /// # Safety
    /// `at` must be aligned, live, and only accessed atomically.
    unsafe fn load(at: *mut Self, order: Ordering) -> Self;
    /// # Safety
    /// As for `load`.
    unsafe fn store(at: *mut Self, value: Self, order: Ordering);
    /// # Safety
    /// As for `load`.
    unsafe fn swap(at: *mut Self, value: Self) -> Self;
    /// # Safety
    /// As for `load`.
    unsafe fn compare_exchange(at: *mut Self, old: Self, new: Self) -> Self;
}

macro_rules! marked_word {
    ($([$($generic:ident)?] $t:ty, $word:ty;)*) => {$(
        // SAFETY: each body is one operation of `core`'s atomic of this type.
        unsafe impl$(<$generic>)? MarkedWord for $t {
            #[inline]
            unsafe fn load(at: *mut Self, order: Ordering) -> Self {
                // SAFETY: the caller's contract is that of `from_ptr`.
                unsafe { <$word>::from_ptr(at) }.load(order)
            }
            #[inline]
            unsafe fn store(at: *mut Self, value: Self, order: Ordering) {
                // SAFETY: as in `load`.
                unsafe { <$word>::from_ptr(at) }.store(value, order);
            }
            #[inline]
            unsafe fn swap(at: *mut Self, value: Self) -> Self {
                // SAFETY: as in `load`.
                unsafe { <$word>::from_ptr(at) }.swap(value, Ordering::SeqCst)
            }
            #[inline]
            unsafe fn compare_exchange(at: *mut Self, old: Self, new: Self) -> Self {
                // SAFETY: as in `load`.
                let word = unsafe { <$word>::from_ptr(at) };
                match word.compare_exchange(old, new, Ordering::SeqCst, Ordering::Relaxed) {
                    Ok(found) | Err(found) => found,
                }
            }
        }
    )*};
}
marked_word! {
    [] bool, AtomicBool;
    [] i32, AtomicI32;
    [] u32, AtomicU32;
    [] i64, AtomicI64;
    [] u64, AtomicU64;
    [] usize, AtomicUsize;
    [P] *mut P, AtomicPtr<P>;
}

/// Shared memory that is only accessed by marked accesses: `READ_ONCE` and `WRITE_ONCE` order nothing.
///
/// ```
/// use ringzero_atomic::Marked;
/// let ready = Marked::new(false);
/// ready.write_once(true);
/// assert!(ready.read_once());
/// ```
#[doc(alias = "ACCESS_ONCE")]
#[repr(transparent)]
pub struct Marked<T>(UnsafeCell<T>);

// SAFETY: every access is one atomic operation; a pointer inside is only a value here.
unsafe impl<T: MarkedWord> Sync for Marked<T> {}
// SAFETY: as above.
unsafe impl<T: MarkedWord> Send for Marked<T> {}

impl<T: MarkedWord> Marked<T> {
    /// A cell with this value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    #[inline]
    fn announce(&self, op: Op, mode: Mode, acquire: bool, release: bool, place: Place) -> *mut T {
        let addr = self.0.get() as usize;
        step(&Step::new(op, mode, addr, size_of::<T>() as u8, place).ordered(acquire, release));
        self.0.get()
    }

    /// Reads the word whole. Orders nothing.
    #[doc(alias = "READ_ONCE")]
    #[track_caller]
    #[inline]
    pub fn read_once(&self) -> T {
        let at = self.announce(Op::ReadOnce, Mode::Read, false, false, Place::caller());
        // SAFETY: the cell is live and only accessed through `MarkedWord`.
        unsafe { T::load(at, Ordering::Relaxed) }
    }

    /// Writes the word whole. Orders nothing.
    #[doc(alias = "WRITE_ONCE")]
    #[track_caller]
    #[inline]
    pub fn write_once(&self, value: T) {
        let at = self.announce(Op::WriteOnce, Mode::Write, false, false, Place::caller());
        // SAFETY: as in `read_once`.
        unsafe { T::store(at, value, Ordering::Relaxed) }
    }

    /// Reads the word; what comes after stays after. Pairs with [`Marked::store_release`].
    #[doc(alias = "smp_load_acquire")]
    #[track_caller]
    #[inline]
    pub fn load_acquire(&self) -> T {
        let at = self.announce(Op::ReadOnce, Mode::Read, true, false, Place::caller());
        // SAFETY: as in `read_once`.
        unsafe { T::load(at, Ordering::Acquire) }
    }

    /// Writes the word; what comes before stays before. Pairs with [`Marked::load_acquire`].
    #[doc(alias = "smp_store_release")]
    #[track_caller]
    #[inline]
    pub fn store_release(&self, value: T) {
        let at = self.announce(Op::WriteOnce, Mode::Write, false, true, Place::caller());
        // SAFETY: as in `read_once`.
        unsafe { T::store(at, value, Ordering::Release) }
    }

    /// Writes the word; what it was. Orders everything.
    #[track_caller]
    #[inline]
    pub fn xchg(&self, value: T) -> T {
        let at = self.announce(Op::AtomicRmw, Mode::Rmw, true, true, Place::caller());
        // SAFETY: as in `read_once`.
        unsafe { T::swap(at, value) }
    }

    /// Writes `new` if the word is `old`; what it was. Orders everything, if it succeeds.
    #[track_caller]
    #[inline]
    pub fn cmpxchg(&self, old: T, new: T) -> T {
        let at = self.announce(Op::Cmpxchg, Mode::Rmw, true, true, Place::caller());
        // SAFETY: as in `read_once`.
        unsafe { T::compare_exchange(at, old, new) }
    }
}

impl<T: MarkedWord + fmt::Debug> fmt::Debug for Marked<T> {
    /// Shows the value without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: as in `read_once`.
        unsafe { T::load(self.0.get(), Ordering::Relaxed) }.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Marked;
    use core::ptr;

    #[test]
    fn words_of_every_kind() {
        let flag = Marked::new(false);
        assert!(!flag.xchg(true) && flag.read_once());
        let word = Marked::new(3_u64);
        assert_eq!((word.cmpxchg(3, 4), word.cmpxchg(3, 5), word.load_acquire()), (3, 4, 4));
        let mut target = 1_u8;
        let pointer = Marked::new(ptr::null_mut());
        pointer.store_release(&raw mut target);
        assert_eq!(pointer.read_once(), &raw mut target);
    }
}
