//! Priorities and policies of tasks.
//!
//! # Theory
//! A *priority* is a number, less is more urgent: 0..=99 is *real time*, 100..=139 is shared, by *nice* values from -20 to
//! 19. A task has three: the *static* one is of its nice value; the *normal* one is what its *policy* makes of that
//! (`SCHED_FIFO` and `SCHED_RR`: 99 minus the real-time priority, which is 1..=99 and greater when it is more urgent;
//! otherwise the static one); the *effective* one is what it has now.
//!
//! **Invariants.**
//! 1. A task begins with `SCHED_NORMAL` and nice 0: priority 120.
//! 2. All of it changes in one step; so does a reader see it, that asks by a function.
//! 3. The effective priority is the better one of the normal priority and of those that it inherits ([`RtMutexBase`]); the
//!    machine is told of each change.
//!
//! Only real-time priorities decide who has a CPU; nice values and the policies of ordinary tasks are told, and nothing
//! follows from them. Real-time tasks are not throttled.
//!
//! **Differences from Linux.** There are no permissions, no deadline policy, and no groups.
//!
//! [`RtMutexBase`]: crate::RtMutexBase

use crate::errno::EINVAL;
use crate::pi::PI;
use crate::task::Task;
use core::mem::offset_of;
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
use ringzero_machine::{Mode, Op, Place, Priority, Step, StepLock};

/// How many real-time priorities there are: the first that is none.
pub const MAX_RT_PRIO: i32 = 100;
/// How many priorities there are.
pub const MAX_PRIO: i32 = MAX_RT_PRIO + NICE_WIDTH;
/// The least nice value.
pub const MIN_NICE: i32 = -20;
/// The greatest nice value.
pub const MAX_NICE: i32 = 19;
/// How many nice values there are.
pub const NICE_WIDTH: i32 = MAX_NICE - MIN_NICE + 1;
/// The priority of nice value 0.
pub const DEFAULT_PRIO: i32 = MAX_RT_PRIO + NICE_WIDTH / 2;

/// Shares the CPU.
pub const SCHED_NORMAL: u32 = 0;
/// Real time, until it gives up the CPU.
pub const SCHED_FIFO: u32 = 1;
/// Real time, in turns with others of the same priority.
pub const SCHED_RR: u32 = 2;
/// Shares the CPU; much to do.
pub const SCHED_BATCH: u32 = 3;
/// Only what others leave.
pub const SCHED_IDLE: u32 = 5;

/// A task's priorities; C code sees all but the lock.
#[repr(C)]
pub(crate) struct Priorities {
    prio: AtomicI32,
    static_prio: AtomicI32,
    normal_prio: AtomicI32,
    rt_priority: AtomicU32,
    policy: AtomicU32,
    /// What makes a change of several of these one step.
    lock: StepLock,
    /// The best that it inherits. Touched within the lock of [`PI`], as `prio` is written.
    inherited: AtomicI32,
}

/// What of a task's priorities can be chosen.
#[derive(Clone, Copy)]
struct Chosen {
    policy: u32,
    rt_priority: u32,
    static_prio: i32,
}

impl Chosen {
    const fn normal_prio(self) -> i32 {
        if is_rt_policy(self.policy) { MAX_RT_PRIO - 1 - self.rt_priority.cast_signed() } else { self.static_prio }
    }
}

const fn is_rt_policy(policy: u32) -> bool {
    matches!(policy, SCHED_FIFO | SCHED_RR)
}

impl Priorities {
    /// The fields that C code sees, and where they lie.
    pub(crate) const LAYOUT: [(&'static str, usize); 5] = [
        ("prio", offset_of!(Self, prio)),
        ("static_prio", offset_of!(Self, static_prio)),
        ("normal_prio", offset_of!(Self, normal_prio)),
        ("rt_priority", offset_of!(Self, rt_priority)),
        ("policy", offset_of!(Self, policy)),
    ];

    /// Those that a task begins with.
    pub(crate) const fn new() -> Self {
        Self {
            prio: AtomicI32::new(DEFAULT_PRIO),
            static_prio: AtomicI32::new(DEFAULT_PRIO),
            normal_prio: AtomicI32::new(DEFAULT_PRIO),
            rt_priority: AtomicU32::new(0),
            policy: AtomicU32::new(SCHED_NORMAL),
            lock: StepLock::new(),
            inherited: AtomicI32::new(MAX_PRIO),
        }
    }

    /// What the machine reads.
    pub(crate) const fn effective(&self) -> Priority {
        Priority::new(&self.prio, &self.policy)
    }

    /// Puts them back to what a task begins with, without a step.
    pub(crate) fn forget(&self) {
        PI.get().change_alone(|| self.put(Chosen { policy: SCHED_NORMAL, rt_priority: 0, static_prio: DEFAULT_PRIO }));
    }

    /// The effective priority. No step.
    pub(crate) fn now(&self) -> i32 {
        self.prio.load(Relaxed)
    }

    /// Notes the best that it inherits; whether the effective priority has changed. Within the lock of [`PI`].
    pub(crate) fn inherit(&self, inherited: i32) -> bool {
        self.inherited.store(inherited, Relaxed);
        let prio = self.normal_prio.load(Relaxed).min(inherited);
        self.prio.swap(prio, Relaxed) != prio
    }

    fn chosen(&self) -> Chosen {
        Chosen {
            policy: self.policy.load(Relaxed),
            rt_priority: self.rt_priority.load(Relaxed),
            static_prio: self.static_prio.load(Relaxed),
        }
    }

    /// Within the lock of [`PI`].
    fn put(&self, chosen: Chosen) {
        let _in = self.lock.lock();
        self.policy.store(chosen.policy, Relaxed);
        self.rt_priority.store(chosen.rt_priority, Relaxed);
        self.static_prio.store(chosen.static_prio, Relaxed);
        self.normal_prio.store(chosen.normal_prio(), Relaxed);
        self.prio.store(chosen.normal_prio().min(self.inherited.load(Relaxed)), Relaxed);
    }
}

impl Task {
    fn prio_step(&self, op: Op, mode: Mode, place: Place) -> Step {
        let at = core::ptr::from_ref(&self.priorities).addr();
        Step::new(op, mode, at, 4, place).named(Some(self.name()), Some(self.place()))
    }

