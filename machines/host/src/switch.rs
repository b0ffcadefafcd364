//! Going from one stack to another.
//!
//! At the top of a stack that nobody runs on lies the address where it goes on; what is above is known there only. Stacks
//! are switched by a jump, so that the processor's memory of where functions return to stays as deep as it was: who is
//! switched to returns to where it was called from, and that is predicted if it was called where the other one was.

use std::arch::{asm, naked_asm};
use std::cell::Cell;

/// Goes on on the stack whose top is `to`. Where the running one ends is put into `here`; the call returns when somebody
/// switches there.
///
/// # Safety
/// `to` is the top of a stack that nobody runs on: what a switch has put somewhere since anybody last went there, or
/// [`prepare`] has returned. That stack's code was suspended by this thread, or never ran.
#[inline(always)]
pub(crate) unsafe fn switch(here: &Cell<usize>, to: usize) {
    // SAFETY: all registers but the stack pointer and the two that are pushed are given up; the stack pointer is the same
    // afterwards, by the caller's contract.
    unsafe {
        asm!(
            "push rbp",
            "push rbx",
            "lea rax, [rip + 2f]",
            "push rax",
            "mov [rdi], rsp",
            "mov rsp, rsi",
            "pop rax",
            "jmp rax",
            "2:",
            "pop rbx",
            "pop rbp",
            inlateout("rdi") here.as_ptr() => _,
            inlateout("rsi") to => _,
            lateout("r12") _,
            lateout("r13") _,
            lateout("r14") _,
            lateout("r15") _,
            clobber_abi("C"),
        );
    }
}

/// Makes a stack on which nothing has run yet ready to be switched to; its top. There `first` is called with `data`.
///
/// # Safety
/// `base` is where a stack begins that has some room: writable below it, and aligned to 16 bytes.
pub(crate) unsafe fn prepare(base: usize, first: extern "C" fn(*const ()) -> !, data: *const ()) -> usize {
    let top = base - 5 * size_of::<usize>();
    let words = [begin as *const () as usize, data.expose_provenance(), first as *const () as usize, 0, 0];
    // SAFETY: the caller's contract.
    unsafe { std::ptr::with_exposed_provenance_mut::<[usize; 5]>(top).write(words) };
    top
}

/// Calls the first function of a stack. The outermost frame: a walk up the stack ends here.
#[unsafe(naked)]
unsafe extern "C" fn begin() -> ! {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined rip",
        "pop rdi",
        "pop rax",
        "xor ebp, ebp",
        "lea rcx, [rip + 2f]",
        "push rcx",
        "jmp rax",
        "2:",
        "ud2",
        ".cfi_endproc",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use corosensei::stack::{DefaultStack, Stack};

    /// Two stacks that count in turns.
    struct Both {
        outer: Cell<usize>,
        inner: Cell<usize>,
        count: Cell<u64>,
    }

    extern "C" fn counts(both: *const ()) -> ! {
        // SAFETY: the test gives a `Both`, which it keeps.
        let both = unsafe { &*both.cast::<Both>() };
        let numbers: Vec<f64> = (0..8).map(f64::from).collect();
        loop {
            let odd = numbers.iter().map(|n| n * 2.0 + 1.0).sum::<f64>();
            both.count.set(both.count.get() + odd as u64);
            // SAFETY: `outer` was put there by the switch to here.
            unsafe { switch(&both.inner, both.outer.get()) };
        }
    }

    #[test]
    fn stacks_keep_what_is_theirs() {
        let stack = DefaultStack::new(64 << 10).unwrap();
        let both = Both { outer: Cell::new(0), inner: Cell::new(0), count: Cell::new(0) };
        // SAFETY: the stack is new.
        both.inner.set(unsafe { prepare(stack.base().get(), counts, (&raw const both).cast()) });
        let kept: [u64; 4] = std::array::from_fn(|n| std::hint::black_box(n as u64));
        for round in 1..=100 {
            // SAFETY: first what `prepare` has returned, then what the switch from there has put there.
            unsafe { switch(&both.outer, both.inner.get()) };
            assert_eq!((both.count.get(), kept), (64 * round, [0, 1, 2, 3]));
        }
    }

    extern "C" fn panics(both: *const ()) -> ! {
        // SAFETY: as above.
        let both = unsafe { &*both.cast::<Both>() };
        let caught = std::panic::catch_unwind(|| panic!("caught below the outermost frame"));
        both.count
            .set(u64::from(caught.is_err()) + std::backtrace::Backtrace::force_capture().to_string().len() as u64);
        // SAFETY: as above.
        unsafe { switch(&both.inner, both.outer.get()) };
        std::process::abort()
    }

    #[test]
    fn a_panic_and_a_backtrace_end_at_the_first_frame() {
        let stack = DefaultStack::new(256 << 10).unwrap();
        let both = Both { outer: Cell::new(0), inner: Cell::new(0), count: Cell::new(0) };
        // SAFETY: the stack is new.
        both.inner.set(unsafe { prepare(stack.base().get(), panics, (&raw const both).cast()) });
        // SAFETY: what `prepare` has returned.
        unsafe { switch(&both.outer, both.inner.get()) };
        assert!(both.count.get() > 1);
    }
}
