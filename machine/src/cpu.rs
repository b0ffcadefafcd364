//! The CPU block, and how a thread finds its own.

use crate::contract::Machine;
use core::cell::Cell;
use core::ptr;

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

/// One CPU's block: what fast paths read and write. Only the CPU's own contexts touch it.
#[repr(C)]
#[derive(Debug)]
pub struct Cpu {
    /// This CPU's number.
    pub id: Cell<u32>,
    /// The preempt count of the running context, with the layout of seed 001.
    pub preempt_count: Cell<u32>,
    /// The interrupt state of the running context.
    pub irq: Cell<IrqState>,
    /// Softirq vectors raised on this CPU and not yet run, one bit each.
    pub softirq_pending: Cell<u32>,
    /// The scheduler wants to run on this CPU as soon as preemption allows it.
    pub need_resched: Cell<bool>,
    /// The task that runs here, as the scheduler's own type; null when idle.
    pub current: Cell<*const ()>,
    /// Contexts stacked here above the task: 0 when a task (or nothing) runs.
    pub irq_nesting: Cell<u32>,
    /// The place in C whose call into Ringzero runs here ([`crate::Place::bits`]); 0 while none does.
    pub caller: Cell<usize>,
}

impl Cpu {
    /// A CPU block at rest: interrupts on, preemption on, nothing pending.
    #[must_use]
    pub const fn new(id: u32) -> Self {
        Self {
            id: Cell::new(id),
            preempt_count: Cell::new(0),
            irq: Cell::new(IrqState { masked: false, depth: 0, saved: false }),
            softirq_pending: Cell::new(0),
            need_resched: Cell::new(false),
            current: Cell::new(ptr::null()),
            irq_nesting: Cell::new(0),
            caller: Cell::new(0),
        }
    }

    /// Puts the block back to rest for a new execution.
    pub fn reset(&self) {
        self.preempt_count.set(0);
        self.irq.set(IrqState::default());
        self.softirq_pending.set(0);
        self.need_resched.set(false);
        self.current.set(ptr::null());
        self.irq_nesting.set(0);
        self.caller.set(0);
    }
}

std::thread_local! {
    static CPU: Cell<*const Cpu> = const { Cell::new(ptr::null()) };
    static MACHINE: Cell<Option<&'static dyn Machine>> = const { Cell::new(None) };
    static OUTSIDE: Cpu = const { Cpu::new(0) };
}

/// The block of the CPU this context runs on. Outside a machine: a block of the thread's own, as if on a CPU alone.
#[inline]
#[must_use]
pub fn cpu() -> &'static Cpu {
    let p = CPU.get();
    if p.is_null() {
        // SAFETY: the thread-local lives as long as its thread, and a `Cpu` reference cannot leave it (`Cpu` is
        // not `Sync`).
        return OUTSIDE.with(|c| unsafe { &*ptr::from_ref(c) });
    }
    // SAFETY: `install` was given a block that outlives its installation, and it is not null here.
    unsafe { &*p }
}

/// The machine this thread's contexts run on, if any.
#[inline]
#[must_use]
pub fn machine() -> Option<&'static dyn Machine> {
    MACHINE.get()
}

/// Whether the caller runs on a machine.
#[inline]
#[must_use]
pub fn in_machine() -> bool {
    MACHINE.get().is_some()
}

/// Makes `cpu` and `machine` the ones this thread's code finds; `None` takes them away. Returns what was there.
///
/// # Safety
/// Both must stay valid until they are replaced by another call, and only this thread may use them meanwhile.
pub unsafe fn install(cpu: Option<*const Cpu>, machine: Option<&'static dyn Machine>) {
    CPU.set(cpu.unwrap_or(ptr::null()));
    MACHINE.set(machine);
}
