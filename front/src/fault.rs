//! The end of a process whose module does what it must not: a violated rule, a fault of the processor.
//!
//! A fault may come on any stack, even on one that is used up. So the handler only notes what the processor tells, and a
//! thread of its own, which waits for nothing else, looks up the place, says what it was, and ends the process.

use ringzero_capi::fatal;
use ringzero_machine::{Finding, Place, code_map, cpu};
use ringzero_sched::Task;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::FromRawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// What ends the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The finding's code; `panic` for any panic.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Where: file and line.
    pub place: Option<String>,
    /// Another place that belongs to it.
    pub other: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        let places = [("-->", &self.place), ("see", &self.other)];
        places.into_iter().try_for_each(|(word, place)| match place {
            Some(place) => write!(f, "\n  {word} {place}"),
            None => Ok(()),
        })
    }
}

/// Tells of it, and gives the exit status.
static TELL: OnceLock<fn(&Violation) -> i32> = OnceLock::new();
/// Somebody ends the process already.
static ENDING: AtomicBool = AtomicBool::new(false);

/// What the handler notes.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static ADDR: AtomicUsize = AtomicUsize::new(0);
static WRITES: AtomicBool = AtomicBool::new(false);
static IP: AtomicUsize = AtomicUsize::new(0);
static SP: AtomicUsize = AtomicUsize::new(0);
/// The return address of a call to where there is no code; else 0.
static RETURN: AtomicUsize = AtomicUsize::new(0);
/// The call from C that ran, and the task.
static CALLER: AtomicUsize = AtomicUsize::new(0);
static TASK: AtomicUsize = AtomicUsize::new(0);
static ON_CPU: AtomicUsize = AtomicUsize::new(0);
/// The last three are noted.
static ALL: AtomicBool = AtomicBool::new(false);
/// Where the handler writes a byte to.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// How close to the stack pointer an address is that a function touches to get its stack.
const STACK_STEP: usize = 2 * 4096;
/// Addresses up to here belong to nobody: an access there followed a null pointer.
const NULL_END: usize = 64 << 10;

/// Says what was found, and ends the process.
fn found(finding: &Finding<'_>) -> ! {
    // Without the feature `model` kernel code knows no places in C.
    let place = in_c(cpu().caller.get()).unwrap_or(finding.place);
    end(finding.code, finding.message, Some(shown(place)), finding.other.map(shown))
}

/// The place of a call from C, as a CPU keeps it.
fn in_c(caller: usize) -> Option<Place> {
    (caller & 1 == 1).then(|| Place::code(caller >> 1))
}

fn shown(place: Place) -> String {
    format!("{}:{}", place.file(), place.line())
}

fn end(code: &str, message: &str, place: Option<String>, other: Option<String>) -> ! {
    if ENDING.swap(true, SeqCst) {
        // The first one is what counts; it takes the process with it.
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
    let violation = Violation { code: code.to_owned(), message: message.to_owned(), place, other };
    let tell = TELL.get().copied().unwrap_or(|violation| {
        eprintln!("{violation}");
        1
    });
    std::process::exit(tell(&violation))
}

/// From now on a violated rule, a fault of the processor and a panic on a booted CPU end the process: `tell` is called with
/// what it was, once, and its result is the exit status. The first call counts.
pub fn end_process_with(tell: fn(&Violation) -> i32) {
    if TELL.set(tell).is_err() {
        return;
    }
    ringzero::host::set_finding_hook(Some(|finding| found(finding)));
    fatal::set_end(found);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if cpu().id.get() >= ringzero::host::NR_BOOTED as u32 {
            // Ringzero's own, outside of the machine.
            return before(info);
        }
        let text = info.payload().downcast_ref::<&str>().copied();
        let text = text.or_else(|| info.payload().downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("a panic without a message");
        let at = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
        match in_c(cpu().caller.get()) {
            Some(place) => end("panic", text, Some(shown(place)), at),
            None => end("panic", text, at, None),
        }
    }));
    listen();
}