    fn choose(&self, place: Place, change: impl FnOnce(Chosen) -> Chosen) {
        let own = &self.priorities;
        let announced = self.prio_step(Op::SetPriority, Mode::Rmw, place);
        PI.get().change(self, &announced, || own.put(change(own.chosen())));
    }

    fn look<R>(&self, place: Place, look: impl FnOnce(&Priorities) -> R) -> R {
        let own = &self.priorities;
        own.lock.within(&self.prio_step(Op::GetPriority, Mode::Read, place), || look(own))
    }

    /// Its effective priority (`p->prio`): less is more urgent. Every context.
    #[must_use]
    #[track_caller]
    pub fn prio(&self) -> i32 {
        let announced = self.prio_step(Op::GetPriority, Mode::Read, Place::caller());
        ringzero_machine::step(&announced.also(PI.get().object(), false));
        self.priorities.now()
    }

    /// The priority of its policy, whoever waits for it (`p->normal_prio`). Every context.
    #[must_use]
    #[track_caller]
    pub fn normal_prio(&self) -> i32 {
        self.look(Place::caller(), |own| own.normal_prio.load(Relaxed))
    }

    /// The priority of its nice value (`p->static_prio`). Every context.
    #[must_use]
    #[track_caller]
    pub fn static_prio(&self) -> i32 {
        self.look(Place::caller(), |own| own.static_prio.load(Relaxed))
    }

