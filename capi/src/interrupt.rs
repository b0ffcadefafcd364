//! `linux/interrupt.h`, `linux/irq.h`: interrupt lines and softirqs. Tasklets have a file of their own.
//!
//! Differences from Linux: there are no threaded handlers; freeing a line that is free is a finding (`warn`), which in
//! Linux is a line in the log and a stack.

use crate::deref::name;
use crate::task::mask;
use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use core::ptr;
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Release},
};
use ringzero_context::violation;
use ringzero_irq::{Errno, IrqFlags, IrqReturn};
use ringzero_machine::{Place, machine_local};
use ringzero_softirq::NR_SOFTIRQS;

/// A handler in C, and what it is called with.
struct Handler {
    handle: unsafe extern "C" fn(c_int, *mut c_void) -> c_uint,
    dev_id: *mut c_void,
}

// SAFETY: a pointer that C code gives to its own handler; what the two do with it is C's affair, and checked.
unsafe impl Send for Handler {}
// SAFETY: as above.
unsafe impl Sync for Handler {}

impl Handler {
    fn call(&self, irq: u32) -> IrqReturn {
        // SAFETY: the module gave the function for this, and its code stays loaded while the execution lasts.
        match unsafe { (self.handle)(irq.cast_signed(), self.dev_id) } {
            0 => IrqReturn::None,
            2 => IrqReturn::WakeThread,
            _ => IrqReturn::Handled,
        }
    }
}

type HandlerFn = Option<unsafe extern "C" fn(c_int, *mut c_void) -> c_uint>;

/// A vector's function in C.
type SoftirqFn = unsafe extern "C" fn(*const SoftirqAction);

/// C's `struct softirq_action`: the handler of a vector.
#[repr(C)]
struct SoftirqAction {
    action: AtomicPtr<()>,
}

machine_local! {
    static ACTIONS: [SoftirqAction; NR_SOFTIRQS as usize] =
        [const { SoftirqAction { action: AtomicPtr::new(ptr::null_mut()) } }; NR_SOFTIRQS as usize];
}

/// Calls the C handler of vector `nr`.
fn run_softirq(nr: u32) {
    let action = &ACTIONS[nr as usize];
    // SAFETY: what `open_softirq` was given is stored there, or null.
    let f: Option<SoftirqFn> = unsafe { core::mem::transmute(action.action.load(Acquire)) };
    if let Some(f) = f {
        // SAFETY: the module gave the function for this, and its code stays loaded while the execution lasts.
        unsafe { f(action) };
    }
}

fn errno(result: Result<(), Errno>) -> c_int {
    result.map_or_else(Errno::to_kernel, |()| 0)
}

fn request(
    irq: c_uint,
    handler: HandlerFn,
    flags: c_ulong,
    called: *const c_char,
    dev: *mut c_void,
    nmi: bool,
) -> c_int {
    let Some(handle) = handler else { return Errno::EINVAL.to_kernel() };
    let flags = IrqFlags::from_bits(flags as u32);
    let handler = Handler { handle, dev_id: dev };
    errno(if nmi {
        ringzero_irq::request_nmi(irq, flags, name(called), move |irq| handler.call(irq))
    } else {
        ringzero_irq::request_irq_dev(irq, flags, name(called), dev.addr(), move |irq| handler.call(irq))
    })
}

/// What C gets back: the name, which has a zero behind it.
fn freed(irq: c_uint, called: Option<&'static str>) -> *const c_void {
    let Some(called) = called else {
        violation(
            "warn",
            Place::caller(),
            None,
            format_args!("free_irq(): line {irq} has no handler with this dev_id"),
        );
        return ptr::null();
    };
    called.as_ptr().cast()
}

