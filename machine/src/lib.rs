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
//! 4. Outside a machine (no block registered on this thread) every announcement is a no-op: data structures may
//!    be built and dropped there.
//!
//! # The layout rule for primitives
//! `repr(C)`, a const constructor, all zeroes valid and unlocked (or detected as uninitialised), no allocation, no
//! self-pointer, no `Drop`, the same layout whatever the features. C code embeds, copies and zeroes them.
#![no_std]
#[cfg(not(target_os = "none"))]
extern crate std;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("Ringzero runs on Linux on x86-64 for now");

mod contract;
mod cpu;
mod kbox;
mod local;
mod place;

pub use contract::{
    ArrivalSource, Cond, Finding, Left, Limits, LineSpec, Machine, Mode, Op, Place, PreemptModel, Section, Step,
    TaskSpec, WaitKind,
};
pub use cpu::{Cpu, IrqState, cpu, in_machine, install, machine};
pub use kbox::KBox;
pub use local::{Global, MachineLocal, PerCpu, local_template, percpu_template, set_local_bases};
pub use place::{CodeMap, code_map, set_code_map};

/// Announces a step; returns when it is this context's turn to perform it. A no-op outside a machine.
#[inline]
pub fn step(step: &Step) {
    if let Some(m) = machine() {
        m.step(step);
    }
}

/// Announces a step that is possible only while `cond` holds. Returns when it holds and it is this context's turn.
///
/// [`WaitKind::Spin`] keeps the CPU, [`WaitKind::Sleep`] gives it up. Outside a machine a condition that does not
/// hold is a panic, since nobody could make it true.
#[inline]
pub fn wait(step: &Step, cond: Cond, kind: WaitKind) {
    match machine() {
        Some(m) => m.wait(step, cond, kind),
        None => assert!(cond.holds(), "{:?} would wait for ever: not on a machine", step.op),
    }
}

/// Announces that this context is about to close a window (see the crate's vocabulary). A no-op outside a machine.
#[inline]
pub fn gate(op: Op, place: Place) {
    if let Some(m) = machine() {
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

/// Tells of an unmarked access to memory (see [`Machine::plain`]). A no-op outside a machine.
#[inline]
pub fn plain_range(addr: usize, size: usize, write: bool, place: Place) {
    if let Some(m) = machine()
        && size > 0
    {
        m.plain(addr, size, write, place);
    }
}
