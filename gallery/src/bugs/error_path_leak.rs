//! An error path that forgets what was allocated before the error.
//!
//! Two probes run at once, for two devices on one exclusive line. The second one to request it gets `EBUSY` and
//! returns, and nobody has the pointer to its memory any more.
//!
//! Source: seed 001 (memory allocation); Linux `Documentation/process/coding-style.rst` ("Centralized exiting of
//! functions"), `Documentation/dev-tools/kmemleak.rst`.
//! Expected: `error-path-leak-buggy` violated leak, `error-path-leak-fixed` holds.

use crate::entry::pair;
use ringzero::atomic::Atomic;
use ringzero::irq::{Errno, IrqFlags, IrqReturn, free_irq, request_irq, set_software_only};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::slab::{GFP_KERNEL, KPtr, KSlot, kmalloc_obj};

pair!(
    "error-path-leak",
    "leak",
    "a probe that returns an error without freeing what it allocated",
    "a probe that frees what it allocated before it returns an error"
);

const LINE: u32 = 4;

ringzero::global! {
    static DEVICE: KSlot<Atomic> = KSlot::new();
}

fn request(device: KPtr<Atomic>) -> Result<(), Errno> {
    request_irq(LINE, IrqFlags::NONE, "device", move |_| {
        device.inc();
        IrqReturn::Handled
    })
}

fn probe_buggy() -> Result<(), Errno> {
    let device = kmalloc_obj(Atomic::new(0), GFP_KERNEL).ok_or(Errno::ENOMEM)?;
    request(device)?;
    DEVICE.write_once(Some(device));
    Ok(())
}

fn probe_fixed() -> Result<(), Errno> {
    let device = kmalloc_obj(Atomic::new(0), GFP_KERNEL).ok_or(Errno::ENOMEM)?;
    request(device).inspect_err(|_| device.kfree())?;
    DEVICE.write_once(Some(device));
    Ok(())
}

fn run(probe: fn() -> Result<(), Errno>) {
    set_software_only(LINE);
    for cpu in 0..2 {
        kthread_run_on_cpu(move || probe().map_or_else(|error| error.to_kernel(), |()| 0), cpu, "probe");
    }
    ringzero::on_exit(|| {
        free_irq(LINE, 0);
        if let Some(device) = DEVICE.xchg(None) {
            device.kfree();
        }
    });
}

fn buggy() {
    run(probe_buggy);
}

fn fixed() {
    run(probe_fixed);
}
