//! Processing what is pending.

use crate::tasklet::{hand_over_all, take_queued};
use crate::vector::{SOFTIRQ_TO_NAME, elsewhere, handler, wake_ksoftirqd};
use ringzero_context::{Balance, Text, at, in_interrupt, softirq_begin, softirq_end};
use ringzero_machine::{Count, Mode, Op, Place, cpu};

/// How many more rounds follow the first one while vectors become pending again. Small, so that the edge is reached.
pub const MAX_SOFTIRQ_RESTART: u32 = 2;

/// Processes what is pending on this CPU, unless an interrupt or a softirq runs or bottom halves are disabled: then
/// whoever ends those will. Every context; does not sleep. Interrupts are as before afterwards, and on meanwhile.
#[doc(alias("__do_softirq", "invoke_softirq"))]
#[track_caller]
pub fn do_softirq() {
    if !in_interrupt() {
        process(Place::caller());
    }
}

/// Ends a hardirq: counts it out, and processes what is pending if it was the outermost. Called by the machine's
/// interrupt entry code with interrupts off; they are off again afterwards.
#[track_caller]
pub fn irq_exit() {
    ringzero_context::irq_exit();
    process(Place::caller());
}

/// [`do_softirq`] on behalf of `place`.
pub(crate) fn process(place: Place) {
    let flags = at::local_irq_save(place);
    let mut rounds = 0;
    loop {
        let pending = take(place);
        if pending == 0 {
            break;
        }
        if rounds > MAX_SOFTIRQ_RESTART {
            // Invariant 4.
            match elsewhere() {
                Some(other) => hand_over_all(other, pending, place),
                None => {
                    cpu().softirq_pending.set(pending);
                    wake_ksoftirqd(place);
                }
            }
            break;
        }
        rounds += 1;
        softirq_begin();
        at::local_irq_enable();
        run(pending, place);
        at::local_irq_disable(place);
        softirq_end();
    }
    at::local_irq_restore(flags, place);
}

/// Takes what is pending, with interrupts off, so that nothing is raised meanwhile. Takes nothing inside an interrupt
/// or a softirq, or with bottom halves disabled (invariant 2); but the look is announced all the same, and as a write
/// if there is something, because the interrupt could have come before those (invariant 6).
fn take(place: Place) -> u32 {
    let mode = if cpu().softirq_pending.get() != 0 { Mode::Rmw } else { Mode::Read };
    at::softirq_pending(Op::Softirq, mode, place);
    if in_interrupt() { 0 } else { cpu().softirq_pending.replace(0) }
}

/// Runs the handlers of `pending`, lowest number first (invariant 3). Begins in the step that took them.
fn run(mut pending: u32, place: Place) {
    take_queued(pending);
    while pending != 0 {
        let nr = pending.trailing_zeros();
        pending &= pending - 1;
        let Some(action) = handler(nr) else { continue };
        let balance = Balance::enter();
        cpu().count(Count::Softirqs);
        action(nr);
        let name = SOFTIRQ_TO_NAME.get(nr as usize).copied().unwrap_or("unknown");
        balance.check(place, Text::<64>::format(format_args!("the handler of softirq {name}")).as_str());
    }
}
