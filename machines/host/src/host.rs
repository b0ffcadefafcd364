//! The machine of threads, as kernel code sees it.

use crate::cpu::{HostCpu, booted, cpu_of, this};
use crate::{boot, clock, lines, os, park, run};
use ringzero_machine::{
    Cond, Finding, Left, Limits, LineSpec, Machine, Place, PreemptModel, Step, TaskSpec, WaitKind, cpu,
};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::compiler_fence;
use std::sync::{Mutex, OnceLock, PoisonError};

/// What the machine needs of the kernel above it.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// Makes the kernel's own object for the task of a thread that becomes a CPU, by the task's number.
    pub adopt: fn(u32) -> *const (),
    /// Puts such an object back to what it was at first: another thread has it now.
    pub adopt_again: fn(*const ()),
    /// CPU n was booted. Called by the thread that boots it.
    pub booted: fn(u32),
}

struct Host;
static HOST: Host = Host;
static MACHINE: &(dyn Machine + Sync) = &HOST;
static HOOKS: OnceLock<Hooks> = OnceLock::new();
type Look = fn() -> Option<Left>;
/// Looks for what a program leaves behind.
pub(crate) static LOOKS: Mutex<Vec<Look>> = Mutex::new(Vec::new());
type Exit = (unsafe fn(*mut ()), usize);
/// The program's exit function: what runs, and with what.
pub(crate) static EXIT: Mutex<Option<Exit>> = Mutex::new(None);

pub(crate) fn hooks() -> Option<&'static Hooks> {
    HOOKS.get()
}

/// Makes the machine of threads the machine of the process. The first call counts.
pub fn install(hooks: Hooks) {
    if HOOKS.set(hooks).is_ok() {
        os::now_ns();
        os::processors();
        os::register_fences();
        ringzero_machine::set_host(&MACHINE);
    }
}

/// Memory of this size and alignment.
fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size.max(1), align).expect("a size that is possible")
}

/// A step has ended: what waited for that is taken now.
pub(crate) fn look_up() {
    compiler_fence(SeqCst);
    let cpu = cpu();
    if cpu.within.get() == 0 && cpu.attention.load(Relaxed) != 0 {
        ringzero_machine::attend();
    }
}

/// Keeps interrupts out of this CPU while `f` runs, which uses what an interrupted function may be in the middle of: the
/// allocator, the standard output.
pub(crate) fn undisturbed<R>(f: impl FnOnce() -> R) -> R {
    let within = &cpu().within;
    within.set(within.get() + 1);
    compiler_fence(SeqCst);
    let result = f();
    compiler_fence(SeqCst);
    within.set(within.get() - 1);
    look_up();
    result
}

impl Machine for Host {
    fn step(&self, _: &Step) {}

    fn wait(&self, _: &Step, cond: Cond, kind: WaitKind) {
        park::wait(&cond, kind);
    }

    fn notify(&self, addr: usize) {
        park::notify(addr);
    }

    fn relax(&self, _: Place) {
        let cpu = this();
        let round = cpu.rounds.get().wrapping_add(1);
        cpu.rounds.set(round);
        park::relax_round(round);
    }

    fn give_up(&self) -> bool {
        run::give_up();
        true
    }

    fn heavy_fence(&self) {
        ringzero_protocol::Os::heavy_fence(&crate::os::Threads);
    }

    fn cond_resched(&self) {
        run::give_up_if_allowed(this());
    }

    fn attend(&self) {
        run::attend();
    }

    fn register(&self) {
        crate::register::register();
    }

    fn step_lock_taken(&self, round: u32) {
        if round.is_multiple_of(64) {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }

    fn service_cpu(&self) -> u32 {
        let cpu = this();
        if cpu.booted {
            return cpu.id();
        }
        boot::ensure_booted();
        0
    }

    fn free_running_ns(&self) -> Option<u64> {
        Some(os::now_ns())
    }

    fn report(&self, finding: &Finding<'_>) -> ! {
        boot::found(finding)
    }

    fn choose(&self, _: &Step, _: u32) -> u32 {
        0
    }

    fn fine(&self) -> bool {
        false
    }

    fn preempt_model(&self) -> PreemptModel {
        PreemptModel::Full
    }

    fn limits(&self) -> Limits {
        Limits { expiries: u32::MAX, failures: 0 }
    }

    fn nr_cpus(&self) -> u32 {
        booted().max(1)
    }

    fn spawn(&self, spec: &TaskSpec) -> u32 {
        let number = crate::task::HostTask::spawn(spec);
        if crate::realtime::wanted() {
            look_up();
        }
        number
    }

    fn priority_changed(&self, number: u32, realtime: bool) {
        crate::realtime::changed(number, realtime);
    }

    fn join(&self, number: u32, _: Place) {
        if let Some(ended) = crate::task::HostTask::ended(number) {
            park::wait(&ended, WaitKind::Sleep);
            park::notify(ended.addr);
            // What it did comes before.
            std::sync::atomic::fence(std::sync::atomic::Ordering::Acquire);
        }
    }

    fn line_add(&self, line: &LineSpec) {
        boot::ensure_booted();
        lines::add(line);
    }

    fn line_remove(&self, irq: u32) {
        lines::remove(irq);
    }

    fn line_raise(&self, irq: u32) {
        lines::raise(irq);
    }

    fn line_settled(&self, irq: u32) {
        lines::settled(irq);
    }

    fn line_running_here(&self, _: u32) -> bool {
        this().block.irq_nesting.get() != 0
    }

    fn clock_event(&self, cpu: u32, deadline_ns: Option<u64>, entry: fn(u32), _: usize) {
        boot::ensure_booted();
        clock::program(cpu, deadline_ns, entry);
    }

    fn now_ns(&self) -> u64 {
        os::now_ns()
    }

    fn send_ipi(&self, cpu: u32, entry: fn(u32)) {
        boot::ensure_booted();
        if let Some(target) = cpu_of(cpu).filter(|c: &&HostCpu| c.booted) {
            target.post(run::ipi_bit(entry));
        }
    }

    fn alloc(&self, size: usize, align: usize) -> *mut u8 {
        let layout = layout(size, align);
        // SAFETY: the size is not 0.
        let p = undisturbed(|| unsafe { alloc_zeroed(layout) });
        if p.is_null() { handle_alloc_error(layout) } else { p }
    }

    unsafe fn free(&self, p: *mut u8, size: usize, align: usize) {
        // SAFETY: the caller's contract.
        undisturbed(|| unsafe { dealloc(p, layout(size, align)) });
    }

    fn object_born(&self, _: usize, _: usize, _: Place, _: &'static str) {}

    fn object_dies(&self, _: usize, _: Place) {}

    fn on_exit(&self, entry: unsafe fn(*mut ()), data: *mut ()) {
        *EXIT.lock().unwrap_or_else(PoisonError::into_inner) = Some((entry, data.expose_provenance()));
    }

    fn log(&self, text: &str) {
        undisturbed(|| boot::log(text));
    }

    fn irq_edge(&self, _: bool) {}

    fn at_end(&self, look: fn() -> Option<Left>) {
        let mut looks = LOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        if !looks.iter().any(|known| ptr::fn_addr_eq(*known, look)) {
            looks.push(look);
        }
    }

    fn lock_owner(&self, _: usize, _: bool, _: Place) {}
}
