//! The signal: who gets it, and what its handler does.

use super::{text, trampoline};
use ringzero_machine::{ATTENTION_IRQ, Cpu, model};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use std::{io, mem, process, ptr};

/// What the handler and the trampoline call.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// Whether [`Hooks::deliver`] may run on this CPU on the stack that `sp` points into: its task's, with room left (at
    /// least [`stack_need`](super::stack_need) and what handlers want). Called in the signal handler: reads cells and
    /// atomics, and does nothing else.
    pub may_deliver: fn(cpu: &Cpu, sp: usize) -> bool,
    /// Runs what is pending, as at a safe point, and may switch to another task. Called in the place of the interrupted
    /// instruction, not in the signal handler. Must not unwind.
    pub deliver: extern "C" fn(),
    /// A tick of this CPU has come, and `overruns` before it were missed. Called in the signal handler: sets flags, and
    /// does nothing else.
    pub on_tick: fn(cpu: &Cpu, overruns: u32),
}

/// Bits of `preempt_count` while a hardirq or an NMI runs, where no further interrupt enters.
const HARDIRQ_OR_NMI: u32 = 0x07ff_0000;

static HOOKS: OnceLock<Hooks> = OnceLock::new();
/// The signal; 0 as long as it is not installed.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

thread_local! {
    /// What this thread takes signals for. Constant and without destructor: the handler may look at it at any time.
    static HERE: Cell<Option<&'static Target>> = const { Cell::new(None) };
}

/// The hooks that were installed.
pub(super) fn hooks() -> Option<&'static Hooks> {
    HOOKS.get()
}

/// What the calling thread takes signals for.
pub(super) fn here() -> Option<&'static Target> {
    HERE.get()
}

/// The signal's number, once it is installed.
pub(super) fn signal() -> io::Result<c_int> {
    match SIGNAL.load(Acquire) {
        0 => Err(io::Error::other("the signal that interrupts CPUs is not installed")),
        signal => Ok(signal),
    }
}

/// Installs the handler for the first real-time signal that nobody uses. Once for the process: later calls change nothing.
///
/// # Errors
/// Every real-time signal is in use, or the system refuses.
pub fn install(hooks: Hooks) -> io::Result<()> {
    static ONCE: OnceLock<Result<(), i32>> = OnceLock::new();
    let done = ONCE.get_or_init(|| {
        trampoline::prepare();
        HOOKS.get_or_init(|| hooks);
        let signal = install_free().map_err(|e| e.raw_os_error().unwrap_or(libc::EBUSY))?;
        SIGNAL.store(signal, Release);
        Ok(())
    });
    done.map_err(io::Error::from_raw_os_error)
}

