//! Programs with a known answer: kernel bugs with their fixed twins, and what the explorer is counted with.
//!
//! # Vocabulary
//! A **program** is the init function of a module, with a name and the verdict that is expected of it. A **pair** is a
//! program with a bug, `NAME-buggy`, and the same program without it, `NAME-fixed`, in one file.
//!
//! # Rules for programs
//! 1. A pair's file opens with the bug in kernel words, where it comes from, and the verdict of both twins.
//! 2. Both twins are complete under the default bounds: *holds* means what it says. Hence few steps, tasks bound to
//!    their CPUs, and lines that come to one CPU, wherever the bug needs no more.
//! 3. The twins differ in what makes the bug and in nothing else.
//! 4. State is in `ringzero::global!`, which begins anew with every execution.
//!
//! The names are unique, the pairs complete, and each finding has a pair: `tests/registry.rs`.
#![forbid(unsafe_code)]

mod entry;
mod support;

mod bugs;
mod c;
mod count;
mod explore;

pub use c::{CProgram, all_c, find_c};
pub use entry::{Entry, Expect, Group, all, find};
