//! The watchdog: code that blocks or loops between two steps becomes the finding `soft-lockup`.
//!
//! One thread in the process looks at every explorer's pulse. When a context has used its limit of its thread's
//! processor time, or [`WALL_LIMIT`] of wall time, without coming to a step, the explorer's thread gets a signal.
//! The handler notes where the context is and makes its coroutine return, as a hardware trap would. A fault of the
//! processor in checked code (a bad address, a division by zero, no stack left) ends the same way.

use crate::ctx::{Co, Outcome};
use corosensei::trap::CoroutineTrapHandler;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, Weak};
use std::time::Duration;

/// Wall time between two steps, for code that blocks.
pub const WALL_LIMIT: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(100);
const FRAMES: usize = 48;

struct Shared {
    beats: AtomicU64,
    inside: AtomicBool,
    stop: AtomicBool,
    thread: libc::pthread_t,
    clock: libc::clockid_t,
    /// Processor time between two steps.
    limit: Duration,
}

/// What the processor could not do.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// `SIGSEGV` and the like.
    pub signal: i32,
    /// The address that was touched, as far as the processor tells.
    pub addr: usize,
    /// It was written.
    pub write: bool,
    /// The instruction.
    pub ip: usize,
    /// The stack pointer.
    pub sp: usize,
}

#[derive(Clone, Copy)]
struct Raw {
    frames: [usize; FRAMES],
    n: usize,
    fault: Option<Fault>,
}

/// Where a context was that was thrown out, and why.
pub struct Caught {
    /// Return addresses, innermost first.
    pub frames: Vec<usize>,
    /// The fault; none: the watchdog did it.
    pub fault: Option<Fault>,
}

/// The checker's own code begins or ends in a running context.
#[inline]
pub fn set_busy(busy: bool) {
    BUSY.set(busy);
}

/// Whether the running context was to be thrown out while the checker's own code ran.
#[inline]
pub fn is_due() -> bool {
    DUE.replace(false)
}

/// An explorer's pulse.
pub struct Pulse {
    shared: Arc<Shared>,
}

thread_local! {
    static TRAP: Cell<Option<CoroutineTrapHandler<Outcome>>> = const { Cell::new(None) };
    static CAUGHT: RefCell<Option<Raw>> = const { RefCell::new(None) };
    /// The checker's own code runs in a context: it cannot be thrown out there.
    static BUSY: Cell<bool> = const { Cell::new(false) };
    /// It was to be thrown out there.
    static DUE: Cell<bool> = const { Cell::new(false) };
    static ALT_STACK: Cell<bool> = const { Cell::new(false) };
}

static WATCHED: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

fn signal() -> libc::c_int {
    libc::SIGRTMIN() + 7
}

impl Pulse {
    pub fn new(limit: Duration) -> Self {
        start_watching();
        give_signal_stack();
        // SAFETY: asking for the own thread's handle and clock.
        let (thread, clock) = unsafe {
            let me = libc::pthread_self();
            let mut clock = 0;
            libc::pthread_getcpuclockid(me, &raw mut clock);
            (me, clock)
        };
        let shared = Arc::new(Shared {
            beats: AtomicU64::new(0),
            inside: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            thread,
            clock,
            limit,
        });
        WATCHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(Arc::downgrade(&shared));
        Self { shared }
    }

