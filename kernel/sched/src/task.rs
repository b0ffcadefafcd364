//! The task object.

use crate::body::{Body, ExitCode};
use crate::kthread::EINTR;
use core::fmt;
use core::sync::atomic::{
    AtomicI32, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use ringzero_context::{Balance, Text};
use ringzero_machine::{KBox, Mode, Op, Place, Step, TaskSpec, cpu, machine, step};

/// Runs, or wants to.
pub const TASK_RUNNING: u32 = 0;
/// Sleeps; a signal wakes it too.
pub const TASK_INTERRUPTIBLE: u32 = 1;
/// Sleeps; signals do not wake it.
pub const TASK_UNINTERRUPTIBLE: u32 = 2;
/// Is dead.
pub const TASK_DEAD: u32 = 64;
/// A fatal signal wakes it.
pub const TASK_WAKEKILL: u32 = 128;
/// Is being woken.
pub const TASK_WAKING: u32 = 256;
/// Sleeps; only a fatal signal wakes it too.
pub const TASK_KILLABLE: u32 = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
/// Was stopped by a signal.
pub const TASK_STOPPED: u32 = TASK_WAKEKILL | 4;
/// Is traced.
pub const TASK_TRACED: u32 = TASK_WAKEKILL | 8;
/// What ordinary wake-ups wake.
pub const TASK_NORMAL: u32 = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;
/// Exit state: has ended, its parent has not looked yet.
pub const EXIT_ZOMBIE: u32 = 16;
/// Exit state: has ended, and its parent has looked.
pub const EXIT_DEAD: u32 = 32;

/// A task (`task_struct`). Lives in the machine's memory until the execution ends, even after it has exited.
#[doc(alias = "task_struct")]
#[repr(C)]
pub struct Task {
    /// Invariant 1.
    pub(crate) state: AtomicU32,
    exited: AtomicU32,
    exit_code: AtomicI32,
    pub(crate) should_stop: AtomicU32,
    /// Read by the machine while the task is off its CPU.
    pub(crate) allowed: AtomicU64,
    number: AtomicU32,
    kthread: bool,
    system: bool,
    name: &'static str,
    place: Place,
    body: Body,
}

// SAFETY: the body is run by the task itself only, and its closure is `Send`; the rest is atomic or constant.
unsafe impl Sync for Task {}
// SAFETY: as above.
unsafe impl Send for Task {}

/// How a task is made. [`TaskOptions::new`] is an ordinary task that runs at once, on any CPU.
#[derive(Clone, Copy, Debug)]
pub struct TaskOptions {
    /// Its name.
    pub name: &'static str,
    /// Its first state; while it is not 0 the task does not start.
    pub state: u32,
    /// The CPUs it may run on, one bit each.
    pub allowed: u64,
    /// It belongs to the system: it may wait for ever.
    pub system: bool,
    /// It looks whether it should stop before it starts (invariant 6).
    pub kthread: bool,
}

impl TaskOptions {
    /// An ordinary task that runs at once, on any CPU.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, state: TASK_RUNNING, allowed: u64::MAX, system: false, kthread: false }
    }
}

impl Task {
    /// Makes a task without telling the machine: for boot code, which hands [`Task::spec`] to the machine itself and
    /// then calls [`Task::set_number`]. Its class is the caller's place.
    #[track_caller]
    pub fn new<F, R>(options: TaskOptions, f: F) -> &'static Task
    where
        F: FnOnce() -> R + Send + 'static,
        R: ExitCode,
    {
        Self::new_at(options, f, Place::caller())
    }

    pub(crate) fn new_at<F, R>(options: TaskOptions, f: F, place: Place) -> &'static Task
    where
        F: FnOnce() -> R + Send + 'static,
        R: ExitCode,
    {
        KBox::new(Task {
            state: AtomicU32::new(options.state),
            exited: AtomicU32::new(0),
            exit_code: AtomicI32::new(0),
            should_stop: AtomicU32::new(0),
            allowed: AtomicU64::new(options.allowed),
            number: AtomicU32::new(u32::MAX),
            kthread: options.kthread,
            system: options.system,
            name: options.name,
            place,
            body: Body::new(f),
        })
        .leak()
    }

