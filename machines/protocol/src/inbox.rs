//! Handing objects over to another CPU.

use crate::word::Link;
use core::iter::FusedIterator;
use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// What can lie in an [`Inbox`].
///
/// # Safety
/// `link` always returns the same link of the same object, which nobody touches while the object lies in an inbox.
pub unsafe trait Linked {
    /// Its link.
    fn link(&self) -> &Link<Self>
    where
        Self: Sized;
}

/// Objects on their way to a CPU: any thread pushes, one takes all.
#[derive(Debug)]
pub struct Inbox<T> {
    newest: Link<T>,
}

impl<T> Inbox<T> {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self { newest: Link::new() }
    }

    /// Whether it is empty now.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.newest.load(Acquire).is_null()
    }
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Linked> Inbox<T> {
    /// Puts `item` in; whether the inbox was empty.
    ///
    /// # Safety
    /// `item` lies in no inbox, and is alive until whoever takes it lets it go. It may be used on the taker's thread.
    #[inline]
    pub unsafe fn push(&self, item: NonNull<T>) -> bool {
        // SAFETY: the item is alive, by the caller's contract.
        let link = unsafe { item.as_ref() }.link();
        let mut newest = self.newest.load(Relaxed);
        loop {
            link.store(newest, Relaxed);
            // Release: whoever takes it sees the item and its link. An item that was taken and pushed again meanwhile is
            // no trouble: only pushing compares, and what it compares with is what the link says.
            match self.newest.exchange(newest, item.as_ptr(), Release) {
                Ok(_) => return newest.is_null(),
                Err(now) => newest = now,
            }
        }
    }

    /// Takes all, the oldest first.
    #[inline]
    pub fn take_all(&self) -> Chain<T> {
        if self.newest.load(Relaxed).is_null() {
            return Chain { next: ptr::null_mut() };
        }
        // Acquire: pairs with the release of every push, which form one release sequence.
        let mut from = self.newest.swap(ptr::null_mut(), AcqRel);
        let mut oldest = ptr::null_mut();
        while let Some(item) = NonNull::new(from) {
            // SAFETY: it was pushed, so it is alive, and it is the taker's now.
            let link = unsafe { item.as_ref() }.link();
            from = link.load(Relaxed);
            link.store(oldest, Relaxed);
            oldest = item.as_ptr();
        }
        Chain { next: oldest }
    }
}

/// What was taken from an [`Inbox`]. An item's link is read before the item is handed out. What is left in it when it is
/// dropped is forgotten.
#[derive(Debug)]
#[must_use = "what was taken is nowhere else any more"]
pub struct Chain<T> {
    next: *mut T,
}

impl<T: Linked> Iterator for Chain<T> {
    type Item = NonNull<T>;

    #[inline]
    fn next(&mut self) -> Option<NonNull<T>> {
        let item = NonNull::new(self.next)?;
        // SAFETY: it was taken and not handed out yet.
        self.next = unsafe { item.as_ref() }.link().load(Relaxed);
        Some(item)
    }
}

impl<T: Linked> FusedIterator for Chain<T> {}
