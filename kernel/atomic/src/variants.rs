//! The `_relaxed`, `_acquire` and `_release` forms of the value-returning operations (invariant 2).

use crate::atomic::Atomic;
use crate::integer::{ACQUIRE, Integer, RELAXED, RELEASE, Word};
use ringzero_machine::Place;

macro_rules! variants {
    ($($order:ident: $add_return:ident $sub_return:ident $inc_return:ident $dec_return:ident $fetch_add:ident $fetch_sub:ident $fetch_inc:ident $fetch_dec:ident $fetch_and:ident $fetch_or:ident $fetch_xor:ident $fetch_andnot:ident $add_negative:ident $xchg:ident $cmpxchg:ident $try_cmpxchg:ident;)*) => {$(
        /// Operations that order what their names say, if they change the value.
        impl<T: Integer> Atomic<T> {
            /// Adds `i`; the new value.
            #[track_caller]
            #[inline]
            pub fn $add_return(&self, i: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_add(i, o)).plus(i)
            }

            /// Subtracts `i`; the new value.
            #[track_caller]
            #[inline]
            pub fn $sub_return(&self, i: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_sub(i, o)).minus(i)
            }

            /// Adds one; the new value.
            #[track_caller]
            #[inline]
            pub fn $inc_return(&self) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_add(T::ONE, o)).plus(T::ONE)
            }

            /// Subtracts one; the new value.
            #[track_caller]
            #[inline]
            pub fn $dec_return(&self) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_sub(T::ONE, o)).minus(T::ONE)
            }

            /// Adds `i`; the old value.
            #[track_caller]
            #[inline]
            pub fn $fetch_add(&self, i: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_add(i, o))
            }

            /// Subtracts `i`; the old value.
            #[track_caller]
            #[inline]
            pub fn $fetch_sub(&self, i: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_sub(i, o))
            }

            /// Adds one; the old value.
            #[track_caller]
            #[inline]
            pub fn $fetch_inc(&self) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_add(T::ONE, o))
            }

            /// Subtracts one; the old value.
            #[track_caller]
            #[inline]
            pub fn $fetch_dec(&self) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_sub(T::ONE, o))
            }

            /// Keeps the bits of `mask` only; the old value.
            #[track_caller]
            #[inline]
            pub fn $fetch_and(&self, mask: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_and(mask, o))
            }

            /// Sets the bits of `mask`; the old value.
            #[track_caller]
            #[inline]
            pub fn $fetch_or(&self, mask: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_or(mask, o))
            }

            /// Flips the bits of `mask`; the old value.
            #[track_caller]
            #[inline]
            pub fn $fetch_xor(&self, mask: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_xor(mask, o))
            }

            /// Clears the bits of `mask`; the old value.
            #[track_caller]
            #[inline]
            pub fn $fetch_andnot(&self, mask: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.fetch_and(!mask, o))
            }

            /// Adds `i`; whether the result is negative.
            #[track_caller]
            #[inline]
            pub fn $add_negative(&self, i: T) -> bool {
                self.rmw($order, Place::caller(), |w, o| w.fetch_add(i, o)).plus(i) < T::ZERO
            }

            /// Sets the value; the old one.
            #[track_caller]
            #[inline]
            pub fn $xchg(&self, new: T) -> T {
                self.rmw($order, Place::caller(), |w, o| w.swap(new, o))
            }

            /// Sets the value to `new` if it is `old`; what it was.
            #[track_caller]
            #[inline]
            pub fn $cmpxchg(&self, old: T, new: T) -> T {
                self.cas(old, new, $order, Place::caller())
            }

            /// Sets the value to `new` if it is `*old`, else puts what it is into `*old`; whether it was set.
            #[track_caller]
            #[inline]
            pub fn $try_cmpxchg(&self, old: &mut T, new: T) -> bool {
                self.try_cas(old, new, $order, Place::caller())
            }
        }
    )*};
}

