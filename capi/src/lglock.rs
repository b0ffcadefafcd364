//! `linux/lglock.h`: a spinlock a CPU, taken one at a time or all together.

use crate::deref::deref;
use crate::percpu::{__rz_per_cpu_ptr, __rz_this_cpu_ptr};
use crate::spinlock::lock;
use core::ffi::{c_int, c_uint, c_void};
use ringzero_context::{at, violation};
use ringzero_machine::{HAS_LOCK_EVENTS, LockEvent, LockUse, Place, lock_event, machine};
use ringzero_spinning::{Plain, RawSpinLock};

/// `struct lglock`.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct LgLock {
    /// The template of the CPUs' locks.
    locks: *const c_void,
}

impl LgLock {
    fn on(&self, cpu: c_int) -> &'static RawSpinLock {
        lock(__rz_per_cpu_ptr(self.locks, cpu.cast_unsigned()).cast_const().cast())
    }

    fn here(&self) -> &'static RawSpinLock {
        lock(__rz_this_cpu_ptr(self.locks).cast_const().cast())
    }

    /// What the validator hears: all locks are one, which is shared by those who have a CPU's.
    fn tell(&self, acquire: bool, held_as: LockUse, subclass: u32, place: Place) {
        if HAS_LOCK_EVENTS {
            let (made, one) = (if acquire { LockEvent::acquire } else { LockEvent::release }, self.on(0));
            lock_event(&made(one.address(), one.class(), one.name(), place).held_as(held_as).nested(subclass, 0));
        }
    }

    fn lock(&self, lock: &RawSpinLock, subclass: u32, place: Place) {
        at::preempt_disable(place);
        self.tell(true, LockUse::Read, subclass, place);
        lock.acquire(place);
    }

    fn unlock(&self, lock: &RawSpinLock, place: Place) {
        self.tell(false, LockUse::Read, 0, place);
        lock.unlock_kind::<Plain>(place);
    }
}

/// The numbers of all CPUs.
fn cpus() -> core::ops::Range<c_int> {
    let n: c_uint = machine().map_or(1, |m| m.nr_cpus());
    0..n.cast_signed()
}

crate::exports! {
    /// `lg_local_lock`: the running CPU's lock. Context as `spin_lock`, as below.
    fn lg_local_lock(p: *const LgLock) {
        let place = Place::caller();
        // Not moved to another CPU between the look and the lock.
        at::preempt_disable(place);
        let lg = deref(p);
        lg.lock(lg.here(), 0, place);
        at::preempt_enable(place);
    }

    /// `lg_local_unlock`.
    fn lg_local_unlock(p: *const LgLock) {
        let lg = deref(p);
        lg.unlock(lg.here(), Place::caller());
    }

    /// `lg_local_lock_cpu`: the lock of a CPU.
    fn lg_local_lock_cpu(p: *const LgLock, cpu: c_int) {
        let lg = deref(p);
        lg.lock(lg.on(cpu), 0, Place::caller());
    }

    /// `lg_local_unlock_cpu`.
    fn lg_local_unlock_cpu(p: *const LgLock, cpu: c_int) {
        let lg = deref(p);
        lg.unlock(lg.on(cpu), Place::caller());
    }

    /// `lg_double_lock`: the locks of two CPUs. Finding `bug` if they are one.
    fn lg_double_lock(p: *const LgLock, one: c_int, other: c_int) {
        if one == other {
            violation("bug", Place::caller(), None, format_args!("lg_double_lock() of cpu{one} and itself"));
        }
        let lg = deref(p);
        let place = Place::caller();
        lg.lock(lg.on(one.min(other)), 0, place);
        lg.lock(lg.on(one.max(other)), 1, place);
    }

    /// `lg_double_unlock`.
    fn lg_double_unlock(p: *const LgLock, one: c_int, other: c_int) {
        let lg = deref(p);
        let place = Place::caller();
        lg.unlock(lg.on(one), place);
        lg.unlock(lg.on(other), place);
    }

    /// `lg_global_lock`: the locks of all CPUs.
    fn lg_global_lock(p: *const LgLock) {
        let (lg, place) = (deref(p), Place::caller());
        for cpu in cpus() {
            at::preempt_disable(place);
            if cpu == 0 {
                lg.tell(true, LockUse::Write, 0, place);
            }
            lg.on(cpu).acquire(place);
        }
    }

    /// `lg_global_unlock`.
    fn lg_global_unlock(p: *const LgLock) {
        let (lg, place) = (deref(p), Place::caller());
        lg.tell(false, LockUse::Write, 0, place);
        cpus().for_each(|cpu| lg.on(cpu).unlock_kind::<Plain>(place));
    }
}
