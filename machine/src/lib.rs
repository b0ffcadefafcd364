//! The contract between kernel code and the machine it runs on.
//!
//! # Vocabulary
//! A **machine** has CPUs, interrupt lines, a clock and memory. Kernel code (`kernel/*`) is written once against
//! this crate; a backend (`machines/*`) implements [`Machine`]. A **step** is one visible operation: kernel code
//! announces it with [`step`] (or [`wait`], when it may have to wait) *before* performing it, performs it after
//! the call returns, and nothing else runs between the return and the next announcement. A **gate** is an
//! announcement without an access: it marks that this context is about to close a window (interrupts, bottom
//! halves or preemption go off), so that whatever may still enter can do so first.
//!
//! # Who calls what, when, holding what
//! 1. Only a context of the machine (task, softirq, hardirq, NMI) calls [`step`], [`wait`], [`gate`], [`relax`].
//!    Each may run anything else of the machine before it returns, except where the CPU block forbids it
//!    (interrupts masked: no interrupt on this CPU; `preempt_count` not zero: no other task on this CPU).
//! 2. Between two announcements a context runs alone; it must not block in the host's operating system.
//! 3. [`report`] never returns to its caller on the model machine.
//! 4. Outside a machine every announcement is a no-op: data structures may be built and dropped there.
//!
//! # The host machine
//! Its CPUs are threads, and announcements leave no code behind there. So kernel code does what a step does in one of two
//! ways: by one atomic instruction, or within a [`StepLock`], which on the model costs nothing. It waits with [`wait`] (in
//! a loop) or [`wait_within`], and says [`notify`] after it has changed a word that is waited on. What only observes
//! (`lock_owner`, edges, liveness) is told to [`model`] alone.
//!
//! # The layout rule for primitives
//! `repr(C)`, a const constructor, all zeroes valid and unlocked (or detected as uninitialised), no allocation, no
//! self-pointer, no `Drop`, the same layout whatever the features. C code embeds, copies and zeroes them.
#![no_std]
#[cfg(not(any(target_os = "none", ringzero_bare)))]
extern crate std;

#[cfg(not(any(ringzero_bare, target_os = "none", all(target_os = "linux", target_arch = "x86_64"))))]
compile_error!("Ringzero runs on Linux on x86-64 for now");

mod contract;
mod cpu;
mod kbox;
mod local;
mod lock_event;
mod place;
mod sleepers;
mod this_cpu;
mod tls;
mod within;

pub use contract::{
    ArrivalSource, Cond, Finding, Left, Limits, LineSpec, Machine, Mode, Op, Place, PreemptModel, Priority, Section,
    Step, TaskSpec, WaitKind,
};
#[cfg(feature = "model")]
pub use cpu::install;
pub use cpu::{
    ATTENTION_IRQ, ATTENTION_RESCHED, Count, Cpu, IrqState, attend, cpu, fine, host, in_machine, machine, model,
    set_home, set_host,
};
pub use kbox::KBox;
#[cfg(not(any(target_os = "none", ringzero_bare)))]
pub use local::keep_templates;
#[cfg(feature = "model")]
pub use local::set_local_bases;
pub use local::{Global, MachineLocal, PerCpu, local_template, percpu_template, pristine, set_host_percpu};
pub use lock_event::{LockEvent, LockUse, lock_event, set_lock_listener};
#[cfg(not(any(target_os = "none", ringzero_bare)))]
pub use place::{CodeMap, code_map, set_code_map, set_shared_code_map};
pub use sleepers::sleepers_at;
pub use within::{StepLock, Within, wait_within};

/// Whether the feature `model` is compiled in.
pub const HAS_MODEL: bool = cfg!(feature = "model");

/// Whether operations on locks are told to a validator: see [`lock_event()`].
pub const HAS_LOCK_EVENTS: bool = cfg!(any(feature = "model", feature = "validator"));

/// Announces a step; returns when it is this context's turn to perform it. A no-op but on the model.
#[inline(always)]
pub fn step(step: &Step) {
    if let Some(m) = model() {
        m.step(step);
    }
}

/// Announces a step that is possible only while `cond` holds. On the model, returns when it holds and it is this context's
/// turn. On the host, returns when it has held; others may have come in between, so what is done then is one atomic
/// instruction that may fail, or lies in a [`StepLock`] (see [`wait_within`]).
///
/// [`WaitKind::Spin`] keeps the CPU, [`WaitKind::Sleep`] gives it up if the condition does not hold. Whoever makes a
/// condition true [`notify`]s. Outside a machine a condition that does not hold is a panic, since nobody could make it
/// true.
#[inline]
pub fn wait(step: &Step, cond: Cond, kind: WaitKind) {
    match model() {
        Some(m) => m.wait(step, cond, kind),
        None if cond.holds() => {}
        None => wait_on_host(step, cond, kind),
    }
}

#[cold]
fn wait_on_host(step: &Step, cond: Cond, kind: WaitKind) {
    match host() {
        Some(m) => m.wait(step, cond, kind),
        None => panic!("{:?} would wait for ever: not on a machine", step.op),
    }
}

/// Says, after the fact, that the word at `addr` has changed, on which somebody may [`wait`]. No step: on the model whoever
/// waits sees it by himself. Every context; costs a fence and a look where nobody waits.
#[inline]
pub fn notify(addr: usize) {
    if model().is_none()
        && let Some(m) = host()
    {
        m.notify(addr);
    }
}

/// [`notify`] of those who wait on a condition that is [`Cond::counted_in`] `sleepers`. Whoever counts himself there sees
/// to it that this CPU's stores before come before this load, or that it sees him: no fence is needed here.
#[inline]
pub fn notify_sleepers(addr: usize, sleepers: &core::sync::atomic::AtomicU32) {
    core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
    if sleepers.load(core::sync::atomic::Ordering::Relaxed) != 0 {
        wake_sleepers(addr);
    }
}

#[cold]
#[inline(never)]
fn wake_sleepers(addr: usize) {
    notify(addr);
}

/// Announces that this context is about to close a window (see the crate's vocabulary). A no-op but on the model.
#[inline(always)]
pub fn gate(op: Op, place: Place) {
    if let Some(m) = model() {
        m.step(&Step::gate(op, place));
    }
}

/// Marks one failed round of an open-coded wait loop (`cpu_relax()`).
#[inline]
pub fn relax(place: Place) {
    match machine() {
        Some(m) => m.relax(place),
        None => core::hint::spin_loop(),
    }
}

/// Reports a violated rule. On the model machine the execution ends here; elsewhere this panics.
#[cold]
pub fn report(finding: &Finding<'_>) -> ! {
    if let Some(m) = machine() {
        m.report(finding);
    }
    panic!("{}: {} (at {})", finding.code, finding.message, finding.place)
}

/// Tells of an unmarked access to memory (see [`Machine::plain`]). A no-op but on the model.
#[inline]
pub fn plain_range(addr: usize, size: usize, write: bool, place: Place) {
    if let Some(m) = model()
        && size > 0
    {
        m.plain(addr, size, write, place);
    }
}