    /// What the machine needs to run it.
    #[must_use]
    pub fn spec(&'static self) -> TaskSpec {
        TaskSpec {
            entry: main,
            data: core::ptr::from_ref(self).cast_mut().cast(),
            allowed: &raw const self.allowed,
            state: &raw const self.state,
            system: self.system,
            name: self.name,
            place: self.place,
        }
    }

    /// The number that the machine gave it.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number.load(Relaxed)
    }

    /// Notes the number that the machine gave it.
    pub fn set_number(&self, number: u32) {
        self.number.store(number, Relaxed);
    }

    /// Its name (`comm`).
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Where it was made.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Whether it belongs to the system.
    #[must_use]
    pub const fn is_system(&self) -> bool {
        self.system
    }

    /// Its exit code once it has ended. No step: for those who have joined it (invariant 7).
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        (self.exited.load(Acquire) != 0).then(|| self.exit_code.load(Relaxed))
    }

    /// A step on one of its words.
    #[inline]
    pub(crate) fn announcement(&self, op: Op, mode: Mode, word: &AtomicU32, place: Place) -> Step {
        Step::new(op, mode, core::ptr::from_ref(word) as usize, 4, place).named(Some(self.name), Some(self.place))
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({}, {})", self.name, self.number())
    }
}

/// A task's outermost function.
///
/// # Safety
/// `data` must be a task that the machine runs once, and now.
unsafe fn main(data: *mut ()) {
    // SAFETY: the caller's contract; tasks live as long as the execution.
    let task: &'static Task = unsafe { &*data.cast::<Task>() };
    let balance = Balance::enter();
    let stopped = task.kthread && {
        // Invariant 6.
        step(&task.announcement(Op::KthreadShouldStop, Mode::Read, &task.should_stop, task.place));
        task.should_stop.load(Relaxed) != 0
    };
    // SAFETY: the machine runs a task once.
    let code = if stopped { -EINTR } else { unsafe { task.body.run() } };
    balance.check(task.place, Text::<96>::format(format_args!("task `{}`", task.name)).as_str());
    task.exit_code.store(code, Relaxed);
    // Pairs with the acquire in `exit_code`.
    task.exited.store(1, Release);
}

/// A name in the machine's memory, for tasks that are numbered: `task_name(format_args!("reader/{n}"))`. At most 31
/// bytes; what is longer is cut off. Every context; does not sleep.
#[must_use]
pub fn task_name(name: fmt::Arguments<'_>) -> &'static str {
    KBox::new(Text::<31>::format(name)).leak().as_str()
}

/// Makes a task and tells the machine of it. Every context; does not sleep. Panics outside a machine.
#[track_caller]
pub fn spawn<F, R>(options: TaskOptions, f: F) -> &'static Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    spawn_at(options, f, Place::caller())
}

pub(crate) fn spawn_at<F, R>(options: TaskOptions, f: F, place: Place) -> &'static Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    let machine = machine().expect("tasks need a machine to run on");
    let task = Task::new_at(options, f, place);
    task.set_number(machine.spawn(&task.spec()));
    task
}

/// The task of this CPU: the running one, or the one that the running interrupt interrupted. None on an idle CPU and
/// outside a machine.
#[inline]
#[must_use]
pub fn try_current() -> Option<&'static Task> {
    // SAFETY: the machine installs what `Task::spec` gave it, and tasks live as long as the execution.
    unsafe { cpu().current.get().cast::<Task>().as_ref() }
}

/// The task of this CPU. Panics where there is none (see [`try_current`]).
#[inline]
#[must_use]
pub fn current() -> &'static Task {
    try_current().expect("no task runs on this CPU")
}
