//! The machine of threads: CPUs that are OS threads, at production speed.
//!
//! # Vocabulary
//! A **thread CPU** is a thread of the program that has called in: it has one task, itself, and runs nothing but its own
//! code. A **booted CPU** is a thread of the machine that runs many tasks as coroutines, and interrupts, softirqs, timers.
//! A **safe point** is where a CPU looks for what is pending: where interrupts or preemption are switched on, in waits, in
//! `cond_resched()` and `cpu_relax()`, and when it goes from one task to the next.
//!
//! # Invariants
//! 1. *A task that has started stays on its thread.* Compilers keep addresses of thread-locals across calls.
//! 2. *Only a CPU's own thread touches its queue of runnable tasks.* Others push into its inbox, and kick it.
//! 3. *A task that sleeps is on exactly one list of the parking lot*; who takes it off wakes it, once.
//! 4. *A CPU sleeps only after a look that came after it said so*: see `ringzero_protocol::Idle`.
//! 5. *Nothing is delivered, and no task switched, while a CPU is within a step* (`Cpu::within`), which is also how its own
//!    queues are protected from its interrupts.
//! 6. *A line's arrival is latched until one CPU takes it.*
//! 7. *Numbers of thread CPUs are used again*, and what is stored per CPU survives. A thread gives its number back after
//!    its own thread-locals are gone, since these may still call in.
//!
//! # How it differs from the model
//! Announced steps leave no code, conditions are waited for in loops, time goes on by itself, devices are silent unless
//! simulated ([`Host::devices`]), allocations do not fail, memory is freed. A violated rule is a panic of the task.
//!
//! Limits: a started task never changes its CPU, and there is no load balancing, of real-time tasks neither; a system call that blocks stalls all tasks
//! of its CPU; without [`Host::async_irqs`] a task that never comes to a safe point keeps its CPU.

mod asynchronous;
mod boot;
mod clock;
mod cpu;
mod host;
mod lines;
mod os;
mod park;
mod realtime;
mod register;
mod run;
pub mod signal;
mod switch;
mod task;

pub use boot::{Host, Summary, Totals, Trouble, set_finding_hook};
pub use cpu::{NR_BOOTED, NR_CPU_IDS};
pub use host::{Hooks, install};
pub use lines::bind;
pub use signal::eventfd::Binding;
pub use signal::text;
