//! `kmalloc` and `kfree`.

use crate::gfp::{__GFP_NOFAIL, __GFP_ZERO, GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_USER, Gfp};
use crate::heap;
use core::ptr;
use ringzero_context as context;
use ringzero_machine::{Machine, Mode, Op, Place, Step, machine, model, step};

/// What an allocation of no bytes returns. It must not be followed; [`kfree`] ignores it.
pub const ZERO_SIZE_PTR: *mut u8 = ptr::without_provenance_mut(16);
/// Larger requests fail.
pub const KMALLOC_MAX_SIZE: usize = 4 << 20;
/// Every object is aligned to this.
#[doc(alias = "ARCH_KMALLOC_MINALIGN")]
pub const KMALLOC_MIN_ALIGN: usize = 16;
/// Fills memory that was not asked to be zeroed.
pub const POISON_INUSE: u8 = 0x5a;

/// Whether `p` is null or [`ZERO_SIZE_PTR`].
#[doc(alias = "ZERO_OR_NULL_PTR")]
#[must_use]
pub fn zero_or_null_ptr(p: *const u8) -> bool {
    p.addr() <= ZERO_SIZE_PTR.addr()
}

/// Allocates `size` bytes; null when it fails.
///
/// Context: any but NMI, unless `gfp` may sleep (then a task outside every atomic section). May sleep: as `gfp` says.
///
/// # Panics
/// Outside a machine.
#[must_use]
#[track_caller]
pub fn kmalloc(size: usize, gfp: Gfp) -> *mut u8 {
    allocate(size, KMALLOC_MIN_ALIGN, gfp, "kmalloc")
}

/// [`kmalloc()`] with an alignment of its own (a power of two).
///
/// # Panics
/// Outside a machine.
#[must_use]
#[track_caller]
pub fn kmalloc_aligned(size: usize, align: usize, gfp: Gfp) -> *mut u8 {
    assert!(align.is_power_of_two(), "an alignment is a power of two, not {align}");
    allocate(size, align.max(KMALLOC_MIN_ALIGN), gfp, "kmalloc")
}

/// [`kmalloc_aligned`] for C code: reports call the object `name`, and within the bound an allocation fails unless
/// `gfp` says that it must not, also if it may sleep (invariant 5).
///
/// # Panics
/// Outside a machine.
#[must_use]
#[track_caller]
pub fn kmalloc_named(size: usize, align: usize, gfp: Gfp, name: &'static str) -> *mut u8 {
    assert!(align.is_power_of_two(), "an alignment is a power of two, not {align}");
    allocate_or(size, align.max(KMALLOC_MIN_ALIGN), gfp, name, !gfp.contains(__GFP_NOFAIL))
}

/// The size of the object at `p`; `None` if none begins there that is alive. 0 for null and [`ZERO_SIZE_PTR`].
///
/// Context: any. Never sleeps.
#[doc(alias = "__ksize")]
#[must_use]
pub fn ksize(p: *const u8) -> Option<usize> {
    if zero_or_null_ptr(p) {
        return Some(0);
    }
    match model() {
        Some(m) => m.object_size(p.addr()),
        None => machine().and_then(|_| heap::size_of_object(p)),
    }
}

/// Allocates `size` zeroed bytes; null when it fails. Context as [`kmalloc()`].
///
/// # Panics
/// Outside a machine.
#[must_use]
#[track_caller]
pub fn kzalloc(size: usize, gfp: Gfp) -> *mut u8 {
    allocate(size, KMALLOC_MIN_ALIGN, gfp | __GFP_ZERO, "kzalloc")
}

/// Allocates room for `n` objects of `size` bytes; null when it fails or the product overflows. Context as
/// [`kmalloc()`].
///
/// # Panics
/// Outside a machine.
#[must_use]
#[track_caller]
pub fn kmalloc_array(n: usize, size: usize, gfp: Gfp) -> *mut u8 {
    match n.checked_mul(size) {
        Some(bytes) => allocate(bytes, KMALLOC_MIN_ALIGN, gfp, "kmalloc_array"),
        None => ptr::null_mut(),
    }
}

/// [`kmalloc_array`], zeroed.
///
/// # Panics
/// Outside a machine.
#[must_use]
#[track_caller]
pub fn kcalloc(n: usize, size: usize, gfp: Gfp) -> *mut u8 {
    match n.checked_mul(size) {
        Some(bytes) => allocate(bytes, KMALLOC_MIN_ALIGN, gfp | __GFP_ZERO, "kcalloc"),
        None => ptr::null_mut(),
    }
}

