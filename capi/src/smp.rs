//! `linux/smp.h`, and the CPUs of `linux/cpumask.h`.
//!
//! Differences from Linux: all CPUs are online all the time; a call without `wait` needs no memory of the caller's.

use crate::task::mask;
use core::ffi::{c_int, c_uint, c_void};
use ringzero_irq::Errno;

/// A function in C for other CPUs, and what it is called with.
#[derive(Clone, Copy)]
struct Call {
    run: unsafe extern "C" fn(*mut c_void),
    info: *mut c_void,
}

// SAFETY: a pointer that C code hands to its own function; what the two do with it is C's affair, and checked.
unsafe impl Send for Call {}
// SAFETY: as above.
unsafe impl Sync for Call {}

impl Call {
    fn call(&self) {
        // SAFETY: the module gave the function for this, and its code stays loaded while the execution lasts.
        unsafe { (self.run)(self.info) }
    }
}

type CallFn = unsafe extern "C" fn(*mut c_void);

/// The sets that C code points to: of one CPU each, and of the first so many.
static ONE: [u64; 64] = {
    let mut masks = [0; 64];
    let mut cpu = 0;
    while cpu < 64 {
        masks[cpu] = 1 << cpu;
        cpu += 1;
    }
    masks
};
static FIRST: [u64; 65] = {
    let mut masks = [0; 65];
    let mut n = 1;
    while n <= 64 {
        masks[n] = u64::MAX >> (64 - n);
        n += 1;
    }
    masks
};

fn errno(result: Result<(), Errno>) -> c_int {
    result.map_or_else(Errno::to_kernel, |()| 0)
}

crate::exports! {
    /// `nr_cpu_ids`, `num_online_cpus` and the like. Any context.
    fn __rz_nr_cpus() -> c_uint {
        ringzero_smp::num_online_cpus()
    }

    /// `cpu_online_mask` and the like. Any context.
    fn __rz_cpu_online_mask() -> *const u64 {
        &raw const FIRST[ringzero_smp::num_online_cpus().min(64) as usize]
    }

    /// `cpumask_of`. Any context. Finding `panic` for a CPU that no mask has.
    fn __rz_cpumask_of(cpu: c_uint) -> *const u64 {
        assert!(cpu < 64, "cpumask_of(): there is no CPU {cpu}");
        &raw const ONE[cpu as usize]
    }

    /// `cpu_all_mask`. Any context.
    fn __rz_cpu_all_mask() -> *const u64 {
        &raw const FIRST[64]
    }

    /// `cpu_none_mask`. Any context.
    fn __rz_cpu_none_mask() -> *const u64 {
        &raw const FIRST[0]
    }

    /// `smp_processor_id`. Any context.
    fn __rz_smp_processor_id() -> c_uint {
        ringzero_smp::smp_processor_id()
    }

    /// `get_cpu`. Any context; preemption is off afterwards.
    fn __rz_get_cpu() -> c_int {
        ringzero_smp::get_cpu().cast_signed()
    }

    /// `smp_call_function_single`: 0 or `-ENXIO`. Not from a hardirq or an NMI.
    fn smp_call_function_single(cpu: c_int, run: CallFn, info: *mut c_void, wait: c_int) -> c_int {
        let call = Call { run, info };
        errno(ringzero_smp::smp_call_function_single(cpu.cast_unsigned(), move || call.call(), wait != 0))
    }

    /// `smp_call_function_any`: 0 or `-ENXIO`. Context as above.
    fn smp_call_function_any(cpus: *const u64, run: CallFn, info: *mut c_void, wait: c_int) -> c_int {
        let call = Call { run, info };
        errno(ringzero_smp::smp_call_function_any(mask(cpus), move || call.call(), wait != 0))
    }

    /// `smp_call_function_many`. Context as above, and not from a softirq.
    fn smp_call_function_many(cpus: *const u64, run: CallFn, info: *mut c_void, wait: bool) {
        let call = Call { run, info };
        ringzero_smp::smp_call_function_many(mask(cpus), move || call.call(), wait);
    }

    /// `smp_call_function`. Context as `smp_call_function_many`.
    fn smp_call_function(run: CallFn, info: *mut c_void, wait: c_int) {
        let call = Call { run, info };
        ringzero_smp::smp_call_function(move || call.call(), wait != 0);
    }

    /// `on_each_cpu`. Context as `smp_call_function_many`.
    fn on_each_cpu(run: CallFn, info: *mut c_void, wait: c_int) {
        let call = Call { run, info };
        ringzero_smp::on_each_cpu(move || call.call(), wait != 0);
    }

    /// `on_each_cpu_mask`. Context as `smp_call_function_many`.
    fn on_each_cpu_mask(cpus: *const u64, run: CallFn, info: *mut c_void, wait: bool) {
        let call = Call { run, info };
        ringzero_smp::on_each_cpu_mask(mask(cpus), move || call.call(), wait);
    }

    /// `on_each_cpu_cond`: where `cond`, asked here, says so. Context as `smp_call_function_many`.
    fn on_each_cpu_cond(
        cond: unsafe extern "C" fn(c_int, *mut c_void) -> bool,
        run: CallFn,
        info: *mut c_void,
        wait: bool,
    ) {
        let call = Call { run, info };
        // SAFETY: the module gave the function for this.
        let cond = |cpu: u32| unsafe { cond(cpu.cast_signed(), info) };
        ringzero_smp::on_each_cpu_cond(cond, move || call.call(), wait);
    }
}
