//! Taking items back, and waiting for their end.

use crate::pool::{Instance, executing, order_last, queued, remove};
use crate::work::{CANCELING, PENDING, Work};
use core::ptr;
use core::sync::atomic::Ordering::{Relaxed, Release};
use ringzero_context::wait_asleep;
use ringzero_machine::{Cond, Mode, Op, Place, Step, model, step};

/// What became of an attempt to take an item back, within a step on it.
pub(crate) enum Taken {
    /// It was pending, and is the caller's now; this is what it was on its pool.
    Pending(Option<&'static Instance>),
    /// It was not pending, and is the caller's now.
    Idle,
    /// Somebody else is cancelling it.
    Canceling,
}

/// Takes `work` back, as a part of a step on it: nobody else has it, and `PENDING` stays as it is.
pub(crate) fn grab(work: &'static Work) -> Taken {
    let state = work.state();
    if state & CANCELING != 0 {
        Taken::Canceling
    } else if state & PENDING == 0 {
        Taken::Idle
    } else {
        Taken::Pending(remove(work))
    }
}

/// Lets those go on who wait for an instance that was cancelled.
pub(crate) fn release_waiters(instance: Option<&'static Instance>, place: Place) {
    if let Some(instance) = instance.filter(|i| i.awaited.get()) {
        step(&on_done(instance, Op::CancelWork, Mode::Write, place));
        instance.done.store(1, Relaxed);
    }
}

pub(crate) fn on_done(instance: &'static Instance, op: Op, mode: Mode, place: Place) -> Step {
    let at = ptr::from_ref(&instance.done).addr();
    Step::new(op, mode, at, 4, place).named(Some("work that executes"), Some(instance.place))
}

/// Sleeps until an instance has ended. What its function did is visible then.
pub(crate) fn await_end(instance: &'static Instance, op: Op, place: Place) {
    instance.awaited.set(true);
    // Pairs with the release at the end of an execution.
    let announced = on_done(instance, op, Mode::Read, place).ordered(true, false);
    wait_asleep(&announced, Cond::on(&instance.done, |done, _| done != 0, 0), || ());
}

/// The end of an instance, within the step that announces it.
pub(crate) fn end(instance: &'static Instance) {
    instance.done.store(1, Release);
    if let Some(m) = model() {
        m.lock_owner(ptr::from_ref(&instance.done).addr(), false, instance.place);
    }
}

pub(crate) fn cancel(work: &'static Work, place: Place) -> bool {
    work.enter(Op::CancelWork, place);
    match grab(work) {
        Taken::Pending(instance) => {
            work.set_state(0);
            release_waiters(instance, place);
            true
        }
        Taken::Idle | Taken::Canceling => false,
    }
}

pub(crate) fn cancel_sync(work: &'static Work, place: Place) -> bool {
    loop {
        work.enter(Op::CancelWork, place);
        let was = match grab(work) {
            Taken::Canceling => {
                wait_for_other(work, place);
                continue;
            }
            Taken::Pending(instance) => Some(instance),
            Taken::Idle => None,
        };
        return finish(work, was, place);
    }
}

/// Goes on with a cancellation after `grab` took the item in the step just taken: waits for the function's end. Whether
/// the item was pending.
pub(crate) fn finish(work: &'static Work, was: Option<Option<&'static Instance>>, place: Place) -> bool {
    let runs = executing(work);
    order_last(work);
    // Crate invariant 7.
    work.set_state(if runs.is_some() { PENDING | CANCELING } else { 0 });
    if let Some(instance) = runs {
        instance.awaited.set(true);
    }
    release_waiters(was.flatten(), place);
    if let Some(instance) = runs {
        await_end(instance, Op::CancelWork, place);
        work.enter(Op::CancelWork, place);
        work.set_state(0);
    }
    was.is_some()
}

/// Sleeps until nobody else cancels `work`.
pub(crate) fn wait_for_other(work: &'static Work, place: Place) {
    let announced = work.on_state(Op::CancelWork, Mode::Read, place).ordered(true, false);
    let other = Cond::on(work.state_word(), |state, _| state & u64::from(CANCELING) == 0, 0);
    wait_asleep(&announced, other, || ());
}

pub(crate) fn flush(work: &'static Work, place: Place) -> bool {
    work.enter(Op::FlushWork, place);
    order_last(work);
    let Some(instance) = queued(work).or_else(|| executing(work)) else { return false };
    await_end(instance, Op::FlushWork, place);
    true
}
