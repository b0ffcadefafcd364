//! Disabling, enabling, waiting for handlers, raising.

use crate::errno::Errno;
use crate::line::{Line, depth_of, state_at};
use core::ptr;
use core::sync::atomic::{Ordering, fence};
use ringzero_context as context;
use ringzero_machine::{ArrivalSource, Cond, Mode, Op, Place, Step, WaitKind, cpu, model, step, wait};

/// Disables line `irq` and waits until no handler of it runs. Calls nest.
///
/// Context: any but a handler of the line itself (crate invariant 6), while holding no lock that such a handler takes.
/// Spins, never sleeps.
#[doc(alias = "disable_hardirq")]
#[track_caller]
pub fn disable_irq(irq: u32) {
    let place = Place::caller();
    if let Some(line) = disable(irq, place) {
        wait_for_handlers(irq, line, line.name(), place);
    }
}

/// Disables line `irq` without waiting for a handler that runs. Calls nest.
///
/// Context: any. Never sleeps.
#[track_caller]
pub fn disable_irq_nosync(irq: u32) {
    disable(irq, Place::caller());
}

/// [`disable_irq_nosync`] for a line of [`request_nmi`](crate::request_nmi).
#[track_caller]
pub fn disable_nmi_nosync(irq: u32) {
    disable(irq, Place::caller());
}

fn disable(irq: u32, place: Place) -> Option<&'static Line> {
    let (_, line) = Line::find(irq)?;
    let _in = line.lock.enter(&line.step(Op::DisableIrq, place));
    let depth = depth_of(line.state())?;
    line.set_state(state_at(depth + 1));
    Some(line)
}

/// Undoes one disabling of line `irq`. With the last one undone, the line can enter again; what was raised meanwhile
/// does so then.
///
/// Context: any. Never sleeps. Enabling an enabled or free line is a finding (`unbalanced-context`).
#[track_caller]
pub fn enable_irq(irq: u32) {
    enable(irq, Place::caller());
}

/// [`enable_irq`] for a line of [`request_nmi`](crate::request_nmi).
#[track_caller]
pub fn enable_nmi(irq: u32) {
    enable(irq, Place::caller());
}

fn enable(irq: u32, place: Place) {
    let Some((m, line)) = Line::find(irq) else { return };
    let depth = line.lock.within(&line.step(Op::EnableIrq, place), || {
        let depth = depth_of(line.state()).filter(|depth| *depth > 0)? - 1;
        line.set_state(state_at(depth));
        Some(depth)
    });
    match depth {
        Some(0) => Line::settled(m, irq),
        Some(_) => {}
        None => {
            let text = format_args!("Unbalanced enable for IRQ {irq}");
            context::violation("unbalanced-context", place, None, text);
        }
    }
}

/// Waits until no handler of line `irq` runs. The line is not disabled: it may enter again at once.
///
/// Context: a task that may sleep and holds no lock that a handler of the line takes.
#[track_caller]
pub fn synchronize_irq(irq: u32) {
    context::might_sleep_named("synchronize_irq()");
    synchronize_hardirq(irq);
}

/// [`synchronize_irq`] without a wait for threaded handlers, so for contexts that may not sleep. Spins.
///
/// Context: any but a handler of the line, while holding no lock that such a handler takes.
#[track_caller]
pub fn synchronize_hardirq(irq: u32) {
    if let Some((_, line)) = Line::find(irq) {
        wait_for_handlers(irq, line, line.name(), Place::caller());
    }
}

/// Waits for crate invariant 2's word to be 0, at some time. Pairs with the release at a handler's end.
pub(crate) fn wait_for_handlers(irq: u32, line: &'static Line, name: Option<&'static str>, place: Place) {
    if model().is_none()
        && line.inprogress.load(Ordering::Acquire) != 0
        && line.runs_on.load(Ordering::Relaxed) == cpu().id.get()
    {
        // Crate invariant 6.
        let text = format_args!("waits for the handler of IRQ {irq} that it interrupts or was called by");
        return context::violation("self-deadlock", place, None, text);
    }
    let s = line.progress_step(Op::SynchronizeIrq, Mode::Read, place).ordered(true, false).named(name, None);
    wait(&s, Cond::on(&line.inprogress, |now, _| now == 0, 0), WaitKind::Spin);
    fence(Ordering::Acquire);
}

/// Sets the CPUs that line `irq` may be delivered to, one bit each.
///
/// Context: any. Never sleeps.
///
/// # Errors
/// `EINVAL`: no such line, or none of the CPUs exists. `ENXIO`: not on a machine.
#[track_caller]
pub fn irq_set_affinity(irq: u32, mask: u64) -> Result<(), Errno> {
    if !ringzero_machine::in_machine() {
        return Err(Errno::ENXIO);
    }
    let (m, line) = Line::find(irq).ok_or(Errno::EINVAL)?;
    if mask & (u64::MAX >> (64 - m.nr_cpus().min(64))) == 0 {
        return Err(Errno::EINVAL);
    }
    // The state word too: whether and where the line enters depends on both.
    let at = ptr::from_ref(&line.affinity).addr();
    let s = Step::new(Op::WriteOnce, Mode::Write, at, 8, Place::caller());
    step(&s.also(ptr::from_ref(&line.state).addr(), true).named(Some("irq affinity"), None));
    line.affinity.store(mask, Ordering::Release);
    if model().is_none() {
        Line::settled(m, irq);
    }
    Ok(())
}

/// Raises line `irq` from software. It enters as soon as it can; while it is disabled, in progress or masked, one
/// arrival is latched, however often it is raised. A free line forgets it.
///
/// Context: any. Never sleeps. A step on the line's state word, which entering reads.
#[doc(alias = "generic_handle_irq")]
#[doc(alias = "irq_set_irqchip_state")]
#[track_caller]
pub fn raise(irq: u32) {
    let Some((m, line)) = Line::find(irq) else { return };
    step(&line.step(Op::RaiseIrq, Place::caller()));
    if line.state() != 0 {
        m.line_raise(irq);
    }
}

/// Says that the device behind line `irq` raises it exactly `n` times: when these have come, nothing more will, and a
/// task that still waits for it hangs. To be called before the line is requested; otherwise a device may raise its
/// line as often as it likes.
pub fn set_arrivals(irq: u32, n: u32) {
    set_source(irq, ArrivalSource::Finite(n));
}

/// Says that no device is behind line `irq`: it comes by [`raise`] only. To be called before the line is requested.
pub fn set_software_only(irq: u32) {
    set_source(irq, ArrivalSource::Raised);
}

fn set_source(irq: u32, source: ArrivalSource) {
    let Some((_, line)) = Line::find(irq) else { return };
    let _in = line.lock.lock();
    assert!(line.state() == 0, "what raises interrupt line {irq} has to be said before the line is requested");
    line.source.set(source);
}
