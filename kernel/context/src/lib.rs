//! Execution contexts: what may happen to the code that runs now, and what it may do.
//!
//! # Theory
//! **Vocabulary.** A CPU runs a stack of *contexts*: a task, above it perhaps a softirq, above that hardirqs and an
//! NMI. Whatever forbids something to the running context is counted in one word, [`preempt_count`]:
//!
//! | bits | field | [`preempt_count`] grows by |
//! |---|---|---|
//! | 0-7 | preemption disabled | 1 a [`preempt_disable`] |
//! | 8-15 | softirq | 1 while one is processed, 2 a [`local_bh_disable`] |
//! | 16-25 | hardirq | 1 a nested interrupt, and for an NMI |
//! | 26 | NMI | 1 |
//! | 27 | [`PREEMPT_ACTIVE`] | rescheduling goes on |
//!
//! Beside it stands the interrupt mask. It is changed in two ways that mix: by hand ([`local_irq_disable`],
//! [`local_irq_save`] with [`IrqFlags`]), and *counted* ([`irq_disable_counted`], used by all guards), where the
//! outermost enable puts back what was before the outermost disable, whatever the order between.
//! A *window* is open while something may enter: interrupts (mask off), softirqs (no softirq or hardirq count, mask
//! off), other tasks (count zero, mask off).
//!
//! **Invariants.**
//! 1. A window that closes is announced as a gate just before, and only then, unless it closes together with a step
//!    (`local_irq_disable_with_step`); opening one is not announced: the next step is the first place where something
//!    can enter.
//! 2. The machine's `irq_edge(true)` comes right after the mask goes on, `irq_edge(false)` right before it goes off.
//! 3. No count goes below what was added, and none overflows into the next field: finding `unbalanced-context`.
//! 4. Whoever restores the mask finds it on. If it is off already, somebody inside the section switched interrupts on
//!    too early: finding `unbalanced-context`.
//! 5. A context ends with the counts and the mask with which it began ([`Balance`]): finding `unbalanced-context`.
//! 6. [`might_sleep`] is called before anything that may give up the CPU, also if it would not have to: finding
//!    `sleep-in-atomic` outside tasks, with a count, or with interrupts off.
//! 7. `local_bh_enable` that opens the softirq window runs what is pending, with preemption still disabled; it is not
//!    allowed with interrupts off or in a hardirq, since softirqs run with interrupts on.
//! 8. Which context processes a softirq depends on whether it was raised before or after bottom halves were disabled
//!    and enabled. So these two, raising, and each look at what is pending are steps on the CPU's pending word: raising
//!    and clearing write it, the others read it. Otherwise two steps that conflict with nothing would decide it.
//!
//! **Differences from Linux.** Preemption is counted under every preemption model, so that [`in_atomic`] is always
//! exact. [`preempt_enable`] does not look at need-resched: the machine offers the switch at the next step. Masking
//! is never lazy, so [`hard_irq_disable`] is [`local_irq_disable`]. A restore that finds the mask off, and a
//! `local_bh_enable` with interrupts off, are findings and not warnings.
//!
//! Functions without a word on it may be called in every context and do not sleep. Source: seed 001 (contexts,
//! preemption mask, context control functions). The claims are checked by the tests of each file.
#![no_std]
#![forbid(unsafe_code)]
#[cfg(not(any(target_os = "none", ringzero_bare)))]
extern crate std;

mod balance;
mod bh;
mod count;
mod hooks;
mod irq;
mod preempt;
mod sleep;
mod tokens;
mod violation;

pub use balance::{Balance, CountWords};
pub use bh::{local_bh_disable, local_bh_enable, softirq_begin, softirq_end};
pub use count::{
    HARDIRQ_BITS, HARDIRQ_MASK, HARDIRQ_OFFSET, HARDIRQ_SHIFT, NMI_BITS, NMI_MASK, NMI_OFFSET, NMI_SHIFT,
    PREEMPT_ACTIVE, PREEMPT_BITS, PREEMPT_MASK, PREEMPT_OFFSET, SOFTIRQ_BITS, SOFTIRQ_DISABLE_OFFSET, SOFTIRQ_MASK,
    SOFTIRQ_OFFSET, SOFTIRQ_SHIFT, hardirq_count, in_atomic, in_hardirq, in_interrupt, in_irq, in_nmi,
    in_serving_softirq, in_softirq, in_task, irqs_disabled, preempt_count, preemptible, softirq_count,
};
pub use hooks::{BigLockHook, HOOKS, Hooks, SleepHook};
pub use irq::{
    IrqFlags, hard_irq_disable, irq_disable_counted, irq_enable_counted, irq_enter, irq_exit, local_irq_disable,
    local_irq_enable, local_irq_restore, local_irq_save, local_save_flags, nmi_enter, nmi_exit,
};
pub use preempt::{preempt_disable, preempt_enable, preempt_enable_no_resched};
pub use sleep::{
    asleep, assert_may_sleep, cond_resched, might_sleep, might_sleep_if, might_sleep_named, wait_asleep,
    without_big_lock,
};
pub use tokens::{LocalBhDisabled, LocalInterruptDisabled, PreemptDisabled, TaskContext};
pub use violation::{Text, panicking, violation};

/// The same operations with the place as an argument, for kernel code that was given one by its own caller.
pub mod at {
    pub use crate::bh::at::*;
    pub use crate::irq::at::*;
    pub use crate::preempt::at::*;
    pub use crate::sleep::at::*;
}
