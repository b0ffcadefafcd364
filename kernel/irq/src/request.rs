//! Requesting and freeing lines.

use crate::control::wait_for_handlers;
use crate::entry::{hardirq_entry, nmi_entry};
use crate::errno::Errno;
use crate::line::{Action, Kind, Line, state_at};
use core::cell::Cell;
use core::ops::BitOr;
use core::ptr;
use ringzero_context as context;
use ringzero_machine::{KBox, Op, Place, step};

/// What a handler says about an arrival (`irqreturn_t`).
///
/// ```
/// use ringzero::irq::{IrqFlags, IrqReturn, free_irq, raise, request_irq, set_software_only};
/// use ringzero::{Machine, completion::Completion};
/// ringzero::global! { static RECEIVED: Completion = Completion::new(); }
/// Machine::host()
///     .boot(|| {
///         set_software_only(4);
///         request_irq(4, IrqFlags::NONE, "serial", |_irq| {
///             RECEIVED.complete();
///             IrqReturn::Handled
///         })
///         .unwrap();
///         raise(4);
///         RECEIVED.wait_for_completion();
///         assert_eq!(free_irq(4, 0), Some("serial"));
///     })
///     .assert_clean();
/// ```
#[doc(alias = "irqreturn_t")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IrqReturn {
    /// It was not from this device.
    #[doc(alias = "IRQ_NONE")]
    None,
    /// It is dealt with.
    #[doc(alias = "IRQ_HANDLED")]
    Handled,
    /// The line's thread has to go on. There are no threads yet: the same as [`IrqReturn::Handled`].
    #[doc(alias = "IRQ_WAKE_THREAD")]
    WakeThread,
}

/// How a line is requested.
///
/// ```
/// use ringzero::irq::{Errno, IRQF_SHARED, IrqReturn, free_irq, request_irq_dev};
/// let request = |dev| request_irq_dev(5, IRQF_SHARED, "uart", dev, |_irq| IrqReturn::None);
/// assert_eq!([request(1), request(2), request(2)], [Ok(()), Ok(()), Err(Errno::EBUSY)]);
/// for dev in [1, 2] {
///     free_irq(5, dev);
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IrqFlags(u32);

/// Several handlers may share the line; all of them have to say so.
pub const IRQF_SHARED: IrqFlags = IrqFlags(0x80);
/// The line stays disabled until [`enable_irq`](crate::enable_irq).
pub const IRQF_NO_AUTOEN: IrqFlags = IrqFlags(0x8_0000);

impl IrqFlags {
    /// No flags.
    pub const NONE: IrqFlags = IrqFlags(0);

