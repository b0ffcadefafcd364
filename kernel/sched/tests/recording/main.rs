//! What the kernel's first crates announce and do, on a machine that records it.

mod entries;
mod recorder;
mod tasks;
mod traces;
