//! `linux/workqueue.h`.
//!
//! Differences from Linux: see `ringzero_workqueue`. A queue other than the system's cannot be made.

use crate::deref::deref;
use crate::spinlock::uninitialised;
use core::ffi::{c_int, c_uint, c_ulong};
use ringzero_machine::{Place, machine};
use ringzero_workqueue::{DelayedWork, Work, WorkQueue};

/// A work item's function in C.
type WorkFn = unsafe extern "C" fn(*mut Work);

/// The item at `p`. Finding `uninitialised-lock` if it was never initialised.
fn work(p: *const Work) -> &'static Work {
    let work = deref(p);
    if !work.is_initialised() {
        uninitialised(p.addr(), "work item");
    }
    work
}

/// The delayed item at `p`, as [`work`].
fn delayed(p: *const DelayedWork) -> &'static DelayedWork {
    let delayed = deref(p);
    if !delayed.work.is_initialised() {
        uninitialised(p.addr(), "delayed work item");
    }
    delayed
}

fn func(f: Option<WorkFn>) -> *const () {
    f.map_or(core::ptr::null(), |f| f as *const ())
}

/// A CPU's number as C gives it: none for `WORK_CPU_UNBOUND`, and whatever else is no CPU of the machine's headers.
fn cpu(number: c_int) -> Option<u32> {
    /// `NR_CPUS` of the headers.
    const NR_CPUS: u32 = 64;
    let number = number.cast_unsigned();
    (number < NR_CPUS || number < machine().map_or(1, |m| m.nr_cpus())).then_some(number)
}

crate::exports! {
    /// `INIT_WORK`. Any context.
    fn __rz_init_work(p: *mut Work, f: Option<WorkFn>) {
        deref(p.cast_const());
        // SAFETY: readable and aligned, since `deref` came back; the module says that it is an item of its own, and the
        // function is one for it.
        unsafe { Work::init_at(p, func(f), Place::caller()) };
    }

    /// `INIT_DELAYED_WORK`. Any context.
    fn __rz_init_delayed_work(p: *mut DelayedWork, f: Option<WorkFn>) {
        deref(p.cast_const());
        // SAFETY: as above.
        unsafe { DelayedWork::init_at(p, func(f), Place::caller()) };
    }

    /// `system_wq`. Any context.
    fn __rz_system_wq() -> *const WorkQueue {
        ringzero_workqueue::system_wq()
    }

    /// `schedule_work`: true if it was not pending. Any context but an NMI, as for all that queue.
    fn schedule_work(p: *const Work) -> bool {
        work(p).schedule()
    }

    /// `schedule_work_on`.
    fn schedule_work_on(on: c_int, p: *const Work) -> bool {
        let work = work(p);
        cpu(on).map_or_else(|| work.schedule(), |cpu| work.schedule_on(cpu))
    }

    /// `queue_work`.
    fn queue_work(wq: *const WorkQueue, p: *const Work) -> bool {
        deref(wq);
        work(p).schedule()
    }

    /// `queue_work_on`.
    fn queue_work_on(on: c_int, wq: *const WorkQueue, p: *const Work) -> bool {
        deref(wq);
        let work = work(p);
        cpu(on).map_or_else(|| work.schedule(), |cpu| work.schedule_on(cpu))
    }

    /// `schedule_delayed_work`.
    fn schedule_delayed_work(p: *const DelayedWork, delay: c_ulong) -> bool {
        delayed(p).schedule(delay)
    }

    /// `schedule_delayed_work_on`.
    fn schedule_delayed_work_on(on: c_int, p: *const DelayedWork, delay: c_ulong) -> bool {
        let delayed = delayed(p);
        cpu(on).map_or_else(|| delayed.schedule(delay), |cpu| delayed.schedule_on(cpu, delay))
    }

    /// `queue_delayed_work`.
    fn queue_delayed_work(wq: *const WorkQueue, p: *const DelayedWork, delay: c_ulong) -> bool {
        deref(wq);
        delayed(p).schedule(delay)
    }

    /// `queue_delayed_work_on`.
    fn queue_delayed_work_on(on: c_int, wq: *const WorkQueue, p: *const DelayedWork, delay: c_ulong) -> bool {
        deref(wq);
        let delayed = delayed(p);
        cpu(on).map_or_else(|| delayed.schedule(delay), |cpu| delayed.schedule_on(cpu, delay))
    }

    /// `mod_delayed_work`: true if it was pending.
    fn mod_delayed_work(wq: *const WorkQueue, p: *const DelayedWork, delay: c_ulong) -> bool {
        deref(wq);
        delayed(p).modify(delay)
    }

    /// `mod_delayed_work_on`.
    fn mod_delayed_work_on(on: c_int, wq: *const WorkQueue, p: *const DelayedWork, delay: c_ulong) -> bool {
        let (wq, delayed) = (deref(wq), delayed(p));
        match cpu(on) {
            Some(cpu) => ringzero_workqueue::mod_delayed_work_on(cpu, wq, delayed, delay),
            None => delayed.modify(delay),
        }
    }

    /// `cancel_work`: true if it was pending. Any context but an NMI.
    fn cancel_work(p: *const Work) -> bool {
        work(p).cancel()
    }

    /// `cancel_delayed_work`. Any context but an NMI.
    fn cancel_delayed_work(p: *const DelayedWork) -> bool {
        delayed(p).cancel()
    }

    /// `cancel_work_sync`. Task context, sleeps.
    fn cancel_work_sync(p: *const Work) -> bool {
        work(p).cancel_sync()
    }

    /// `cancel_delayed_work_sync`. Task context, sleeps.
    fn cancel_delayed_work_sync(p: *const DelayedWork) -> bool {
        delayed(p).cancel_sync()
    }

    /// `flush_work`: false if it was idle. Task context, sleeps.
    fn flush_work(p: *const Work) -> bool {
        work(p).flush()
    }

    /// `flush_delayed_work`. Task context, sleeps.
    fn flush_delayed_work(p: *const DelayedWork) -> bool {
        delayed(p).flush()
    }

    /// `flush_workqueue`. Task context, sleeps.
    fn flush_workqueue(wq: *const WorkQueue) {
        ringzero_workqueue::flush_workqueue(deref(wq));
    }

    /// `flush_scheduled_work`. Task context, sleeps.
    fn flush_scheduled_work() {
        ringzero_workqueue::flush_scheduled_work();
    }

    /// `work_pending`. Any context.
    fn work_pending(p: *const Work) -> bool {
        work(p).is_pending()
    }

    /// `work_busy`: bits. Any context.
    fn work_busy(p: *const Work) -> c_uint {
        work(p).busy()
    }
}
