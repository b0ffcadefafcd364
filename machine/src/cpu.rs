//! The CPU block, and how a thread finds its own.

use crate::contract::Machine;
use crate::tls::thread_cell;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// The interrupt state of a context: hardware mask, and the depth of the counted (guard) form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IrqState {
    /// Interrupts are masked on this CPU.
    pub masked: bool,
    /// Counted disables in force.
    pub depth: u32,
    /// What `masked` was when the outermost counted disable came.
    pub saved: bool,
}

/// A bit of [`Cpu::attention`]: an interrupt waits to be delivered.
pub const ATTENTION_IRQ: u32 = 1;
/// A bit of [`Cpu::attention`]: another task wants this CPU.
pub const ATTENTION_RESCHED: u32 = 2;

/// What a CPU counts ([`Cpu::count`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Handlers of softirqs that were run.
    Softirqs,
    /// Timers that have expired, those of sleeps too.
    Timers,
    /// Work items that were executed.
    Works,
}

/// One CPU's block: what fast paths read and write. Only the CPU's own contexts touch it, but for `attention`.
#[repr(C)]
#[derive(Debug)]
pub struct Cpu {
    /// This CPU's number.
    pub id: Cell<u32>,
    /// The preempt count of the running context, with the layout of seed 001.
    pub preempt_count: Cell<u32>,
    /// Something waits for this CPU to be able to take it: `ATTENTION_*`. Set by any thread and by signal handlers of this
    /// one; whoever switches interrupts or preemption on calls [`attend`] if it is not 0. Always 0 on the model.
    pub attention: AtomicU32,
    /// How many [`StepLock`](crate::StepLock)s this CPU holds: nothing is delivered meanwhile, and no task switched.
    pub within: Cell<u32>,
    /// The interrupt state of the running context.
    pub irq: Cell<IrqState>,
    /// Softirq vectors raised on this CPU and not yet run, one bit each.
    pub softirq_pending: Cell<u32>,
    /// How far this CPU's copies of per-CPU state are from the templates, in bytes.
    pub percpu: Cell<isize>,
    /// The scheduler wants to run on this CPU as soon as preemption allows it.
    pub need_resched: Cell<bool>,
    /// The task that runs here, as the scheduler's own type; null when idle.
    pub current: Cell<*const ()>,
    /// Contexts stacked here above the task: 0 when a task (or nothing) runs.
    pub irq_nesting: Cell<u32>,
    /// The place in C whose call into Ringzero runs here ([`crate::Place::bits`]); 0 while none does.
    pub caller: Cell<usize>,
    /// How often each [`Count`] came here: for summaries.
    counts: [AtomicU64; 3],
}

impl Cpu {
    /// A CPU block at rest: interrupts on, preemption on, nothing pending.
    #[must_use]
    pub const fn new(id: u32) -> Self {
        Self {
            id: Cell::new(id),
            preempt_count: Cell::new(0),
            attention: AtomicU32::new(0),
            within: Cell::new(0),
            irq: Cell::new(IrqState { masked: false, depth: 0, saved: false }),
            softirq_pending: Cell::new(0),
            percpu: Cell::new(0),
            need_resched: Cell::new(false),
            current: Cell::new(ptr::null()),
            irq_nesting: Cell::new(0),
            caller: Cell::new(0),
            counts: [const { AtomicU64::new(0) }; 3],
        }
    }

