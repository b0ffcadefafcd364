//! What may give up the CPU says so first.

use crate::hooks::HOOKS;
use crate::violation::panicking;
use core::sync::atomic::Ordering::Relaxed;
use ringzero_machine::{Cond, Mode, Op, Place, Step, WaitKind, model, step, wait};

/// Says that the caller may sleep. Finding `sleep-in-atomic` where it may not (invariant 6), also if it would not have
/// slept this time. Under the voluntary preemption model another task may run here.
#[track_caller]
#[inline]
pub fn might_sleep() {
    at::might_sleep("might_sleep()", Place::caller());
}

/// [`might_sleep`] if `condition` holds.
#[track_caller]
#[inline]
pub fn might_sleep_if(condition: bool) {
    if condition {
        at::might_sleep("might_sleep()", Place::caller());
    }
}

/// [`might_sleep`] on behalf of the function `call`, which the report names: `"kmalloc(GFP_KERNEL)"`.
#[track_caller]
#[inline]
pub fn might_sleep_named(call: &str) {
    at::might_sleep(call, Place::caller());
}

/// Only the check of [`might_sleep_named`]: nothing else runs here.
#[track_caller]
#[inline]
pub fn assert_may_sleep(call: &str) {
    at::assert_may_sleep(call, Place::caller());
}

/// Lets another task run if one wants to; a place for it where the preemption model is not full, else only the check
/// of [`might_sleep`]. Task context, may sleep.
#[track_caller]
#[inline]
pub fn cond_resched() {
    at::cond_resched(Place::caller());
}

/// Announces a step that gives up the CPU until `cond` holds: a [`WaitKind::Sleep`], and before it what the task owes to
/// the crates above. `perform` is what the step does; a worker's touches no second object. For primitives that sleep, after they
/// have checked that the task may.
///
/// On the host `cond` has held when `perform` runs, and need not any more: it is an atomic operation that may fail, and the
/// caller tries again.
#[inline]
pub fn wait_asleep<R>(announced: &Step, cond: Cond, perform: impl FnOnce() -> R) -> R {
    if model().is_none() {
        if !cond.holds() {
            sleep_on_host(announced, cond);
        }
        return perform();
    }
    if HOOKS.big_lock_used.load(Relaxed) && wait_without_big_lock(announced, cond) {
        return perform();
    }
    sleep_in_step(announced, cond, perform)
}

/// Drops the big kernel lock, if the running task holds it, runs `sleep`, and takes the lock again.
#[inline]
pub fn without_big_lock<R>(place: Place, sleep: impl FnOnce() -> R) -> R {
    if !HOOKS.big_lock_used.load(Relaxed) {
        return sleep();
    }
    let hook = HOOKS.big_lock.get();
    let depth = hook.map_or(0, |hook| (hook.drop)(place));
    let result = sleep();
    if let (1.., Some(hook)) = (depth, hook) {
        (hook.retake)(depth, place);
    }
    result
}

/// The wait of a task that holds the big kernel lock: whether it was one, and the last step that was announced is `announced`
/// now. It sleeps without the lock, and looks again when it has it.
#[cold]
fn wait_without_big_lock(announced: &Step, cond: Cond) -> bool {
    let Some(hook) = HOOKS.big_lock.get() else { return false };
    let place = announced.place;
    loop {
        if !(hook.held)() {
            return false;
        }
        step(announced);
        if cond.holds() || panicking() {
            return true;
        }
        let look = Step { mode: Mode::Read, ..*announced };
        without_big_lock(place, || sleep_in_step(&look, cond, || ()));
    }
}

/// [`wait_asleep`] on the model, of a task without the big kernel lock.
fn sleep_in_step<R>(announced: &Step, cond: Cond, perform: impl FnOnce() -> R) -> R {
    let Some(hook) = HOOKS.sleep.get() else {
        wait(announced, cond, WaitKind::Sleep);
        return perform();
    };
    let object = (hook.begins)(announced.place);
    wait(&if object != 0 { announced.also(object, true) } else { *announced }, cond, WaitKind::Sleep);
    let result = perform();
    if object != 0 {
        (hook.ends)();
    }
    result
}

/// The sleep of [`wait_asleep`] where it is no step.
#[cold]
fn sleep_on_host(announced: &Step, cond: Cond) {
    let object = HOOKS.sleep.get().map(|hook| ((hook.begins)(announced.place), hook.ends));
    without_big_lock(announced.place, || wait(announced, cond, WaitKind::Sleep));
    if let Some((1.., ends)) = object {
        ends();
    }
}

