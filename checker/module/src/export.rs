//! The functions of Ringzero that checked code may call, and the stubs that lead to them.

use std::fmt::Write;

/// A function that C code may call by its name.
///
/// The function takes `args` integer or pointer arguments and, after them, one more: the address that the C call
/// returns to.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// The name in C.
    pub name: &'static str,
    /// The function.
    pub addr: *const (),
    /// How many arguments it has in C: at most [`MAX_ARGS`].
    pub args: u8,
}

/// The most arguments an exported function can have: the sixth register carries the return address.
pub const MAX_ARGS: u8 = 5;

// SAFETY: the address is that of a function; it is never read or written through here.
unsafe impl Send for Export {}
// SAFETY: as for Send.
unsafe impl Sync for Export {}

/// The table that the stubs jump through: one word for each.
pub(crate) const TABLE: &str = "__rz_table";

/// The registers of integer arguments, in the order of the System V ABI.
const REGISTERS: [&str; 6] = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"];

/// The assembly file with a stub for each export, the empty `__tsan_init`, and the weak names that stay undefined,
/// which are hidden: else the dynamic linker would look for them in libc.
pub(crate) fn stubs(exports: &[&Export], weak: &[&str]) -> String {
    let mut out =
        String::from("\t.section .note.GNU-stack,\"\",@progbits\n\t.section .text.rz_stubs,\"ax\",@progbits\n");
    let _ = write!(out, "\t.globl __tsan_init\n\t.hidden __tsan_init\n__tsan_init:\n\tret\n");
    for (slot, export) in exports.iter().enumerate() {
        let (name, register) = (export.name, REGISTERS[usize::from(export.args)]);
        let _ = write!(
            out,
            "\t.globl {name}\n\t.hidden {name}\n\t.type {name},@function\n{name}:\n\
             \tmovq (%rsp), %{register}\n\tjmp *{TABLE}+{}(%rip)\n\t.size {name}, .-{name}\n",
            8 * slot
        );
    }
    for name in weak {
        let _ = write!(out, "\t.weak \"{name}\"\n\t.hidden \"{name}\"\n");
    }
    let _ = write!(
        out,
        "\t.section .rz.table,\"aw\",@progbits\n\t.balign 8\n\t.globl {TABLE}\n\t.hidden {TABLE}\n\
         \t.type {TABLE},@object\n\t.size {TABLE}, {size}\n{TABLE}:\n\t.zero {size}\n",
        size = 8 * exports.len().max(1)
    );
    out
}
