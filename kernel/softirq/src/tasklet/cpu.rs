//! The lists of tasklets that each CPU has.
//!
//! *Queued* is what was scheduled here; it is moved to *taken* when the vector is taken, as a part of that step. *Parked*
//! is what this CPU has come to in vain. *Returned* is what another CPU has to give back to this one, and is on its way by
//! an IPI. What is linked is the system's own note of a scheduling ([`Node`]), not the tasklet: its memory may be gone, and
//! a list leads through nothing that the program can free.

use super::Tasklet;
use crate::process::irq_exit;
use crate::vector::{HI_SOFTIRQ, TASKLET_SOFTIRQ, raise_with};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ringzero_context::{self as context, at};
use ringzero_machine::{KBox, Left, Mode, Op, Place, Step, cpu, define_per_cpu, machine, step};

/// One scheduling of a tasklet, until its run has begun. On one list at a time, and touched only by whose step has put it
/// there or taken it off, or by the list's CPU.
pub(super) struct Node {
    next: Cell<Option<&'static Node>>,
    tasklet: *const Tasklet,
    /// The vector that it was scheduled for.
    vector: u32,
    /// Where the tasklet was made.
    class: Place,
}

/// A list, first come first.
struct List {
    first: Cell<Option<&'static Node>>,
    last: Cell<Option<&'static Node>>,
}

impl List {
    const fn new() -> Self {
        Self { first: Cell::new(None), last: Cell::new(None) }
    }

    fn push(&self, node: &'static Node) {
        node.next.set(None);
        match self.last.replace(Some(node)) {
            Some(before) => before.next.set(Some(node)),
            None => self.first.set(Some(node)),
        }
    }

    fn take(&self) -> Option<&'static Node> {
        self.last.set(None);
        self.first.take()
    }

    fn nodes(&self) -> impl Iterator<Item = &'static Node> + use<> {
        core::iter::successors(self.first.get(), |n| n.next.get())
    }

    /// Takes off what was scheduled of `tasklet`.
    fn remove(&self, tasklet: &Tasklet) -> Option<&'static Node> {
        let (mut rest, mut found) = (self.take(), None);
        while let Some(node) = rest {
            rest = node.next.take();
            if ptr::eq(node.tasklet, tasklet) {
                found = Some(node);
            } else {
                self.push(node);
            }
        }
        found
    }
}

struct Lists {
    /// High-priority ones, others.
    queued: [List; 2],
    taken: [Cell<Option<&'static Node>>; 2],
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

/// Index of the lists for a vector.
fn list_of(vector: u32) -> usize {
    usize::from(vector != HI_SOFTIRQ)
}

/// Puts a tasklet that was just scheduled on this CPU's list and raises its vector: one step on the CPU's word of pending
/// softirqs.
pub(super) fn queue(tasklet: &'static Tasklet, high: bool, place: Place) {
    let vector = if high { HI_SOFTIRQ } else { TASKLET_SOFTIRQ };
    let node = Node { next: Cell::new(None), tasklet, vector, class: tasklet.class() };
    queue_node(KBox::new(node).leak(), place);
}

fn queue_node(node: &'static Node, place: Place) {
    raise_with(node.vector, place, || LISTS.this().queued[list_of(node.vector)].push(node));
}

/// Part of the step that takes the pending vectors of this CPU.
pub(crate) fn take_queued(pending: u32) {
    let lists = LISTS.this();
    for vector in [HI_SOFTIRQ, TASKLET_SOFTIRQ] {
        let list = list_of(vector);
        if pending & 1 << vector != 0 && lists.taken[list].get().is_none() {
            lists.taken[list].set(lists.queued[list].take());
        }
    }
}

/// The handler of the two vectors.
///
/// Context: softirq, interrupts on.
pub(crate) fn run_taken(vector: u32) {
    let mut next = LISTS.this().taken[list_of(vector)].take();
    while let Some(node) = next {
        next = node.next.take();
        // SAFETY: made of a reference. The memory may be dead, but stays mapped while the execution lasts, and nothing of
        // it is read before the step that says whether it is alive.
        let tasklet: &'static Tasklet = unsafe { &*node.tasklet };
        if !tasklet.run(node.class) {
            LISTS.this().parked.push(node);
        }
    }
}

/// Queues a tasklet that is parked on some CPU there again, after a step that has cleared the mark of it.
pub(super) fn unpark(tasklet: &'static Tasklet, place: Place) {
    let cpus = 0..machine().map_or(1, |m| m.nr_cpus());
    let Some((home, node)) = cpus.into_iter().find_map(|c| Some((c, LISTS.on(c).parked.remove(tasklet)?))) else {
        return;
    };
    at::preempt_disable(place);
    if cpu().id.get() == home {
        queue_node(node, place);
    } else {
        let lists = LISTS.on(home);
        step(&on_returns(lists, place).ordered(false, true));
        lists.returns.fetch_add(1, Relaxed);
        lists.returned.push(node);
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
    let place = lists.returned.first.get().map_or(Place::caller(), |n| n.class);
    step(&on_returns(lists, place).ordered(true, false));
    lists.returns.store(0, Relaxed);
    let mut next = lists.returned.take();
    while let Some(node) = next {
        next = node.next.take();
        queue_node(node, place);
    }
    irq_exit();
}

/// A tasklet that a program has left scheduled when it has ended. One whose memory is dead is none: that it runs is the
/// finding then. For [`Machine::at_end`](ringzero_machine::Machine::at_end).
#[must_use]
pub fn leftover() -> Option<Left> {
    let m = machine()?;
    let cpus = (0..m.nr_cpus()).map(|cpu| LISTS.on(cpu));
    let mut lists = cpus.flat_map(|l| [&l.queued[0], &l.queued[1], &l.parked, &l.returned]);
    let alive = |list: &List| list.nodes().find(|n| m.alive(n.tasklet.addr()));
    let node = lists.find_map(alive)?;
    let addr = node.tasklet.addr();
    Some(Left { what: "a tasklet that is still scheduled", name: None, addr, place: Some(node.class) })
}
