//! `READ_ONCE` and `WRITE_ONCE`.

use crate::barrier::smp_mb;
use crate::integer::{ACQUIRE, FULL, Order, RELAXED, RELEASE};
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::transmute;
use core::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize, Ordering,
};
use ringzero_machine::{Cond, Mode, Op, Place, Step, WaitKind, model, wait};

/// A word that marked accesses can read and write whole: integers of up to 64 bits, `bool`, pointers.
///
/// ```
/// use ringzero::atomic::{Marked, MarkedWord};
/// fn publish<T: MarkedWord>(slot: &Marked<T>, value: T) {
///     slot.store_release(value);
/// }
/// let sequence = Marked::new(0_u64);
/// publish(&sequence, 2);
/// assert_eq!(sequence.load_acquire(), 2);
/// ```
///
/// # Safety
/// Each operation must be one atomic access of `size_of::<Self>()` bytes, which is 1, 2, 4 or 8.
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
    unsafe fn compare_exchange(at: *mut Self, old: Self, new: Self) -> Result<Self, Self>;
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
            unsafe fn compare_exchange(at: *mut Self, old: Self, new: Self) -> Result<Self, Self> {
                // SAFETY: as in `load`.
                let word = unsafe { <$word>::from_ptr(at) };
                word.compare_exchange(old, new, Ordering::SeqCst, Ordering::Relaxed)
            }
        }
    )*};
}
marked_word! {
    [] bool, AtomicBool;
    [] i8, AtomicI8;
    [] u8, AtomicU8;
    [] i16, AtomicI16;
    [] u16, AtomicU16;
    [] i32, AtomicI32;
    [] u32, AtomicU32;
    [] i64, AtomicI64;
    [] u64, AtomicU64;
    [] isize, AtomicIsize;
    [] usize, AtomicUsize;
    [P] *mut P, AtomicPtr<P>;
}

/// Shared memory that is only accessed by marked accesses: `READ_ONCE` and `WRITE_ONCE` order nothing.
///
/// ```
/// use ringzero::atomic::Marked;
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
    fn step(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.0.get() as usize, size_of::<T>() as u8, place)
    }

    #[inline]
    fn load(&self, order: Order, place: Place) -> T {
        // SAFETY: the cell is live and only accessed through `MarkedWord`.
        order.around(&self.step(Op::ReadOnce, Mode::Read, place), |core| unsafe { T::load(self.0.get(), core) })
    }

    #[inline]
    fn store(&self, value: T, order: Order, place: Place) {
        // SAFETY: as in `load`.
        order.around(&self.step(Op::WriteOnce, Mode::Write, place), |core| unsafe {
            T::store(self.0.get(), value, core);
        });
    }

    /// Reads the word whole. Orders nothing.
    #[doc(alias = "READ_ONCE")]
    #[track_caller]
    #[inline]
    pub fn read_once(&self) -> T {
        self.load(RELAXED, Place::caller())
    }

    /// Writes the word whole. Orders nothing.
    #[doc(alias = "WRITE_ONCE")]
    #[track_caller]
    #[inline]
    pub fn write_once(&self, value: T) {
        self.store(value, RELAXED, Place::caller());
    }

    /// Reads the word; what comes after stays after. Pairs with [`Marked::store_release`].
    #[doc(alias = "smp_load_acquire")]
    #[track_caller]
    #[inline]
    pub fn load_acquire(&self) -> T {
        self.load(ACQUIRE, Place::caller())
    }

    /// Writes the word; what comes before stays before. Pairs with [`Marked::load_acquire`].
    #[doc(alias = "smp_store_release")]
    #[track_caller]
    #[inline]
    pub fn store_release(&self, value: T) {
        self.store(value, RELEASE, Place::caller());
    }

    /// Writes the word, and a full barrier behind it. Pairs with the full barrier of whoever writes another word and
    /// reads this one.
    #[doc(alias("smp_store_mb", "set_mb"))]
    #[track_caller]
    #[inline]
    pub fn store_mb(&self, value: T) {
        self.store(value, RELAXED, Place::caller());
        smp_mb();
    }

    /// Spins until `cond` holds of the word and returns it; what comes after stays after. `cond` must be pure: it is
    /// asked of past values too. Keeps the CPU.
    #[doc(alias = "smp_cond_load_acquire")]
    #[track_caller]
    pub fn cond_load_acquire(&self, cond: fn(T) -> bool) -> T {
        self.spin(cond, ACQUIRE, Place::caller())
    }

    /// [`Marked::cond_load_acquire`], but it orders nothing.
    #[doc(alias = "smp_cond_load_relaxed")]
    #[track_caller]
    pub fn cond_load_relaxed(&self, cond: fn(T) -> bool) -> T {
        self.spin(cond, RELAXED, Place::caller())
    }

    fn spin(&self, cond: fn(T) -> bool, order: Order, place: Place) -> T {
        let announced = self.step(Op::ReadOnce, Mode::Read, place).ordered(order.acquire, false);
        let arg = cond as usize as u64;
        loop {
            wait(&announced, Cond::at(announced.addr, announced.size, ask::<T>, arg), WaitKind::Spin);
            // SAFETY: as in `load`.
            let value = unsafe { T::load(self.0.get(), order.core) };
            // On the host it may have changed again since.
            if model().is_some() || cond(value) {
                return value;
            }
        }
    }

    /// Writes the word; what it was. Orders everything.
    #[track_caller]
    #[inline]
    pub fn xchg(&self, value: T) -> T {
        // SAFETY: as in `load`.
        FULL.around(&self.step(Op::AtomicRmw, Mode::Rmw, Place::caller()), |_| unsafe { T::swap(self.0.get(), value) })
    }

    /// Writes `new` if the word is `old`; what it was. Orders everything if it succeeds, and nothing if not.
    #[track_caller]
    #[inline]
    pub fn cmpxchg(&self, old: T, new: T) -> T {
        FULL.if_done(&self.step(Op::Cmpxchg, Mode::Rmw, Place::caller()), |_| {
            // SAFETY: as in `load`.
            match unsafe { T::compare_exchange(self.0.get(), old, new) } {
                Ok(found) => (found, true),
                Err(found) => (found, false),
            }
        })
    }
}

/// Asks the function whose address is `cond` about the word with these bits.
fn ask<T: MarkedWord>(bits: u64, cond: u64) -> bool {
    const { assert!(cfg!(target_endian = "little") && size_of::<T>() <= 8) };
    // SAFETY: only `spin` of the same `T` makes such a condition, from a function of this type.
    let cond = unsafe { transmute::<*const (), fn(T) -> bool>(cond as usize as *const ()) };
    // SAFETY: the bits were read from such a word, whose bytes are the first ones.
    cond(unsafe { (&raw const bits).cast::<T>().read() })
}

impl<T: MarkedWord + fmt::Debug> fmt::Debug for Marked<T> {
    /// Shows the value without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: as in `load`.
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
        assert_eq!(pointer.cond_load_acquire(|p| !p.is_null()), &raw mut target);
        let small = Marked::new(-2_i16);
        small.store_mb(-3);
        assert_eq!((small.cond_load_relaxed(|n| n < 0), small.xchg(4), small.read_once()), (-3, -3, 4));
    }
}
