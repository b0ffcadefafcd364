//! Objects in the machine's own memory.

use crate::cpu::machine;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

/// A shared handle to an object in the machine's memory. The object lives until the execution ends; it is never
/// dropped. Outside a machine it is leaked.
pub struct KBox<T: 'static> {
    ptr: NonNull<T>,
    _own: PhantomData<T>,
}

impl<T> KBox<T> {
    /// Moves `value` into the machine's memory.
    #[must_use]
    pub fn new(value: T) -> Self {
        let ptr = match machine() {
            Some(m) => m.alloc(size_of::<T>(), align_of::<T>()).cast::<T>(),
            None => without_machine::<T>(),
        };
        let ptr = NonNull::new(ptr).expect("the machine's memory never runs dry silently");
        // SAFETY: fresh memory of the right size and alignment.
        unsafe { ptr.as_ptr().write(value) };
        Self { ptr, _own: PhantomData }
    }

    /// The object's address.
    #[must_use]
    pub const fn as_ptr(&self) -> *mut T {
        self.ptr.as_ptr()
    }

    /// A reference that lives as long as the execution.
    #[must_use]
    pub fn leak(self) -> &'static T {
        // SAFETY: the object is never freed while its machine runs, and code of a machine does not outlive it.
        unsafe { self.ptr.as_ref() }
    }
}

impl<T> KBox<T> {
    /// Drops an object that was leaked and gives its memory back. On the model nothing happens: there, who still uses it
    /// must find it, and the memory is reset as a whole.
    ///
    /// # Safety
    /// `object` came from [`KBox::leak`] or [`KBox::as_ptr`], and nobody uses it any more.
    pub unsafe fn dispose(object: *const T) {
        if crate::model().is_some() {
            return;
        }
        let object = object.cast_mut();
        // SAFETY: the caller's contract; the memory came from this machine or, without one, from `without_machine`.
        unsafe {
            object.drop_in_place();
            match crate::host() {
                Some(m) => m.free(object.cast(), size_of::<T>(), align_of::<T>()),
                None => free_without_machine(object),
            }
        }
    }
}

#[cfg(not(any(target_os = "none", ringzero_bare)))]
fn without_machine<T>() -> *mut T {
    std::boxed::Box::into_raw(std::boxed::Box::<T>::new_uninit()).cast::<T>()
}

/// # Safety
/// `object` came from `without_machine` and holds nothing any more.
#[cfg(not(any(target_os = "none", ringzero_bare)))]
unsafe fn free_without_machine<T>(object: *mut T) {
    // SAFETY: the caller's contract.
    drop(unsafe { std::boxed::Box::from_raw(object.cast::<core::mem::MaybeUninit<T>>()) });
}

#[cfg(any(target_os = "none", ringzero_bare))]
fn without_machine<T>() -> *mut T {
    panic!("no memory without a machine")
}

#[cfg(any(target_os = "none", ringzero_bare))]
unsafe fn free_without_machine<T>(_: *mut T) {}

impl<T> Deref for KBox<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: as in `leak`.
        unsafe { self.ptr.as_ref() }
    }
}
