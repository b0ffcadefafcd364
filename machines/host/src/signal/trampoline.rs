//! Where interrupted code goes on: it saves everything, delivers, and goes back.
//!
//! The frame, from the interrupted stack pointer down: the red zone (128 bytes), the address to return to, the flags, 15
//! registers, and, aligned to 64 bytes, the extended state in the format of `xsave`.

use super::handler::{here, hooks};
use core::arch::x86_64::__cpuid_count;
use core::arch::{asm, global_asm};
use std::sync::atomic::{
    AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, Release},
};

/// How the extended state is saved.
const FXSAVE: u32 = 0;
const XSAVE: u32 = 1;
const XSAVEC: u32 = 2;

/// Set once, before the first signal. The trampoline reads them.
static HOW: AtomicU32 = AtomicU32::new(FXSAVE);
/// The components to save: all that the system has enabled.
static COMPONENTS: AtomicU64 = AtomicU64::new(3);
/// Bytes for them: the legacy area and the header at least, a multiple of 64.
static SIZE: AtomicUsize = AtomicUsize::new(576);

/// Finds out how this processor saves its extended state.
pub(super) fn prepare() {
    const OSXSAVE: u32 = 1 << 27;
    if __cpuid_count(1, 0).ecx & OSXSAVE == 0 {
        return;
    }
    let (low, high): (u32, u32);
    // SAFETY: the system has enabled it, as the bit says. It reads XCR0.
    unsafe { asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack, preserves_flags)) };
    let compact = __cpuid_count(0xd, 1);
    let size = __cpuid_count(0xd, 0).ebx.max(if compact.eax & 2 != 0 { compact.ebx } else { 0 });
    COMPONENTS.store(u64::from(high) << 32 | u64::from(low), Relaxed);
    SIZE.store((size.max(576) as usize).next_multiple_of(64), Relaxed);
    HOW.store(if compact.eax & 2 != 0 { XSAVEC } else { XSAVE }, Release);
}

/// How much of the stack the trampoline takes, apart from what `deliver` does.
#[must_use]
pub fn stack_need() -> usize {
    1024 + SIZE.load(Relaxed)
}

unsafe extern "C" {
    fn __rz_host_interrupted();
}

/// Where the handler sends the interrupted code.
pub(super) fn address() -> usize {
    __rz_host_interrupted as *const () as usize
}

/// The part that needs no assembler. `return_to` is the place in the frame.
extern "C" fn interrupted(return_to: &mut usize) {
    // SAFETY: no arguments; the address is this thread's, and tasks never leave their thread.
    let errno = unsafe { &mut *libc::__errno_location() };
    let before = *errno;
    let (Some(target), Some(hooks)) = (here(), hooks()) else { std::process::abort() };
    *return_to = target.take_interrupted();
    (hooks.deliver)();
    *errno = before;
}

// Entered with all registers as they were interrupted, by the return of the signal handler. `ret 128` fetches the address
// and moves the stack pointer back above the red zone at once: whatever comes before it finds the frame below the stack
// pointer's red zone or above it.
global_asm!(
    ".pushsection .text.__rz_host_interrupted, \"ax\", @progbits",
    ".p2align 4",
    ".globl __rz_host_interrupted",
    ".hidden __rz_host_interrupted",
    ".type __rz_host_interrupted, @function",
    "__rz_host_interrupted:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    ".cfi_def_cfa rsp, 0",
    ".cfi_undefined rip",
    "lea rsp, [rsp - 136]",
    ".cfi_def_cfa_offset 136",
    "pushfq",
    "push rax",
    "push rcx",
    "push rdx",
    "push rbx",
    "push rbp",
    "push rsi",
    "push rdi",
    "push r8",
    "push r9",
    "push r10",
    "push r11",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "mov rbx, rsp",
    ".cfi_def_cfa rbx, 264",
    ".cfi_offset rip, -136",
    ".cfi_offset rax, -152",
    ".cfi_offset rcx, -160",
    ".cfi_offset rdx, -168",
    ".cfi_offset rbx, -176",
    ".cfi_offset rbp, -184",
    ".cfi_offset rsi, -192",
    ".cfi_offset rdi, -200",
    ".cfi_offset r8, -208",
    ".cfi_offset r9, -216",
    ".cfi_offset r10, -224",
    ".cfi_offset r11, -232",
    ".cfi_offset r12, -240",
    ".cfi_offset r13, -248",
    ".cfi_offset r14, -256",
    ".cfi_offset r15, -264",
    "cld",
    "sub rsp, qword ptr [rip + {size}]",
    "and rsp, -64",
    // The header of the extended state begins as zeroes.
    "xor eax, eax",
    "mov qword ptr [rsp + 512], rax",
    "mov qword ptr [rsp + 520], rax",
    "mov qword ptr [rsp + 528], rax",
    "mov qword ptr [rsp + 536], rax",
    "mov qword ptr [rsp + 544], rax",
    "mov qword ptr [rsp + 552], rax",
    "mov qword ptr [rsp + 560], rax",
    "mov qword ptr [rsp + 568], rax",
    "mov eax, dword ptr [rip + {components}]",
    "mov edx, dword ptr [rip + {components} + 4]",
    "cmp dword ptr [rip + {how}], {xsave}",
    "je 2f",
    "jb 3f",
    "xsavec64 [rsp]",
    "jmp 4f",
    "2:",
    "xsave64 [rsp]",
    "jmp 4f",
    "3:",
    "fxsave64 [rsp]",
    "4:",
    // What a function finds when it is called: no upper halves in use, an empty x87 stack, the usual control words.
    "test al, 4",
    "jz 5f",
    "vzeroupper",
    "5:",
    "fninit",
    "sub rsp, 16",
    "mov dword ptr [rsp], 0x1f80",
    "ldmxcsr dword ptr [rsp]",
    "add rsp, 16",
    "lea rdi, [rbx + 128]",
    "call {interrupted}",
    "mov eax, dword ptr [rip + {components}]",
    "mov edx, dword ptr [rip + {components} + 4]",
    "cmp dword ptr [rip + {how}], {xsave}",
    "jb 6f",
    "xrstor64 [rsp]",
    "jmp 7f",
    "6:",
    "fxrstor64 [rsp]",
    "7:",
    "mov rsp, rbx",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop r11",
    "pop r10",
    "pop r9",
    "pop r8",
    "pop rdi",
    "pop rsi",
    "pop rbp",
    "pop rbx",
    "pop rdx",
    "pop rcx",
    "pop rax",
    "popfq",
    "ret 128",
    ".cfi_endproc",
    ".size __rz_host_interrupted, . - __rz_host_interrupted",
    ".popsection",
    size = sym SIZE,
    components = sym COMPONENTS,
    how = sym HOW,
    xsave = const XSAVE,
    interrupted = sym interrupted,
);