/// Frees what an allocation returned. Null and [`ZERO_SIZE_PTR`] are ignored.
///
/// Context: any but NMI. Never sleeps. A pointer that is already free, or that no allocation returned, is found by
/// the machine (invariant 1). Outside a machine nothing happens: objects there live for ever.
#[track_caller]
pub fn kfree(p: *const u8) {
    free(p, Place::caller());
}

/// [`kfree`] of an object that belongs to the one at `owner` (its cache): the step reads the owner too, so that freeing
/// the owner is ordered against it.
#[doc(alias = "kmem_cache_free")]
#[track_caller]
pub fn kfree_with(p: *const u8, owner: usize) {
    free_also(p, owner, Place::caller());
}

pub(crate) fn free(p: *const u8, place: Place) {
    free_also(p, 0, place);
}

#[inline]
fn free_also(p: *const u8, owner: usize, place: Place) {
    if model().is_none() {
        return free_on_host(p, place);
    }
    // While a failed execution unwinds, nothing can be found any more, and a second finding would abort.
    if zero_or_null_ptr(p) || context::panicking() {
        return;
    }
    if let Some(m) = machine() {
        // Invariant 3: ordered against every step on the object.
        step(&Step::new(Op::Kfree, Mode::Write, p.addr(), 0, place).also(owner, false));
        m.object_dies(p.addr(), place);
    }
}

#[inline]
fn free_on_host(p: *const u8, place: Place) {
    if !zero_or_null_ptr(p)
        && let Some(m) = machine()
        && !heap::free(m, p)
    {
        not_alive(place);
    }
}

#[cold]
fn not_alive(place: Place) {
    let text = format_args!("kfree() of an address where no object is alive");
    context::violation("double-free", place, None, text);
}

#[track_caller]
#[inline]
pub(crate) fn allocate(size: usize, align: usize, gfp: Gfp, name: &'static str) -> *mut u8 {
    allocate_or(size, align, gfp, name, gfp.may_fail())
}

/// [`allocate`], which may fail within the bound if `may_fail`.
#[track_caller]
#[inline]
fn allocate_or(size: usize, align: usize, gfp: Gfp, name: &'static str, may_fail: bool) -> *mut u8 {
    let place = Place::caller();
    let Some(m) = machine() else { panic!("{name}() at {place} is not on a machine: no memory to give") };
    if gfp.may_sleep() {
        // Invariant 4.
        context::might_sleep_named(call_name(gfp));
    }
    if size == 0 {
        return ZERO_SIZE_PTR;
    }
    if size > KMALLOC_MAX_SIZE || (may_fail && model().is_some() && fails(m, place)) {
        return ptr::null_mut();
    }
    if model().is_none() {
        let p = heap::allocate(m, size, align);
        if gfp.contains(__GFP_ZERO) {
            // SAFETY: an object of `size` bytes that nobody else knows of.
            unsafe { p.write_bytes(0, size) };
        }
        return p;
    }
    let p = m.alloc(size, align);
    if !gfp.contains(__GFP_ZERO) {
        // SAFETY: the machine gave `size` writable bytes that nobody else knows of.
        unsafe { p.write_bytes(POISON_INUSE, size) };
    }
    m.object_born(p.addr(), size, place, name);
    p
}

/// The call of an allocation that may sleep, as a report names it.
fn call_name(gfp: Gfp) -> &'static str {
    match gfp & !__GFP_ZERO {
        GFP_KERNEL => "kmalloc(GFP_KERNEL)",
        GFP_NOFS => "kmalloc(GFP_NOFS)",
        GFP_NOIO => "kmalloc(GFP_NOIO)",
        GFP_USER => "kmalloc(GFP_USER)",
        _ => "kmalloc(__GFP_WAIT)",
    }
}

/// Whether the environment lets this allocation fail (invariant 5).
fn fails(m: &dyn Machine, place: Place) -> bool {
    m.limits().failures > 0 && m.choose(&Step::gate(Op::Kmalloc, place), 2) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freeing_nothing_is_fine() {
        kfree(ptr::null());
        kfree(ZERO_SIZE_PTR);
        assert!(zero_or_null_ptr(ptr::null()) && zero_or_null_ptr(ZERO_SIZE_PTR));
    }

    #[test]
    fn overflow_is_a_failure() {
        assert!(kmalloc_array(usize::MAX, 2, GFP_KERNEL).is_null());
        assert!(kcalloc(1 << 40, 1 << 40, GFP_KERNEL).is_null());
    }

    #[test]
    #[should_panic(expected = "not on a machine")]
    fn raw_memory_needs_a_machine() {
        let _ = kmalloc(8, GFP_KERNEL);
    }
}
