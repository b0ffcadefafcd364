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
            None => std::boxed::Box::into_raw(std::boxed::Box::<T>::new_uninit()).cast::<T>(),
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

impl<T> Deref for KBox<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: as in `leak`.
        unsafe { self.ptr.as_ref() }
    }
}
