//! What runs when a line enters a CPU.

use crate::line::{Action, Line, MAX_ACTIONS};
use core::sync::atomic::Ordering;
use ringzero_context::{self as context, Balance};
use ringzero_machine::{Mode, Op, Place, step};
use ringzero_softirq as softirq;

/// The entry of a maskable line.
///
/// Context: hardirq, interrupts off.
pub(crate) fn hardirq_entry(irq: u32) {
    context::irq_enter();
    handle(irq);
    // Crate invariant 5.
    softirq::irq_exit();
}

/// The entry of a non-maskable line.
///
/// Context: NMI.
pub(crate) fn nmi_entry(irq: u32) {
    context::nmi_enter();
    handle(irq);
    context::nmi_exit();
}

fn handle(irq: u32) {
    let Some((_, line)) = Line::find(irq) else { return };
    // Part of the machine's entry event: the count (crate invariant 2) and the look at the actions (3).
    line.inprogress.fetch_add(1, Ordering::Relaxed);
    let mut actions: [Option<&'static Action>; MAX_ACTIONS] = [None; MAX_ACTIONS];
    for (slot, action) in actions.iter_mut().zip(line.actions()) {
        *slot = Some(action);
    }
    let mut last = Place::caller();
    for action in actions.into_iter().flatten() {
        let balance = Balance::enter();
        // SAFETY: `request` stored the pointer together with the function for its type; what it points to lives as
        // long as the execution.
        let _ = unsafe { (action.call)(action.handler, irq) };
        balance.check(action.place, action.name);
        last = action.place;
    }
    // Pairs with the acquire of whoever waits in `synchronize_irq`: it sees what the handlers did.
    step(&line.progress_step(Op::HardirqExit, Mode::Rmw, last).ordered(false, true));
    line.inprogress.fetch_sub(1, Ordering::Release);
}
