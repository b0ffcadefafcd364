//! Sleeping and waking.

use crate::signal::ends_sleep;
use crate::task::{TASK_NORMAL, TASK_RUNNING, Task, current, try_current};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use ringzero_atomic::smp_mb;
use ringzero_context::{at, panicking, wait_asleep, without_big_lock};
use ringzero_machine::{Cond, Mode, Op, Place, WaitKind, attend, cpu, in_machine, machine, model, notify, step, wait};

/// Of a task's word: whether its sleep is over.
fn is_over(word: u64, _: u64) -> bool {
    word as u32 == TASK_RUNNING || ends_sleep(word as u32, (word >> 32) as u32)
}

fn always(_: u64, _: u64) -> bool {
    true
}

/// Whether waits are over before their conditions hold: an execution of the model unwinds. On the host a wait is a wait,
/// also while its thread unwinds.
pub(crate) fn unwinds() -> bool {
    panicking() && (model().is_some() || !in_machine())
}

/// What follows the store of a state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barrier {
    None,
    /// A full barrier.
    Full,
}

/// Sets the running task's state; a full barrier follows. Test the condition after it, then [`schedule()`] (invariant 2).
/// Task context; does not sleep.
#[track_caller]
#[inline]
pub fn set_current_state(state: u32) {
    set_current_state_at(state, Barrier::Full, Place::caller());
}

/// [`set_current_state`] without a barrier.
#[doc(alias = "__set_current_state")]
#[track_caller]
#[inline]
pub fn raw_set_current_state(state: u32) {
    set_current_state_at(state, Barrier::None, Place::caller());
}

pub(crate) fn set_current_state_at(state: u32, barrier: Barrier, place: Place) {
    set_state_at(current(), state, barrier, place);
}

/// Sets the state of `task`, the running one (invariant 1).
///
/// Whether a signal ends a sleep in that state already.
#[inline]
pub(crate) fn set_state_at(task: &Task, state: u32, barrier: Barrier, place: Place) -> bool {
    // It reads, too, if there may be a signal that ends the sleep.
    let mode = if ends_sleep(state, u32::MAX) && task.hears() { Mode::Rmw } else { Mode::Write };
    step(&task.state_step(Op::SetCurrentState, mode, place));
    // Full barriers, both of them, which pair with the ones in `wake_up_process` and `Task::tell`: the task's signals are
    // read behind it.
    if barrier == Barrier::Full {
        task.state.store(state, Relaxed);
        smp_mb();
    } else {
        task.state.store(state, SeqCst);
    }
    let signalled = state != TASK_RUNNING && ends_sleep(state, task.signal.load(SeqCst));
    if model().is_some() {
        task.sleepless.set(signalled);
    }
    signalled
}

/// Gives up the CPU until the running task's state is `TASK_RUNNING`; at once if it is already, and then it only lets
/// others run. Task context, sleeps: finding `sleep-in-atomic` elsewhere. An acquire (invariant 3).
#[track_caller]
#[inline]
pub fn schedule() {
    schedule_at(Place::caller());
}

pub(crate) fn schedule_at(place: Place) {
    at::assert_may_sleep("scheduling while atomic: schedule()", place);
    let Some(task) = try_current() else {
        panic!("schedule() where no task runs (at {place})");
    };
    without_big_lock(place, || schedule_task(task, place));
}

fn schedule_task(task: &Task, place: Place) {
    // The host has no step that others may precede.
    if model().is_none() && task.state.load(Relaxed) == TASK_RUNNING && machine().is_some_and(|m| m.give_up()) {
        return core::sync::atomic::fence(Acquire);
    }
    sleep(task, place);
}

/// [`schedule_at`] for a loop that has set the state and tested a condition: one that was woken meanwhile goes on.
pub(crate) fn schedule_in_loop(place: Place) {
    if model().is_some() {
        return schedule_at(place);
    }
    at::assert_may_sleep("scheduling while atomic: schedule()", place);
    sleep(current(), place);
    if cpu().attention.load(Relaxed) != 0 {
        attend();
    }
}

/// Sleeps until the state of `task`, the running one, is `TASK_RUNNING`, and then it stays so (invariant 1).
fn sleep(task: &Task, place: Place) {
    let mode = if task.sleepless.take() { Mode::Rmw } else { Mode::Read };
    let announced = task.state_step(Op::Schedule, mode, place).ordered(true, false);
    wait_asleep(&announced, Cond::at(task.word_address(), 8, is_over, 0), || {
        // Pairs with the release in `wake_up_within`.
        if task.state.load(Acquire) != TASK_RUNNING {
            // A signal was faster than the state (crate invariant 13).
            task.state.store(TASK_RUNNING, Relaxed);
        }
    });
}

/// Lets others run. Never sleeps for longer, whatever the state is, and leaves it as it is. Task context.
#[doc(alias = "yield")]
#[track_caller]
#[inline]
pub fn yield_now() {
    let place = Place::caller();
    at::assert_may_sleep("yield()", place);
    give_up(current(), Op::Yield, place);
}

/// Goes off the CPU and wants it back at once.
#[inline]
pub(crate) fn give_up(task: &Task, op: Op, place: Place) {
    if machine().is_some_and(|m| m.give_up()) {
        return;
    }
    let announced = task.state_step(op, Mode::Read, place);
    wait(&announced, Cond::at(task.word_address(), 8, always, 0), WaitKind::Sleep);
}

/// Wakes `task` if it sleeps or is about to, and whether it was so. Every context; does not sleep. A release
/// (invariant 3).
#[track_caller]
#[inline]
pub fn wake_up_process(task: &Task) -> bool {
    wake_up_state_at(task, TASK_NORMAL, Place::caller())
}

/// [`wake_up_process`] only if its state has a bit of `mask`.
#[track_caller]
#[inline]
pub fn wake_up_state(task: &Task, mask: u32) -> bool {
    wake_up_state_at(task, mask, Place::caller())
}

pub(crate) fn wake_up_state_at(task: &Task, mask: u32, place: Place) -> bool {
    wake_up_also_at(task, mask, 0, place)
}

/// [`wake_up_state`] whose step may write the object at `also`, too, unless that is 0.
pub(crate) fn wake_up_also_at(task: &Task, mask: u32, also: usize, place: Place) -> bool {
    wake_up_in(task, mask, also, place, || ())
}

/// [`wake_up_state`]; `within` is a part of its step, and comes before the task runs.
pub(crate) fn wake_up_within(task: &Task, mask: u32, place: Place, within: impl FnOnce()) -> bool {
    wake_up_in(task, mask, 0, place, within)
}

fn wake_up_in(task: &Task, mask: u32, also: usize, place: Place, within: impl FnOnce()) -> bool {
    step(&task.state_step(Op::WakeUpProcess, Mode::Rmw, place).ordered(false, true).also(also, also != 0));
    // The fence pairs with the full barrier in `set_current_state`.
    core::sync::atomic::fence(SeqCst);
    within();
    woken_by(task, mask)
}

/// Wakes `task` if its state has a bit of `mask`, within a step.
pub(crate) fn woken_by(task: &Task, mask: u32) -> bool {
    let woken = task.state.fetch_update(Release, Relaxed, |state| (state & mask != 0).then_some(TASK_RUNNING)).is_ok();
    if woken {
        // The task may be gone already: only the address is of use.
        notify((&raw const task.state).addr());
    }
    woken
}
