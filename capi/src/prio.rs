//! `linux/sched.h`, `linux/sched/prio.h`, `linux/sched/rt.h`: priorities.
//!
//! Differences from Linux: nobody lacks a permission.

use crate::deref::deref;
use crate::memory;
use core::ffi::{c_int, c_long};
use ringzero_sched::Task;

/// A number that has to be 0 or more; what is not is too great for all.
fn number(n: c_int) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

crate::exports! {
    /// `sched_setscheduler`: 0 or `-EINVAL`. Any context but an NMI, as these.
    fn sched_setscheduler(task: *const Task, policy: c_int, param: *const c_int) -> c_int {
        ringzero_sched::sched_setscheduler(deref(task), number(policy), number(memory::get(param)))
    }

    /// `sched_set_fifo`.
    fn sched_set_fifo(task: *const Task) {
        ringzero_sched::sched_set_fifo(deref(task));
    }

    /// `sched_set_fifo_low`.
    fn sched_set_fifo_low(task: *const Task) {
        ringzero_sched::sched_set_fifo_low(deref(task));
    }

    /// `sched_set_normal`.
    fn sched_set_normal(task: *const Task, nice: c_int) {
        ringzero_sched::sched_set_normal(deref(task), nice);
    }

    /// `set_user_nice`.
    fn set_user_nice(task: *const Task, nice: c_long) {
        ringzero_sched::set_user_nice(deref(task), nice.clamp(-1000, 1000) as i32);
    }

    /// `task_nice`. Any context, as the next.
    fn task_nice(task: *const Task) -> c_int {
        ringzero_sched::task_nice(deref(task))
    }

    /// `task_prio`.
    fn task_prio(task: *const Task) -> c_int {
        ringzero_sched::task_prio(deref(task))
    }
}