    /// Its policy and its real-time priority, which is 0 if the policy has none. Every context.
    #[must_use]
    #[track_caller]
    pub fn policy(&self) -> (u32, u32) {
        self.look(Place::caller(), |own| (own.policy.load(Relaxed), own.rt_priority.load(Relaxed)))
    }
}

/// Sets the policy of `task`, and its real-time priority: 1..=99 for [`SCHED_FIFO`] and [`SCHED_RR`], where greater is more
/// urgent, 0 for all others. 0, or `-EINVAL`. The nice value stays.
///
/// Context: any but NMI. Never sleeps.
///
/// ```
/// use ringzero::sched::{SCHED_NORMAL, SCHED_RR, current, rt_task, sched_setscheduler};
/// ringzero::Machine::host()
///     .boot(|| {
///         assert_eq!(sched_setscheduler(current(), SCHED_RR, 10), 0);
///         assert!(rt_task(current()) && current().prio() == 89);
///         assert_eq!(sched_setscheduler(current(), SCHED_NORMAL, 10), -22, "there is no such priority");
///     })
///     .assert_clean();
/// ```
#[doc(alias = "sched_setscheduler_nocheck")]
#[track_caller]
pub fn sched_setscheduler(task: &Task, policy: u32, rt_priority: u32) -> i32 {
    let known = matches!(policy, SCHED_NORMAL | SCHED_FIFO | SCHED_RR | SCHED_BATCH | SCHED_IDLE);
    let fits = if is_rt_policy(policy) { rt_priority != 0 } else { rt_priority == 0 };
    if !known || !fits || rt_priority >= MAX_RT_PRIO.cast_unsigned() {
        return -EINVAL;
    }
    task.choose(Place::caller(), |chosen| Chosen { policy, rt_priority, ..chosen });
    0
}

/// Makes `task` a real-time task ([`SCHED_FIFO`]) in the middle of the range. As [`sched_setscheduler`].
#[track_caller]
pub fn sched_set_fifo(task: &Task) {
    sched_setscheduler(task, SCHED_FIFO, MAX_RT_PRIO.cast_unsigned() / 2);
}

/// Makes `task` a real-time task ([`SCHED_FIFO`]) before all that are none, and behind all others that are. As
/// [`sched_setscheduler`].
#[track_caller]
pub fn sched_set_fifo_low(task: &Task) {
    sched_setscheduler(task, SCHED_FIFO, 1);
}

/// Makes `task` a [`SCHED_NORMAL`] one with a nice value, which is brought into its range. As [`sched_setscheduler`].
#[track_caller]
pub fn sched_set_normal(task: &Task, nice: i32) {
    let static_prio = DEFAULT_PRIO + nice.clamp(MIN_NICE, MAX_NICE);
    task.choose(Place::caller(), |_| Chosen { policy: SCHED_NORMAL, rt_priority: 0, static_prio });
}

/// Sets the nice value of `task`, which counts as long as it is no real-time task. Nothing happens if there is no such nice
/// value.
///
/// Context: any but NMI. Never sleeps.
#[track_caller]
pub fn set_user_nice(task: &Task, nice: i32) {
    if (MIN_NICE..=MAX_NICE).contains(&nice) {
        task.choose(Place::caller(), |chosen| Chosen { static_prio: DEFAULT_PRIO + nice, ..chosen });
    }
}

/// The nice value of `task`. Every context.
#[must_use]
#[track_caller]
pub fn task_nice(task: &Task) -> i32 {
    task.static_prio() - DEFAULT_PRIO
}

/// The priority of `task` as programs see it: negative for real-time tasks, 0..=39 for others. Every context.
#[must_use]
#[track_caller]
pub fn task_prio(task: &Task) -> i32 {
    task.prio() - MAX_RT_PRIO
}

/// Whether a priority is one of real time.
#[must_use]
pub const fn rt_prio(prio: i32) -> bool {
    prio < MAX_RT_PRIO
}

/// Whether `task` is a real-time task now. Every context.
#[must_use]
#[track_caller]
pub fn rt_task(task: &Task) -> bool {
    rt_prio(task.prio())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(task: &Task) -> (i32, i32, i32, (u32, u32)) {
        (task.prio(), task.normal_prio(), task.static_prio(), task.policy())
    }

    #[test]
    fn the_ranges_are_those_of_linux() {
        assert_eq!((MAX_RT_PRIO, MAX_PRIO, DEFAULT_PRIO, NICE_WIDTH), (100, 140, 120, 40));
        assert!(rt_prio(99) && !rt_prio(100));
    }

    #[test]
    fn a_policy_gives_a_priority() {
        let task = Task::adopt("task");
        assert_eq!(all(task), (120, 120, 120, (SCHED_NORMAL, 0)));
        assert_eq!(sched_setscheduler(task, SCHED_FIFO, 99), 0);
        assert_eq!(all(task), (0, 0, 120, (SCHED_FIFO, 99)));
        assert_eq!((task_prio(task), rt_task(task)), (-100, true));
        sched_set_fifo(task);
        assert_eq!(all(task), (49, 49, 120, (SCHED_FIFO, 50)));
        sched_set_fifo_low(task);
        assert_eq!(all(task), (98, 98, 120, (SCHED_FIFO, 1)));
        for policy in [SCHED_BATCH, SCHED_IDLE, SCHED_NORMAL] {
            assert_eq!(sched_setscheduler(task, policy, 0), 0);
            assert_eq!(all(task), (120, 120, 120, (policy, 0)));
        }
        // SAFETY: nobody else has it.
        unsafe { task.adopt_again() };
        assert_eq!(all(task), (120, 120, 120, (SCHED_NORMAL, 0)));
    }

    #[test]
    fn what_is_no_priority_changes_nothing() {
        let task = Task::adopt("task");
        for (policy, rt_priority) in
            [(SCHED_NORMAL, 1), (SCHED_FIFO, 0), (SCHED_RR, 100), (4, 0), (7, 0), (u32::MAX, 1)]
        {
            assert_eq!(sched_setscheduler(task, policy, rt_priority), -EINVAL, "{policy} {rt_priority}");
        }
        set_user_nice(task, 20);
        set_user_nice(task, -21);
        assert_eq!(all(task), (120, 120, 120, (SCHED_NORMAL, 0)));
    }

    #[test]
    fn a_nice_value_waits_for_its_policy() {
        let task = Task::adopt("task");
        set_user_nice(task, -20);
        assert_eq!((all(task), task_nice(task)), ((100, 100, 100, (SCHED_NORMAL, 0)), -20));
        assert_eq!(sched_setscheduler(task, SCHED_RR, 1), 0);
        set_user_nice(task, 19);
        assert_eq!((all(task), task_nice(task)), ((98, 98, 139, (SCHED_RR, 1)), 19));
        assert_eq!(sched_setscheduler(task, SCHED_NORMAL, 0), 0);
        assert_eq!((all(task), task_prio(task)), ((139, 139, 139, (SCHED_NORMAL, 0)), 39));
        sched_set_normal(task, 100);
        assert_eq!(task_nice(task), 19);
        sched_set_normal(task, -1);
        assert_eq!(all(task), (119, 119, 119, (SCHED_NORMAL, 0)));
    }
}
