//! `linux/rwsem.h`, `linux/percpu-rwsem.h`.
//!
//! Differences from Linux: one that was never initialised is a finding (`uninitialised-lock`).

use crate::deref::{argument, deref};
use crate::mutex::taken;
use crate::spinlock::uninitialised;
use core::ffi::{c_char, c_int, c_void};
use ringzero_machine::Place;
use ringzero_sleeping::{RawPercpuRwSemaphore, RawRwSemaphore};

type Sem = RawRwSemaphore;
type Percpu = RawPercpuRwSemaphore;

/// The rwsem at `p`. Finding `uninitialised-lock` if it was never initialised.
pub(crate) fn sem(p: *const Sem) -> &'static Sem {
    let sem = deref(p);
    if !sem.is_initialised() {
        uninitialised(p.addr(), "rwsem");
    }
    sem
}

/// The percpu rwsem at `p`, as [`sem`].
pub(crate) fn percpu(p: *const Percpu) -> &'static Percpu {
    let sem = deref(p);
    if !sem.is_initialised() {
        uninitialised(p.addr(), "percpu rwsem");
    }
    sem
}

crate::exports! {
    /// `init_rwsem`: a free one, of the class of this place. Any context.
    fn __rz_init_rwsem(p: *mut Sem, name: *const c_char) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is an rwsem of its own.
        unsafe { Sem::init_at(p, argument(name), Place::caller()) };
    }

    /// `down_read`. Task context, sleeps, as all that begin so but the trylocks.
    fn down_read(p: *const Sem) {
        sem(p).down_read();
    }

    /// `down_read_interruptible`.
    fn down_read_interruptible(p: *const Sem) -> c_int {
        taken(sem(p).down_read_interruptible())
    }

    /// `down_read_killable`.
    fn down_read_killable(p: *const Sem) -> c_int {
        taken(sem(p).down_read_killable())
    }

    /// `down_read_killable_nested`.
    fn down_read_killable_nested(p: *const Sem, subclass: c_int) -> c_int {
        taken(sem(p).down_read_killable_nested(subclass.cast_unsigned()))
    }

    /// `down_read_nested`.
    fn down_read_nested(p: *const Sem, subclass: c_int) {
        sem(p).down_read_nested(subclass.cast_unsigned());
    }

    /// `down_read_non_owner`.
    fn down_read_non_owner(p: *const Sem) {
        sem(p).down_read_non_owner();
    }

    /// `down_read_trylock`: whether it reads now. Any context but an NMI; does not sleep.
    fn down_read_trylock(p: *const Sem) -> c_int {
        c_int::from(sem(p).down_read_trylock())
    }

    /// `up_read`. Finding `unlock-by-other` if the caller does not read. Does not sleep, as all that follow.
    fn up_read(p: *const Sem) {
        sem(p).up_read();
    }

    /// `up_read_non_owner`.
    fn up_read_non_owner(p: *const Sem) {
        sem(p).up_read_non_owner();
    }

    /// `down_write`.
    fn down_write(p: *const Sem) {
        sem(p).down_write();
    }

    /// `down_write_killable`.
    fn down_write_killable(p: *const Sem) -> c_int {
        taken(sem(p).down_write_killable())
    }

    /// `down_write_killable_nested`.
    fn down_write_killable_nested(p: *const Sem, subclass: c_int) -> c_int {
        taken(sem(p).down_write_killable_nested(subclass.cast_unsigned()))
    }

    /// `down_write_nested`.
    fn down_write_nested(p: *const Sem, subclass: c_int) {
        sem(p).down_write_nested(subclass.cast_unsigned());
    }

    /// `down_write_nest_lock`.
    fn __rz_down_write_nest_lock(p: *const Sem, nest_lock: *const c_void) {
        sem(p).down_write_nest_lock(nest_lock.addr());
    }

    /// `down_write_trylock`: whether it writes now. Task context; does not sleep.
    fn down_write_trylock(p: *const Sem) -> c_int {
        c_int::from(sem(p).down_write_trylock())
    }

    /// `up_write`. Finding `unlock-by-other` if the caller does not write.
    fn up_write(p: *const Sem) {
        sem(p).up_write();
    }

    /// `downgrade_write`.
    fn downgrade_write(p: *const Sem) {
        sem(p).downgrade_write();
    }

    /// `rwsem_is_locked`. Any context.
    fn rwsem_is_locked(p: *const Sem) -> c_int {
        c_int::from(sem(p).is_locked())
    }

    /// `rwsem_is_contended`. Any context.
    fn rwsem_is_contended(p: *const Sem) -> c_int {
        c_int::from(sem(p).is_contended())
    }

    /// `percpu_init_rwsem`: a free one, of the class of this place. Any context. 0.
    fn __rz_percpu_init_rwsem(p: *mut Percpu, name: *const c_char) -> c_int {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is one of its own.
        unsafe { Percpu::init_at(p, argument(name), Place::caller()) };
        0
    }

    /// `percpu_free_rwsem`. Any context; nobody uses it.
    fn percpu_free_rwsem(p: *const Percpu) {
        // SAFETY: the module says that nobody uses it.
        unsafe { percpu(p).destroy() };
    }

    /// `percpu_down_read`. Task context, sleeps.
    fn percpu_down_read(p: *const Percpu) {
        percpu(p).down_read();
    }

    /// `percpu_down_read_trylock`. Task context; does not sleep.
    fn percpu_down_read_trylock(p: *const Percpu) -> bool {
        percpu(p).down_read_trylock()
    }

    /// `percpu_up_read`.
    fn percpu_up_read(p: *const Percpu) {
        percpu(p).up_read();
    }

    /// `percpu_rwsem_release`: the reader or writer is no longer the caller. Task context; does not sleep.
    fn __rz_percpu_rwsem_release(p: *const Percpu, read: bool) {
        percpu(p).disown(read, Place::caller());
    }

    /// `percpu_rwsem_acquire`: it is the caller now.
    fn __rz_percpu_rwsem_acquire(p: *const Percpu, read: bool) {
        percpu(p).adopt(read, Place::caller());
    }

    /// `percpu_down_write`. Task context, sleeps.
    fn percpu_down_write(p: *const Percpu) {
        percpu(p).down_write();
    }

    /// `percpu_up_write`.
    fn percpu_up_write(p: *const Percpu) {
        percpu(p).up_write();
    }

    /// `percpu_is_write_locked`. Any context.
    fn percpu_is_write_locked(p: *const Percpu) -> bool {
        percpu(p).is_write_locked()
    }
}
