//! The timer bases: one list a CPU, and the clock events programmed for it.
//!
//! What is linked is the system's own note of a timer ([`Node`]), not the timer: its memory may be gone, and a list leads
//! through nothing that the program can free.

use crate::jiffies::{deadline_ns, time_after, time_before_eq};
use crate::run::{forced_entry, tick_entry};
use crate::timer::Timer;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use ringzero_machine::{KBox, Left, Machine, Place, define_per_cpu, machine, machine_local};

/// No clock event is programmed.
pub(crate) const NEVER: u64 = u64::MAX;

/// What the system knows of a timer that was armed. Made at the first arming; it lasts as long as the execution. All of
/// it is touched only between a step on [`conflicts`] and the next announcement.
pub(crate) struct Node {
    timer: *const Timer,
    /// The next pending one of its base.
    next: Cell<Option<&'static Node>>,
    /// The next one of all.
    rest: Option<&'static Node>,
    pub(crate) pending: Cell<bool>,
    /// The CPU whose base it is or was last on.
    pub(crate) cpu: Cell<u32>,
    /// When it is due: `expires`, but not before its base's next turn. The key of the list.
    pub(crate) due: Cell<u64>,
    /// How often it expired in this execution.
    pub(crate) fired: Cell<u32>,
    pub(crate) ends_sleep: Cell<bool>,
    pub(crate) irqsafe: Cell<bool>,
    /// Where the timer was made.
    pub(crate) class: Cell<Place>,
}

impl Node {
    /// What stands for the timer in its base's running word: not 0, and different for timers that live at once within
    /// the same 32 GB.
    pub(crate) fn tag(&self) -> u32 {
        let addr = ptr::from_ref(self).addr();
        // It is read as a value, so it must not change from process to process.
        let settled = machine().map_or(addr as u64, |m| m.settled_address(addr));
        ((settled >> 3) as u32).max(1)
    }

    /// The timer, whose memory may be gone.
    pub(crate) const fn timer(&self) -> *const Timer {
        self.timer
    }

    pub(crate) fn base(&self) -> &'static TimerBase {
        TimerBase::of(self.cpu.get())
    }
}

/// A CPU's timers. All fields but `running` are touched only between a step on [`conflicts`] and the next
/// announcement, `clk` and `serving` also in the CPU's own tick (crate invariants 1 and 5).
pub(crate) struct TimerBase {
    /// The pending timers, linked through [`Node::next`] (crate invariant 2).
    head: Cell<Option<&'static Node>>,
    /// Crate invariant 4.
    pub(crate) running: AtomicU32,
    /// The jiffy up to which timers are due.
    pub(crate) clk: Cell<u64>,
    /// The jiffy before which nothing that is armed now becomes due: a callback that arms its timer for "now" has it
    /// called in the next tick, not in the same one.
    pub(crate) floor: Cell<u64>,
    /// The jiffy that the clock event is programmed for, or [`NEVER`].
    programmed: Cell<u64>,
    /// It is armed at the end of time, for timers that only their bound keeps from expiring.
    bounded: Cell<bool>,
    /// The jiffy that the forced clock event is programmed for, or [`NEVER`] (crate invariant 8).
    forced: Cell<u64>,
    /// The tick that is being served was forced: sleeps end, whatever their timers' bounds.
    forces: Cell<bool>,
    /// A tick came, and the softirq has not finished with it.
    serving: Cell<bool>,
}

define_per_cpu! {
    static BASE: TimerBase = TimerBase::new();
}

machine_local! {
    /// Stands for the lists of all bases in steps.
    static CONFLICTS: AtomicU32 = AtomicU32::new(0);
    /// All nodes.
    static NODES: Cell<Option<&'static Node>> = Cell::new(None);
}

/// The object that every operation on timers touches (crate invariant 1).
pub(crate) fn conflicts() -> usize {
    ptr::from_ref(CONFLICTS.get()).addr()
}

/// What is known of the timer at this address, if it was ever armed.
pub(crate) fn known(timer: *const Timer) -> Option<&'static Node> {
    core::iter::successors(NODES.get().get(), |n| n.rest).find(|n| ptr::eq(n.timer, timer))
}

/// [`known`], and makes it known.
pub(crate) fn node_of(timer: *const Timer, class: Place) -> &'static Node {
    known(timer).unwrap_or_else(|| {
        let node = KBox::new(Node {
            timer,
            next: Cell::new(None),
            rest: NODES.get().get(),
            pending: Cell::new(false),
            cpu: Cell::new(0),
            due: Cell::new(0),
            fired: Cell::new(0),
            ends_sleep: Cell::new(false),
            irqsafe: Cell::new(false),
            class: Cell::new(class),
        })
        .leak();
        NODES.get().set(Some(node));
        node
    })
}

impl TimerBase {
    const fn new() -> Self {
        Self {
            head: Cell::new(None),
            running: AtomicU32::new(0),
            clk: Cell::new(0),
            floor: Cell::new(0),
            programmed: Cell::new(NEVER),
            bounded: Cell::new(false),
            forced: Cell::new(NEVER),
            forces: Cell::new(false),
            serving: Cell::new(false),
        }
    }

