//! The timer bases: the pending timers of each CPU, and the clock events programmed for them.

use crate::heap::Heap;
use crate::jiffies::{TICK_NSEC, deadline_ns, free_running, time_before_eq};
use crate::node::{ENDS_SLEEP, Link, Node, PENDING, RUNNING, conflicts};
use crate::run::{forced_entry, tick_entry};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use ringzero_machine::{Left, Machine, Place, StepLock, Within, define_per_cpu, machine, model};

/// No clock event is programmed.
pub(crate) const NEVER: u64 = u64::MAX;

/// A CPU's timers. All fields but `running`, which others wait on, are touched only with `lock` held: in a step that
/// writes [`conflicts`], `clk` and `serving` also in the CPU's own tick (crate invariants 1 and 5).
pub(crate) struct TimerBase {
    lock: StepLock,
    /// Crate invariant 4.
    pub(crate) running: AtomicU32,
    /// The pending timers (crate invariant 2).
    heap: Heap,
    /// How many timers have expired here, on the host: what stands for each of them in the running word.
    expired: Cell<u32>,
    /// The jiffy up to which timers are due.
    pub(crate) clk: Cell<u64>,
    /// The jiffy before which nothing that is armed now becomes due: a callback that arms its timer for "now" has it
    /// called in the next tick, not in the same one.
    floor: Cell<u64>,
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

impl TimerBase {
    const fn new() -> Self {
        Self {
            lock: StepLock::new(),
            running: AtomicU32::new(0),
            heap: Heap::new(),
            expired: Cell::new(0),
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

    /// Holds the base, as a part of the step that was announced last. After the timer's bucket, if both are held.
    pub(crate) fn hold(&self) -> Within<'_> {
        self.lock.lock()
    }

    /// Puts a timer on the base.
    pub(crate) fn insert(&self, node: &'static Node, expires: u64) {
        let floor = self.floor.get();
        node.due.set(if time_before_eq(floor, expires) { expires } else { floor });
        node.put(PENDING, true);
        self.heap.insert(node);
    }

    /// Takes a timer off the base, if it is there; whether it was.
    pub(crate) fn remove(&self, node: &'static Node) -> bool {
        let was = node.is(PENDING);
        if was {
            node.put(PENDING, false);
            self.heap.remove(node);
        }
        was
    }

    /// The first timer that may expire: one with expirations left, or one that ends a sleep while sleeps are forced to
    /// end.
    fn first(&self, limit: u32) -> Link {
        self.heap.first(|n| u32::from(n.fired.get()) < limit || (self.forces.get() && n.is(ENDS_SLEEP)))
    }

    /// [`TimerBase::first`], if it is due.
    pub(crate) fn first_due(&self, m: &dyn Machine) -> Link {
        self.first(m.limits().expiries).filter(|n| time_before_eq(n.due.get(), self.clk.get()))
    }

    /// What is armed from now on becomes due after what is due now.
    pub(crate) fn raise_floor(&self) {
        self.floor.set(self.clk.get().wrapping_add(1));
    }

    /// Programs the clock events of CPU `cpu`, whose base this is, if they have to change (crate invariants 5 and 8).
    pub(crate) fn program(&self, m: &dyn Machine, cpu: u32) {
        if self.serving.get() {
            return;
        }
        let want = self.first(m.limits().expiries).map_or(NEVER, |n| n.due.get());
        // Timers that only the bound keeps from expiring leave the clock event armed at the end of time.
        let bounded = want == NEVER && !self.heap.is_empty();
        let changed = want != self.programmed.replace(want);
        if changed || bounded != self.bounded.replace(bounded) {
            let deadline = if bounded { Some(u64::MAX) } else { (want != NEVER).then(|| deadline_ns(want)) };
            m.clock_event(cpu, deadline, tick_entry, conflicts());
        }
        if model().is_some() {
            let forced = self.heap.first(|n| n.is(ENDS_SLEEP)).map_or(NEVER, |n| n.due.get());
            if forced != self.forced.replace(forced) {
                let deadline = (forced != NEVER).then(|| deadline_ns(forced));
                m.clock_forced(cpu, deadline, forced_entry, conflicts());
            }
        }
    }

    /// A tick has come: neither clock event is programmed until it is served. Returns the jiffy that it was for. On the
    /// host it may be late, or come for a deadline that was changed meanwhile, and it is for now.
    pub(crate) fn take_tick(&self, m: &dyn Machine, cpu: u32, forced: bool) -> u64 {
        let _in = self.hold();
        self.serving.set(true);
        self.forces.set(forced);
        // The machine has stopped the one whose interrupt this is.
        let (due, late) = (self.programmed.replace(NEVER), self.bounded.replace(false));
        if let Some(now) = free_running() {
            self.clk.set(now / TICK_NSEC);
            return NEVER;
        }
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
    pub(crate) fn order(&self) {
        if let Some(m) = model() {
            m.order(ptr::from_ref(&self.running).addr(), true, true);
        }
    }

    /// The timer's callback is about to run here, or has run.
    pub(crate) fn set_running(&self, node: &Node, runs: bool) {
        node.put(RUNNING, runs);
        let word = match (runs, model().is_some()) {
            (false, _) => 0,
            (true, true) => node.tag(),
            (true, false) => {
                // Another one each time, so that whoever waits for the end of a run takes no later one for it.
                self.expired.set(self.expired.get().wrapping_add(1).max(1));
                self.expired.get()
            }
        };
        self.running.store(word, Ordering::Release);
    }

    /// Whether the timer's callback runs on this base's CPU.
    pub(crate) fn runs(&self, node: &Node) -> bool {
        if model().is_some() { self.running.load(Ordering::Relaxed) == node.tag() } else { node.is(RUNNING) }
    }
}

/// The first pending timer of which `f` makes something, of the first CPU that has one. No step: for looks at the end of
/// an execution.
fn pending<R>(which: impl Fn(&Node) -> bool, f: impl Fn(&Node) -> R) -> Option<R> {
    (0..machine().map_or(0, |m| m.nr_cpus())).find_map(|cpu| {
        let base = TimerBase::of(cpu);
        let _in = base.hold();
        base.heap.first(&which).map(&f)
    })
}

/// Whether a pending timer is told of as left behind: not if it ends a task's sleep, nor if its memory is dead and it may
/// still expire, since that is the finding then.
fn is_left(m: &dyn Machine, node: &Node) -> bool {
    let bounded = u32::from(node.fired.get()) >= m.limits().expiries;
    !node.is(ENDS_SLEEP) && (m.alive(node.timer().addr()) || bounded)
}

/// What a program has left pending when it has ended; timers that end a task's sleep do not count. For
/// [`Machine::at_end`].
#[must_use]
pub fn leftover() -> Option<Left> {
    let m = machine()?;
    pending(
        |n| is_left(m, n),
        |n| Left {
            what: "a timer that is still armed",
            name: None,
            addr: n.timer().addr(),
            place: Some(n.class.get()),
        },
    )
}

/// As [`leftover`], of the timers whose memory is alive and whose address satisfies `which`: the address, and where it was
/// made. For crates above, whose objects have timers inside.
#[must_use]
pub fn pending_timer(which: impl Fn(usize) -> bool) -> Option<(usize, Place)> {
    let m = machine()?;
    let ours = |n: &Node| is_left(m, n) && m.alive(n.timer().addr()) && which(n.timer().addr());
    pending(ours, |n| (n.timer().addr(), n.class.get()))
}
