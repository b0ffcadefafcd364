//! Atomics that announce what they do.

use core::fmt;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use ringzero_machine::{Mode, Op, Place, Step, step};

/// Announces one operation on the word of `size` bytes at `addr`.
#[inline(always)]
fn announce(op: Op, mode: Mode, addr: usize, size: u8, order: Ordering, place: Place) {
    let acquire = matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst) && mode != Mode::Write;
    let release = matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst) && mode != Mode::Read;
    step(&Step::new(op, mode, addr, size, place).ordered(acquire, release));
}

/// What a failed exchange orders.
const fn failure(order: Ordering) -> Ordering {
    match order {
        Ordering::SeqCst => Ordering::SeqCst,
        Ordering::Acquire | Ordering::AcqRel => Ordering::Acquire,
        _ => Ordering::Relaxed,
    }
}

macro_rules! shared {
    ($word:ident [$($generic:tt)*] $atomic:ty, $value:ty, $size:literal) => {
        impl $($generic)* $word $($generic)* {
            /// Where it is.
            #[inline]
            #[must_use]
            pub fn addr(&self) -> usize {
                core::ptr::from_ref(self).addr()
            }

            /// The atomic itself, unannounced: for the operating system.
            #[inline]
            #[must_use]
            pub const fn raw(&self) -> &$atomic {
                &self.0
            }

            /// The atomic, after `op` was announced.
            #[inline(always)]
            fn about(&self, op: Op, mode: Mode, order: Ordering, place: Place) -> &$atomic {
                announce(op, mode, self.addr(), $size, order, place);
                &self.0
            }

            /// Its value.
            #[inline]
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                self.about(Op::AtomicRead, Mode::Read, order, Place::here()).load(order)
            }

            /// Sets it.
            #[inline]
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                self.about(Op::AtomicSet, Mode::Write, order, Place::here()).store(value, order);
            }

            /// Sets it; what it was.
            #[inline]
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.about(Op::AtomicRmw, Mode::Rmw, order, Place::here()).swap(value, order)
            }

            /// Sets it to `new` if it is `old`; what it was.
            ///
            /// # Errors
            /// What it is instead of `old`.
            #[inline]
            #[track_caller]
            pub fn exchange(&self, old: $value, new: $value, order: Ordering) -> Result<$value, $value> {
                let word = self.about(Op::Cmpxchg, Mode::Rmw, order, Place::here());
                word.compare_exchange(old, new, order, failure(order))
            }
        }
    };
}

macro_rules! integer {
    ($(#[$doc:meta])* $word:ident: $atomic:ty, $value:ty, $size:literal) => {
        $(#[$doc])*
        #[repr(transparent)]
        pub struct $word($atomic);

        shared!($word [] $atomic, $value, $size);

        impl $word {
            /// A word with this value.
            #[must_use]
            pub const fn new(value: $value) -> Self {
                Self(<$atomic>::new(value))
            }

            /// The same word, announced.
            #[inline]
            #[must_use]
            pub const fn of(word: &$atomic) -> &Self {
                // SAFETY: it is that atomic and nothing else (`repr(transparent)`).
                unsafe { &*core::ptr::from_ref(word).cast() }
            }
        }

        integer!(@rmw $word, $value: add fetch_add "Adds `value`; what it was.");
        integer!(@rmw $word, $value: sub fetch_sub "Subtracts `value`; what it was.");
        integer!(@rmw $word, $value: or fetch_or "Sets the bits of `value`; what it was.");
        integer!(@rmw $word, $value: and fetch_and "Keeps the bits of `value` only; what it was.");

        impl fmt::Debug for $word {
            /// The value, without a step.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
    (@rmw $word:ident, $value:ty: $name:ident $fetch:ident $doc:literal) => {
        impl $word {
            #[doc = $doc]
            #[inline]
            #[track_caller]
            pub fn $name(&self, value: $value, order: Ordering) -> $value {
                self.about(Op::AtomicRmw, Mode::Rmw, order, Place::here()).$fetch(value, order)
            }
        }
    };
}

integer! {
    /// A word of 32 bits: what a futex is.
    Word: AtomicU32, u32, 4
}
integer! {
    /// A word of 64 bits.
    Word64: AtomicU64, u64, 8
}

/// A pointer to the next one, or to the first.
#[repr(transparent)]
pub struct Link<T>(AtomicPtr<T>);

shared!(Link [<T>] AtomicPtr<T>, *mut T, 8);

impl<T> Link<T> {
    /// A link to nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }
}

impl<T> Default for Link<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Link<T> {
    /// The pointer, without a step.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
