//! Memory for kernel objects, with liveness: `kmalloc`, `kfree`, and a typed handle for Rust.
//!
//! # Vocabulary
//! An **object** is what one allocation returned: a range of memory that is **alive** from its allocation to its
//! `kfree`. A **handle** ([`KPtr`]) is a pointer to an object that holds a `T`: free to copy and to share, like a C
//! pointer, and like a C pointer it does not keep the object alive.
//!
//! # Invariants
//! 1. *Liveness is the machine's.* [`kmalloc()`] tells it of the birth, [`kfree`] of the death. Each announced step
//!    whose address lies in a dead object is `use-after-free`; a second death is `double-free`; an object that is
//!    alive when the program has ended is `leak`.
//! 2. *Addresses are not reused within an execution.* So a stale handle always points to memory that once was the
//!    object, and following it is defined behaviour in Rust's sense: it is found by invariant 1, not by a crash.
//! 3. *The free is a step*, a write to the object; hence the explorer orders it against every step on the object's
//!    fields. The allocation is no step, since nobody else can know the address, unless it may fail.
//! 4. *An allocation that may sleep says so first* (`might_sleep()`), also when memory is there: `sleep-in-atomic`
//!    is found in the first execution that comes by.
//! 5. *An allocation that may not sleep may fail*: a choice of the explorer, which counts failures against its bound
//!    ([`Limits::failures`](ringzero_machine::Limits), default 0: then there is no choice and no step). In C code one that
//!    may sleep may fail too, unless it has `__GFP_NOFAIL`: drivers are expected to have a path for it.
//!
//! # How it differs from Linux
//! - Memory has no zones, nodes, caches or reclaim yet: the flags decide about sleeping, failing and zeroing only.
//! - Memory that was not asked to be zeroed is filled with [`POISON_INUSE`], as by Linux's slab debugging. Freed
//!   memory keeps its contents: whoever reads them is found by invariant 1.
//! - On the host memory is given back and used again: what the model finds by invariants 1 and 2 is there what it is in C,
//!   undefined, also through a [`KPtr`]. Only a second `kfree` is mostly found. What was not asked to be zeroed may hold
//!   anything. Small objects come from caches that keep what they have.
//! - `kfree` runs no `Drop`. A value that owns something outside the object has to give it back before.
//! - In Rust programs `GFP_KERNEL` never fails. In Linux it can, for large sizes.
//!
//! Source: seed 001 (memory allocation), seed 002 (things which sleep).
#![no_std]

mod gfp;
mod heap;
mod kmalloc;
mod kptr;
mod kslot;

pub use gfp::*;
pub use kmalloc::{
    KMALLOC_MAX_SIZE, KMALLOC_MIN_ALIGN, POISON_INUSE, ZERO_SIZE_PTR, kcalloc, kfree, kfree_with, kmalloc,
    kmalloc_aligned, kmalloc_array, kmalloc_named, ksize, kzalloc, zero_or_null_ptr,
};
pub use kptr::{KPtr, kmalloc_obj};
pub use kslot::KSlot;
