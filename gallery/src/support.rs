//! What many programs need.

use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, request_irq};

/// Requests line `irq`, which comes to CPU `cpu` only. Said before the request, so that no arrival goes elsewhere.
#[track_caller]
pub(crate) fn request_irq_on<F>(irq: u32, cpu: u32, name: &'static str, handler: F)
where
    F: Fn(u32) -> IrqReturn + Send + Sync + 'static,
{
    irq_set_affinity(irq, 1 << cpu).expect("the line and the CPU exist");
    request_irq(irq, IrqFlags::NONE, name, handler).expect("nobody else has the line");
}
