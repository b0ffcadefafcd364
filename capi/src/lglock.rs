//! `linux/lglock.h`: a spinlock a CPU, taken one at a time or all together.

use crate::deref::deref;
use crate::percpu::{__rz_per_cpu_ptr, __rz_this_cpu_ptr};
use crate::spinlock::lock;
use core::ffi::{c_int, c_uint, c_void};
use ringzero_context::{at, violation};
use ringzero_machine::{Place, machine};
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
        deref(p).here().lock_kind::<Plain>(place);
        at::preempt_enable(place);
    }

    /// `lg_local_unlock`.
    fn lg_local_unlock(p: *const LgLock) {
        deref(p).here().unlock();
    }

    /// `lg_local_lock_cpu`: the lock of a CPU.
    fn lg_local_lock_cpu(p: *const LgLock, cpu: c_int) {
        deref(p).on(cpu).lock();
    }

    /// `lg_local_unlock_cpu`.
    fn lg_local_unlock_cpu(p: *const LgLock, cpu: c_int) {
        deref(p).on(cpu).unlock();
    }

    /// `lg_double_lock`: the locks of two CPUs. Finding `bug` if they are one.
    fn lg_double_lock(p: *const LgLock, one: c_int, other: c_int) {
        if one == other {
            violation("bug", Place::caller(), None, format_args!("lg_double_lock() of cpu{one} and itself"));
        }
        let lg = deref(p);
        lg.on(one.min(other)).lock();
        lg.on(one.max(other)).lock();
    }

    /// `lg_double_unlock`.
    fn lg_double_unlock(p: *const LgLock, one: c_int, other: c_int) {
        let lg = deref(p);
        lg.on(one).unlock();
        lg.on(other).unlock();
    }

    /// `lg_global_lock`: the locks of all CPUs.
    fn lg_global_lock(p: *const LgLock) {
        cpus().for_each(|cpu| deref(p).on(cpu).lock());
    }

    /// `lg_global_unlock`.
    fn lg_global_unlock(p: *const LgLock) {
        cpus().for_each(|cpu| deref(p).on(cpu).unlock());
    }
}