crate::exports! {
    /// `request_irq`: 0, `-EINVAL` or `-EBUSY`. Task context, may sleep.
    fn request_irq(irq: c_uint, handler: HandlerFn, flags: c_ulong, called: *const c_char, dev: *mut c_void) -> c_int {
        request(irq, handler, flags, called, dev, false)
    }

    /// `request_nmi`: 0, `-EINVAL` or `-EBUSY`. Task context, may sleep.
    fn request_nmi(irq: c_uint, handler: HandlerFn, flags: c_ulong, called: *const c_char, dev: *mut c_void) -> c_int {
        request(irq, handler, flags, called, dev, true)
    }

    /// `free_irq`: waits until none of the line's handlers runs; the name that it was requested with. Task context, may
    /// sleep.
    fn free_irq(irq: c_uint, dev: *mut c_void) -> *const c_void {
        freed(irq, ringzero_irq::free_irq(irq, dev.addr()))
    }

    /// `free_nmi`. Task context, may sleep.
    fn free_nmi(irq: c_uint, _dev: *mut c_void) -> *const c_void {
        freed(irq, ringzero_irq::free_nmi(irq))
    }

    /// `disable_irq`: waits for handlers that run. Not from the line's own handler.
    fn disable_irq(irq: c_uint) {
        ringzero_irq::disable_irq(irq);
    }

    /// `disable_hardirq`: true, as no thread of the line can run.
    fn disable_hardirq(irq: c_uint) -> bool {
        ringzero_irq::disable_irq(irq);
        true
    }

    /// `disable_irq_nosync`. Any context.
    fn disable_irq_nosync(irq: c_uint) {
        ringzero_irq::disable_irq_nosync(irq);
    }

    /// `enable_irq`. Any context. Finding `unbalanced-context` for one too many.
    fn enable_irq(irq: c_uint) {
        ringzero_irq::enable_irq(irq);
    }

    /// `enable_nmi`. Any context.
    fn enable_nmi(irq: c_uint) {
        ringzero_irq::enable_nmi(irq);
    }

    /// `disable_nmi_nosync`. Any context.
    fn disable_nmi_nosync(irq: c_uint) {
        ringzero_irq::disable_nmi_nosync(irq);
    }

    /// `synchronize_irq`. Task context, may sleep.
    fn synchronize_irq(irq: c_uint) {
        ringzero_irq::synchronize_irq(irq);
    }

    /// `synchronize_hardirq`: true, as no thread of the line can run. Spins.
    fn synchronize_hardirq(irq: c_uint) -> bool {
        ringzero_irq::synchronize_hardirq(irq);
        true
    }

    /// `irq_set_affinity`: 0 or `-EINVAL`. Any context.
    fn irq_set_affinity(irq: c_uint, cpus: *const u64) -> c_int {
        errno(ringzero_irq::irq_set_affinity(irq, mask(cpus)))
    }

    /// `irq_force_affinity`. Any context.
    fn irq_force_affinity(irq: c_uint, cpus: *const u64) -> c_int {
        errno(ringzero_irq::irq_set_affinity(irq, mask(cpus)))
    }

    /// `generic_handle_irq`: raises the line. 0 or `-EINVAL`. Any context.
    fn generic_handle_irq(irq: c_uint) -> c_int {
        if irq >= ringzero_irq::NR_IRQS {
            return Errno::EINVAL.to_kernel();
        }
        ringzero_irq::raise(irq);
        0
    }

    /// `open_softirq`. Any context.
    fn open_softirq(nr: c_int, action: Option<SoftirqFn>) {
        let nr = u32::try_from(nr).ok().filter(|nr| *nr < NR_SOFTIRQS);
        let nr = nr.unwrap_or_else(|| panic!("open_softirq(): there is no such vector"));
        let action = action.map_or(ptr::null_mut(), |f| f as *mut ());
        // Pairs with the load where it runs.
        ACTIONS[nr as usize].action.store(action, Release);
        ringzero_softirq::open_softirq(nr, run_softirq);
    }

    /// `raise_softirq`. Any context but an NMI.
    fn raise_softirq(nr: c_uint) {
        ringzero_softirq::raise_softirq(nr);
    }

    /// `raise_softirq_irqoff`, where interrupts are off.
    fn raise_softirq_irqoff(nr: c_uint) {
        ringzero_softirq::raise_softirq_irqoff(nr);
    }

    /// `do_softirq`: nothing inside an interrupt or with bottom halves off. Any context.
    fn do_softirq() {
        ringzero_softirq::do_softirq();
    }

    /// `local_softirq_pending`. Any context.
    fn __rz_local_softirq_pending() -> c_uint {
        ringzero_softirq::local_softirq_pending()
    }
}
