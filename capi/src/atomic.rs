//! `linux/atomic.h`: what C has no builtin for as one operation. The others are builtins of the compiler, which reach the
//! machine through its thread sanitizer's interface (`tsan`). And `asm/processor.h`.

use crate::deref::deref;
use core::ffi::c_int;
use ringzero_atomic::{Atomic, Atomic64};

crate::exports! {
    /// `atomic_fetch_add_unless`, `atomic_add_unless`, `atomic_inc_not_zero`. Any context.
    fn __rz_atomic_fetch_add_unless(v: *const Atomic, a: c_int, unless: c_int) -> c_int {
        deref(v).fetch_add_unless(a, unless)
    }

    /// The same on 64 bits.
    fn __rz_atomic64_fetch_add_unless(v: *const Atomic64, a: i64, unless: i64) -> i64 {
        deref(v).fetch_add_unless(a, unless)
    }

    /// `atomic_dec_if_positive`: the value before, less one. Any context.
    fn __rz_atomic_dec_if_positive(v: *const Atomic) -> c_int {
        deref(v).dec_if_positive()
    }

    /// The same on 64 bits.
    fn __rz_atomic64_dec_if_positive(v: *const Atomic64) -> i64 {
        deref(v).dec_if_positive()
    }

    /// `atomic_inc_unless_negative`: whether it added one. Any context.
    fn __rz_atomic_inc_unless_negative(v: *const Atomic) -> bool {
        deref(v).inc_unless_negative()
    }

    /// The same on 64 bits.
    fn __rz_atomic64_inc_unless_negative(v: *const Atomic64) -> bool {
        deref(v).inc_unless_negative()
    }

    /// `atomic_dec_unless_positive`: whether it subtracted one. Any context.
    fn __rz_atomic_dec_unless_positive(v: *const Atomic) -> bool {
        deref(v).dec_unless_positive()
    }

    /// The same on 64 bits.
    fn __rz_atomic64_dec_unless_positive(v: *const Atomic64) -> bool {
        deref(v).dec_unless_positive()
    }

    /// `cpu_relax`: one failed round of a loop that waits. Any context.
    fn cpu_relax() {
        crate::time::round_ends();
        ringzero_atomic::cpu_relax();
    }
}
