//! A context of the machine: a task, an interrupt, an IPI or a timer interrupt, as a coroutine.

use crate::plain::OnStack;
use crate::procs::mix;
use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, Yielder};
use ringzero_machine::{Cond, IrqState, Place, Priority};
use ringzero_trace::{Event, NO_EVENT, NO_SLOT, Proc};
use std::sync::atomic::AtomicU64;

/// How a context's coroutine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned.
    Returned,
    /// It panicked; the finding is recorded.
    Panicked,
    /// The watchdog threw it out; the finding is recorded.
    Trapped,
}

pub type Co = Coroutine<(), (), Outcome, DefaultStack>;
pub type Yield = Yielder<(), ()>;

/// What a context is, and the data only that kind has.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A task.
    Task {
        /// Its scheduler's object, installed as `current`.
        data: *mut (),
        /// Where it may run.
        allowed: *const AtomicU64,
        /// Its priority.
        prio: Priority,
        /// It may wait for ever.
        system: bool,
        /// It is the program's exit function.
        exit: bool,
    },
    /// An interrupt of line `irq` (index into the machine's lines).
    Line {
        /// Index into the lines.
        line: usize,
    },
    /// An IPI.
    Ipi,
    /// The clock event's interrupt.
    Tick,
}

/// A word that a failed round of an open-coded wait loop has read.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    pub addr: usize,
    pub size: u8,
    pub value: u64,
    pub event: Event,
}

/// The value of a word now (0 for size 0).
fn word(addr: usize, size: u8) -> u64 {
    Cond::at(addr, size, |_, _| true, 0).value()
}

impl Watch {
    /// The word's value now.
    pub fn now(&self) -> u64 {
        word(self.addr, self.size)
    }
}

/// One context.
pub struct Ctx {
    pub proc: Proc,
    pub kind: Kind,
    pub name: &'static str,
    pub co: Option<Co>,
    pub yielder: *const Yield,
    /// Its announced step.
    pub pend: Event,
    /// The announced step's object, for reading its word.
    pub pend_addr: usize,
    pub pend_size: u8,
    /// The announced step observes the word's value.
    pub pend_reads: bool,
    /// What the step waits for.
    pub cond: Option<Cond>,
    /// It waits without its CPU.
    pub sleeps: bool,
    /// It waits for the end of this context.
    pub joins: Option<usize>,
    /// It sits in `cpu_relax()`; what its failed round has read.
    pub relaxing: bool,
    /// It keeps its CPU from others while it does: its failed round is an event.
    pub keeps_cpu: bool,
    /// The former `cpu_relax()` was the same call: this is the loop's second round or a later one.
    pub relax_again: bool,
    pub watch: Vec<Watch>,
    /// Reads of the current round, while it could still be a round of a wait loop.
    pub round: Vec<Watch>,
    pub relax_place: Option<Place>,
    /// Before which of its steps it has offered its CPU to other tasks, since its last `cpu_relax()`.
    pub offers: Option<u32>,
    /// It has done so in the round before its last `cpu_relax()`.
    pub offered: bool,
    /// How often it has said `cond_resched()` after it had read the same as before, changed nothing, and kept its CPU.
    pub polls: u32,
    /// What it has read, and where, since it last said so; the same of the round before. 0: nothing.
    pub reads: u64,
    pub last_reads: u64,
    /// A step of the round has changed something, so that it cannot be taken back.
    pub round_stays: bool,
    pub cpu: Option<usize>,
    /// It was switched away for a better task, and is the first of its rank.
    pub first: bool,
    /// It has been off its CPU since it came to the `yield()` that it is at.
    pub gave_way: bool,
    /// Where it was before it was taken off its CPU.
    pub last_cpu: usize,
    /// The CPU's state of what it interrupted (handlers), or its own while off its CPU (tasks).
    pub saved: (u32, IrqState),
    pub idx: u32,
    pub history: u64,
    pub children: u32,
    pub base: u32,
    pub done: bool,
    /// The way an environment's decision fell.
    pub way: u8,
    /// Steps of this context that happened, as numbers of the execution's events.
    pub last_event: u32,
    /// Its stack: the lowest address, and one past the highest.
    pub stack: (usize, usize),
    /// Where the frames of its C functions begin, outermost first.
    pub frames: Vec<usize>,
    /// Objects on its stack.
    pub on_stack: Vec<OnStack>,
    /// The step that it takes is a part of a larger access.
    pub in_parts: bool,
    /// It has abandoned what it did, and counts as returned.
    pub quits: bool,
    /// Brackets of `data_race()` that it is in.
    pub marked: u32,
    /// The sequence counters that it reads under.
    pub seq_sections: Vec<usize>,
}

