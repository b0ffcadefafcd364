//! `linux/spinlock.h`.
//!
//! Differences from Linux: a lock that was never initialised is a finding (`uninitialised-lock`), also where all zeroes
//! would do; `spin_is_contended()` is always false.

use crate::deref::{argument, deref};
use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use ringzero_atomic::Atomic;
use ringzero_context::{IrqFlags, violation};
use ringzero_machine::{Place, code_map, machine};
use ringzero_spinning::RawSpinLock;

/// What a trylock with flags returns when it has not got the lock.
const NOT_TAKEN: c_ulong = c_ulong::MAX;

/// The lock at `p`. Finding `uninitialised-lock` if it was never initialised.
#[inline]
pub(crate) fn lock(p: *const RawSpinLock) -> &'static RawSpinLock {
    let lock = deref(p);
    if !lock.is_initialised() {
        uninitialised(p.addr(), "spinlock");
    }
    lock
}

/// Reports an object at `addr` that was never initialised; by its name, if it is a variable.
#[cold]
pub(crate) fn uninitialised(addr: usize, what: &str) {
    if machine().is_some_and(|m| !m.alive(addr)) {
        // It is dead, and that is what the next step on it says.
        return;
    }
    let (code, place) = ("uninitialised-lock", Place::caller());
    match code_map().and_then(|m| m.object(addr)) {
        Some(name) => violation(code, place, None, format_args!("the {what} `{name}` was never initialised")),
        None => violation(code, place, None, format_args!("this {what} was never initialised")),
    }
}

pub(crate) fn from_raw(flags: c_ulong) -> IrqFlags {
    IrqFlags::from_raw(flags as usize)
}

pub(crate) fn to_raw(flags: IrqFlags) -> c_ulong {
    flags.to_raw() as c_ulong
}

/// Subtracts one from `count`, and locks if that makes it zero; whether it did. The lock is free again otherwise.
fn dec_and_lock(count: &Atomic, lock: &RawSpinLock) -> bool {
    if count.add_unless(-1, 1) {
        return false;
    }
    lock.lock();
    if count.dec_and_test() {
        return true;
    }
    lock.unlock();
    false
}

