//! Tasklets, of `linux/interrupt.h`.

use crate::deref::deref;
use core::ffi::c_ulong;
use ringzero_machine::Place;
use ringzero_softirq::{Tasklet, TaskletStyle};

/// A tasklet's function as `tasklet_init()` takes it, and as `tasklet_setup()` does.
type OldFn = unsafe extern "C" fn(c_ulong);
type NewFn = unsafe extern "C" fn(*mut Tasklet);

fn init(p: *mut Tasklet, style: TaskletStyle, func: *const (), data: c_ulong) {
    deref(p.cast_const());
    // SAFETY: readable and aligned, since `deref` came back; the module says that it is a tasklet of its own, and the
    // function is of the kind that the call has in its signature.
    unsafe { Tasklet::init_at(p, style, func, data as usize, Place::caller()) };
}

crate::exports! {
    /// `tasklet_init`: its function gets `data`. Any context.
    fn tasklet_init(p: *mut Tasklet, func: Option<OldFn>, data: c_ulong) {
        init(p, TaskletStyle::COld, func.map_or(core::ptr::null(), |f| f as *const ()), data);
    }

    /// `tasklet_setup`: its function gets the tasklet. Any context.
    fn tasklet_setup(p: *mut Tasklet, callback: Option<NewFn>) {
        init(p, TaskletStyle::CNew, callback.map_or(core::ptr::null(), |f| f as *const ()), 0);
    }

    /// `tasklet_schedule`. Any context but an NMI.
    fn tasklet_schedule(p: *const Tasklet) {
        deref(p).schedule();
    }

    /// `tasklet_hi_schedule`. Any context but an NMI.
    fn tasklet_hi_schedule(p: *const Tasklet) {
        deref(p).hi_schedule();
    }

    /// `tasklet_disable`: spins until it does not run. Any context but itself.
    fn tasklet_disable(p: *const Tasklet) {
        deref(p).disable();
    }

    /// `tasklet_disable_nosync`. Any context.
    fn tasklet_disable_nosync(p: *const Tasklet) {
        deref(p).disable_nosync();
    }

    /// `tasklet_unlock_wait`: spins until it does not run. Any context but itself.
    fn tasklet_unlock_wait(p: *const Tasklet) {
        deref(p).unlock_wait();
    }

    /// `tasklet_enable`. Any context but an NMI. Finding `unbalanced-context` if it was not disabled.
    fn tasklet_enable(p: *const Tasklet) {
        deref(p).enable();
    }

    /// `tasklet_kill`. Task context, sleeps.
    fn tasklet_kill(p: *const Tasklet) {
        deref(p).kill();
    }
}