    /// The flags with these bits (what C code passes). Trigger and other bits without a meaning here are kept.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Whether all of `other`'s flags are set.
    #[must_use]
    pub const fn contains(self, other: IrqFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for IrqFlags {
    type Output = IrqFlags;
    fn bitor(self, other: IrqFlags) -> IrqFlags {
        IrqFlags(self.0 | other.0)
    }
}

/// Installs `handler` for line `irq`, alone on it, and enables the line. `handler` gets the line's number; it runs in
/// hardirq context with interrupts off.
///
/// Context: a task that may sleep.
///
/// # Errors
/// `EINVAL`: no such line, or `IRQF_SHARED` (use [`request_irq_dev`]). `EBUSY`: it has a handler. `ENXIO`: not on a
/// machine.
#[track_caller]
pub fn request_irq<F>(irq: u32, flags: IrqFlags, name: &'static str, handler: F) -> Result<(), Errno>
where
    F: Fn(u32) -> IrqReturn + Send + Sync + 'static,
{
    request(Request { irq, flags, name, dev_id: 0, nmi: false }, handler)
}

/// [`request_irq`] with the `dev_id` that tells the handlers of a shared line apart.
///
/// Context: a task that may sleep.
///
/// # Errors
/// `EINVAL`: no such line, or `IRQF_SHARED` with a `dev_id` of 0 or with `IRQF_NO_AUTOEN`. `EBUSY`: the line has a
/// handler, and not both agree to share it, or it has one with this `dev_id`. `ENXIO`: not on a machine.
#[doc(alias = "request_irq")]
#[track_caller]
pub fn request_irq_dev<F>(irq: u32, flags: IrqFlags, name: &'static str, dev_id: usize, handler: F) -> Result<(), Errno>
where
    F: Fn(u32) -> IrqReturn + Send + Sync + 'static,
{
    request(Request { irq, flags, name, dev_id, nmi: false }, handler)
}

/// Installs `handler` for line `irq` as a non-maskable interrupt: it enters whatever is masked.
///
/// Context: a task that may sleep.
///
/// # Errors
/// `EINVAL`: no such line, or `IRQF_SHARED`. `EBUSY`: it has a handler. `ENXIO`: not on a machine.
#[track_caller]
pub fn request_nmi<F>(irq: u32, flags: IrqFlags, name: &'static str, handler: F) -> Result<(), Errno>
where
    F: Fn(u32) -> IrqReturn + Send + Sync + 'static,
{
    request(Request { irq, flags, name, dev_id: 0, nmi: true }, handler)
}

struct Request {
    irq: u32,
    flags: IrqFlags,
    name: &'static str,
    dev_id: usize,
    nmi: bool,
}

/// Calls a handler of type `F`.
///
/// # Safety
/// `handler` points to a live `F`.
unsafe fn call<F: Fn(u32) -> IrqReturn>(handler: *const (), irq: u32) -> IrqReturn {
    // SAFETY: the caller's contract.
    unsafe { (*handler.cast::<F>())(irq) }
}

/// Drops a handler of type `F`.
///
/// # Safety
/// `handler` was made by [`KBox`], and nobody uses it any more.
unsafe fn dispose<F: 'static>(handler: *const ()) {
    // SAFETY: the caller's contract.
    unsafe { KBox::dispose(handler.cast::<F>()) };
}

/// Gives an action back, and drops its handler. Not on the model.
///
/// # Safety
/// Nobody uses it any more.
unsafe fn discard(action: &'static Action) {
    let (kind, handler) = (action.kind, action.handler);
    // SAFETY: both were made by `KBox` in `request`; for the rest, the caller's contract.
    unsafe {
        KBox::dispose(action);
        (kind.dispose)(handler);
    }
}

#[track_caller]
fn request<F>(r: Request, handler: F) -> Result<(), Errno>
where
    F: Fn(u32) -> IrqReturn + Send + Sync + 'static,
{
    let place = Place::caller();
    context::might_sleep_named(if r.nmi { "request_nmi()" } else { "request_irq()" });
    let shared = r.flags.contains(IRQF_SHARED);
    if shared && (r.nmi || r.dev_id == 0 || r.flags.contains(IRQF_NO_AUTOEN)) {
        return Err(Errno::EINVAL);
    }
    if !ringzero_machine::in_machine() {
        return Err(Errno::ENXIO);
    }
    let Some((m, line)) = Line::find(r.irq) else { return Err(Errno::EINVAL) };
    step(&line.step(Op::RequestIrq, place).named(Some(r.name), Some(place)));
    let is_busy = || line.actions().any(|a| !a.shared || !shared || a.nmi || a.dev_id == r.dev_id);
    let busy = {
        let _in = line.lock.lock();
        is_busy()
    };
    if busy {
        return Err(Errno::EBUSY);
    }
    let handler: &'static F = KBox::new(handler).leak();
    let action = Action {
        next: Cell::new(None),
        dev_id: r.dev_id,
        shared,
        nmi: r.nmi,
        name: r.name,
        place,
        kind: const { &Kind { call: call::<F>, dispose: dispose::<F> } },
        handler: ptr::from_ref(handler).cast(),
    };
    let action: &'static Action = KBox::new(action).leak();
    // Some CPU has to be there that takes its interrupts: started, if need be, without the lock.
    m.service_cpu();
    {
        let _in = line.lock.lock();
        // Memory is not asked for with the lock held: somebody else may have been faster.
        if !is_busy() {
            let first = line.actions().next().is_none();
            line.append(r.irq, action);
            if first {
                m.line_add(&line.spec(r.irq, r.nmi, if r.nmi { nmi_entry } else { hardirq_entry }, r.name));
                line.set_state(state_at(u32::from(r.flags.contains(IRQF_NO_AUTOEN))));
            }
            return Ok(());
        }
    }
    // SAFETY: nobody has seen it.
    unsafe { discard(action) };
    Err(Errno::EBUSY)
}

/// Takes the handler with this `dev_id` (0 for one that is alone) off line `irq`, and waits until no handler of the
/// line runs any more. The last one's removal frees the line. Returns the handler's name, `None` if there was none.
///
/// Context: a task that may sleep and holds no lock that a handler of the line takes; not from such a handler.
#[track_caller]
pub fn free_irq(irq: u32, dev_id: usize) -> Option<&'static str> {
    free(irq, dev_id, Place::caller())
}

/// [`free_irq`] for a line of [`request_nmi`].
#[track_caller]
pub fn free_nmi(irq: u32) -> Option<&'static str> {
    free(irq, 0, Place::caller())
}

#[track_caller]
fn free(irq: u32, dev_id: usize, place: Place) -> Option<&'static str> {
    context::might_sleep_named("free_irq()");
    let (m, line) = Line::find(irq)?;
    let action = line.lock.within(&line.step(Op::FreeIrq, place), || {
        let action = line.take(dev_id)?;
        if line.actions().next().is_none() {
            line.set_state(0);
            m.line_remove(irq);
        }
        Some(action)
    })?;
    let name = action.name;
    // Crate invariant 3.
    wait_for_handlers(irq, line, Some(name), place);
    // SAFETY: it is off the list, and no handler runs that had it when its line entered.
    unsafe { discard(action) };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_errors() {
        assert!((IRQF_SHARED | IRQF_NO_AUTOEN).contains(IRQF_SHARED));
        assert!(!IrqFlags::NONE.contains(IRQF_SHARED));
        assert_eq!(request_irq(1, IRQF_SHARED, "x", |_| IrqReturn::None), Err(Errno::EINVAL));
        assert_eq!(request_irq(1, IrqFlags::NONE, "x", |_| IrqReturn::None), Err(Errno::ENXIO));
        assert_eq!(Errno::EBUSY.to_kernel(), -16);
        assert_eq!(Errno::EINVAL.name(), Some("EINVAL"));
    }
}
