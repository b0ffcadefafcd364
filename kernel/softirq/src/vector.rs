//! The vectors, and raising them.

use crate::tasklet::{hand_over, own_words};
use core::cell::Cell;
use core::mem::transmute;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use ringzero_context::{at, in_interrupt};
use ringzero_machine::{Mode, Op, Place, cpu, host, machine_local, model};

/// High-priority tasklets.
pub const HI_SOFTIRQ: u32 = 0;
/// Timers.
pub const TIMER_SOFTIRQ: u32 = 1;
/// Sending network packets.
pub const NET_TX_SOFTIRQ: u32 = 2;
/// Receiving network packets.
pub const NET_RX_SOFTIRQ: u32 = 3;
/// Completion of block devices.
pub const BLOCK_SOFTIRQ: u32 = 4;
/// Polling of block devices; `IRQ_POLL_SOFTIRQ` today.
#[doc(alias = "IRQ_POLL_SOFTIRQ")]
pub const BLOCK_IOPOLL_SOFTIRQ: u32 = 5;
/// Tasklets.
pub const TASKLET_SOFTIRQ: u32 = 6;
/// Balancing between CPUs.
pub const SCHED_SOFTIRQ: u32 = 7;
/// High-resolution timers.
pub const HRTIMER_SOFTIRQ: u32 = 8;
/// RCU callbacks.
pub const RCU_SOFTIRQ: u32 = 9;
/// How many there are.
pub const NR_SOFTIRQS: u32 = 10;

/// Each vector's name.
#[doc(alias = "softirq_to_name")]
pub const SOFTIRQ_TO_NAME: [&str; NR_SOFTIRQS as usize] =
    ["HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "BLOCK_IOPOLL", "TASKLET", "SCHED", "HRTIMER", "RCU"];

type Handler = fn(u32);
type WakeKsoftirqd = fn(u32, Place);

/// What this crate calls above it. An empty hook does nothing: the vector stays pending.
///
/// ```
/// use ringzero::softirq::{HOOKS, Hooks};
/// let hooks: &Hooks = HOOKS.get();
/// assert!(hooks.wake_ksoftirqd.get().is_some(), "there is somebody to leave the rest to");
/// ```
#[derive(Debug)]
pub struct Hooks {
    /// Wakes the `ksoftirqd` of the CPU it is given, which is the caller's own. Called with preemption or interrupts
    /// off, or in a task; must not sleep. Installed by `sched::init()`.
    pub wake_ksoftirqd: Cell<Option<WakeKsoftirqd>>,
}

machine_local! {
    /// The hooks of this instance.
    pub static HOOKS: Hooks = Hooks { wake_ksoftirqd: Cell::new(None) };
    /// [`Handler`]s; null for none.
    static VECTORS: [AtomicPtr<()>; NR_SOFTIRQS as usize] =
        [const { AtomicPtr::new(ptr::null_mut()) }; NR_SOFTIRQS as usize];
}

/// Registers `action` as the handler of vector `nr`, for good. Every context; panics on a number that is no vector.
pub fn open_softirq(nr: u32, action: fn(u32)) {
    VECTORS[nr as usize].store(action as *mut (), Ordering::Release);
}

/// The handler of vector `nr`.
pub(crate) fn handler(nr: u32) -> Option<Handler> {
    let action = VECTORS[nr as usize].load(Ordering::Acquire);
    // SAFETY: null, which is `None`, or a handler.
    unsafe { transmute::<*mut (), Option<Handler>>(action) }
}

/// The vectors pending on this CPU, one bit each. Task context with preemption on: they may be another CPU's when this
/// returns.
#[must_use]
#[track_caller]
pub fn local_softirq_pending() -> u32 {
    at::softirq_pending(Op::Softirq, Mode::Read, Place::caller());
    cpu().softirq_pending.get()
}

/// Makes vector `nr` pending on this CPU. Every context but an NMI; does not sleep. Wakes `ksoftirqd` where nothing
/// else would process it soon; a thread of the program's own leaves it to another CPU then (invariant 11). Panics on a
/// number that is no vector.
#[track_caller]
pub fn raise_softirq(nr: u32) {
    raise_at(nr, Place::caller());
}

/// [`raise_softirq`] where interrupts are off already.
#[track_caller]
pub fn raise_softirq_irqoff(nr: u32) {
    raise_at(nr, Place::caller());
}

fn raise_at(nr: u32, place: Place) {
    assert!(nr < NR_SOFTIRQS, "softirq vector {nr} does not exist");
    match served_by() {
        Some(other) => hand_over(other, nr, None, place),
        None => raise_with(nr, place, || ()),
    }
}

/// Makes vector `nr` pending on this CPU; `within` is a part of that step.
pub(crate) fn raise_with(nr: u32, place: Place, within: impl FnOnce()) {
    at::softirq_pending(Op::Softirq, Mode::Rmw, place);
    {
        let _in = own_words();
        within();
        let cpu = cpu();
        cpu.softirq_pending.set(cpu.softirq_pending.get() | 1 << nr);
    }
    if !in_interrupt() {
        // Invariant 5.
        wake_ksoftirqd(place);
    }
}

/// The CPU that processes what is raised here, if it is another one (invariant 11).
pub(crate) fn served_by() -> Option<u32> {
    if in_interrupt() { None } else { elsewhere() }
}

/// The CPU that does what is deferred here, if this one, being a thread of the program's own, does not.
pub(crate) fn elsewhere() -> Option<u32> {
    if model().is_some() {
        return None;
    }
    let here = cpu().id.get();
    host().map(|m| m.service_cpu()).filter(|&other| other != here)
}

/// Leaves what is pending to this CPU's `ksoftirqd`.
pub(crate) fn wake_ksoftirqd(place: Place) {
    if let Some(wake) = HOOKS.wake_ksoftirqd.get() {
        wake(cpu().id.get(), place);
    }
}
