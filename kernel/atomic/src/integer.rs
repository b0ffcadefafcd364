//! The two widths of [`Atomic`](crate::Atomic), and what an operation orders.

use core::ops::Not;
use core::sync::atomic::{AtomicI32, AtomicI64, Ordering};
use ringzero_machine::{Step, model, step};

/// What a read-modify-write orders: for the detector, and for the processor.
#[derive(Clone, Copy)]
pub(crate) struct Order {
    pub acquire: bool,
    pub release: bool,
    /// It is a barrier, too: on this processor every locked instruction is one.
    pub full: bool,
    pub core: Ordering,
}

/// Everything before and after: the value-returning operations (invariant 2).
pub(crate) const FULL: Order = Order { acquire: true, release: true, full: true, core: Ordering::SeqCst };
/// Nothing.
pub(crate) const RELAXED: Order = Order { acquire: false, release: false, full: false, core: Ordering::Relaxed };
/// What comes after stays after.
pub(crate) const ACQUIRE: Order = Order { acquire: true, release: false, full: false, core: Ordering::Acquire };
/// What comes before stays before.
pub(crate) const RELEASE: Order = Order { acquire: false, release: true, full: false, core: Ordering::Release };

impl Order {
    /// Tells the detector of the barrier, which is no step: once before the step and once after it.
    #[inline]
    pub(crate) fn barrier(self) {
        if self.full
            && let Some(m) = model()
        {
            m.fence(true, true);
        }
    }

    /// Announces a step that orders this, and performs it.
    #[inline]
    pub(crate) fn around<R>(self, announced: &Step, perform: impl FnOnce(Ordering) -> R) -> R {
        self.barrier();
        step(&announced.ordered(self.acquire, self.release));
        let result = perform(self.core);
        self.barrier();
        result
    }

    /// Announces a step that orders this if it succeeds, and nothing if not, and performs it.
    #[inline]
    pub(crate) fn if_done<R>(self, announced: &Step, perform: impl FnOnce(Ordering) -> (R, bool)) -> R {
        step(announced);
        let (result, done) = perform(self.core);
        if done && let Some(m) = model() {
            self.barrier();
            if self.acquire || self.release {
                m.order(announced.addr, self.acquire, self.release);
            }
            self.barrier();
        }
        result
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
}

/// A width of [`Atomic`](crate::Atomic): `i32` (`atomic_t`) or `i64` (`atomic64_t`).
///
/// ```
/// use ringzero::atomic::{Atomic, Integer};
/// fn is_idle<T: Integer>(users: &Atomic<T>) -> bool {
///     users.read() == T::ZERO
/// }
/// assert!(is_idle(&Atomic::new(0_i32)) && !is_idle(&Atomic::new(1_i64)));
/// ```
pub trait Integer: Copy + Ord + Not<Output = Self> + sealed::Sealed + 'static {
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// The hardware's word of this width.
    #[doc(hidden)]
    type Word: Word<Self>;
    /// The sum, modulo two to the width.
    #[doc(hidden)]
    fn plus(self, other: Self) -> Self;
    /// The difference, modulo two to the width.
    #[doc(hidden)]
    fn minus(self, other: Self) -> Self;
    /// From the bits of a word that the machine read.
    #[doc(hidden)]
    fn from_bits(bits: u64) -> Self;
    /// The word at `at`.
    ///
    /// # Safety
    /// `at` must be aligned, valid for `'a`, and only accessed atomically meanwhile.
    #[doc(hidden)]
    unsafe fn word<'a>(at: *mut Self) -> &'a Self::Word;
}

/// What a hardware word can do. Implemented by the atomics of `core`.
#[doc(hidden)]
pub trait Word<T> {
    fn load(&self, order: Ordering) -> T;
    fn store(&self, value: T, order: Ordering);
    fn swap(&self, value: T, order: Ordering) -> T;
    fn compare_exchange(&self, old: T, new: T, ok: Ordering, fail: Ordering) -> Result<T, T>;
    fn fetch_add(&self, value: T, order: Ordering) -> T;
    fn fetch_sub(&self, value: T, order: Ordering) -> T;
    fn fetch_and(&self, value: T, order: Ordering) -> T;
    fn fetch_or(&self, value: T, order: Ordering) -> T;
    fn fetch_xor(&self, value: T, order: Ordering) -> T;
}

macro_rules! integer {
    ($int:ty, $word:ty) => {
        impl Integer for $int {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            type Word = $word;
            #[inline]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline]
            fn from_bits(bits: u64) -> Self {
                bits as $int
            }
            #[inline]
            unsafe fn word<'a>(at: *mut Self) -> &'a $word {
                // SAFETY: the caller's contract is that of `from_ptr`.
                unsafe { <$word>::from_ptr(at) }
            }
        }
        integer!(@word $int, $word: fetch_add fetch_sub fetch_and fetch_or fetch_xor);
    };
    (@word $int:ty, $word:ty: $($rmw:ident)*) => {
        impl Word<$int> for $word {
            #[inline]
            fn load(&self, order: Ordering) -> $int {
                <$word>::load(self, order)
            }
            #[inline]
            fn store(&self, value: $int, order: Ordering) {
                <$word>::store(self, value, order);
            }
            #[inline]
            fn swap(&self, value: $int, order: Ordering) -> $int {
                <$word>::swap(self, value, order)
            }
            #[inline]
            fn compare_exchange(&self, old: $int, new: $int, ok: Ordering, fail: Ordering) -> Result<$int, $int> {
                <$word>::compare_exchange(self, old, new, ok, fail)
            }
            $(
                #[inline]
                fn $rmw(&self, value: $int, order: Ordering) -> $int {
                    <$word>::$rmw(self, value, order)
                }
            )*
        }
    };
}
integer!(i32, AtomicI32);
integer!(i64, AtomicI64);