/// Installs the handler for a signal whose action is still the default one.
fn install_free() -> io::Result<c_int> {
    for signal in libc::SIGRTMIN() + 1..=libc::SIGRTMAX() {
        // SAFETY: plain data; all zeroes is the default action with nothing blocked.
        let (mut old, mut new): (libc::sigaction, libc::sigaction) = unsafe { (mem::zeroed(), mem::zeroed()) };
        // SAFETY: asks only; the result has a valid place.
        if unsafe { libc::sigaction(signal, ptr::null(), &raw mut old) } != 0 {
            return Err(io::Error::last_os_error());
        }
        if old.sa_sigaction != libc::SIG_DFL {
            continue;
        }
        let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_signal;
        new.sa_sigaction = handler as usize;
        // Not on the alternate stack: that one may be too small for two frames with AVX-512 state, and the task's stack
        // needs the room for the trampoline anyway. Never SA_NODEFER (invariant 3).
        new.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        // SAFETY: a valid action, whose handler does only what may be done in one (invariant 4).
        if unsafe { libc::sigaction(signal, &raw const new, ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        return Ok(signal);
    }
    Err(io::Error::from_raw_os_error(libc::EBUSY))
}

/// Interrupts thread `tid` of this process. [`Target::kick`] is the form for many callers.
pub fn kick(tid: i32) {
    let _ = send(tid);
}

fn send(tid: i32) -> io::Result<()> {
    let signal = signal()?;
    // SAFETY: no pointers; the handler ignores the signal in a thread that is no target.
    if unsafe { libc::syscall(libc::SYS_tgkill, process::id(), tid, signal) } == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
}

/// What signals did to a CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Signals that came: kicks and ticks.
    pub signals: u64,
    /// Those that were delivered at once.
    pub redirected: u64,
    /// Those that found the CPU closed.
    pub closed: u64,
    /// Those that found it open, but the instruction or the stack not one to deliver on.
    pub elsewhere: u64,
    /// Ticks.
    pub ticks: u64,
    /// Ticks that came while an earlier one was still waiting.
    pub overruns: u64,
}

/// A CPU as one that signals come to.
#[derive(Debug, Default)]
pub struct Target {
    /// The thread; 0 if there is none.
    tid: AtomicI32,
    cpu: AtomicPtr<Cpu>,
    /// A kick is under way, whose handler has not begun.
    sent: AtomicBool,
    /// Where the interrupted code goes on, from the handler's decision until the trampoline has fetched it.
    interrupted: AtomicUsize,
    signals: AtomicU64,
    redirected: AtomicU64,
    closed: AtomicU64,
    elsewhere: AtomicU64,
    ticks: AtomicU64,
    overruns: AtomicU64,
}

impl Target {
    /// One without a thread.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tid: AtomicI32::new(0),
            cpu: AtomicPtr::new(ptr::null_mut()),
            sent: AtomicBool::new(false),
            interrupted: AtomicUsize::new(0),
            signals: AtomicU64::new(0),
            redirected: AtomicU64::new(0),
            closed: AtomicU64::new(0),
            elsewhere: AtomicU64::new(0),
            ticks: AtomicU64::new(0),
            overruns: AtomicU64::new(0),
        }
    }

    /// The calling thread takes this target's signals from now on, as `cpu`, which is the CPU that it is.
    ///
    /// # Errors
    /// The signal is not installed, or cannot be unblocked.
    pub fn enter(&'static self, cpu: &'static Cpu) -> io::Result<()> {
        let signal = signal()?;
        // SAFETY: the set is plain data, valid for these calls.
        let error = unsafe {
            let mut set: libc::sigset_t = mem::zeroed();
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, signal);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut())
        };
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error));
        }
        self.cpu.store(ptr::from_ref(cpu).cast_mut(), Relaxed);
        self.sent.store(false, Relaxed);
        HERE.set(Some(self));
        // SAFETY: no arguments.
        self.tid.store(unsafe { libc::syscall(libc::SYS_gettid) } as i32, Release);
        Ok(())
    }

    /// The calling thread, which has entered, takes no more signals. Before it ends.
    pub fn leave(&'static self) {
        self.tid.store(0, Release);
        HERE.set(None);
    }

    /// The thread's number for the system; 0 if there is none.
    #[must_use]
    pub fn tid(&self) -> i32 {
        self.tid.load(Acquire)
    }

    /// Interrupts the CPU. What the caller did before is seen by the handler. At most one kick is under way, so that the
    /// system's queue of signals is never filled up. Any thread; every context.
    pub fn kick(&self) {
        if self.tid() == 0 || self.sent.swap(true, AcqRel) {
            return;
        }
        // Others rely on this kick now. The thread may be another one meanwhile.
        loop {
            let tid = self.tid();
            if tid != 0 && send(tid).is_ok() {
                return;
            }
            if self.tid() == tid {
                // Nobody is there, or the user's limit of queued signals is reached: the next tick does it.
                self.sent.store(false, Release);
                return;
            }
        }
    }

    /// What came so far.
    pub fn counts(&self) -> Counts {
        Counts {
            signals: self.signals.load(Relaxed),
            redirected: self.redirected.load(Relaxed),
            closed: self.closed.load(Relaxed),
            elsewhere: self.elsewhere.load(Relaxed),
            ticks: self.ticks.load(Relaxed),
            overruns: self.overruns.load(Relaxed),
        }
    }

    /// Where the interrupted code goes on. For the trampoline, once.
    pub(super) fn take_interrupted(&self) -> usize {
        self.interrupted.swap(0, Relaxed)
    }

    /// Whether an interrupt may come now (invariant 1, but for the hook). On its own thread.
    fn is_open(&self, cpu: &Cpu) -> bool {
        // SAFETY: cells of a live block, which only this thread writes, each by one instruction (invariant 4).
        let (within, count, masked) = unsafe {
            let irq = cpu.irq.as_ptr();
            (
                cpu.within.as_ptr().read_volatile(),
                cpu.preempt_count.as_ptr().read_volatile(),
                (&raw const (*irq).masked).read_volatile(),
            )
        };
        let free = within == 0 && !masked && count & HARDIRQ_OR_NMI == 0;
        free && self.interrupted.load(Relaxed) == 0 && model().is_none() && !std::thread::panicking()
    }
}

/// Counts `n` more. Only the handler counts, and it does not nest.
fn count(what: &AtomicU64, n: u64) {
    what.store(what.load(Relaxed) + n, Relaxed);
}

/// The beginning of `siginfo_t` when a timer sent the signal.
#[repr(C)]
struct TimerInfo {
    signo: c_int,
    errno: c_int,
    code: c_int,
    pad: c_int,
    timer: c_int,
    overrun: c_int,
}

/// The handler (invariant 4).
extern "C" fn on_signal(_: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let (Some(target), Some(hooks)) = (here(), hooks()) else { return };
    // SAFETY: `enter` was given a block that lives for ever, on this thread.
    let Some(cpu) = (unsafe { target.cpu.load(Relaxed).as_ref() }) else { return };
    count(&target.signals, 1);
    // SAFETY: the system hands a valid `siginfo_t`, which begins like this where a timer sent it.
    let (code, overrun) = unsafe { ((*info).si_code, (*info.cast::<TimerInfo>()).overrun) };
    if code == libc::SI_TIMER {
        let overruns = u32::try_from(overrun).unwrap_or(0);
        count(&target.ticks, 1);
        count(&target.overruns, u64::from(overruns));
        (hooks.on_tick)(cpu, overruns);
    } else {
        // Before anything is looked at: who kicks from here on sends again.
        target.sent.swap(false, AcqRel);
    }
    cpu.attention.fetch_or(ATTENTION_IRQ, AcqRel);
    if !target.is_open(cpu) {
        return count(&target.closed, 1);
    }
    // SAFETY: the system hands the interrupted context, which is this handler's alone.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let ip = registers[libc::REG_RIP as usize] as usize;
    let sp = registers[libc::REG_RSP as usize] as usize;
    if !text::contains(ip) || !(hooks.may_deliver)(cpu, sp) {
        return count(&target.elsewhere, 1);
    }
    target.interrupted.store(ip, Relaxed);
    registers[libc::REG_RIP as usize] = trampoline::address() as i64;
    count(&target.redirected, 1);
}