    /// CPU `cpu`'s base.
    pub(crate) fn of(cpu: u32) -> &'static Self {
        BASE.on(cpu)
    }

    /// The link that points to the first timer for which `stop` holds, or to the end.
    fn find(&self, stop: impl Fn(&Node) -> bool) -> &Cell<Option<&'static Node>> {
        let mut link = &self.head;
        while let Some(n) = link.get() {
            if stop(n) {
                break;
            }
            link = &n.next;
        }
        link
    }

    /// Puts a timer into the list behind those that are due with it.
    pub(crate) fn insert(&self, node: &'static Node) {
        let link = self.find(|n| time_after(n.due.get(), node.due.get()));
        node.next.set(link.get());
        link.set(Some(node));
    }

    /// Takes a timer out of the list.
    pub(crate) fn remove(&self, node: &'static Node) {
        let link = self.find(|n| ptr::eq(n, node));
        debug_assert!(link.get().is_some(), "a pending timer is on its base's list");
        link.set(node.next.take());
    }

    /// The first timer that may expire, if it is due when `due_only`: one with expirations left, or one that ends a
    /// sleep while sleeps are forced to end.
    pub(crate) fn first(&self, limit: u32, due_only: bool) -> Option<&'static Node> {
        let n = self.find(|n| n.fired.get() < limit || (self.forces.get() && n.ends_sleep.get())).get()?;
        (!due_only || time_before_eq(n.due.get(), self.clk.get())).then_some(n)
    }

    /// Programs the clock events of CPU `cpu`, whose base this is, if they have to change (crate invariants 5 and 8).
    pub(crate) fn program(&self, m: &dyn Machine, cpu: u32) {
        if self.serving.get() {
            return;
        }
        let want = self.first(m.limits().expiries, false).map_or(NEVER, |n| n.due.get());
        // Timers that only the bound keeps from expiring leave the clock event armed at the end of time.
        let bounded = want == NEVER && self.head.get().is_some();
        let changed = want != self.programmed.replace(want);
        if changed || bounded != self.bounded.replace(bounded) {
            let deadline = if bounded { Some(u64::MAX) } else { (want != NEVER).then(|| deadline_ns(want)) };
            m.clock_event(cpu, deadline, tick_entry, conflicts());
        }
        let forced = self.find(|n| n.ends_sleep.get()).get().map_or(NEVER, |n| n.due.get());
        if forced != self.forced.replace(forced) {
            let deadline = (forced != NEVER).then(|| deadline_ns(forced));
            m.clock_forced(cpu, deadline, forced_entry, conflicts());
        }
    }

    /// A tick has come: neither clock event is programmed until it is served. Returns the jiffy that it was for.
    pub(crate) fn take_tick(&self, m: &dyn Machine, cpu: u32, forced: bool) -> u64 {
        self.serving.set(true);
        self.forces.set(forced);
        // The machine has stopped the one whose interrupt this is.
        let (due, late) = (self.programmed.replace(NEVER), self.bounded.replace(false));
        let end = self.forced.replace(NEVER);
        if forced && (due != NEVER || late) {
            m.clock_event(cpu, None, tick_entry, conflicts());
        } else if !forced && end != NEVER {
            m.clock_forced(cpu, None, forced_entry, conflicts());
        }
        if forced { end } else { due }
    }

    /// The softirq has found nothing more to do.
    pub(crate) fn served(&self, m: &dyn Machine, cpu: u32) {
        self.serving.set(false);
        self.forces.set(false);
        self.program(m, cpu);
    }

    /// The running context passes through the base's lock in its last step (crate invariant 9).
    pub(crate) fn order(&self, m: &dyn Machine) {
        m.order(ptr::from_ref(&self.running).addr(), true, true);
    }

    /// Whether the timer's callback runs on this base's CPU.
    pub(crate) fn runs(&self, node: &Node) -> bool {
        self.running.load(Ordering::Relaxed) == node.tag()
    }
}

/// The first pending timer for which `which` holds, of the first CPU that has one. No step: for looks at the end of an
/// execution.
fn pending(which: impl Fn(&Node) -> bool) -> Option<&'static Node> {
    (0..machine().map_or(0, |m| m.nr_cpus())).find_map(|cpu| TimerBase::of(cpu).find(&which).get())
}

/// Whether a pending timer is told of as left behind: not if it ends a task's sleep, nor if its memory is dead and it may
/// still expire, since that is the finding then.
fn is_left(m: &dyn Machine, node: &Node) -> bool {
    !node.ends_sleep.get() && (m.alive(node.timer.addr()) || node.fired.get() >= m.limits().expiries)
}

/// What a program has left pending when it has ended; timers that end a task's sleep do not count. For
/// [`Machine::at_end`].
#[must_use]
pub fn leftover() -> Option<Left> {
    let m = machine()?;
    let node = pending(|n| is_left(m, n))?;
    let addr = node.timer.addr();
    Some(Left { what: "a timer that is still armed", name: None, addr, place: Some(node.class.get()) })
}

/// As [`leftover`], of the timers whose memory is alive and whose address satisfies `which`: the address, and where it was
/// made. For crates above, whose objects have timers inside.
#[must_use]
pub fn pending_timer(which: impl Fn(usize) -> bool) -> Option<(usize, Place)> {
    let m = machine()?;
    let node = pending(|n| is_left(m, n) && m.alive(n.timer.addr()) && which(n.timer.addr()))?;
    Some((node.timer.addr(), node.class.get()))
}
