//! What runs when a line enters a CPU.

use crate::line::{Action, ENABLED, Line, MAX_ACTIONS};
use core::sync::atomic::Ordering;
use ringzero_context::{self as context, Balance};
use ringzero_machine::{Mode, Op, Place, cpu, model, notify, step};
use ringzero_softirq as softirq;

/// The entry of a maskable line.
///
/// Context: hardirq, interrupts off.
pub(crate) fn hardirq_entry(irq: u32) {
    context::irq_enter();
    handle(irq, false);
    // Crate invariant 5.
    softirq::irq_exit();
}

/// The entry of a non-maskable line.
///
/// Context: NMI.
pub(crate) fn nmi_entry(irq: u32) {
    context::nmi_enter();
    handle(irq, true);
    context::nmi_exit();
}

fn handle(irq: u32, nmi: bool) {
    let Some((m, line)) = Line::find(irq) else { return };
    let mut actions: [Option<&'static Action>; MAX_ACTIONS] = [None; MAX_ACTIONS];
    match begin(line, nmi, &mut actions) {
        Entered::Runs => {}
        Entered::Waits => return m.line_raise(irq),
        Entered::Forgotten => return,
    }
    let mut last = Place::caller();
    for action in actions.into_iter().flatten() {
        let balance = Balance::enter();
        // SAFETY: `request` stored the pointer together with the kind of its type; what it points to lives as long as the
        // line is in progress (crate invariant 3).
        let _ = unsafe { (action.kind.call)(action.handler, irq) };
        balance.check(action.place, action.name);
        last = action.place;
    }
    // Pairs with the acquire of whoever waits in `synchronize_irq`: it sees what the handlers did.
    step(&line.progress_step(Op::HardirqExit, Mode::Rmw, last).ordered(false, true));
    line.inprogress.fetch_sub(1, Ordering::Release);
    notify(line.progress_address());
    if model().is_none() {
        Line::settled(m, irq);
    }
}

/// What an entry has found.
enum Entered {
    /// The line is in progress now.
    Runs,
    /// It was disabled or got in progress meanwhile: the arrival stays latched.
    Waits,
    /// It was freed meanwhile.
    Forgotten,
}

/// The line enters: the count (crate invariant 2) and the look at the actions (3). On the model a part of the machine's
/// entry event, which happens only if the line may enter.
fn begin(line: &Line, nmi: bool, actions: &mut [Option<&'static Action>; MAX_ACTIONS]) -> Entered {
    let _in = line.lock.lock();
    if model().is_none() {
        match line.state() {
            0 => return Entered::Forgotten,
            ENABLED if nmi || line.inprogress.load(Ordering::Acquire) == 0 => {}
            _ => return Entered::Waits,
        }
        line.runs_on.store(if nmi { u32::MAX } else { cpu().id.get() }, Ordering::Relaxed);
    }
    line.inprogress.fetch_add(1, Ordering::Release);
    for (slot, action) in actions.iter_mut().zip(line.actions()) {
        *slot = Some(action);
    }
    Entered::Runs
}
