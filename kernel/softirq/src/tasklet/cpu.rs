//! The lists of tasklets that each CPU has.
//!
//! *Queued* is what was scheduled here; it is moved to *taken* when the vector is taken, as a part of that step. *Parked*
//! is what this CPU has come to in vain. *Returned* is what another CPU has to give back to this one, and is on its way by
//! an IPI.

use super::Tasklet;
use crate::process::irq_exit;
use crate::vector::{HI_SOFTIRQ, TASKLET_SOFTIRQ, raise_with};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ringzero_context::{self as context, at};
use ringzero_machine::{Left, Mode, Op, Place, Step, cpu, define_per_cpu, machine, step};

/// A list, first come first.
struct List {
    first: Cell<Option<&'static Tasklet>>,
    last: Cell<Option<&'static Tasklet>>,
}

impl List {
    const fn new() -> Self {
        Self { first: Cell::new(None), last: Cell::new(None) }
    }

    fn push(&self, tasklet: &'static Tasklet) {
        tasklet.next.set(None);
        match self.last.replace(Some(tasklet)) {
            Some(before) => before.next.set(Some(tasklet)),
            None => self.first.set(Some(tasklet)),
        }
    }

    fn take(&self) -> Option<&'static Tasklet> {
        self.last.set(None);
        self.first.take()
    }

    fn remove(&self, tasklet: &'static Tasklet) {
        let mut rest = self.take();
        while let Some(t) = rest {
            rest = t.next.take();
            if !ptr::eq(t, tasklet) {
                self.push(t);
            }
        }
    }
}

struct Lists {
    /// High-priority ones, others.
    queued: [List; 2],
    taken: [Cell<Option<&'static Tasklet>>; 2],
    parked: List,
    returned: List,
    /// How many are returned: the word of the steps on that list.
    returns: AtomicU32,
}

define_per_cpu! {
    static LISTS: Lists = Lists {
        queued: [const { List::new() }; 2],
        taken: [const { Cell::new(None) }; 2],
        parked: List::new(),
        returned: List::new(),
        returns: AtomicU32::new(0),
    };
}

/// Index of the lists for a vector, or for a tasklet.
fn vector_of(tasklet: &Tasklet) -> (usize, u32) {
    if tasklet.high.load(Relaxed) != 0 { (0, HI_SOFTIRQ) } else { (1, TASKLET_SOFTIRQ) }
}

/// Puts a scheduled tasklet on this CPU's list and raises its vector: one step on the CPU's word of pending softirqs.
pub(super) fn queue(tasklet: &'static Tasklet, place: Place) {
    let (list, vector) = vector_of(tasklet);
    raise_with(vector, place, || LISTS.this().queued[list].push(tasklet));
}

/// Part of the step that takes the pending vectors of this CPU.
pub(crate) fn take_queued(pending: u32) {
    let lists = LISTS.this();
    for (list, vector) in [(0, HI_SOFTIRQ), (1, TASKLET_SOFTIRQ)] {
        if pending & 1 << vector != 0 && lists.taken[list].get().is_none() {
            lists.taken[list].set(lists.queued[list].take());
        }
    }
}

/// The handler of the two vectors.
///
/// Context: softirq, interrupts on.
pub(crate) fn run_taken(vector: u32) {
    let list = usize::from(vector != HI_SOFTIRQ);
    let mut next = LISTS.this().taken[list].take();
    while let Some(tasklet) = next {
        let place = tasklet.class();
        next = tasklet.run(place);
    }
}

/// Parks a tasklet on this CPU, as a part of a step on it.
pub(super) fn park(tasklet: &'static Tasklet) {
    tasklet.cpu.store(cpu().id.get(), Relaxed);
    LISTS.this().parked.push(tasklet);
}

/// Queues a tasklet again on the CPU that has parked it.
pub(super) fn unpark(tasklet: &'static Tasklet, place: Place) {
    let home = tasklet.cpu.load(Relaxed);
    LISTS.on(home).parked.remove(tasklet);
    at::preempt_disable(place);
    if cpu().id.get() == home {
        queue(tasklet, place);
    } else {
        let lists = LISTS.on(home);
        step(&on_returns(lists, place).ordered(false, true));
        lists.returns.fetch_add(1, Relaxed);
        lists.returned.push(tasklet);
        if let Some(m) = machine() {
            m.send_ipi(home, return_entry);
        }
    }
    at::preempt_enable(place);
}

fn on_returns(lists: &Lists, place: Place) -> Step {
    let at = ptr::from_ref(&lists.returns).addr();
    Step::new(Op::TaskletSchedule, Mode::Rmw, at, 4, place).named(Some("tasklets for another CPU"), None)
}

/// The IPI that brings tasklets back to CPU `cpu`.
///
/// Context: hardirq, interrupts off.
fn return_entry(cpu: u32) {
    context::irq_enter();
    let lists = LISTS.on(cpu);
    let place = lists.returned.first.get().map_or(Place::caller(), Tasklet::class);
    step(&on_returns(lists, place).ordered(true, false));
    lists.returns.store(0, Relaxed);
    let mut next = lists.returned.take();
    while let Some(tasklet) = next {
        next = tasklet.next.take();
        queue(tasklet, place);
    }
    irq_exit();
}

/// A tasklet that a program has left scheduled when it has ended. For
/// [`Machine::at_end`](ringzero_machine::Machine::at_end).
#[must_use]
pub fn leftover() -> Option<Left> {
    let cpus = 0..machine().map_or(0, |m| m.nr_cpus());
    let tasklet = cpus.map(|cpu| LISTS.on(cpu)).find_map(|lists| {
        let [high, other] = &lists.queued;
        high.first.get().or(other.first.get()).or(lists.parked.first.get()).or(lists.returned.first.get())
    })?;
    let addr = ptr::from_ref(tasklet).addr();
    Some(Left { what: "a tasklet that is still scheduled", name: None, addr, place: Some(tasklet.class()) })
}
