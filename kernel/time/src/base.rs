//! The timer bases: one list a CPU, and the clock event programmed for it.

use crate::jiffies::{deadline_ns, time_after, time_before_eq};
use crate::run::{forced_entry, tick_entry};
use crate::timer::Timer;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use ringzero_machine::{Left, Machine, define_per_cpu, machine, machine_local};

/// No clock event is programmed.
pub(crate) const NEVER: u64 = u64::MAX;

/// A CPU's timers. All fields but `running` are touched only between a step on [`conflicts`] and the next
/// announcement, `clk` and `serving` also in the CPU's own tick (crate invariants 1 and 5).
pub(crate) struct TimerBase {
    /// The pending timers, linked through [`Timer::next`] (crate invariant 2).
    head: Cell<Option<&'static Timer>>,
    /// Crate invariant 4.
    pub(crate) running: AtomicU32,
    /// The jiffy up to which timers are due.
    pub(crate) clk: Cell<u64>,
    /// The jiffy before which nothing that is armed now becomes due: a callback that arms its timer for "now" has it
    /// called in the next tick, not in the same one.
    pub(crate) floor: Cell<u64>,
    /// The jiffy that the clock event is programmed for, or [`NEVER`].
    pub(crate) programmed: Cell<u64>,
    /// It is armed at the end of time, for timers that only their bound keeps from expiring.
    pub(crate) bounded: Cell<bool>,
    /// The jiffy that the forced clock event is programmed for, or [`NEVER`] (crate invariant 8).
    pub(crate) forced: Cell<u64>,
    /// The tick that is being served was forced: sleeps end, whatever their timers' bounds.
    pub(crate) forces: Cell<bool>,
    /// A tick came, and the softirq has not finished with it.
    pub(crate) serving: Cell<bool>,
}

define_per_cpu! {
    static BASE: TimerBase = TimerBase::new();
}

machine_local! {
    /// Stands for the lists of all bases in steps.
    static CONFLICTS: AtomicU32 = AtomicU32::new(0);
}

/// The object that every operation on timers touches (crate invariant 1).
pub(crate) fn conflicts() -> usize {
    ptr::from_ref(CONFLICTS.get()).addr()
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
    fn find(&self, stop: impl Fn(&Timer) -> bool) -> &Cell<Option<&'static Timer>> {
        let mut link = &self.head;
        while let Some(t) = link.get() {
            if stop(t) {
                break;
            }
            link = &t.next;
        }
        link
    }

    /// Puts `timer` into the list behind those that are due with it.
    pub(crate) fn insert(&self, timer: &'static Timer) {
        let link = self.find(|t| time_after(t.due.get(), timer.due.get()));
        timer.next.set(link.get());
        link.set(Some(timer));
    }

    /// Takes `timer` out of the list.
    pub(crate) fn remove(&self, timer: &'static Timer) {
        let link = self.find(|t| ptr::eq(t, timer));
        debug_assert!(link.get().is_some(), "a pending timer is on its base's list");
        link.set(timer.next.get());
        timer.next.set(None);
    }

    /// Whether `timer` is on the list.
    fn lists(&self, timer: *const Timer) -> bool {
        self.find(|t| ptr::eq(t, timer)).get().is_some()
    }

    /// The first timer that may expire, if it is due when `due_only`: one with expirations left, or one that ends a
    /// sleep while sleeps are forced to end.
    pub(crate) fn first(&self, limit: u32, due_only: bool) -> Option<&'static Timer> {
        let t = self.find(|t| t.fired() < limit || (self.forces.get() && t.ends_sleep())).get()?;
        (!due_only || time_before_eq(t.due.get(), self.clk.get())).then_some(t)
    }

    /// Programs the clock events of CPU `cpu`, whose base this is, if they have to change (crate invariants 5 and 8).
    pub(crate) fn program(&self, m: &dyn Machine, cpu: u32) {
        if self.serving.get() {
            return;
        }
        let want = self.first(m.limits().expiries, false).map_or(NEVER, |t| t.due.get());
        // Timers that only the bound keeps from expiring leave the clock event armed at the end of time.
        let bounded = want == NEVER && self.find(|_| true).get().is_some();
        let changed = want != self.programmed.replace(want);
        if changed || bounded != self.bounded.replace(bounded) {
            let deadline = if bounded { Some(u64::MAX) } else { (want != NEVER).then(|| deadline_ns(want)) };
            m.clock_event(cpu, deadline, tick_entry, conflicts());
        }
        let forced = self.find(Timer::ends_sleep).get().map_or(NEVER, |t| t.due.get());
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

    /// The running context passes through the base's lock in its last step (crate invariant 9).
    pub(crate) fn order(&self, m: &dyn Machine) {
        m.order(ptr::from_ref(&self.running).addr(), true, true);
    }

    /// Whether `timer`'s callback runs on this base's CPU.
    pub(crate) fn runs(&self, timer: &Timer) -> bool {
        self.running.load(Ordering::Relaxed) == timer.tag()
    }

    /// Whether a timer at this address is on a base's list. No step: the memory may hold anything.
    pub(crate) fn anywhere(timer: *const Timer) -> bool {
        bases().any(|base| base.lists(timer))
    }
}

/// The bases of all CPUs.
fn bases() -> impl Iterator<Item = &'static TimerBase> {
    (0..machine().map_or(0, |m| m.nr_cpus())).map(TimerBase::of)
}

/// A pending timer for which `which` holds. No step: for looks at the end of an execution.
pub fn pending_timer(which: impl Fn(&Timer) -> bool) -> Option<&'static Timer> {
    bases().find_map(|base| base.find(&which).get())
}

/// A timer that a program has left pending when it has ended; those that end a task's sleep do not count. For
/// [`Machine::at_end`].
#[must_use]
pub fn leftover() -> Option<Left> {
    let timer = pending_timer(|t| !t.ends_sleep())?;
    let addr = ptr::from_ref(timer).addr();
    Some(Left { what: "a timer that is still armed", name: None, addr, place: Some(timer.class()) })
}
