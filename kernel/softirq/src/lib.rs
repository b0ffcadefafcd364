//! Softirqs: work that interrupt handlers defer to the end of the interrupt.
//!
//! # Theory
//! **Vocabulary.** A *vector* is one of ten numbered kinds of deferred work with one handler. *Raising* a vector makes
//! it pending on the CPU that raises it; *processing* runs the handlers of what is pending there, lowest number
//! first. Processing happens at the end of a hardirq ([`irq_exit`]), at `local_bh_enable`, in `ksoftirqd`, and in
//! whoever calls [`do_softirq`].
//!
//! **Invariants.**
//! 1. A vector is processed on the CPU that raised it. Nothing but that CPU's own contexts touches its pending word.
//! 2. Processing does not nest, and never starts inside an interrupt or with bottom halves disabled: so a softirq is
//!    never interrupted by a softirq on its CPU. On other CPUs the same vector may run at the same time.
//! 3. A handler runs with interrupts on, one softirq counted in, and leaves the context as it found it
//!    (`unbalanced-context`). It may not sleep.
//! 4. What becomes pending while processing goes on is processed in another round, at most [`MAX_SOFTIRQ_RESTART`]
//!    times more; the rest goes to `ksoftirqd`.
//! 5. What is raised where no interrupt will end soon (in a task with bottom halves enabled) wakes `ksoftirqd`.
//! 6. Raising, taking and looking at what is pending are steps on the CPU's own word of pending vectors: raising and
//!    taking write it, a look that finds nothing reads it, and so do `local_bh_disable` and `local_bh_enable`. A look
//!    that finds something is a write even if bottom halves are disabled and it takes nothing: the interrupt could
//!    have come before they were. (Context, invariant 8.)
//!
//! **Differences from Linux.** The limit on rounds is small, so that its edge is reached, and there is none on time.
//! [`raise_softirq`] need not mask interrupts, since raising is one step. Handlers get their vector's number. Seed 001
//! says in one place that softirqs run with interrupts off, and in another that they are on: they are on, as in Linux.
//!
//! Source: seed 001 (softirqs). The claims are checked by the tests of this crate.
#![no_std]
#![forbid(unsafe_code)]

mod process;
mod vector;

pub use process::{MAX_SOFTIRQ_RESTART, do_softirq, irq_exit};
pub use vector::{
    BLOCK_IOPOLL_SOFTIRQ, BLOCK_SOFTIRQ, HI_SOFTIRQ, HOOKS, HRTIMER_SOFTIRQ, Hooks, NET_RX_SOFTIRQ, NET_TX_SOFTIRQ,
    NR_SOFTIRQS, RCU_SOFTIRQ, SCHED_SOFTIRQ, SOFTIRQ_TO_NAME, TASKLET_SOFTIRQ, TIMER_SOFTIRQ, local_softirq_pending,
    open_softirq, raise_softirq, raise_softirq_irqoff,
};

/// Makes `local_bh_enable` process softirqs. Called once at the boot of each instance.
pub fn init() {
    ringzero_context::HOOKS.softirq.set(Some(process::process));
}
