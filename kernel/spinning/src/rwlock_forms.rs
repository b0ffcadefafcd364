//! The raw reader-writer spinlock in its kinds of context.

use crate::kind::{Bh, Irq, IrqSave, Kind, Plain};
use crate::owner::Context;
use crate::rwlock_raw::{ALL_WAITING, RawRwLock, WRITER};
use core::sync::atomic::Ordering::Relaxed;
use ringzero_context::{IrqFlags, at};
use ringzero_machine::{Mode, Op, Place, step};

/// With the kinds of context.
impl RawRwLock {
    /// Enters the kind, and becomes a reader. For primitives that are built around a lock.
    #[inline]
    pub fn read_kind<K: Kind>(&self, place: Place) {
        K::enter(place);
        self.acquire_read(place);
    }

    /// Is a reader no longer, and leaves the kind. For primitives that are built around a lock.
    #[inline]
    pub fn read_unlock_kind<K: Kind>(&self, place: Place) {
        self.release_read(place);
        K::leave(place);
    }

    /// Enters the kind, and becomes the writer. For primitives that are built around a lock.
    #[inline]
    pub fn write_kind<K: Kind>(&self, place: Place) {
        K::enter(place);
        self.acquire_write(0, place);
    }

    /// Is the writer no longer, and leaves the kind. For primitives that are built around a lock.
    #[inline]
    pub fn write_unlock_kind<K: Kind>(&self, place: Place) {
        self.release_write(place);
        K::leave(place);
    }

    #[inline]
    pub(crate) fn try_read_kind<K: Kind>(&self, place: Place) -> bool {
        K::enter(place);
        let taken = self.try_acquire_read(place);
        if !taken {
            K::leave(place);
        }
        taken
    }

    #[inline]
    pub(crate) fn try_write_kind<K: Kind>(&self, place: Place) -> bool {
        K::enter(place);
        let taken = self.try_acquire_write(place);
        if !taken {
            K::leave(place);
        }
        taken
    }
}

macro_rules! forms {
    ($($kind:ty: $suffix:literal, $read:ident $try_read:ident $read_unlock:ident,
       $write:ident $try_write:ident $write_unlock:ident;)*) => {
        impl RawRwLock {$(
            #[doc = concat!("Spins until no writer is before it, and reads: `read_lock", $suffix, "`.")]
            #[track_caller]
            #[inline]
            pub fn $read(&self) {
                self.read_kind::<$kind>(Place::caller());
            }

            #[doc = concat!("Reads if no writer holds it or waits, and whether: `read_trylock", $suffix, "`.")]
            #[must_use]
            #[track_caller]
            #[inline]
            pub fn $try_read(&self) -> bool {
                self.try_read_kind::<$kind>(Place::caller())
            }

            #[doc = concat!("Ends reading: `read_unlock", $suffix, "`.")]
            #[track_caller]
            #[inline]
            pub fn $read_unlock(&self) {
                self.read_unlock_kind::<$kind>(Place::caller());
            }

            #[doc = concat!("Spins until nobody holds it, and writes: `write_lock", $suffix, "`.")]
            #[track_caller]
            #[inline]
            pub fn $write(&self) {
                self.write_kind::<$kind>(Place::caller());
            }

            #[doc = concat!("Writes if nobody holds it or waits to write, and whether: `write_trylock", $suffix, "`.")]
            #[must_use]
            #[track_caller]
            #[inline]
            pub fn $try_write(&self) -> bool {
                self.try_write_kind::<$kind>(Place::caller())
            }

            #[doc = concat!("Ends writing: `write_unlock", $suffix, "`.")]
            #[track_caller]
            #[inline]
            pub fn $write_unlock(&self) {
                self.write_unlock_kind::<$kind>(Place::caller());
            }
        )*}
    };
}
forms! {
    Plain: "", read_lock read_trylock read_unlock, write_lock write_trylock write_unlock;
    Bh: "_bh", read_lock_bh read_trylock_bh read_unlock_bh, write_lock_bh write_trylock_bh write_unlock_bh;
    Irq: "_irq", read_lock_irq read_trylock_irq read_unlock_irq, write_lock_irq write_trylock_irq write_unlock_irq;
    IrqSave: "_irqsave, counted", read_lock_irq_counted read_trylock_irq_counted read_unlock_irq_counted,
        write_lock_irq_counted write_trylock_irq_counted write_unlock_irq_counted;
}

macro_rules! with_flags {
    ($($lock:ident $try_lock:ident $unlock:ident: $kind:ident $try_kind:ident $release:ident, $what:literal;)*) => {
        impl RawRwLock {$(
            #[doc = concat!("Masks interrupts, and takes the lock to ", $what, "; what the mask was.")]
            #[track_caller]
            #[inline]
            pub fn $lock(&self) -> IrqFlags {
                let place = Place::caller();
                let flags = at::local_irq_save(place);
                self.$kind::<Plain>(place);
                flags
            }

            #[doc = concat!("Masks interrupts, and takes the lock to ", $what, " if it need not wait; else leaves the mask.")]
            #[must_use]
            #[track_caller]
            #[inline]
            pub fn $try_lock(&self) -> Option<IrqFlags> {
                let place = Place::caller();
                let flags = at::local_irq_save(place);
                if self.$try_kind::<Plain>(place) {
                    return Some(flags);
                }
                at::local_irq_restore(flags, place);
                None
            }

            /// Releases the lock, and puts the mask back to `flags`.
            #[track_caller]
            #[inline]
            pub fn $unlock(&self, flags: IrqFlags) {
                let place = Place::caller();
                self.$release(place);
                at::local_irq_restore(flags, place);
                at::preempt_enable(place);
            }
        )*}
    };
}
with_flags! {
    read_lock_irqsave read_trylock_irqsave read_unlock_irqrestore: read_kind try_read_kind release_read, "read";
    write_lock_irqsave write_trylock_irqsave write_unlock_irqrestore: write_kind try_write_kind release_write, "write";
}

/// Looking at it.
impl RawRwLock {
    /// [`RawRwLock::write_lock`]; `subclass` tells the validator that a lock of the same class may be held.
    #[track_caller]
    #[inline]
    pub fn write_lock_nested(&self, subclass: u32) {
        let place = Place::caller();
        Plain::enter(place);
        self.acquire_write(subclass, place);
    }

    /// Whether somebody holds the lock or waits to write. Orders nothing.
    #[doc(alias = "rwlock_is_locked")]
    #[must_use]
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        step(&self.announcement(Op::RwlockIsLocked, Mode::Read, Place::caller()));
        self.word.load(Relaxed) != 0
    }

    /// Whether somebody waits behind the others. Orders nothing.
    #[doc(alias = "rwlock_is_contended")]
    #[must_use]
    #[track_caller]
    pub fn is_contended(&self) -> bool {
        step(&self.announcement(Op::RwlockIsLocked, Mode::Read, Place::caller()));
        self.word.load(Relaxed) & ALL_WAITING != 0 || self.queue.load(Relaxed) != 0
    }

    /// Whether the running context is the writer. No step: nobody else can make it true or false.
    #[doc(alias = "lockdep_is_held_type")]
    #[must_use]
    pub fn is_write_held(&self) -> bool {
        self.word.load(Relaxed) & WRITER != 0 && self.owner.context().is(Context::now())
    }
}
