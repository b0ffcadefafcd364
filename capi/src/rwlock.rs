//! `linux/rwlock.h`.
//!
//! Differences from Linux: a lock that was never initialised is a finding (`uninitialised-lock`), also where all zeroes
//! would do.

use crate::deref::{argument, deref};
use crate::spinlock::{from_raw, to_raw, uninitialised};
use core::ffi::{c_char, c_int, c_uint, c_ulong};
use ringzero_machine::Place;
use ringzero_spinning::RawRwLock;

/// What a trylock with flags returns when it has not got the lock.
const NOT_TAKEN: c_ulong = c_ulong::MAX;

/// The lock at `p`. Finding `uninitialised-lock` if it was never initialised.
#[inline]
pub(crate) fn lock(p: *const RawRwLock) -> &'static RawRwLock {
    let lock = deref(p);
    if !lock.is_initialised() {
        uninitialised(p.addr(), "rwlock");
    }
    lock
}

crate::exports! {
    /// `rwlock_init`: a free lock, of the class of this place. Any context.
    fn __rz_rwlock_init(p: *mut RawRwLock, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a lock of its own.
        unsafe { RawRwLock::init_at(p, argument(name), Place::caller()) };
    }

    /// `read_lock`. Any context but an NMI that could interrupt a writer.
    fn __rz_read_lock(p: *const RawRwLock) {
        lock(p).read_lock();
    }

    /// `read_lock_bh`. Task or softirq, interrupts on.
    fn __rz_read_lock_bh(p: *const RawRwLock) {
        lock(p).read_lock_bh();
    }

    /// `read_lock_irq`. Where interrupts are on: the unlock switches them on.
    fn __rz_read_lock_irq(p: *const RawRwLock) {
        lock(p).read_lock_irq();
    }

    /// `read_lock_irqsave`: the flags. Any context but an NMI.
    fn __rz_read_lock_irqsave(p: *const RawRwLock) -> c_ulong {
        to_raw(lock(p).read_lock_irqsave())
    }

    /// `read_unlock`. Finding `unlock-by-other` if the running context does not read, as in the forms below.
    fn __rz_read_unlock(p: *const RawRwLock) {
        lock(p).read_unlock();
    }

    /// `read_unlock_bh`: runs softirqs that are pending. Not with interrupts off.
    fn __rz_read_unlock_bh(p: *const RawRwLock) {
        lock(p).read_unlock_bh();
    }

    /// `read_unlock_irq`: interrupts are on afterwards.
    fn __rz_read_unlock_irq(p: *const RawRwLock) {
        lock(p).read_unlock_irq();
    }

    /// `read_unlock_irqrestore`. Finding `unbalanced-context` if interrupts are on already.
    fn __rz_read_unlock_irqrestore(p: *const RawRwLock, flags: c_ulong) {
        lock(p).read_unlock_irqrestore(from_raw(flags));
    }

    /// `read_trylock`: whether it took the lock. Any context.
    fn __rz_read_trylock(p: *const RawRwLock) -> c_int {
        c_int::from(lock(p).read_trylock())
    }

    /// `read_trylock_irqsave`: the flags, or -1 if it did not take the lock. Any context.
    fn __rz_read_trylock_irqsave(p: *const RawRwLock) -> c_ulong {
        lock(p).read_trylock_irqsave().map_or(NOT_TAKEN, to_raw)
    }

    /// `write_lock`. Any context but one that could interrupt a holder.
    fn __rz_write_lock(p: *const RawRwLock) {
        lock(p).write_lock();
    }

    /// `write_lock_bh`. Task or softirq, interrupts on.
    fn __rz_write_lock_bh(p: *const RawRwLock) {
        lock(p).write_lock_bh();
    }

    /// `write_lock_irq`. Where interrupts are on: the unlock switches them on.
    fn __rz_write_lock_irq(p: *const RawRwLock) {
        lock(p).write_lock_irq();
    }

    /// `write_lock_irqsave`: the flags. Any context but an NMI.
    fn __rz_write_lock_irqsave(p: *const RawRwLock) -> c_ulong {
        to_raw(lock(p).write_lock_irqsave())
    }

    /// `write_lock_nested`. As `write_lock`.
    fn __rz_write_lock_nested(p: *const RawRwLock, subclass: c_uint) {
        lock(p).write_lock_nested(subclass);
    }

    /// `write_unlock`. Finding `unlock-by-other` if another context took it, as in the forms below.
    fn __rz_write_unlock(p: *const RawRwLock) {
        lock(p).write_unlock();
    }

    /// `write_unlock_bh`: runs softirqs that are pending. Not with interrupts off.
    fn __rz_write_unlock_bh(p: *const RawRwLock) {
        lock(p).write_unlock_bh();
    }

    /// `write_unlock_irq`: interrupts are on afterwards.
    fn __rz_write_unlock_irq(p: *const RawRwLock) {
        lock(p).write_unlock_irq();
    }

    /// `write_unlock_irqrestore`. Finding `unbalanced-context` if interrupts are on already.
    fn __rz_write_unlock_irqrestore(p: *const RawRwLock, flags: c_ulong) {
        lock(p).write_unlock_irqrestore(from_raw(flags));
    }

    /// `write_trylock`: whether it took the lock. Any context.
    fn __rz_write_trylock(p: *const RawRwLock) -> c_int {
        c_int::from(lock(p).write_trylock())
    }

    /// `write_trylock_irqsave`: the flags, or -1 if it did not take the lock. Any context.
    fn __rz_write_trylock_irqsave(p: *const RawRwLock) -> c_ulong {
        lock(p).write_trylock_irqsave().map_or(NOT_TAKEN, to_raw)
    }

    /// `rwlock_is_locked`. Any context; orders nothing.
    fn __rz_rwlock_is_locked(p: *const RawRwLock) -> c_int {
        c_int::from(lock(p).is_locked())
    }

    /// `rwlock_is_contended`. Any context; orders nothing.
    fn __rz_rwlock_is_contended(p: *const RawRwLock) -> c_int {
        c_int::from(lock(p).is_contended())
    }

    /// Whether the running context writes. Any context; no step.
    fn __rz_write_is_held(p: *const RawRwLock) -> c_int {
        c_int::from(lock(p).is_write_held())
    }
}
