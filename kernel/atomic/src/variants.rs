//! The `_relaxed`, `_acquire` and `_release` forms of the value-returning operations (invariant 2).

use crate::atomic::Atomic;
use crate::integer::{ACQUIRE, Integer, RELAXED, RELEASE, Word};
use ringzero_machine::Place;

macro_rules! variants {
    ($($order:ident: $add_return:ident $sub_return:ident $fetch_add:ident $fetch_sub:ident $xchg:ident $cmpxchg:ident;)*) => {$(
        impl<T: Integer> Atomic<T> {
            /// Adds `i`; the new value. Orders what its name says.
            #[track_caller]
            #[inline]
            pub fn $add_return(&self, i: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_add(i, o)).plus(i)
            }

            /// Subtracts `i`; the new value. Orders what its name says.
            #[track_caller]
            #[inline]
            pub fn $sub_return(&self, i: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_sub(i, o)).minus(i)
            }

            /// Adds `i`; the old value. Orders what its name says.
            #[track_caller]
            #[inline]
            pub fn $fetch_add(&self, i: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_add(i, o))
            }

            /// Subtracts `i`; the old value. Orders what its name says.
            #[track_caller]
            #[inline]
            pub fn $fetch_sub(&self, i: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_sub(i, o))
            }

            /// Sets the value; the old one. Orders what its name says.
            #[track_caller]
            #[inline]
            pub fn $xchg(&self, new: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.swap(new, o))
            }

            /// Sets the value to `new` if it is `old`; what it was. Orders what its name says, if it succeeds.
            #[track_caller]
            #[inline]
            pub fn $cmpxchg(&self, old: T, new: T) -> T {
                self.cas(old, new, $order, Place::caller())
            }
        }
    )*};
}

variants! {
    RELAXED: add_return_relaxed sub_return_relaxed fetch_add_relaxed fetch_sub_relaxed xchg_relaxed cmpxchg_relaxed;
    ACQUIRE: add_return_acquire sub_return_acquire fetch_add_acquire fetch_sub_acquire xchg_acquire cmpxchg_acquire;
    RELEASE: add_return_release sub_return_release fetch_add_release fetch_sub_release xchg_release cmpxchg_release;
}

#[cfg(test)]
mod tests {
    use crate::Atomic;

    #[test]
    fn variants_compute_the_same() {
        let a = Atomic::new(0);
        assert_eq!((a.fetch_add_relaxed(2), a.add_return_acquire(2), a.sub_return_release(1)), (0, 4, 3));
        assert_eq!((a.xchg_release(9), a.cmpxchg_acquire(9, 1), a.cmpxchg_relaxed(9, 2)), (3, 9, 1));
    }
}
