//! Interrupt lines and their handlers.
//!
//! # Vocabulary
//! A **line** is a numbered input of the interrupt controller. An **action** is one handler that was requested for it;
//! a **shared** line has several, told apart by `dev_id`, and each arrival calls them all. A line is **free** (no
//! action), **enabled**, or **disabled** to a depth: as often as it was disabled, it has to be enabled again. A line is
//! **in progress** while its handlers run; it does not enter a second time meanwhile, on any CPU.
//!
//! # Invariants
//! 1. *The state word says whether the line may enter*: 0 free, 1 enabled, `depth << 8 | 1` disabled. Requesting,
//!    freeing, disabling and enabling are one step each on this word; the machine reads it when the line enters.
//!    The list of actions, too, changes only in these steps. On the host each of them holds the line's lock, and the entry
//!    of the line looks at both words with that lock held.
//! 2. *The in-progress word counts the contexts in the line's handlers.* The entry increments it (part of the
//!    machine's entry event), the step after the last handler decrements it. Whoever synchronises waits for 0.
//! 3. *An arrival calls the actions that the line had when it entered*, so an action may run once more after it was
//!    taken off the list. [`free_irq`] therefore waits before it returns; then, on the host, it drops the handler.
//! 4. *A handler leaves as it came*: the counts and the interrupt state after each handler are those before it, else
//!    `unbalanced-context`.
//! 5. *A hardirq's end runs the softirqs that it raised*; an NMI's does not.
//! 6. *Waiting for a handler from inside itself waits for ever.* [`disable_irq`] in the line's own handler is such a
//!    wait; the explorer finds it (`self-deadlock`), and on the host the wait itself. [`disable_irq_nosync`] is the form for
//!    handlers.
//!
//! 7. *On the host an arrival is latched by the machine* until an entry of the line has found it enabled and not in progress.
//!    An entry that finds otherwise raises the line again; whoever then makes it deliverable (the last enabling, the
//!    handlers' end) says so to the machine (`line_settled`), after the store that does: so either that call or the raise
//!    sees the other.
//!
//! # How it differs from Linux
//! - On the model, the closure of a handler is kept until the execution ends; it is not dropped by [`free_irq`].
//! - [`disable_irq`] does not insist on a context that may sleep (older kernels did not either): with invariant 6 it
//!   would hide the deadlock behind a `sleep-in-atomic`.
//! - Disabling a free line has no effect. An `enable_irq` too many is a finding, not a line in the log.
//! - A raise from software ([`raise`]) latches one arrival, for any kind of line. No triggers, no chips, no domains.
//! - No threaded handlers and no affinity hints yet; a line that nobody handles is not switched off.
//!
//! Source: seed 001 (contexts; interrupt handlers).
#![no_std]

mod control;
mod entry;
mod errno;
mod line;
mod request;

pub use control::{
    disable_irq, disable_irq_nosync, disable_nmi_nosync, enable_irq, enable_nmi, irq_set_affinity, raise, set_arrivals,
    set_software_only, synchronize_hardirq, synchronize_irq,
};
pub use errno::Errno;
pub use line::{MAX_ACTIONS, NR_IRQS, leftover};
pub use request::{
    IRQF_NO_AUTOEN, IRQF_SHARED, IrqFlags, IrqReturn, free_irq, free_nmi, request_irq, request_irq_dev, request_nmi,
};
