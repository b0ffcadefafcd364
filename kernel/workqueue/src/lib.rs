//! Work items, and the system's workqueue that runs them in task context.
//!
//! # Theory
//! **Vocabulary.** A *work item* ([`Work`], `struct work_struct`) is a function to be called in a task. *Queueing* it makes
//! it **pending** on the **pool** of a CPU; each time is one **instance**, which lasts until the function has returned. A
//! **worker** is a task of the pool (`kworker/CPU:N`) that takes an instance and calls the function: it is **running**
//! then, unless it sleeps. A *delayed* item ([`DelayedWork`]) is pending while its timer is, and is queued when that
//! expires.
//!
//! ```text
//!           queue_work                     a worker takes it
//!   idle ----------------> pending ----------------------------> executing
//!    ^  <----------------     ^                                   |   |
//!    |      cancel_work       +----- queue_work by anybody -------+   |
//!    +------------------- the function returns -----------------------+
//! ```
//!
//! **Invariants.**
//! 1. *One operation, one step.* Queueing, taking, ending, cancelling and looking are one announced step each, and all of
//!    them touch one object, the machine's pools, besides their own. What an operation decides, it decides after its step.
//! 2. *An item is pending at most once*: queueing a pending item does nothing, and says so. It is not pending any more
//!    when its function begins, so it may be queued again from then on.
//! 3. *An item is executed by one worker at a time*: while it is, it is queued where it executes, and not taken. An item is
//!    its address and its function, as in Linux.
//! 4. *The next instance of a pool is taken when none of the pool's workers is running*: when the one that runs has no
//!    instance left, or sleeps. A worker says that it sleeps wherever it might sleep (`context::wait_asleep`), in a step
//!    before its wait; with the wait's own step it goes on, beside whoever was let go on meanwhile.
//! 5. *A worker touches nothing of an item after it has called the function*: it may free itself.
//! 6. *An instance's end is one step on its own word*, which those who flush or cancel it wait for. The instance is the
//!    system's memory.
//! 7. *A cancelled item is not queued while somebody waits for its end*: queueing it has no effect, also by itself.
//! 8. What comes before queueing comes before the function, also if the item was pending already; and the function comes
//!    before whoever waited for its end. The operations on one pool are ordered as its lock orders them in Linux.
//! 9. Workers are made when they are needed, and belong to the system; on the host, where queueing should not have to, a
//!    worker that begins to execute makes another one if no idle one is left, and none ever ends. While one executes an item
//!    it counts as the program's: it may not wait for ever (`hang`).
//! 10. An item whose memory is freed while it is pending is found (`use-after-free`) when its function is read, just before
//!     the call, and at every other operation on it.
//!
//! # The host
//! One lock stands for invariant 1: what is done between an operation's announcement and the next one, is done within it.
//! No other lock is taken while it is held. Wake-ups, timers and new workers come after it, in the order in which the
//! model announces them. An instance is counted (`holders`): by its pool until its end, and by those who wait for that; its
//! memory is used again then. A thread of the program queues on the CPU that works for it
//! ([`Machine::service_cpu`](ringzero_machine::Machine::service_cpu)).
//!
//! # What waits for what
//! [`Work::cancel_sync`] and [`Work::flush`] wait for the worker that executes the item. So they deadlock when they are
//! called by that item's own function (`self-deadlock`), or with a mutex held that the function takes (`deadlock`).
//!
//! # How it differs from Linux
//! - One workqueue, the system's. No limit on how many items of a pool are executed at once, but invariant 4.
//! - Invariant 4 is a little too generous: a worker at a mutex that is free, or at a wait that is over already, counts as
//!   sleeping between those two steps. A `kmalloc(GFP_KERNEL)` does not. Newer kernels also let the next item go on when one
//!   keeps its CPU for long; here it waits, so that an item that spins for another one of its CPU is found.
//! - One object stands for all pools in the explorer's eyes (invariant 1), so operations on unrelated items are tried in
//!   both orders.
//! - An item that is queued while it is executed waits behind the others of its pool.
//! - A delayed item with a delay of 0 is queued at once, without its timer, as in Linux.
//!
//! Source: seed 001 (work queues). The claims are checked on the model by the behaviour tests.
#![no_std]

mod cancel;
mod delayed;
mod pool;
mod queue;
mod work;
mod worker;

pub use delayed::{
    DelayedWork, cancel_delayed_work, cancel_delayed_work_sync, flush_delayed_work, mod_delayed_work,
    mod_delayed_work_on, queue_delayed_work, queue_delayed_work_on, schedule_delayed_work, schedule_delayed_work_on,
};
pub use queue::{
    WorkQueue, flush_scheduled_work, flush_workqueue, queue_work, queue_work_on, schedule_work, schedule_work_on,
    system_wq,
};
pub use work::{
    WORK_BUSY_PENDING, WORK_BUSY_RUNNING, Work, WorkStyle, cancel_work, cancel_work_sync, flush_work, work_busy,
    work_pending,
};

use ringzero_machine::Left;

/// Has workers' sleeps let others go on. Called once at the boot of each instance.
pub fn init() {
    ringzero_context::HOOKS.sleep.set(Some(worker::SLEEP));
}

/// Has a worker ready on CPU `cpu`, for a machine that wants it before the first item is queued: then whoever queues one,
/// in whatever context, has to make none. Task context. Does nothing on the model, where workers are made when they are
/// needed.
#[track_caller]
pub fn prepare(cpu: u32) {
    worker::keep_one_idle(cpu, ringzero_machine::Place::caller());
}

/// A work item that a program has left pending, waiting for its timer, or executing when it has ended. For
/// [`Machine::at_end`](ringzero_machine::Machine::at_end); to be asked before the timers are.
#[must_use]
pub fn leftover() -> Option<Left> {
    pool::leftover().or_else(delayed::leftover)
}