variants! {
    RELAXED:
        add_return_relaxed sub_return_relaxed inc_return_relaxed dec_return_relaxed
        fetch_add_relaxed fetch_sub_relaxed fetch_inc_relaxed fetch_dec_relaxed
        fetch_and_relaxed fetch_or_relaxed fetch_xor_relaxed fetch_andnot_relaxed
        add_negative_relaxed xchg_relaxed cmpxchg_relaxed try_cmpxchg_relaxed;
    ACQUIRE:
        add_return_acquire sub_return_acquire inc_return_acquire dec_return_acquire
        fetch_add_acquire fetch_sub_acquire fetch_inc_acquire fetch_dec_acquire
        fetch_and_acquire fetch_or_acquire fetch_xor_acquire fetch_andnot_acquire
        add_negative_acquire xchg_acquire cmpxchg_acquire try_cmpxchg_acquire;
    RELEASE:
        add_return_release sub_return_release inc_return_release dec_return_release
        fetch_add_release fetch_sub_release fetch_inc_release fetch_dec_release
        fetch_and_release fetch_or_release fetch_xor_release fetch_andnot_release
        add_negative_release xchg_release cmpxchg_release try_cmpxchg_release;
}

#[cfg(test)]
mod tests {
    use crate::{Atomic, Atomic64};

    macro_rules! same_as_full {
        ($($full:ident $relaxed:ident $acquire:ident $release:ident ($($arg:expr),*);)*) => {$(
            for value in [0, 1, -1, 6, i32::MAX, i32::MIN] {
                let expected = (Atomic::new(value), Atomic64::new(value.into()));
                let result = (expected.0.$full($($arg),*), expected.1.$full($($arg),*));
                let expected = (expected.0.read(), expected.1.read(), result);
                let name = stringify!($full);
                let (a, b) = (Atomic::new(value), Atomic64::new(value.into()));
                let result = (a.$relaxed($($arg),*), b.$relaxed($($arg),*));
                assert_eq!((a.read(), b.read(), result), expected, "{name}_relaxed");
                let (a, b) = (Atomic::new(value), Atomic64::new(value.into()));
                let result = (a.$acquire($($arg),*), b.$acquire($($arg),*));
                assert_eq!((a.read(), b.read(), result), expected, "{name}_acquire");
                let (a, b) = (Atomic::new(value), Atomic64::new(value.into()));
                let result = (a.$release($($arg),*), b.$release($($arg),*));
                assert_eq!((a.read(), b.read(), result), expected, "{name}_release");
            }
        )*};
    }

    #[test]
    fn variants_compute_the_same() {
        same_as_full! {
            add_return add_return_relaxed add_return_acquire add_return_release (5);
            sub_return sub_return_relaxed sub_return_acquire sub_return_release (5);
            inc_return inc_return_relaxed inc_return_acquire inc_return_release ();
            dec_return dec_return_relaxed dec_return_acquire dec_return_release ();
            fetch_add fetch_add_relaxed fetch_add_acquire fetch_add_release (5);
            fetch_sub fetch_sub_relaxed fetch_sub_acquire fetch_sub_release (5);
            fetch_inc fetch_inc_relaxed fetch_inc_acquire fetch_inc_release ();
            fetch_dec fetch_dec_relaxed fetch_dec_acquire fetch_dec_release ();
            fetch_and fetch_and_relaxed fetch_and_acquire fetch_and_release (5);
            fetch_or fetch_or_relaxed fetch_or_acquire fetch_or_release (5);
            fetch_xor fetch_xor_relaxed fetch_xor_acquire fetch_xor_release (5);
            fetch_andnot fetch_andnot_relaxed fetch_andnot_acquire fetch_andnot_release (5);
            add_negative add_negative_relaxed add_negative_acquire add_negative_release (5);
            xchg xchg_relaxed xchg_acquire xchg_release (9);
            cmpxchg cmpxchg_relaxed cmpxchg_acquire cmpxchg_release (6, 7);
            try_cmpxchg try_cmpxchg_relaxed try_cmpxchg_acquire try_cmpxchg_release (&mut 6, 7);
        }
    }
}