impl Ctx {
    /// One that begins with the step `pend`.
    pub fn new(proc: Proc, kind: Kind, name: &'static str, pend: Event) -> Self {
        Self {
            proc,
            kind,
            name,
            co: None,
            yielder: std::ptr::null(),
            pend,
            pend_addr: 0,
            pend_size: 0,
            pend_reads: false,
            cond: None,
            sleeps: false,
            joins: None,
            relaxing: false,
            keeps_cpu: false,
            first: false,
            gave_way: false,
            offers: None,
            offered: false,
            polls: 0,
            reads: 0,
            last_reads: 0,
            relax_again: false,
            watch: Vec::new(),
            round: Vec::new(),
            relax_place: None,
            round_stays: false,
            cpu: None,
            last_cpu: 0,
            saved: (0, IrqState::default()),
            idx: 0,
            history: mix(0x7717, u64::from(proc)),
            children: 0,
            base: NO_EVENT,
            done: false,
            way: 0,
            last_event: NO_EVENT,
            stack: (0, 0),
            frames: Vec::new(),
            on_stack: Vec::new(),
            marked: 0,
            seq_sections: Vec::new(),
            quits: false,
            in_parts: false,
        }
    }

    /// Whether it is a task that may wait for ever.
    pub fn is_system(&self) -> bool {
        matches!(self.kind, Kind::Task { system: true, .. })
    }

    /// Whether its unmarked accesses are meant to race: each is a step then.
    pub fn may_race(&self) -> bool {
        self.marked > 0 || !self.seq_sections.is_empty()
    }

    /// The value of the announced step's word now; 0 when it has none. Freed memory stays mapped.
    pub fn pend_value(&self) -> u64 {
        let size = if self.pend_addr == 0 { 0 } else { self.pend_size };
        word(self.pend_addr, size)
    }

    /// Whether a word that its failed round has read differs now: the next round may succeed.
    pub fn may_leave_relax(&self) -> bool {
        self.watch.is_empty() || self.watch.iter().any(|w| w.now() != w.value)
    }

    /// Notes a step for the question whether it polls in vain.
    pub fn note_poll(&mut self, event: &Event) {
        if event.acc.iter().any(|a| a.write) {
            (self.polls, self.reads, self.last_reads) = (0, 0, 0);
        } else if event.acc[0].slot != NO_SLOT {
            let place = event.place.map_or(0, |p| p.bits() as u64);
            self.reads = mix(self.reads, mix(place ^ u64::from(event.acc[0].slot), event.old)) | 1;
        }
    }

    /// Whether its affinity lets it run on a CPU.
    pub fn may_run_on(&self, cpu: usize) -> bool {
        self.affinity() >> cpu & 1 == 1
    }

    /// The CPUs that it may run on, one bit each.
    pub fn affinity(&self) -> u64 {
        let Kind::Task { allowed, .. } = self.kind else { return u64::MAX };
        // SAFETY: the mask belongs to the task object, which lives as long as the execution.
        unsafe { (*allowed).load(std::sync::atomic::Ordering::Relaxed) }
    }

    /// The CPU that a task is bound to, if it is bound to one.
    pub fn only_cpu(&self) -> Option<usize> {
        let mask = self.affinity();
        (self.is_task() && mask.is_power_of_two()).then(|| mask.trailing_zeros() as usize)
    }

    /// Its real-time priority, less being more urgent, or that of all ordinary tasks.
    pub fn rank(&self) -> i32 {
        let Kind::Task { prio, .. } = self.kind else { return Priority::LAST };
        prio.rank()
    }

    /// Whether it has a CPU before `other` has it.
    pub fn comes_before(&self, other: &Ctx) -> bool {
        let (mine, its) = (self.rank(), other.rank());
        mine < its || (mine == its && mine != Priority::LAST && self.first && !other.first)
    }

    /// Whether it takes turns with others of its real-time priority.
    pub fn in_turns(&self) -> bool {
        let Kind::Task { prio, .. } = self.kind else { return false };
        prio.in_turns()
    }

    pub fn is_task(&self) -> bool {
        matches!(self.kind, Kind::Task { .. })
    }

    pub fn is_exit(&self) -> bool {
        matches!(self.kind, Kind::Task { exit: true, .. })
    }

    /// Whether its announced step can be taken.
    pub fn ready(&self, ctxs: &[Ctx]) -> bool {
        if self.relaxing {
            return false;
        }
        if let Some(other) = self.joins {
            return ctxs[other].done;
        }
        self.cond.is_none_or(|c| c.holds())
    }
}