/// Runs `sleep`, which may give up the CPU in a step of its own making.
#[inline]
pub fn asleep<R>(place: Place, sleep: impl FnOnce() -> R) -> R {
    let Some(hook) = HOOKS.sleep.get() else { return sleep() };
    let object = (hook.begins)(place);
    let result = sleep();
    if object != 0 {
        step(&Step::new(Op::WorkerWakes, Mode::Rmw, object, 4, place));
        (hook.ends)();
    }
    result
}

pub(crate) mod at {
    use crate::balance::CountWords;
    use crate::count::{
        PREEMPT_ACTIVE, in_interrupt, in_irq, in_nmi, in_serving_softirq, irqs_disabled, preempt_count, softirq_count,
    };
    use crate::hooks::{counted_since, masked_since};
    use crate::violation::violation;
    use core::sync::atomic::Ordering::Relaxed;
    use ringzero_machine::{Op, Place, PreemptModel, attend, cpu, gate, host, model};

    /// [`might_sleep_named`](crate::might_sleep_named) on behalf of `place`.
    #[inline]
    pub fn might_sleep(call: &str, place: Place) {
        assert_may_sleep(call, place);
        if let Some(m) = model()
            && m.preempt_model() == PreemptModel::Voluntary
        {
            gate(Op::CondResched, place);
        }
    }

    /// [`cond_resched`](crate::cond_resched) on behalf of `place`.
    #[inline]
    pub fn cond_resched(place: Place) {
        assert_may_sleep("cond_resched()", place);
        if let Some(m) = model() {
            m.cond_resched();
            if m.preempt_model() != PreemptModel::Full {
                gate(Op::CondResched, place);
            }
        }
        if cpu().attention.load(Relaxed) != 0 {
            attend();
        }
        if model().is_none()
            && let Some(m) = host()
        {
            m.cond_resched();
        }
    }

    /// [`assert_may_sleep`](crate::assert_may_sleep) on behalf of `place`.
    #[inline]
    pub fn assert_may_sleep(call: &str, place: Place) {
        let cpu = cpu();
        let counted = (cpu.preempt_count.get() & !PREEMPT_ACTIVE) | cpu.irq_nesting.get();
        if counted != 0 || cpu.irq.get().masked {
            found(call, place);
        }
    }

    #[cold]
    fn found(call: &str, place: Place) {
        let (why, since) = if in_nmi() {
            ("in an NMI", None)
        } else if in_irq() || (cpu().irq_nesting.get() != 0 && !in_interrupt()) {
            ("in a hardirq", None)
        } else if in_serving_softirq() {
            ("in a softirq", None)
        } else if irqs_disabled() {
            ("with interrupts off", masked_since())
        } else if softirq_count() != 0 {
            ("with bottom halves disabled", counted_since())
        } else {
            ("with preemption disabled", counted_since())
        };
        let count = CountWords(preempt_count());
        let text = format_args!("{call} may sleep, but was called {why} ({count})");
        violation("sleep-in-atomic", place, since, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{irq_enter, local_bh_disable, local_irq_disable, preempt_disable, softirq_begin};

    #[test]
    fn a_task_at_rest_may_sleep() {
        might_sleep();
        cond_resched();
        preempt_disable();
        might_sleep_if(false);
        crate::preempt_enable();
    }

    #[test]
    #[should_panic(expected = "sleep-in-atomic: mutex_lock() may sleep, but was called with preemption disabled")]
    fn not_with_preemption_disabled() {
        preempt_disable();
        might_sleep_named("mutex_lock()");
    }

    #[test]
    #[should_panic(expected = "might_sleep() may sleep, but was called with interrupts off")]
    fn not_with_interrupts_off() {
        local_irq_disable();
        might_sleep_if(true);
    }

    #[test]
    #[should_panic(expected = "was called with bottom halves disabled")]
    fn not_with_bottom_halves_disabled() {
        local_bh_disable();
        might_sleep();
    }

    #[test]
    #[should_panic(expected = "was called in a softirq")]
    fn not_in_a_softirq() {
        softirq_begin();
        might_sleep();
    }

    #[test]
    #[should_panic(expected = "was called in a hardirq")]
    fn not_in_a_hardirq() {
        irq_enter();
        might_sleep();
    }
}
