//! The timer bases: one list a CPU, and the clock event programmed for it.

use crate::jiffies::{deadline_ns, time_after, time_before_eq};
use crate::run::tick_entry;
use crate::timer::Timer;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use ringzero_machine::{Machine, define_per_cpu, machine_local};

/// No clock event is programmed.
const NEVER: u64 = u64::MAX;

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

    /// The first timer with expirations left, if it is due when `due_only`.
    pub(crate) fn first(&self, limit: u32, due_only: bool) -> Option<&'static Timer> {
        let t = self.find(|t| t.fired() < limit).get()?;
        (!due_only || time_before_eq(t.due.get(), self.clk.get())).then_some(t)
    }

    /// Programs the clock event of CPU `cpu`, whose base this is, if it has to change (crate invariant 5).
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
    }

    /// Whether `timer`'s callback runs on this base's CPU.
    pub(crate) fn runs(&self, timer: &Timer) -> bool {
        self.running.load(Ordering::Relaxed) == timer.tag()
    }
}
