//! The model machine: virtual CPUs on one OS thread, under a scheduler that decides every step.
//!
//! # Vocabulary
//! A **context** is a coroutine: a task, or an interrupt that runs on top of what it interrupted. An **execution** is
//! one run of the program from boot to the state where nothing can run any more. An **arrival** is an interrupt that
//! may come but need not.
//!
//! # Invariants
//! 1. Only the top context of a CPU steps. A handler runs to its end before what it interrupted goes on.
//! 2. Between two announcements of a context no other context runs.
//! 3. Everything an execution can observe is set back before the next one: instance state (copied from the
//!    templates), allocations (addresses repeat), CPU blocks, lines, the clock.
//! 4. The numbers of contexts ([`ringzero_trace::Proc`]) stay the same across executions of one [`Model`].
//! 5. An execution that ends early is left by switching away; its stacks are reused, what its contexts owned on the
//!    heap is not freed (counted in [`Outcome::abandoned`]).
//!
//! # How it differs from Linux
//! Code between two steps takes no time. The CPU that a task runs on is chosen when it comes from off its CPU.

mod arena;
mod boot;
mod config;
mod ctx;
mod fault;
mod machine;
mod plain;
mod procs;
mod race;
mod record;
mod run;
mod slots;
mod stuck;
mod watchdog;

pub use boot::{Model, ProgramFns};
pub use config::{Config, DataRace, Found, Outcome, TimeModel};
pub use procs::{SharedProcs, mix};
pub use record::{LogLine, Recording, Row, RowKind};
