//! The lists of tasklets that each CPU has.
//!
//! *Queued* is what was scheduled here; it is moved to *taken* when the vector is taken, as a part of that step. *Parked*
//! is what this CPU has come to in vain. *Returned* is what another CPU has to give back to this one, or leaves to it, and
//! is on its way by an IPI. What is linked is the system's own note of a scheduling ([`Node`]), not the tasklet: its memory
//! may be gone, and a list leads through nothing that the program can free. On the host a node is used again.

use super::Tasklet;
use crate::process::irq_exit;
use crate::vector::{HI_SOFTIRQ, TASKLET_SOFTIRQ, elsewhere, raise_with, served_by};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ringzero_context::{self as context, at};
use ringzero_machine::{KBox, Left, Mode, Op, Place, Step, StepLock, Within, cpu, define_per_cpu, machine, model};

/// One scheduling of a tasklet, until its run has begun. On one list at a time, and touched only by whose step has put it
/// there or taken it off, or by the list's CPU.
pub(crate) struct Node {
    next: Cell<Option<&'static Node>>,
    tasklet: Cell<*const Tasklet>,
    /// The vector that it was scheduled for.
    vector: Cell<u32>,
    /// Where the tasklet was made.
    class: Cell<Place>,
}

impl Node {
    pub(super) fn class(&self) -> Place {
        self.class.get()
    }
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
            if ptr::eq(node.tasklet.get(), tasklet) {
                found = Some(node);
            } else {
                self.push(node);
            }
        }
        found
    }
}

/// How many nodes a CPU keeps that nobody uses.
const SPARES: u32 = 32;

/// A CPU's lists. All of it but `taken`, which is the softirq's own, is touched with `lock` held: other CPUs come to
/// `parked` and `returned`, and interrupts of this one to the rest.
struct Lists {
    lock: StepLock,
    /// How many are returned: the word of the steps on that list.
    returns: AtomicU32,
    /// High-priority ones, others.
    queued: [List; 2],
    taken: [Cell<Option<&'static Node>>; 2],
    parked: List,
    returned: List,
    /// The vectors that other CPUs leave to this one.
    vectors: Cell<u32>,
    /// Nodes that nobody uses, on the host, and how many.
    spares: Cell<u32>,
    spare: Cell<Option<&'static Node>>,
}

define_per_cpu! {
    static LISTS: Lists = Lists {
        lock: StepLock::new(),
        returns: AtomicU32::new(0),
        queued: [const { List::new() }; 2],
        taken: [const { Cell::new(None) }; 2],
        parked: List::new(),
        returned: List::new(),
        vectors: Cell::new(0),
        spares: Cell::new(0),
        spare: Cell::new(None),
    };
}

/// Index of the lists for a vector.
fn list_of(vector: u32) -> usize {
    usize::from(vector != HI_SOFTIRQ)
}

/// Keeps this CPU's interrupts from what is pending here, and other CPUs from its lists.
pub(crate) fn own_words() -> Within<'static> {
    LISTS.this().lock.lock()
}

/// A note that `tasklet` was scheduled.
fn node_for(tasklet: &'static Tasklet, vector: u32) -> &'static Node {
    let spare = {
        let lists = LISTS.this();
        let _in = lists.lock.lock();
        lists.spare.take().inspect(|node| {
            lists.spare.set(node.next.take());
            lists.spares.set(lists.spares.get() - 1);
        })
    };
    let class = tasklet.class();
    match spare {
        Some(node) => {
            node.tasklet.set(tasklet);
            node.vector.set(vector);
            node.class.set(class);
            node
        }
        None => {
            let (tasklet, vector) = (Cell::new(ptr::from_ref(tasklet)), Cell::new(vector));
            KBox::new(Node { next: Cell::new(None), tasklet, vector, class: Cell::new(class) }).leak()
        }
    }
}

/// A run begins: the note of its scheduling is of no use any more.
pub(super) fn forget(node: &'static Node) {
    if model().is_some() {
        return;
    }
    let lists = LISTS.this();
    {
        let _in = lists.lock.lock();
        if lists.spares.get() < SPARES {
            lists.spares.set(lists.spares.get() + 1);
            node.next.set(lists.spare.replace(Some(node)));
            return;
        }
    }
    // SAFETY: made by `KBox`, and on no list any more.
    unsafe { KBox::dispose(node) };
}

/// Puts a tasklet that was just scheduled on this CPU's list and raises its vector: one step on the CPU's word of pending
/// softirqs. On a thread of the program's own, perhaps on another CPU's (crate invariant 11).
pub(super) fn queue(tasklet: &'static Tasklet, high: bool, place: Place) {
    let vector = if high { HI_SOFTIRQ } else { TASKLET_SOFTIRQ };
    let node = node_for(tasklet, vector);
    match served_by() {
        Some(other) => hand_over(other, vector, Some(node), place),
        None => queue_node(node, place),
    }
}

fn queue_node(node: &'static Node, place: Place) {
    let vector = node.vector.get();
    raise_with(vector, place, || LISTS.this().queued[list_of(vector)].push(node));
}

/// Part of the step that takes the pending vectors of this CPU.
pub(crate) fn take_queued(pending: u32) {
    let lists = LISTS.this();
    let _in = lists.lock.lock();
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
        let tasklet: &'static Tasklet = unsafe { &*node.tasklet.get() };
        tasklet.run(node);
    }
}

