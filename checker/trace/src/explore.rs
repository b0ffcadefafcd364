//! What a model machine tells a scheduler, and what it asks.

use ringzero_machine::{Op, Place};

/// Number of a context, dense, the same for the same context in all executions of one explorer.
pub type Proc = u16;

/// What happens next: context `proc` takes its next step. `variant` tells apart the ways in which it may (the CPU
/// that a task or an interrupt comes to, the outcome of an environment's decision).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// The context.
    pub proc: Proc,
    /// Which way.
    pub variant: u8,
}

/// A choice that means the same in every explorer and process: a context by the hash of its name, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// The context ([`Event::who`]).
    pub who: u64,
    /// Which way.
    pub variant: u8,
}

/// Number of an object within one execution, by first touch.
pub type Slot = u32;
/// No object.
pub const NO_SLOT: Slot = u32::MAX;
/// No event.
pub const NO_EVENT: u32 = u32::MAX;

/// One access of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The object, or [`NO_SLOT`].
    pub slot: Slot,
    /// Whether it is written.
    pub write: bool,
}

impl Access {
    /// No access.
    pub const NONE: Access = Access { slot: NO_SLOT, write: false };

    /// Whether two accesses conflict.
    #[inline]
    #[must_use]
    pub fn conflicts(self, other: Access) -> bool {
        self.slot == other.slot && self.slot != NO_SLOT && (self.write || other.write)
    }
}

/// What kind of context takes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// A task.
    Task,
    /// An interrupt handler, with the softirqs that run at its end.
    Hardirq,
    /// A non-maskable interrupt.
    Nmi,
}

/// What a word must pass, and the second argument of that test.
pub type Test = (fn(u64, u64) -> bool, u64);

/// One step, pending or taken.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Who, and which way.
    pub label: Label,
    /// A hash of the context's name, the same in every explorer and process.
    pub who: u64,
    /// Which step of its context this is, counted from 0.
    pub idx: u32,
    /// On which CPU.
    pub cpu: u8,
    /// What kind of context.
    pub level: Level,
    /// What.
    pub op: Op,
    /// The objects it touches: its own, a second one, and the liveness of the memory object they lie in.
    pub acc: [Access; 3],
    /// For a wait: the test its word must pass.
    pub cond: Option<Test>,
    /// The word's value before the step.
    pub old: u64,
    /// A hash of what the context has observed before this step: its local state.
    pub history: u64,
    /// An event that came before it for certain (its creator), or [`NO_EVENT`].
    pub base: u32,
    /// A context whose steps all come before this one (a join), if any.
    pub joins: Option<Proc>,
    /// Everything that happened so far comes before it (module exit).
    pub after_all: bool,
    /// The context may not be switched away from at this step (a task inside a section that disables preemption).
    pub atomic: bool,
    /// Just before the step, an interrupt could enter this CPU.
    pub irq_open: bool,
    /// Just before the step, another task could be switched in on this CPU.
    pub task_open: bool,
    /// After the step, when the context comes to its next one, an interrupt may enter (set once known).
    pub open_after: bool,
    /// The failed round of a wait loop that was not taken back, since its task keeps the CPU from another one that
    /// wants it: a constraint, and no step of the class (set once known).
    pub fails: bool,
    /// After the step its task sits in `cpu_relax()`, and could have been switched away from before (set once known).
    pub spins_after: bool,
    /// Plain access, acquire and release for the data-race detector.
    pub sync: Sync,
    /// Number of ways in which the environment may decide this step; 1: none.
    pub ways: u8,
    /// It reads and writes in one.
    pub rmw: bool,
    /// It is the entry of an interrupt.
    pub enters: bool,
    /// Where.
    pub place: Option<Place>,
}

/// Memory ordering of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// A plain access.
    pub plain: bool,
    /// Orders as an acquire.
    pub acquire: bool,
    /// Orders as a release.
    pub release: bool,
}

