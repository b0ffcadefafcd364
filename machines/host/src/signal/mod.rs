//! Asynchronous delivery: interrupts come between any two instructions of registered code.
//!
//! # How
//! A CPU is interrupted by one real-time signal of its thread: [`Target::kick`] sends it, and so does a [`Tick`]. The
//! handler marks [`Cpu::attention`](ringzero_machine::Cpu::attention). If the CPU is open and the interrupted instruction
//! lies in registered [`text`], it makes the thread go on in a trampoline instead; the trampoline saves all registers,
//! calls [`Hooks::deliver`], restores them and goes back. Else the next safe point delivers, or the next signal.
//!
//! So what runs in an interrupt does not run in a signal handler: it runs in the place of an instruction of registered
//! text, on the task's stack, as a call that the instruction did not ask for, and may switch to another task.
//!
//! # Invariants
//! 1. *Open* means: no model runs on the thread, interrupts are not masked, no step lock is held, no hardirq or NMI is
//!    counted, the thread does not unwind, and [`Hooks::may_deliver`] agrees. Bottom halves or preemption that is off keep
//!    no interrupt away, only what `deliver` may do beyond it.
//! 2. Between the handler's decision and `deliver` nothing else of the machine runs on the thread: the trampoline lies in
//!    no registered text, so that a signal that comes meanwhile only marks `attention`. Hence what was open is open.
//! 3. The signal is blocked while its handler runs, and the handler never leaves but by returning.
//! 4. The handler takes no lock, allocates nothing and calls nothing of the C library. It reads the CPU block's cells,
//!    which only code of its own thread writes. A cell is a machine word, written by one instruction, and
//!    `context` puts a compiler fence after each store that closes the CPU and before each that opens it: what the handler
//!    reads is never more open than the code around the interrupted instruction relies on. It reads them volatile,
//!    since what it interrupted may be about to write them.
//! 5. The trampoline writes below the red zone only, and leaves by one instruction that moves the stack pointer and jumps,
//!    so the red zone, and all that the handler's own frame spares, is never touched.
//! 6. Nothing is lost: `attention` stays set until somebody has delivered. Where neither a safe point nor another signal
//!    would come soon (a loop that spends its time in the C library), a running tick tries again.
//!
//! # What registered text may do
//! Any instruction in it, and in what the compiler inlines into it, may be followed by a handler, or by other tasks of this
//! CPU. So it guards the data that it shares with those as in Linux: by masking, and by spinlocks of the right kind. What it
//! calls outside of registered text (the allocator, the standard library, Ringzero) is not interrupted inside. Hence a
//! handler may allocate, and print. What goes wrong is to be switched away while holding something of the operating
//! system's that another task of this CPU, or the handler, then waits for with the whole CPU. So registered text
//! - holds no `std` lock (`Mutex`, `RwLock`, `Stdout::lock`) across its own instructions, unless preemption and interrupts
//!   are off;
//! - is not called back under one: as the `Display` of something printed, the initialiser of a `OnceLock` or `LazyLock`,
//!   a `GlobalAlloc`;
//! - has no `RefCell` borrowed, and is not within a thread-local's `with`, that a handler or another task of this CPU uses.
//!
//! C modules can do none of these: they call only the kernel's functions.

pub mod eventfd;
mod handler;
pub mod text;
mod tick;
mod trampoline;

pub use handler::{Counts, Hooks, Target, install, kick};
pub use tick::Tick;
pub use trampoline::stack_need;