crate::exports! {
    /// `spin_lock_init`, `raw_spin_lock_init`: a free lock, of the class of this place. Any context.
    fn __rz_spin_lock_init(p: *mut RawSpinLock, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is a lock of its own.
        unsafe { RawSpinLock::init_at(p, argument(name), Place::caller()) };
    }

    /// `spin_lock`. Any context but an NMI that could interrupt a holder.
    fn __rz_spin_lock(p: *const RawSpinLock) {
        lock(p).lock();
    }

    /// `spin_lock_bh`. Task or softirq, interrupts on.
    fn __rz_spin_lock_bh(p: *const RawSpinLock) {
        lock(p).lock_bh();
    }

    /// `spin_lock_irq`. Where interrupts are on: the unlock switches them on.
    fn __rz_spin_lock_irq(p: *const RawSpinLock) {
        lock(p).lock_irq();
    }

    /// `spin_lock_irqsave`: the flags. Any context but an NMI.
    fn __rz_spin_lock_irqsave(p: *const RawSpinLock) -> c_ulong {
        to_raw(lock(p).lock_irqsave())
    }

    /// `spin_lock_nested`. Context as `spin_lock`, as below.
    fn __rz_spin_lock_nested(p: *const RawSpinLock, subclass: c_uint) {
        lock(p).lock_nested(subclass);
    }

    /// `spin_lock_bh_nested`. Context as `spin_lock_bh`.
    fn __rz_spin_lock_bh_nested(p: *const RawSpinLock, subclass: c_uint) {
        lock(p).lock_bh_nested(subclass);
    }

    /// `spin_lock_irqsave_nested`: the flags. Context as `spin_lock_irqsave`.
    fn __rz_spin_lock_irqsave_nested(p: *const RawSpinLock, subclass: c_uint) -> c_ulong {
        to_raw(lock(p).lock_irqsave_nested(subclass))
    }

    /// `spin_lock_nest_lock`. Context as `spin_lock`.
    fn __rz_spin_lock_nest_lock(p: *const RawSpinLock, nest_lock: *const c_void) {
        lock(p).lock_nest_lock(nest_lock.addr());
    }

    /// `spin_unlock`. Finding `unlock-by-other` if another context took it, as in the forms below.
    fn __rz_spin_unlock(p: *const RawSpinLock) {
        lock(p).unlock();
    }

    /// `spin_unlock_bh`: runs softirqs that are pending. Not with interrupts off.
    fn __rz_spin_unlock_bh(p: *const RawSpinLock) {
        lock(p).unlock_bh();
    }

    /// `spin_unlock_irq`: interrupts are on afterwards.
    fn __rz_spin_unlock_irq(p: *const RawSpinLock) {
        lock(p).unlock_irq();
    }

    /// `spin_unlock_irqrestore`. Finding `unbalanced-context` if interrupts are on already.
    fn __rz_spin_unlock_irqrestore(p: *const RawSpinLock, flags: c_ulong) {
        lock(p).unlock_irqrestore(from_raw(flags));
    }

    /// `spin_trylock`: whether it took the lock. Any context.
    fn __rz_spin_trylock(p: *const RawSpinLock) -> c_int {
        c_int::from(lock(p).trylock())
    }

    /// `spin_trylock_bh`. Task or softirq, interrupts on.
    fn __rz_spin_trylock_bh(p: *const RawSpinLock) -> c_int {
        c_int::from(lock(p).trylock_bh())
    }

    /// `spin_trylock_irq`. Where interrupts are on.
    fn __rz_spin_trylock_irq(p: *const RawSpinLock) -> c_int {
        c_int::from(lock(p).trylock_irq())
    }

    /// `spin_trylock_irqsave`: the flags, or -1 if it did not take the lock. Any context.
    fn __rz_spin_trylock_irqsave(p: *const RawSpinLock) -> c_ulong {
        lock(p).trylock_irqsave().map_or(NOT_TAKEN, to_raw)
    }

    /// `spin_is_locked`. Any context; orders nothing.
    fn __rz_spin_is_locked(p: *const RawSpinLock) -> c_int {
        c_int::from(lock(p).is_locked())
    }

    /// `assert_spin_locked`: finding `bug` if nobody holds the lock. Any context.
    fn __rz_spin_assert_held(p: *const RawSpinLock) {
        let lock = lock(p);
        if !lock.is_locked() {
            let name = lock.name().unwrap_or("the lock");
            violation("bug", Place::caller(), lock.class(), format_args!("assert_spin_locked(): nobody holds `{name}`"));
        }
    }

    /// Whether the running context holds it. Any context; no step.
    fn __rz_spin_is_held(p: *const RawSpinLock) -> c_int {
        c_int::from(lock(p).is_held())
    }

    /// `spin_unlock_wait`: spins until the lock is free. Any context that does not hold it.
    fn __rz_spin_unlock_wait(p: *const RawSpinLock) {
        lock(p).unlock_wait();
    }

    /// `atomic_dec_and_lock`: 1 with the lock held if the counter became 0. Context as `spin_lock`.
    fn _atomic_dec_and_lock(count: *const Atomic, p: *const RawSpinLock) -> c_int {
        c_int::from(dec_and_lock(deref(count), lock(p)))
    }

    /// `atomic_dec_and_lock_irqsave`: the flags with the lock held, or -1.
    fn __rz_atomic_dec_and_lock_irqsave(count: *const Atomic, p: *const RawSpinLock) -> c_ulong {
        let (count, lock) = (deref(count), lock(p));
        if count.add_unless(-1, 1) {
            return NOT_TAKEN;
        }
        let flags = lock.lock_irqsave();
        if count.dec_and_test() {
            return to_raw(flags);
        }
        lock.unlock_irqrestore(flags);
        NOT_TAKEN
    }
}
