//! A shared pointer to a kmalloc object.

use crate::kptr::KPtr;
use core::ptr::{self, NonNull};
use ringzero_atomic::Marked;

/// Shared memory that holds a handle or nothing, and is only accessed by marked accesses: a C pointer under
/// `READ_ONCE` and `WRITE_ONCE`. Each access is a step. All zeroes is `None`.
///
/// ```
/// use ringzero::atomic::Atomic;
/// use ringzero::slab::{GFP_KERNEL, KPtr, KSlot, kmalloc_obj};
/// ringzero::global! { static CONFIG: KSlot<Atomic> = KSlot::new(); }
/// let config = kmalloc_obj(Atomic::new(1), GFP_KERNEL);
/// CONFIG.store_release(config);
/// assert_eq!(CONFIG.xchg(None), config);
/// config.map(KPtr::kfree);
/// ```
#[repr(transparent)]
pub struct KSlot<T: Sync + 'static>(Marked<*mut T>);

impl<T: Sync> KSlot<T> {
    /// A slot that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Marked::new(ptr::null_mut()))
    }

    /// Reads the slot. Orders nothing.
    #[doc(alias = "READ_ONCE")]
    #[track_caller]
    pub fn read_once(&self) -> Option<KPtr<T>> {
        handle(self.0.read_once())
    }

    /// Writes the slot. Orders nothing.
    #[doc(alias = "WRITE_ONCE")]
    #[track_caller]
    pub fn write_once(&self, value: Option<KPtr<T>>) {
        self.0.write_once(word(value));
    }

    /// Reads the slot; what comes after stays after. Pairs with [`KSlot::store_release`].
    #[doc(alias = "smp_load_acquire")]
    #[track_caller]
    pub fn load_acquire(&self) -> Option<KPtr<T>> {
        handle(self.0.load_acquire())
    }

    /// Writes the slot; what comes before stays before. Pairs with [`KSlot::load_acquire`].
    #[doc(alias = "smp_store_release")]
    #[track_caller]
    pub fn store_release(&self, value: Option<KPtr<T>>) {
        self.0.store_release(word(value));
    }

    /// Writes the slot; what it held. Orders everything.
    #[track_caller]
    pub fn xchg(&self, value: Option<KPtr<T>>) -> Option<KPtr<T>> {
        handle(self.0.xchg(word(value)))
    }

    /// Writes `new` if the slot holds `old`; what it held. Orders everything, if it succeeds.
    #[track_caller]
    pub fn cmpxchg(&self, old: Option<KPtr<T>>, new: Option<KPtr<T>>) -> Option<KPtr<T>> {
        handle(self.0.cmpxchg(word(old), word(new)))
    }
}

impl<T: Sync> Default for KSlot<T> {
    fn default() -> Self {
        Self::new()
    }
}

fn word<T>(handle: Option<KPtr<T>>) -> *mut T {
    handle.map_or(ptr::null_mut(), KPtr::as_ptr)
}

/// The handle that [`word`] made a pointer of: nothing else gets into a slot.
fn handle<T>(word: *mut T) -> Option<KPtr<T>> {
    NonNull::new(word).map(KPtr::from_non_null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gfp::GFP_ATOMIC;
    use crate::kptr::kmalloc_obj;
    use core::sync::atomic::AtomicU64;

    #[test]
    fn a_slot_gives_back_what_it_got() {
        let slot: KSlot<AtomicU64> = KSlot::new();
        assert_eq!(slot.read_once(), None);
        let p = kmalloc_obj(AtomicU64::new(1), GFP_ATOMIC);
        assert_eq!(slot.cmpxchg(None, p), None);
        assert_eq!(slot.cmpxchg(None, None), p);
        assert_eq!(slot.xchg(None), p);
        slot.write_once(p);
        assert_eq!(slot.load_acquire(), p);
        assert_eq!(p.map(KPtr::get).map(KPtr::from_ref), p);
    }
}
