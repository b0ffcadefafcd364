//! The watchdog: code that blocks or loops between two steps becomes the finding `soft-lockup`.
//!
//! One thread in the process looks at every explorer's pulse. When a context has used [`CPU_LIMIT`] of its thread's
//! processor time, or [`WALL_LIMIT`] of wall time, without coming to a step, the explorer's thread gets a signal.
//! The handler notes where the context is and makes its coroutine return, as a hardware trap would.

use crate::ctx::{Co, Outcome};
use corosensei::trap::CoroutineTrapHandler;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once, Weak};
use std::time::Duration;

/// Processor time between two steps.
pub const CPU_LIMIT: Duration = Duration::from_millis(500);
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
}

/// An explorer's pulse.
pub struct Pulse {
    shared: Arc<Shared>,
}

thread_local! {
    static TRAP: Cell<Option<CoroutineTrapHandler<Outcome>>> = const { Cell::new(None) };
    static CAUGHT: RefCell<Option<([usize; FRAMES], usize)>> = const { RefCell::new(None) };
    static ALT_STACK: Cell<bool> = const { Cell::new(false) };
}

static WATCHED: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

fn signal() -> libc::c_int {
    libc::SIGRTMIN() + 7
}

impl Pulse {
    pub fn new() -> Self {
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
        });
        WATCHED.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(Arc::downgrade(&shared));
        Self { shared }
    }

    /// A context is about to run.
    #[inline]
    pub fn enter(&self, co: &Co) {
        TRAP.set(Some(co.trap_handler()));
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

/// Where the context was that the watchdog threw out: return addresses, innermost first.
pub fn caught() -> Option<Vec<usize>> {
    CAUGHT.with(|c| c.borrow_mut().take().map(|(frames, n)| frames[..n].to_vec()))
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
            if cpu > CPU_LIMIT || LOOK_EVERY * s.looks > WALL_LIMIT {
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

extern "C" fn on_signal(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(trap) = TRAP.get() else { return };
    // SAFETY: the kernel hands a valid context to a handler installed with SA_SIGINFO.
    let regs = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let sp = regs[libc::REG_RSP as usize] as usize;
    if !trap.stack_ptr_in_bounds(sp) {
        return;
    }
    let mut frames = [0usize; FRAMES];
    let mut n = 0;
    // SAFETY: only collects return addresses; nothing is resolved or allocated here.
    unsafe {
        backtrace::trace_unsynchronized(|f| {
            frames[n] = f.ip() as usize;
            n += 1;
            n < FRAMES
        });
    }
    CAUGHT.with(|c| {
        if let Ok(mut c) = c.try_borrow_mut() {
            *c = Some((frames, n));
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
}