    /// A context is about to run.
    #[inline]
    pub fn enter(&self, co: &Co) {
        TRAP.set(Some(co.trap_handler()));
        BUSY.set(false);
        DUE.set(false);
        self.shared.beats.store(self.shared.beats.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.shared.inside.store(true, Ordering::Relaxed);
    }

    /// It came to a step, or ended.
    #[inline]
    pub fn leave(&self) {
        self.shared.inside.store(false, Ordering::Relaxed);
        TRAP.set(None);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        // The watcher looks at `stop` under the lock before it signals, so no signal comes after this.
        let _guard = WATCHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

/// What is known of the context that was just thrown out.
pub fn caught() -> Option<Caught> {
    let raw = CAUGHT.with(|c| c.borrow_mut().take())?;
    Some(Caught { frames: raw.frames[..raw.n].to_vec(), fault: raw.fault })
}

/// Source lines of return addresses, without the standard library's and the checker's own.
pub fn source_lines(frames: &[usize]) -> Vec<String> {
    let mut lines = Vec::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    for ip in frames {
        backtrace::resolve(*ip as *mut std::ffi::c_void, |s| {
            if let (Some(file), Some(line)) = (s.filename(), s.lineno()) {
                let short = root.and_then(|r| file.strip_prefix(r).ok()).unwrap_or(file);
                let file = short.display().to_string();
                let ours = ["/rustc/", "machines/model/", "/corosensei", "/backtrace"];
                if !ours.iter().any(|o| file.contains(o)) && lines.len() < 4 {
                    lines.push(format!("{file}:{line}"));
                }
            }
        });
    }
    lines
}

fn thread_time(clock: libc::clockid_t) -> Duration {
    // SAFETY: plain out-parameter; on failure it stays zero.
    let t = unsafe {
        let mut t: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(clock, &raw mut t);
        t
    };
    Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), u32::try_from(t.tv_nsec).unwrap_or(0))
}

fn start_watching() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: installs a handler that only touches thread-locals of the thread it runs on.
        unsafe {
            let mut act: libc::sigaction = std::mem::zeroed();
            act.sa_sigaction = on_signal as *const () as usize;
            act.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigaction(signal(), &raw const act, std::ptr::null_mut());
            act.sa_sigaction = on_fault as *const () as usize;
            act.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            for (n, s) in FAULTS.into_iter().enumerate() {
                let mut former: libc::sigaction = std::mem::zeroed();
                libc::sigaction(s, &raw const act, &raw mut former);
                FORMER[n].store(former.sa_sigaction, Ordering::Relaxed);
            }
        }
        std::thread::Builder::new()
            .name("ringzero-watchdog".to_owned())
            .spawn(watch)
            .expect("a thread for the watchdog");
    });
}

struct Seen {
    who: Weak<Shared>,
    beats: u64,
    cpu: Duration,
    looks: u32,
}

fn watch() {
    let mut seen: Vec<Seen> = Vec::new();
    loop {
        std::thread::sleep(LOOK_EVERY);
        let mut list = WATCHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for who in list.drain(..) {
            seen.push(Seen { who, beats: 0, cpu: Duration::ZERO, looks: 0 });
        }
        seen.retain_mut(|s| {
            let Some(shared) = s.who.upgrade() else { return false };
            if shared.stop.load(Ordering::Relaxed) {
                return false;
            }
            let beats = shared.beats.load(Ordering::Relaxed);
            if !shared.inside.load(Ordering::Relaxed) || beats != s.beats {
                s.beats = beats;
                s.cpu = thread_time(shared.clock);
                s.looks = 0;
                return true;
            }
            s.looks += 1;
            let cpu = thread_time(shared.clock).saturating_sub(s.cpu);
            if cpu > shared.limit || LOOK_EVERY * s.looks > WALL_LIMIT.max(shared.limit * 4) {
                // SAFETY: the thread is alive: its pulse has not stopped, and stopping needs the lock held here.
                unsafe { libc::pthread_kill(shared.thread, signal()) };
                s.looks = 0;
                s.cpu = thread_time(shared.clock);
            }
            true
        });
        drop(list);
    }
}

fn give_signal_stack() {
    const SIZE: usize = 64 << 10;
    if ALT_STACK.replace(true) {
        return;
    }
    // SAFETY: the memory is leaked on purpose: it serves this thread until it ends.
    unsafe {
        let memory = Box::leak(vec![0u8; SIZE].into_boxed_slice());
        let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: SIZE };
        libc::sigaltstack(&raw const stack, std::ptr::null_mut());
    }
}

/// Faults that checked code may cause.
const FAULTS: [libc::c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL];
/// Their handlers from before, as `sigaction` gave them.
static FORMER: [AtomicUsize; FAULTS.len()] = [const { AtomicUsize::new(0) }; FAULTS.len()];

extern "C" fn on_signal(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    if BUSY.get() {
        DUE.set(true);
        return;
    }
    throw_out(context, None);
}

extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel hands valid pointers to a handler installed with SA_SIGINFO.
    let (regs, addr) =
        unsafe { (&(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs, (*info).si_addr() as usize) };
    let fault = Fault {
        signal,
        addr,
        write: signal == libc::SIGSEGV && regs[libc::REG_ERR as usize] & 2 != 0,
        ip: regs[libc::REG_RIP as usize] as usize,
        sp: regs[libc::REG_RSP as usize] as usize,
    };
    let full = TRAP.get().is_some_and(|t| near_end(&t, fault.addr) || near_end(&t, fault.sp));
    if (!BUSY.get() || full) && throw_out(context, Some(fault)) {
        return;
    }
    // Not checked code: as if this handler were not there.
    let n = FAULTS.iter().position(|&s| s == signal).unwrap_or(0);
    let former = FORMER[n].load(Ordering::Relaxed);
    if former == libc::SIG_DFL || former == libc::SIG_IGN {
        // SAFETY: sets the default action; the faulting instruction is executed again and ends the process.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
        return;
    }
    // SAFETY: neither default nor ignored, so a handler of this type that was installed before (std's).
    unsafe {
        let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
            std::mem::transmute::<usize, _>(former);
        handler(signal, info, context);
    }
}

/// Whether an address lies where a stack ends: in its guard page, or so near that a call may not fit.
fn near_end(trap: &CoroutineTrapHandler<Outcome>, addr: usize) -> bool {
    trap.stack_ptr_in_bounds(addr) && !trap.stack_ptr_in_bounds(addr.saturating_sub(2 * 4096))
}

fn collect(frames: &mut [usize; FRAMES], n: &mut usize) {
    // SAFETY: only collects return addresses; nothing is resolved or allocated here.
    unsafe {
        backtrace::trace_unsynchronized(|f| {
            frames[*n] = f.ip() as usize;
            *n += 1;
            *n < FRAMES
        });
    }
}

/// Makes the context that the signal interrupted return. Whether there was one.
fn throw_out(context: *mut libc::c_void, fault: Option<Fault>) -> bool {
    let Some(trap) = TRAP.get() else { return false };
    // SAFETY: the kernel hands a valid context to a handler installed with SA_SIGINFO.
    let regs = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let sp = regs[libc::REG_RSP as usize] as usize;
    if !trap.stack_ptr_in_bounds(sp) {
        return false;
    }
    let mut frames = [0usize; FRAMES];
    let mut n = 0;
    if fault.is_some_and(|f| near_end(&trap, f.addr) || near_end(&trap, sp)) {
        // The unwinder would read where the stack has ended; the frame pointers of C code lead upwards.
        let mut frame = regs[libc::REG_RBP as usize] as usize;
        frames[0] = regs[libc::REG_RIP as usize] as usize;
        n = 1;
        while n < FRAMES && trap.stack_ptr_in_bounds(frame) && frame.is_multiple_of(8) && !near_end(&trap, frame) {
            // SAFETY: a word of this context's stack, above its end.
            let (next, ip) = unsafe { (*(frame as *const usize), *((frame + 8) as *const usize)) };
            frames[n] = ip;
            n += 1;
            if next <= frame {
                break;
            }
            frame = next;
        }
    } else {
        collect(&mut frames, &mut n);
    }
    CAUGHT.with(|c| {
        if let Ok(mut c) = c.try_borrow_mut() {
            *c = Some(Raw { frames, n, fault });
        }
    });
    TRAP.set(None);
    // SAFETY: the interrupted stack pointer lies in this coroutine's stack, so it was running; its frames are
    // abandoned, which is what switching away means on this machine.
    let to = unsafe { trap.setup_trap_handler(|| Outcome::Trapped) };
    regs[libc::REG_RIP as usize] = to.rip as i64;
    regs[libc::REG_RSP as usize] = to.rsp as i64;
    regs[libc::REG_RBP as usize] = to.rbp as i64;
    regs[libc::REG_RDI as usize] = to.rdi as i64;
    regs[libc::REG_RSI as usize] = to.rsi as i64;
    true
}
