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

pub mod caller;
pub mod embed;
pub mod exports;
mod memory;
mod names;
mod random;
mod state;
mod stream;
mod string;
pub mod tsan;

pub use exports::Export;