    /// Counts one more. Kernel code on this CPU only, which nothing interrupts between two instructions.
    #[inline]
    pub fn count(&self, what: Count) {
        let word = &self.counts[what as usize];
        word.store(word.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// How many there were so far. Any thread.
    #[must_use]
    pub fn counted(&self, what: Count) -> u64 {
        self.counts[what as usize].load(Ordering::Relaxed)
    }

    /// Puts the block back to rest for a new execution. Its number and its per-CPU copies stay.
    pub fn reset(&self) {
        self.preempt_count.set(0);
        self.attention.store(0, Ordering::Relaxed);
        self.within.set(0);
        self.irq.set(IrqState::default());
        self.softirq_pending.set(0);
        self.need_resched.set(false);
        self.current.set(ptr::null());
        self.irq_nesting.set(0);
        self.caller.set(0);
    }
}

thread_cell! {
    /// The CPU this thread's code runs on now.
    static CPU: Cell<*const Cpu> = Cell::new(ptr::null());
    /// The CPU that the thread itself is; null as long as it is none.
    static HOME: Cell<*const Cpu> = Cell::new(ptr::null());
    /// For threads of a program without a machine.
    static OUTSIDE: Cpu = Cpu::new(0);
}
#[cfg(feature = "model")]
thread_cell! {
    static MODEL: Cell<Option<&'static dyn Machine>> = Cell::new(None);
}

/// The machine of the process, which every thread is a part of that runs no model: set once.
static HOST: AtomicPtr<&'static (dyn Machine + Sync)> = AtomicPtr::new(ptr::null_mut());

/// The block of the CPU this context runs on. On the host machine the first call makes the thread a CPU. Without a
/// machine: a block of the thread's own, as if on a CPU alone.
#[inline]
#[must_use]
pub fn cpu() -> &'static Cpu {
    let p = CPU.get();
    if p.is_null() {
        return not_yet();
    }
    // SAFETY: `install` and `set_home` were given a block that outlives its installation.
    unsafe { &*p }
}

/// The block of a thread that has none.
#[cold]
#[inline(never)]
fn not_yet() -> &'static Cpu {
    if let Some(host) = host() {
        host.register();
        let p = CPU.get();
        if !p.is_null() {
            // SAFETY: as in `cpu`.
            return unsafe { &*p };
        }
    }
    // SAFETY: the thread-local lives as long as its thread, and a `Cpu` reference cannot leave it (`Cpu` is not `Sync`).
    OUTSIDE.with(|c| unsafe { &*ptr::from_ref(c) })
}

/// The model machine that this thread's contexts run on, if any: what is observed but has no effect is told to it only.
/// Without the feature `model` there is none, and what is announced leaves no code.
#[inline(always)]
#[must_use]
pub fn model() -> Option<&'static dyn Machine> {
    #[cfg(feature = "model")]
    return MODEL.get();
    #[cfg(not(feature = "model"))]
    None
}

/// The machine of threads, if the process has one.
#[inline]
#[must_use]
pub fn host() -> Option<&'static dyn Machine> {
    // SAFETY: null, or what `set_host` was given.
    unsafe { HOST.load(Ordering::Acquire).as_ref() }.map(|m| *m as &dyn Machine)
}

/// The machine this context runs on: the model of this thread, else the host. None in a program that has neither.
#[inline]
#[must_use]
pub fn machine() -> Option<&'static dyn Machine> {
    model().or_else(host)
}

/// Whether the caller runs on a machine.
#[inline]
#[must_use]
pub fn in_machine() -> bool {
    machine().is_some()
}

/// Whether the model wants the primitives' own atomics as steps.
#[inline]
#[must_use]
pub fn fine() -> bool {
    model().is_some_and(|m| m.fine())
}

/// Delivers what waits for this CPU, if it may be delivered now. Called where [`Cpu::attention`] was found not to be 0.
#[cold]
#[inline(never)]
pub fn attend() {
    if model().is_none()
        && let Some(m) = host()
    {
        m.attend();
    }
}

/// Makes `host` the machine of the process. The first one stays.
pub fn set_host(host: &'static &'static (dyn Machine + Sync)) {
    let _ = HOST.compare_exchange(ptr::null_mut(), ptr::from_ref(host).cast_mut(), Ordering::AcqRel, Ordering::Acquire);
}

/// Says which CPU the calling thread itself is: what [`cpu`] finds while no model runs on it. `None`: not any more.
///
/// # Safety
/// The block must stay valid until it is replaced, and only this thread may use it meanwhile.
pub unsafe fn set_home(cpu: Option<*const Cpu>) {
    let cpu = cpu.unwrap_or(ptr::null());
    HOME.set(cpu);
    CPU.set(cpu);
}

/// Makes `cpu` and `machine` the ones this thread's code finds; `None` takes them away, and the thread is again the CPU
/// that it was before.
///
/// # Safety
/// Both must stay valid until they are replaced by another call, and only this thread may use them meanwhile.
#[cfg(feature = "model")]
pub unsafe fn install(cpu: Option<*const Cpu>, machine: Option<&'static dyn Machine>) {
    CPU.set(cpu.unwrap_or(HOME.get()));
    MODEL.set(machine);
}
