//! What a lock validator hears of.

use crate::place::Place;
#[cfg(any(feature = "model", feature = "validator"))]
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Release},
};

/// In which way a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockUse {
    /// By one alone.
    Write,
    /// With other readers; a writer that waits keeps new ones out, so reading again in a section may deadlock.
    Read,
    /// With other readers, whoever waits: a reader may read again.
    ReadRecursive,
}

/// An operation on a lock.
#[derive(Clone, Copy, Debug)]
pub struct LockEvent {
    /// `true`: the running context is about to take the lock (told before it may wait; of a trylock once it was taken).
    /// `false`: it is about to release it.
    pub acquire: bool,
    /// How it is held.
    pub held_as: LockUse,
    /// It did not wait, and could not.
    pub trylock: bool,
    /// Which of several classes that this lock's place stands for.
    pub subclass: u32,
    /// The lock's address.
    pub addr: usize,
    /// Its class: where it was made.
    pub class: Option<Place>,
    /// Its name.
    pub name: Option<&'static str>,
    /// The address of the lock that is held around all of this class that are taken together; 0 for none.
    pub nest_lock: usize,
    /// Where in the source.
    pub place: Place,
}

impl LockEvent {
    /// The lock at `addr` is about to be taken by one alone, with waiting.
    #[must_use]
    #[inline(always)]
    pub const fn acquire(addr: usize, class: Option<Place>, name: Option<&'static str>, place: Place) -> Self {
        Self {
            acquire: true,
            held_as: LockUse::Write,
            trylock: false,
            subclass: 0,
            addr,
            class,
            name,
            nest_lock: 0,
            place,
        }
    }

    /// The lock at `addr` is about to be released.
    #[must_use]
    #[inline(always)]
    pub const fn release(addr: usize, class: Option<Place>, name: Option<&'static str>, place: Place) -> Self {
        Self { acquire: false, ..Self::acquire(addr, class, name, place) }
    }

    /// The same for readers.
    #[must_use]
    #[inline(always)]
    pub const fn held_as(mut self, held_as: LockUse) -> Self {
        self.held_as = held_as;
        self
    }

    /// The same of a trylock that has succeeded.
    #[must_use]
    #[inline(always)]
    pub const fn tried(mut self) -> Self {
        self.trylock = true;
        self
    }

    /// The same of a subclass, or under a lock around all of the class.
    #[must_use]
    #[inline(always)]
    pub const fn nested(mut self, subclass: u32, nest_lock: usize) -> Self {
        (self.subclass, self.nest_lock) = (subclass, nest_lock);
        self
    }
}

/// Who listens: a `fn(&LockEvent)`, or null.
#[cfg(any(feature = "model", feature = "validator"))]
static LISTENER: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Tells the validator of an operation. Leaves no code behind without one of the features `model` and `validator`; with
/// one of them, a load while nobody listens.
#[inline(always)]
pub fn lock_event(event: &LockEvent) {
    #[cfg(any(feature = "model", feature = "validator"))]
    {
        let listener = LISTENER.load(Acquire);
        if !listener.is_null() {
            tell(listener, event);
        }
    }
    #[cfg(not(any(feature = "model", feature = "validator")))]
    let _ = event;
}

#[cfg(any(feature = "model", feature = "validator"))]
#[cold]
fn tell(listener: *mut (), event: &LockEvent) {
    // SAFETY: not null, so `set_lock_listener` has stored it, and that is a function of this type.
    let listener: fn(&LockEvent) = unsafe { core::mem::transmute(listener) };
    listener(event);
}

/// Makes `listener` hear of all operations on locks; `None`: nobody. It is one for the process; what it keeps belongs to
/// the kernel instance that the caller of the lock runs in. It must take no lock that tells of itself.
///
/// Nothing is told without one of the features `model` and `validator`.
pub fn set_lock_listener(listener: Option<fn(&LockEvent)>) {
    #[cfg(any(feature = "model", feature = "validator"))]
    LISTENER.store(listener.map_or(core::ptr::null_mut(), |f| f as *mut ()), Release);
    #[cfg(not(any(feature = "model", feature = "validator")))]
    let _ = listener;
}

#[cfg(all(test, any(feature = "model", feature = "validator")))]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicUsize;

    static HEARD: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn the_listener_hears_while_it_is_set() {
        let place = Place::here();
        let event = LockEvent::acquire(8, Some(place), Some("a"), place).held_as(LockUse::Read).tried().nested(1, 16);
        set_lock_listener(Some(|e| {
            if e.addr == 8 && e.acquire && e.trylock && e.held_as == LockUse::Read && e.nest_lock == 16 {
                HEARD.fetch_add(e.subclass as usize, Acquire);
            }
        }));
        lock_event(&event);
        set_lock_listener(None);
        lock_event(&event);
        assert_eq!(HEARD.load(Acquire), 1);
    }
}
