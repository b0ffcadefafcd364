//! `disable_irq()` inside the line's own handler.
//!
//! `disable_irq()` returns when no handler of the line runs any more, so in such a handler it never does.
//! `disable_irq_nosync()` does not wait; a bottom half switches the line on again when the work is done.
//!
//! Source: Linux `Documentation/core-api/genericirq.rst` (`disable_irq`, `disable_irq_nosync`); seed 001 (hardirq context).
//! Expected: `disable-irq-in-handler-buggy` violated self-deadlock, `disable-irq-in-handler-fixed` holds.

use crate::entry::pair;
use crate::support::request_irq_on;
use ringzero::atomic::Atomic;
use ringzero::irq::{IrqReturn, disable_irq, disable_irq_nosync, enable_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::softirq::{BLOCK_SOFTIRQ, open_softirq, raise_softirq};

pair!(
    "disable-irq-in-handler",
    "self-deadlock",
    "disable_irq() in the line's own handler waits for that handler",
    "disable_irq_nosync() in the line's own handler"
);

const DISK: u32 = 4;

ringzero::global! {
    static BLOCKS: Atomic = Atomic::new(0);
}

/// The bottom half: the work, and then the line may come again.
fn block_done(_nr: u32) {
    BLOCKS.inc();
    enable_irq(DISK);
}

fn drive(disk_irq: fn(u32) -> IrqReturn) {
    open_softirq(BLOCK_SOFTIRQ, block_done);
    request_irq_on(DISK, 0, "disk", disk_irq);
    kthread_run_on_cpu(|| BLOCKS.inc(), 0, "reader");
}

fn buggy() {
    drive(|irq| {
        disable_irq(irq);
        raise_softirq(BLOCK_SOFTIRQ);
        IrqReturn::Handled
    });
}

fn fixed() {
    drive(|irq| {
        disable_irq_nosync(irq);
        raise_softirq(BLOCK_SOFTIRQ);
        IrqReturn::Handled
    });
}