impl Event {
    /// The choice that this step is.
    #[must_use]
    pub const fn choice(&self) -> Choice {
        Choice { who: self.who, variant: self.label.variant }
    }

    /// Whether this is a step of the execution's class, or only a constraint (a gate).
    #[must_use]
    pub fn in_class(&self) -> bool {
        !self.fails && (self.enters || self.acc[0].slot != NO_SLOT || self.ways > 1 || self.joins.is_some())
    }

    /// Whether two steps touch the same object and one writes it.
    #[inline]
    #[must_use]
    pub fn conflicts(&self, other: &Event) -> bool {
        self.acc.iter().any(|a| a.slot != NO_SLOT && other.acc.iter().any(|b| a.conflicts(*b)))
    }

    /// Whether the stacking of contexts on one CPU orders the two, although they may not conflict.
    #[inline]
    #[must_use]
    pub fn stacks_with(&self, other: &Event) -> bool {
        self.cpu == other.cpu
            && self.label.proc != other.label.proc
            && (self.level != Level::Task || other.level != Level::Task || self.atomic || other.atomic)
    }
}

/// What may happen next.
#[derive(Debug)]
pub struct View<'a> {
    /// Steps that can be taken now.
    pub enabled: &'a [Event],
    /// Interrupts that may arrive now but need not.
    pub arrivals: &'a [Event],
}

/// A scheduler's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Take `enabled[i]`.
    Step(usize),
    /// Take `arrivals[i]`.
    Arrival(usize),
    /// End here: nothing that is enabled leads to anything new.
    Abandon,
    /// End here: nothing more shall arrive. Only when nothing is enabled.
    Stop,
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything ran to its end.
    Complete,
    /// A rule was violated; the execution ended there, or got stuck.
    Violated {
        /// Nothing could run any more: the class has pending steps.
        stuck: bool,
    },
    /// Tasks wait for an arrival that only a bound excludes.
    IdleAtBound,
    /// Cut by the step bound.
    StepBound,
    /// The scheduler abandoned it.
    Abandoned,
}

/// Decides what happens next, execution after execution.
pub trait Scheduler {
    /// A new execution begins.
    fn begin(&mut self);
    /// Chooses. Called also when nothing is enabled but something may arrive.
    fn pick(&mut self, view: &View<'_>) -> Pick;
    /// The chosen step was taken, as described. `open_after` is not known yet.
    fn executed(&mut self, event: &Event);
    /// The context of the last step came to its next one (or ended): whether interrupts may enter there.
    fn settled(&mut self, open_after: bool);
    /// Whether the last step changed who is ready, on which CPU, or how urgent; `true` where this is not kept.
    fn moved(&mut self, _moves: bool) {}
    /// The last step was a failed round of a wait loop: it did not happen. The context waits now.
    fn vanished(&mut self);
    /// The last `steps` steps were a failed round of a wait loop, or its end, and stay: their task keeps the CPU. With
    /// `fails` they are no steps of the class ([`Event::fails`]). The context waits now.
    fn kept(&mut self, _steps: usize, _fails: bool) {}
    /// The execution ended. `events` are its steps, `pending` the next step of each started, unfinished context.
    fn finish(&mut self, end: End, events: &[Event], pending: &[Event]);
}

impl<S: Scheduler + ?Sized> Scheduler for &mut S {
    fn begin(&mut self) {
        (**self).begin();
    }

    fn pick(&mut self, view: &View<'_>) -> Pick {
        (**self).pick(view)
    }

    fn executed(&mut self, event: &Event) {
        (**self).executed(event);
    }

    fn settled(&mut self, open_after: bool) {
        (**self).settled(open_after);
    }

    fn moved(&mut self, moves: bool) {
        (**self).moved(moves);
    }

    fn vanished(&mut self) {
        (**self).vanished();
    }

    fn kept(&mut self, steps: usize, fails: bool) {
        (**self).kept(steps, fails);
    }

    fn finish(&mut self, end: End, events: &[Event], pending: &[Event]) {
        (**self).finish(end, events, pending);
    }
}
