//! A typed handle to a kmalloc object.

use crate::gfp::{__GFP_ZERO, Gfp};
use crate::kmalloc::{KMALLOC_MIN_ALIGN, allocate, free};
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;
use ringzero_machine::{KBox, Place, machine};

/// A handle to an object that holds a `T`, as C has it: copied and shared freely, it keeps nothing alive.
///
/// Following it after [`KPtr::kfree`] is `use-after-free`, found at the first step that touches a field (crate
/// invariants 1 and 2).
///
/// ```
/// use ringzero::atomic::Atomic;
/// use ringzero::slab::{GFP_KERNEL, KPtr, kmalloc_obj};
/// let users: KPtr<Atomic> = kmalloc_obj(Atomic::new(7), GFP_KERNEL).expect("it may sleep, so it does not fail");
/// users.inc();
/// assert_eq!(users.read(), 8);
/// users.kfree();
/// ```
#[repr(transparent)]
pub struct KPtr<T: 'static> {
    ptr: NonNull<T>,
    _shared: PhantomData<&'static T>,
}

// SAFETY: through a handle only shared references to the object can be had (`Deref`, `get`), which `T: Sync` allows
// from any context; the object's value is never dropped nor moved out.
unsafe impl<T: Sync> Send for KPtr<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for KPtr<T> {}

impl<T> Clone for KPtr<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for KPtr<T> {}

impl<T> PartialEq for KPtr<T> {
    fn eq(&self, other: &Self) -> bool {
        self.ptr == other.ptr
    }
}
impl<T> Eq for KPtr<T> {}

impl<T> fmt::Debug for KPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KPtr({:p})", self.ptr)
    }
}

/// Allocates an object and moves `value` into it; `None` when the allocation fails (`value` is dropped then).
///
/// Context and sleeping: as [`kmalloc()`](crate::kmalloc()). Outside a machine it never fails, and the object lives for
/// ever.
#[doc(alias = "kmalloc")]
#[track_caller]
pub fn kmalloc_obj<T>(value: T, gfp: Gfp) -> Option<KPtr<T>> {
    const { assert!(size_of::<T>() > 0, "an object of no size has no address to tell it by") };
    let p = if machine().is_none() {
        KBox::new(value).as_ptr()
    } else {
        let align = align_of::<T>().max(KMALLOC_MIN_ALIGN);
        let p = allocate(size_of::<T>(), align, gfp | __GFP_ZERO, type_name::<T>()).cast::<T>();
        if p.is_null() {
            return None;
        }
        // SAFETY: fresh memory of the right size and alignment, known to nobody else.
        unsafe { p.write(value) };
        p
    };
    NonNull::new(p).map(|ptr| KPtr { ptr, _shared: PhantomData })
}

/// The name of `T` without the path to it.
fn type_name<T>() -> &'static str {
    let full = core::any::type_name::<T>();
    let head = full.split('<').next().unwrap_or(full);
    head.rsplit("::").next().unwrap_or(head)
}

impl<T> KPtr<T> {
    /// Frees the object; every copy of the handle is stale from now on. No `Drop` runs.
    ///
    /// Context: any but NMI. Never sleeps.
    #[track_caller]
    pub fn kfree(self) {
        free(self.ptr.as_ptr().cast(), Place::caller());
    }

    /// The handle of which `as_ptr` was made.
    pub(crate) const fn from_non_null(ptr: NonNull<T>) -> Self {
        Self { ptr, _shared: PhantomData }
    }

    /// The object's address.
    #[must_use]
    pub const fn as_ptr(self) -> *mut T {
        self.ptr.as_ptr()
    }

    /// A handle to an object that is known by reference. Freeing what `kmalloc` did not return is a finding.
    #[must_use]
    pub const fn from_ref(object: &'static T) -> Self {
        Self { ptr: NonNull::from_ref(object), _shared: PhantomData }
    }

    /// The handle as a word, for C code and data words; in Rust, [`KSlot`](crate::KSlot) keeps it as it is. 0 is
    /// never a handle.
    #[must_use]
    pub fn to_raw(self) -> usize {
        self.ptr.as_ptr().expose_provenance()
    }

    /// The handle that [`KPtr::to_raw`] made a word of; `None` for 0.
    ///
    /// # Safety
    /// `raw` is 0 or came from `to_raw` of a `KPtr<T>` of the same `T` in this execution.
    #[must_use]
    pub unsafe fn from_raw(raw: usize) -> Option<Self> {
        NonNull::new(core::ptr::with_exposed_provenance_mut(raw)).map(|ptr| Self { ptr, _shared: PhantomData })
    }
}

impl<T: Sync> KPtr<T> {
    /// The object. The reference is valid memory to the end of the execution, whether the object is alive or not:
    /// liveness is checked at the steps on its fields.
    #[must_use]
    pub fn get(self) -> &'static T {
        // SAFETY: crate invariant 2: the memory stays a `T` for the rest of the execution; outside a machine it is
        // leaked. Only shared references exist.
        unsafe { &*self.ptr.as_ptr() }
    }

    /// Calls `f` with the object.
    pub fn with<R>(self, f: impl FnOnce(&'static T) -> R) -> R {
        f(self.get())
    }
}

impl<T: Sync> Deref for KPtr<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gfp::GFP_ATOMIC;
    use core::sync::atomic::{AtomicU64, Ordering};

    fn shares<T: Send + Sync + Copy>(_: T) {}

    #[test]
    fn a_handle_is_shared_like_a_c_pointer() {
        let p = kmalloc_obj(AtomicU64::new(1), GFP_ATOMIC).unwrap();
        shares(p);
        let q = p;
        q.store(2, Ordering::Relaxed);
        assert_eq!(p.with(|v| v.load(Ordering::Relaxed)), 2);
        assert_eq!(p, q);
    }

    #[test]
    fn objects_are_named_by_their_type() {
        assert_eq!(type_name::<Option<AtomicU64>>(), "Option");
        assert_eq!(type_name::<KPtr<u32>>(), "KPtr");
        assert_eq!(type_name::<u8>(), "u8");
    }

    #[test]
    fn a_handle_survives_being_a_word() {
        let p = kmalloc_obj(AtomicU64::new(5), GFP_ATOMIC).unwrap();
        let raw = p.to_raw();
        assert_ne!(raw, 0);
        // SAFETY: the word was made of a handle of this type just above.
        let q = unsafe { KPtr::<AtomicU64>::from_raw(raw) };
        assert_eq!(q, Some(p));
        // SAFETY: 0 is allowed.
        assert_eq!(unsafe { KPtr::<AtomicU64>::from_raw(0) }, None);
    }
}