/// Starts the thread that tells of faults, and has them noted.
fn listen() {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return;
    }
    PIPE.store(ends[1], SeqCst);
    // SAFETY: the descriptor is new and belongs to nobody else.
    let mut pipe = unsafe { File::from_raw_fd(ends[0]) };
    let wait = move || {
        if pipe.read_exact(&mut [0]).is_ok() {
            tell();
        }
    };
    if std::thread::Builder::new().name("ringzero-faults".into()).spawn(wait).is_err() {
        return;
    }
    for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT] {
        // SAFETY: a handler that touches nothing but atomics and its thread's CPU block; the mask is filled.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = note as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigfillset(&raw mut action.sa_mask);
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

extern "C" fn note(signal: i32, info: *const libc::siginfo_t, context: *mut libc::c_void) {
    /// Set in the error code of a page fault that was a write, or that fetched an instruction.
    const WRITE: i64 = 2;
    const FETCH: i64 = 16;
    static NOTED: AtomicBool = AtomicBool::new(false);
    if !NOTED.swap(true, SeqCst) {
        // SAFETY: what the kernel hands to such a handler.
        unsafe {
            let registers = &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
            IP.store(registers[libc::REG_RIP as usize] as usize, SeqCst);
            SP.store(registers[libc::REG_RSP as usize] as usize, SeqCst);
            let error = if signal == libc::SIGSEGV { registers[libc::REG_ERR as usize] } else { 0 };
            WRITES.store(error & WRITE != 0, SeqCst);
            if error & FETCH != 0 {
                // A call has put its return address there, since when nothing was executed.
                RETURN.store(*(registers[libc::REG_RSP as usize] as *const usize), SeqCst);
            }
            ADDR.store((*info).si_addr().addr(), SeqCst);
        }
        SIGNAL.store(signal, SeqCst);
        // SAFETY: one byte of a constant.
        unsafe { libc::write(PIPE.load(SeqCst), b"f".as_ptr().cast(), 1) };
        let cpu = cpu();
        CALLER.store(cpu.caller.get(), SeqCst);
        TASK.store(if cpu.irq_nesting.get() == 0 { cpu.current.get().addr() } else { 0 }, SeqCst);
        ON_CPU.store(cpu.id.get() as usize, SeqCst);
        ALL.store(true, SeqCst);
    }
    loop {
        // SAFETY: waits for a signal; all are masked but those that cannot be.
        unsafe { libc::pause() };
    }
}

/// Says what the handler has noted, and ends the process.
fn tell() -> ! {
    for _ in 0..100 {
        if ALL.load(SeqCst) {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let (ip, sp, addr) = (IP.load(SeqCst), SP.load(SeqCst), ADDR.load(SeqCst));
    let call = RETURN.load(SeqCst);
    let inside = code_map().and_then(|map| map.code_offset(if call == 0 { ip } else { call - 1 })).map(Place::code);
    let called = CALLER.load(SeqCst);
    // A call into Ringzero with a bad pointer faults in Ringzero.
    let place = inside.or_else(|| in_c(called));
    let who = match TASK.load(SeqCst) {
        0 => format!("an interrupt on CPU {}", ON_CPU.load(SeqCst)),
        // SAFETY: the running task of a CPU, which stands still since.
        task => format!("task {}", unsafe { &*std::ptr::with_exposed_provenance::<Task>(task) }.name()),
    };
    let (code, message) = match SIGNAL.load(SeqCst) {
        libc::SIGFPE => ("divide-error", format!("{who} divides by zero, or the quotient does not fit")),
        libc::SIGILL => ("bug", format!("{who} executes an invalid instruction")),
        // The C library does so when it finds its heap destroyed.
        libc::SIGABRT => ("bug", format!("{who} has the process abort: memory was overwritten, perhaps")),
        _ if addr != 0 && addr.abs_diff(sp) < STACK_STEP => ("stack-overflow", format!("{who} has used up its stack")),
        _ if call != 0 && addr == 0 => ("page-fault", format!("{who} calls a null pointer")),
        _ if call != 0 => ("page-fault", format!("{who} calls {addr:#x}, where there is no code")),
        _ => ("page-fault", format!("{who} {}", access(addr))),
    };
    end(code, &message, place.map(shown), None)
}

/// What was touched.
fn access(addr: usize) -> String {
    let (writes, verb) = if WRITES.load(SeqCst) { (true, "writes") } else { (false, "reads") };
    match addr {
        // A pointer that is no address at all also shows as a read of 0.
        0 if writes => "writes through a null pointer".to_owned(),
        0 => "uses a null pointer, or one that is no address".to_owned(),
        n if n < NULL_END => format!("{verb} at {n:#x}, that far behind a null pointer"),
        n => format!("{verb} at {n:#x}, where there is no memory"),
    }
}
