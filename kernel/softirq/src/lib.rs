//! Softirqs: work that interrupt handlers defer to the end of the interrupt.
//!
//! # Theory
//! **Vocabulary.** A *vector* is one of ten numbered kinds of deferred work with one handler. *Raising* a vector makes
//! it pending on the CPU that raises it; *processing* runs the handlers of what is pending there, lowest number
//! first. Processing happens at the end of a hardirq ([`irq_exit`]), at `local_bh_enable`, in `ksoftirqd`, and in
//! whoever calls [`do_softirq`].
//!
//! **Invariants.**
//! 1. A vector is processed on the CPU that raised it (but see 11). Nothing but that CPU's own contexts touches its pending
//!    word.
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
//! 7. A tasklet is scheduled by a step on its state word, and put on its CPU's list by the step that raises the vector
//!    there. The CPU takes its whole list in the step that takes the vector.
//! 8. A tasklet runs on one CPU at a time, and as often as it was found unscheduled when it was scheduled. The step that
//!    begins a run clears the one bit of its state and sets the other; the step after its function clears that. What
//!    comes before scheduling it comes before the run, a run before the next one, and before whoever waits for its end
//!    ([`Tasklet::kill`], [`Tasklet::disable`]).
//! 9. A tasklet that cannot run when its CPU comes to it, being disabled or running elsewhere, is parked there; what ends
//!    the obstacle has it queued again on that CPU, from another one by an IPI.
//! 10. A tasklet's memory is touched after its function has returned: it must not free itself (`use-after-free`).
//! 11. A thread of the program's own, as a CPU of the host, gets no interrupts and has no `ksoftirqd`. What is raised there
//!     with bottom halves off is processed there, in `local_bh_enable`; what is raised otherwise, what is left over when
//!     the rounds are used up, and tasklets that are parked go to `Machine::service_cpu`, by an IPI. So a handler that
//!     looks at its own CPU's data finds what was put there with bottom halves off.
//! 12. On the host a tasklet's lock comes before the lock of a CPU's lists, and only one CPU's lists are held at a time.
//!
//! **Differences from Linux.** Linux queues a tasklet that cannot run again and again, and `ksoftirqd` spins as long as
//! that lasts; here it is parked (invariant 9). Killing a tasklet in an interrupt is the finding `sleep-in-atomic`, not a
//! line in the log. What is scheduled between the taking of a vector and its handler runs in the next round. The limit on rounds is small, so that its edge is reached, and there is none on time.
//! [`raise_softirq`] need not mask interrupts, since raising is one step. Handlers get their vector's number. Seed 001
//! says in one place that softirqs run with interrupts off, and in another that they are on: they are on, as in Linux.
//!
//! Source: seed 001 (softirqs). The claims are checked by the tests of this crate.
#![no_std]

mod process;
mod tasklet;
mod vector;

pub use process::{MAX_SOFTIRQ_RESTART, do_softirq, irq_exit};
pub use tasklet::{
    Tasklet, TaskletStyle, leftover, tasklet_disable, tasklet_disable_nosync, tasklet_enable, tasklet_hi_schedule,
    tasklet_kill, tasklet_schedule,
};
pub use vector::{
    BLOCK_IOPOLL_SOFTIRQ, BLOCK_SOFTIRQ, HI_SOFTIRQ, HOOKS, HRTIMER_SOFTIRQ, Hooks, NET_RX_SOFTIRQ, NET_TX_SOFTIRQ,
    NR_SOFTIRQS, RCU_SOFTIRQ, SCHED_SOFTIRQ, SOFTIRQ_TO_NAME, TASKLET_SOFTIRQ, TIMER_SOFTIRQ, local_softirq_pending,
    open_softirq, raise_softirq, raise_softirq_irqoff,
};

/// Makes `local_bh_enable` process softirqs, and the two vectors run tasklets. Called once at the boot of each instance.
pub fn init() {
    open_softirq(HI_SOFTIRQ, tasklet::run_taken);
    open_softirq(TASKLET_SOFTIRQ, tasklet::run_taken);
    ringzero_context::HOOKS.softirq.set(Some(process::process));
}
