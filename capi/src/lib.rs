//! The C front door: Linux's C interface over Ringzero.
//!
//! # Vocabulary
//! A **module** is the C code under check, compiled with the headers in `capi/include` and loaded as one shared object. A
//! function of the kernel that it calls is one of three things. *Inline*: written in C in a header. *Library*: written
//! in C in `capi/lib` and compiled with the module, so that the race detector sees its accesses. *Export*: written in
//! Rust here and reached through a **stub** in the module, which hands over the return address as one more argument.
//!
//! # Rules
//! 1. An export is declared with [`exports!`]. It takes at most five integer or pointer arguments, and nothing unwinds
//!    out of it into C.
//! 2. While an export runs, `Place::caller()` is the line in C that called it ([`caller::FromC`]).
//! 3. Memory of the module that an export reads or writes is announced first (`memory`), unless it is private to the
//!    runtime (a lock's own words, a record that the headers made for the call).
//! 4. What an export returns or prints depends on the choices of the execution alone: never on an address of the
//!    process (`names`), on time, or on randomness (`stream`).
//!
//! # Differences from Linux
//! Each module's head names its own. `capi/tests` compiles every header by itself and runs the exports on C's data.

mod atomic;
pub mod bug;
pub mod caller;
mod completion;
mod context;
mod delay;
mod deref;
pub mod embed;
pub mod exports;
pub mod fatal;
mod format;
mod interrupt;
mod kstrtox;
pub mod kunit;
mod lglock;
mod local_lock;
mod lockdep;
mod memory;
mod mutex;
mod names;
pub mod params;
pub mod percpu;
mod pointer;
pub mod printk;
mod prio;
mod random;
mod refcount;
mod rt_mutex;
mod rwlock;
mod rwsem;
mod scan;
mod semaphore;
mod seqlock;
mod signal;
mod slab;
mod smp;
mod spinlock;
mod sprintf;
mod state;
mod strdup;
mod stream;
mod string;
mod task;
mod tasklet;
mod time;
mod timer;
pub mod tsan;
mod uaccess;
pub mod va;
mod wait;
mod workqueue;
mod ww_mutex;

pub use exports::Export;
pub use names::errno_name;
