//! The lines and their actions.

use crate::request::IrqReturn;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use ringzero_machine::{
    ArrivalSource, Left, LineSpec, Machine, Mode, Op, Place, Step, StepLock, machine, machine_local, model,
};

/// Number of interrupt lines.
pub const NR_IRQS: u32 = 64;
/// Handlers that one line can have.
pub const MAX_ACTIONS: usize = 8;

/// One requested handler.
pub(crate) struct Action {
    pub(crate) next: Cell<Option<&'static Action>>,
    pub(crate) dev_id: usize,
    pub(crate) shared: bool,
    pub(crate) nmi: bool,
    pub(crate) name: &'static str,
    /// Where it was requested.
    pub(crate) place: Place,
    /// What can be done with what `handler` points to.
    pub(crate) kind: &'static Kind,
    pub(crate) handler: *const (),
}

/// A handler's type.
pub(crate) struct Kind {
    /// Calls it.
    pub(crate) call: unsafe fn(*const (), u32) -> IrqReturn,
    /// Drops it and gives its memory back.
    pub(crate) dispose: unsafe fn(*const ()),
}

/// One line. The `Cell`s are touched, and the words changed, only with `lock` held: within a step on `state`, and by the
/// line's entry (crate invariant 1). A handler's end alone changes `inprogress` without.
pub(crate) struct Line {
    pub(crate) lock: StepLock,
    /// Crate invariant 1.
    pub(crate) state: AtomicU32,
    /// Crate invariant 2.
    pub(crate) inprogress: AtomicU32,
    /// The CPU that runs a maskable line's handlers, while it is in progress on the host.
    pub(crate) runs_on: AtomicU32,
    /// The CPUs it may be delivered to.
    pub(crate) affinity: AtomicU64,
    pub(crate) source: Cell<ArrivalSource>,
    first: Cell<Option<&'static Action>>,
}

machine_local! {
    static LINES: [Line; NR_IRQS as usize] = [const { Line::new() }; NR_IRQS as usize];
}

/// The line's number is enabled and its depth is 0.
pub(crate) const ENABLED: u32 = 1;

/// The state word of a line that was disabled `depth` times.
pub(crate) const fn state_at(depth: u32) -> u32 {
    depth << 8 | ENABLED
}

/// How often a requested line was disabled; `None` for a free one.
pub(crate) const fn depth_of(state: u32) -> Option<u32> {
    if state == 0 { None } else { Some(state >> 8) }
}

impl Line {
    const fn new() -> Self {
        Self {
            lock: StepLock::new(),
            state: AtomicU32::new(0),
            inprogress: AtomicU32::new(0),
            runs_on: AtomicU32::new(0),
            affinity: AtomicU64::new(u64::MAX),
            source: Cell::new(ArrivalSource::Device),
            first: Cell::new(None),
        }
    }

    /// Line `irq` of this machine; `None` when there is no such line, or no machine.
    pub(crate) fn find(irq: u32) -> Option<(&'static dyn Machine, &'static Line)> {
        let m = machine()?;
        Some((m, LINES.get().get(irq as usize)?))
    }

    /// A step on the line's state word.
    pub(crate) fn step(&self, op: Op, place: Place) -> Step {
        let at = ptr::from_ref(&self.state).addr();
        Step::new(op, Mode::Rmw, at, 4, place).ordered(true, true).named(self.name(), None)
    }

    /// A step on the line's in-progress word.
    pub(crate) fn progress_step(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.progress_address(), 4, place).named(self.name(), None)
    }

    pub(crate) fn progress_address(&self) -> usize {
        ptr::from_ref(&self.inprogress).addr()
    }

    pub(crate) fn state(&self) -> u32 {
        self.state.load(Ordering::Relaxed)
    }

    pub(crate) fn set_state(&self, state: u32) {
        self.state.store(state, Ordering::Relaxed);
    }

    /// The line's name, for what is announced: its first action's.
    pub(crate) fn name(&self) -> Option<&'static str> {
        model().and_then(|_| self.first.get()).map(|a| a.name)
    }

    /// Tells the machine that the line may be deliverable now (crate invariant 7).
    pub(crate) fn settled(m: &dyn Machine, irq: u32) {
        // The store that made it so comes before the look at what is latched.
        fence(Ordering::SeqCst);
        m.line_settled(irq);
    }

    /// The actions, in the order of their requests.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &'static Action> + use<> {
        core::iter::successors(self.first.get(), |a| a.next.get())
    }

    /// Appends an action.
    ///
    /// # Panics
    /// When the line has [`MAX_ACTIONS`] already.
    pub(crate) fn append(&self, irq: u32, action: &'static Action) {
        assert!(self.actions().count() < MAX_ACTIONS, "more than {MAX_ACTIONS} handlers share interrupt line {irq}");
        match self.actions().last() {
            Some(last) => last.next.set(Some(action)),
            None => self.first.set(Some(action)),
        }
    }

    /// Takes off the action with this `dev_id`.
    pub(crate) fn take(&self, dev_id: usize) -> Option<&'static Action> {
        let mut link = &self.first;
        while let Some(a) = link.get() {
            if a.dev_id == dev_id {
                link.set(a.next.get());
                return Some(a);
            }
            link = &a.next;
        }
        None
    }

    /// What the machine has to know of the line.
    pub(crate) fn spec(&self, irq: u32, nmi: bool, entry: fn(u32), name: &'static str) -> LineSpec {
        LineSpec {
            irq,
            state: &raw const self.state,
            inprogress: &raw const self.inprogress,
            affinity: &raw const self.affinity,
            nmi,
            source: self.source.get(),
            entry,
            name,
        }
    }
}

/// A line that a program has left requested when it has ended. For [`Machine::at_end`].
#[must_use]
pub fn leftover() -> Option<Left> {
    machine()?;
    LINES.get().iter().find_map(|line| {
        let _in = line.lock.lock();
        let action = line.first.get()?;
        let what = "an interrupt line that is still requested";
        Some(Left { what, name: Some(action.name), addr: 0, place: Some(action.place) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_word_tells_free_enabled_and_disabled_apart() {
        assert_eq!(depth_of(0), None);
        assert_eq!(depth_of(state_at(0)), Some(0));
        assert_eq!(state_at(0), ENABLED);
        for depth in 1..5 {
            assert_ne!(state_at(depth), ENABLED);
            assert_eq!(depth_of(state_at(depth)), Some(depth));
        }
    }

    #[test]
    fn there_are_no_lines_outside_a_machine() {
        assert!(Line::find(3).is_none());
    }
}
