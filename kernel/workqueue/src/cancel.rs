//! Taking items back, and waiting for their end.

use crate::pool::{Instance, executing, lock, order_last, queued, remove};
use crate::work::{CANCELING, PENDING, Work};
use core::ptr;
use core::sync::atomic::Ordering::{Acquire, Relaxed};
use ringzero_context::wait_asleep;
use ringzero_machine::{Cond, Mode, Op, Place, Step, Within, model, notify, step};

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

/// Lets those go on who wait for an instance that was cancelled, which nobody else finds any more.
pub(crate) fn release_waiters(instance: Option<&'static Instance>, place: Place) {
    let Some(instance) = instance else { return };
    // On the host it is decided when the lock is held.
    if model().is_some() {
        if instance.awaited.get() {
            step(&on_done(instance, Op::CancelWork, Mode::Write, place));
            instance.done.store(1, Relaxed);
        }
        return;
    }
    let ended = {
        let _in = lock();
        let waited_for = instance.awaited.get();
        let at = instance.end();
        waited_for.then_some(at)
    };
    if let Some(at) = ended {
        notify(at);
    }
}

pub(crate) fn on_done(instance: &'static Instance, op: Op, mode: Mode, place: Place) -> Step {
    let at = ptr::from_ref(&instance.done).addr();
    Step::new(op, mode, at, 4, place).named(Some("work that executes"), Some(instance.place))
}

/// Sleeps until an instance has ended that the caller holds, and lets go of it. What its function did is visible then.
pub(crate) fn await_end(instance: &'static Instance, op: Op, place: Place) {
    // Pairs with the release at the end of an execution.
    let announced = on_done(instance, op, Mode::Read, place).ordered(true, false);
    wait_asleep(&announced, Cond::on(&instance.done, |done, _| done != 0, 0), || instance.done.load(Acquire));
    let _in = lock();
    instance.let_go();
}

pub(crate) fn cancel(work: &'static Work, place: Place) -> bool {
    let held = work.enter(Op::CancelWork, place);
    match grab(work) {
        Taken::Pending(instance) => {
            work.set_state(0);
            drop(held);
            release_waiters(instance, place);
            true
        }
        Taken::Idle | Taken::Canceling => false,
    }
}

pub(crate) fn cancel_sync(work: &'static Work, place: Place) -> bool {
    loop {
        let held = work.enter(Op::CancelWork, place);
        let was = match grab(work) {
            Taken::Canceling => {
                drop(held);
                wait_for_other(work, place);
                continue;
            }
            Taken::Pending(instance) => Some(instance),
            Taken::Idle => None,
        };
        return finish(held, work, was, place);
    }
}

/// Goes on with a cancellation after `grab` took the item in the step just taken: waits for the function's end. Whether
/// the item was pending.
pub(crate) fn finish(
    held: Within<'_>,
    work: &'static Work,
    was: Option<Option<&'static Instance>>,
    place: Place,
) -> bool {
    let runs = executing(work).map(Instance::hold);
    order_last(work);
    // Crate invariant 7.
    work.set_state(if runs.is_some() { PENDING | CANCELING } else { 0 });
    drop(held);
    release_waiters(was.flatten(), place);
    if let Some(instance) = runs {
        await_end(instance, Op::CancelWork, place);
        let held = work.enter(Op::CancelWork, place);
        let state = ptr::from_ref(work.state_word()).addr();
        work.set_state(0);
        drop(held);
        notify(state);
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
    let held = work.enter(Op::FlushWork, place);
    order_last(work);
    let Some(instance) = queued(work).or_else(|| executing(work)).map(Instance::hold) else { return false };
    drop(held);
    await_end(instance, Op::FlushWork, place);
    true
}