/// The CPU where a tasklet that this one has come to in vain is parked.
pub(super) fn parks_at() -> u32 {
    elsewhere().unwrap_or(cpu().id.get())
}

/// Parks a tasklet on CPU `cpu`, in the step that has marked it as parked and with its lock held.
pub(super) fn park(cpu: u32, node: &'static Node) {
    let lists = LISTS.on(cpu);
    let _in = lists.lock.lock();
    lists.parked.push(node);
}

/// Queues a tasklet that is parked on some CPU there again, after a step that has cleared the mark of it.
pub(super) fn unpark(tasklet: &'static Tasklet, place: Place) {
    let mut cpus = 0..machine().map_or(1, |m| m.nr_cpus());
    let found = cpus.find_map(|c| {
        let lists = LISTS.on(c);
        let _in = lists.lock.lock();
        Some((c, lists.parked.remove(tasklet)?))
    });
    let Some((home, node)) = found else { return };
    at::preempt_disable(place);
    if cpu().id.get() == home {
        queue_node(node, place);
    } else {
        hand_over(home, node.vector.get(), Some(node), place);
    }
    at::preempt_enable(place);
}

/// Has CPU `other` queue `node`, or else raise `vector`.
pub(crate) fn hand_over(other: u32, vector: u32, node: Option<&'static Node>, place: Place) {
    let lists = LISTS.on(other);
    {
        let _in = lists.lock.enter(&on_returns(lists, place).ordered(false, true));
        lists.returns.fetch_add(1, Relaxed);
        match node {
            Some(node) => lists.returned.push(node),
            None => lists.vectors.set(lists.vectors.get() | 1 << vector),
        }
    }
    if let Some(m) = machine() {
        m.send_ipi(other, return_entry);
    }
}

/// Has CPU `other` do what is `pending` here: on a thread of the program's own, in the step that has taken it.
pub(crate) fn hand_over_all(other: u32, pending: u32, place: Place) {
    let mut tasklets = [HI_SOFTIRQ, TASKLET_SOFTIRQ].map(|vector| {
        let _in = own_words();
        LISTS.this().queued[list_of(vector)].take()
    });
    for next in &mut tasklets {
        while let Some(node) = *next {
            *next = node.next.take();
            hand_over(other, node.vector.get(), Some(node), place);
        }
    }
    for vector in (0..32).filter(|v| pending >> v & 1 == 1) {
        hand_over(other, vector, None, place);
    }
}

fn on_returns(lists: &Lists, place: Place) -> Step {
    let at = ptr::from_ref(&lists.returns).addr();
    Step::new(Op::TaskletSchedule, Mode::Rmw, at, 4, place).named(Some("tasklets for another CPU"), None)
}

/// The IPI that brings tasklets back to CPU `cpu`, or leaves something to it.
///
/// Context: hardirq, interrupts off.
fn return_entry(cpu: u32) {
    context::irq_enter();
    let lists = LISTS.on(cpu);
    let place = model().and_then(|_| lists.returned.first.get()).map_or(Place::caller(), Node::class);
    let (mut next, vectors) = lists.lock.within(&on_returns(lists, place).ordered(true, false), || {
        lists.returns.store(0, Relaxed);
        (lists.returned.take(), lists.vectors.take())
    });
    while let Some(node) = next {
        next = node.next.take();
        queue_node(node, place);
    }
    for vector in (0..32).filter(|v| vectors >> v & 1 == 1) {
        raise_with(vector, place, || ());
    }
    irq_exit();
}

/// A tasklet that a program has left scheduled when it has ended. One whose memory is dead is none: that it runs is the
/// finding then. For [`Machine::at_end`](ringzero_machine::Machine::at_end).
#[must_use]
pub fn leftover() -> Option<Left> {
    let m = machine()?;
    let left = |cpu: u32| {
        let l = LISTS.on(cpu);
        let _in = l.lock.lock();
        let mut lists = [&l.queued[0], &l.queued[1], &l.parked, &l.returned].into_iter();
        let node = lists.find_map(|list| list.nodes().find(|n| m.alive(n.tasklet.get().addr())))?;
        let addr = node.tasklet.get().addr();
        Some(Left { what: "a tasklet that is still scheduled", name: None, addr, place: Some(node.class()) })
    };
    (0..m.nr_cpus()).find_map(left)
}
