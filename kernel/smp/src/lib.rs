//! Calls to functions on other CPUs.
//!
//! # Vocabulary
//! A **call** is a function that another CPU shall run. The caller puts it into the target's **queue** and, if the
//! queue was empty, sends an **IPI**, an interrupt whose entry runs everything that is queued. A caller that **waits**
//! spins until its call is **done**.
//!
//! # Invariants
//! 1. *A queue that is not empty has an IPI on its way*, sent by whoever made it not empty: queueing is one step on
//!    the queue's length, which tells.
//! 2. *The IPI takes the whole queue in one step* and runs the calls in the order of queueing, in hardirq context with
//!    interrupts off. On the caller's own CPU the function runs at once, with interrupts off.
//! 3. *A call that somebody waits for is done exactly once*, by one step after its function has returned. What the
//!    function did is visible to the waiter then (release, acquire).
//! 4. *The caller keeps its CPU* while it sends and waits: preemption is off.
//! 5. *A function leaves as it came*: counts and interrupt state after it are those before it, else
//!    `unbalanced-context`.
//! 6. *Waiting needs interrupts on.* Two CPUs that wait for each other with interrupts off never get the other's IPI:
//!    nothing here refuses that, the explorer finds it (`deadlock`), and with `wait` false it is no deadlock.
//!
//! 7. *On the host a call's memory goes when nobody needs it*: the waiter gives the call back, or, if there is none, the IPI
//!    that has run it; the function goes with its last user, which is the caller if it waits. So a call without `wait`
//!    drops what its function holds in hardirq context.
//! 8. *A thread of the program's own is no CPU that is online*: its number is beyond the masks. It can call the others, and
//!    no function comes to it, not even one for all CPUs.
//!
//! # How it differs from Linux
//! - All CPUs of the machine are online all the time; `ENXIO` is for numbers that do not exist.
//! - A call's memory is the machine's, so a call without `wait` needs no storage of the caller's.
//! - A cross-CPU call with interrupts off is no warning. It is found where it deadlocks.
//! - Masks are 64 bits in one word. No `stop_machine` yet.
//!
//! Source: seed 001 (calling functions on other CPUs).
#![no_std]

mod call;
mod cpus;
mod queue;

pub use call::{
    on_each_cpu, on_each_cpu_cond, on_each_cpu_mask, smp_call_function, smp_call_function_any, smp_call_function_many,
    smp_call_function_single,
};
pub use cpus::{
    cpu_online, cpu_online_mask, for_each_online_cpu, get_cpu, nr_cpu_ids, num_online_cpus, put_cpu,
    raw_smp_processor_id, smp_processor_id,
};
pub use ringzero_irq::Errno;
