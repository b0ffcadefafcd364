//! The task object.

use crate::body::{Body, ExitCode};
use crate::errno::EINTR;
use crate::pi::Links;
use crate::prio::Priorities;
use crate::signal::{self, Signals};
use crate::sleep::Sleep;
use core::cell::Cell;
use core::fmt;
use core::mem::offset_of;
use core::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use ringzero_context::{Balance, Text, panicking, violation, wait_asleep};
use ringzero_machine::{
    Cond, KBox, Mode, Op, Place, Step, TaskSpec, cpu, define_per_cpu, in_machine, machine, model, notify, step,
};

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
/// Does not count as load, as long as it sleeps.
pub const TASK_NOLOAD: u32 = 1024;
/// Sleeps as long as there is nothing to do; signals do not wake it.
pub const TASK_IDLE: u32 = TASK_UNINTERRUPTIBLE | TASK_NOLOAD;
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

/// The flag of a kernel thread.
pub const PF_KTHREAD: u32 = 0x0020_0000;
/// The room for a name that C code reads, with the zero at its end.
pub const TASK_COMM_LEN: usize = 16;

/// A task (`task_struct`). Lives in the machine's memory until the execution ends, even after it has exited: on the host a
/// task that has ended keeps its [`SIZE`](Task::SIZE) bytes, unless it is counted (crate invariant 9).
///
/// ```
/// use ringzero::kthread::{kthread_create, kthread_stop};
/// use ringzero::sched::{Task, current};
/// ringzero::Machine::host()
///     .boot(|| {
///         let task: &Task = kthread_create(|| 7, "sleeper");
///         assert!(!std::ptr::eq(task, current()));
///         assert_eq!(kthread_stop(task), -4, "EINTR: nobody has woken it");
///     })
///     .assert_clean();
/// ```
#[doc(alias = "task_struct")]
#[repr(C)]
pub struct Task {
    /// Invariant 1.
    pub(crate) state: AtomicU32,
    /// What its sleeps have to know of its signals; one word with the state.
    pub(crate) signal: AtomicU32,
    exited: AtomicU32,
    exit_code: AtomicI32,
    pub(crate) should_stop: AtomicU32,
    /// Read by the machine while the task is off its CPU.
    pub(crate) allowed: AtomicU64,
    number: AtomicU32,
    /// For C code to read, as the four after it.
    pid: AtomicI32,
    tgid: AtomicI32,
    flags: u32,
    comm: [u8; TASK_COMM_LEN],
    mm: *const (),
    /// For C code to read, too.
    pub(crate) priorities: Priorities,
    /// References (invariant 9).
    usage: AtomicU32,
    counted: bool,
    kthread: bool,
    system: bool,
    /// It runs the program's code on behalf of a pool of workers. Written by the task itself only.
    works: AtomicBool,
    /// Locks that it holds and nobody else may release, on the host. As `works`.
    held: AtomicU32,
    /// A signal was pending when it set its state to sleep: the sleep changes the state itself. Touched by the task itself
    /// only.
    pub(crate) sleepless: Cell<bool>,
    pub(crate) signals: Signals,
    pub(crate) sleep: Sleep,
    pub(crate) links: Links,
    name: &'static str,
    place: Place,
    body: Body,
}

// SAFETY: the body is run by the task itself only, and its closure is `Send`; the rest is atomic or constant, but for
// `sleepless`, which only the task touches, cells of `signals` and `links`, which have their locks, and
// one of `sleep`, which its timer's callback reads after its task has armed the timer, and until the task has waited for it.
unsafe impl Sync for Task {}
// SAFETY: as above.
unsafe impl Send for Task {}

/// How a task is made. [`TaskOptions::new`] is an ordinary task that runs at once, on any CPU.
///
/// ```
/// use ringzero::sched::{TaskOptions, spawn};
/// use ringzero::{Machine, smp::smp_processor_id};
/// let init = || {
///     let on_cpu_1 = TaskOptions { allowed: 1 << 1, ..TaskOptions::new("worker") };
///     spawn(on_cpu_1, || assert_eq!(smp_processor_id(), 1));
/// };
/// Machine::host().cpus(2).boot(init).assert_clean();
/// ```
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
    /// What a task needs without its stack, in bytes.
    pub const SIZE: usize = size_of::<Self>();

    /// The fields that C code sees, and where they lie.
    pub const LAYOUT: [(&'static str, usize); 17] = [
        ("__state", offset_of!(Self, state)),
        ("__rz_signal", offset_of!(Self, signal)),
        ("__rz_exited", offset_of!(Self, exited)),
        ("exit_code", offset_of!(Self, exit_code)),
        ("__rz_should_stop", offset_of!(Self, should_stop)),
        ("__rz_allowed", offset_of!(Self, allowed)),
        ("__rz_number", offset_of!(Self, number)),
        ("pid", offset_of!(Self, pid)),
        ("tgid", offset_of!(Self, tgid)),
        ("flags", offset_of!(Self, flags)),
        ("comm", offset_of!(Self, comm)),
        ("mm", offset_of!(Self, mm)),
        (Priorities::LAYOUT[0].0, offset_of!(Self, priorities) + Priorities::LAYOUT[0].1),
        (Priorities::LAYOUT[1].0, offset_of!(Self, priorities) + Priorities::LAYOUT[1].1),
        (Priorities::LAYOUT[2].0, offset_of!(Self, priorities) + Priorities::LAYOUT[2].1),
        (Priorities::LAYOUT[3].0, offset_of!(Self, priorities) + Priorities::LAYOUT[3].1),
        (Priorities::LAYOUT[4].0, offset_of!(Self, priorities) + Priorities::LAYOUT[4].1),
    ];

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
        let task = Self::make(options, Body::new(f), place);
        if model().is_some() || !in_machine() {
            return KBox::new(task).leak();
        }
        let at = room();
        // SAFETY: fresh memory for a task, which is never given back.
        unsafe {
            at.write(task);
            &*at
        }
    }

    /// A task whose memory dies with the last reference (invariant 9).
    ///
    /// # Safety
    /// No reference to it is used after that.
    pub(crate) unsafe fn new_counted<F, R>(options: TaskOptions, f: F, place: Place) -> &'static Task
    where
        F: FnOnce() -> R + Send + 'static,
        R: ExitCode,
    {
        KBox::new(Task { counted: true, ..Self::make(options, Body::new(f), place) }).leak()
    }

    /// A task for what runs already: a thread of the program that calls in, for which the host installs it as
    /// [`Cpu::current`](ringzero_machine::Cpu::current). It has no function, and never ends; when the thread has ended it
    /// may be used for another one, after [`Task::adopt_again`].
    #[must_use]
    pub fn adopt(name: &'static str) -> &'static Task {
        KBox::new(Self::make(TaskOptions::new(name), Body::none(), Place::here())).leak()
    }

    /// Puts a task that [`Task::adopt`] has made back to what it was then: for the machine.
    ///
    /// # Safety
    /// The thread that it was for has ended, and the caller alone has it.
    #[doc(hidden)]
    pub unsafe fn adopt_again(&self) {
        self.state.store(TASK_RUNNING, Relaxed);
        self.should_stop.store(0, Relaxed);
        self.works.store(false, Relaxed);
        self.held.store(0, Relaxed);
        self.forget_signals();
        self.priorities.forget();
    }

    #[inline]
    fn make(options: TaskOptions, body: Body, place: Place) -> Task {
        Task {
            state: AtomicU32::new(options.state),
            signal: signal::none(),
            exited: AtomicU32::new(0),
            exit_code: AtomicI32::new(0),
            should_stop: AtomicU32::new(0),
            allowed: AtomicU64::new(options.allowed),
            number: AtomicU32::new(u32::MAX),
            pid: AtomicI32::new(0),
            tgid: AtomicI32::new(0),
            flags: if options.kthread { PF_KTHREAD } else { 0 },
            comm: comm_of(options.name),
            mm: core::ptr::null(),
            priorities: Priorities::new(),
            usage: AtomicU32::new(1),
            counted: false,
            kthread: options.kthread,
            system: options.system,
            works: AtomicBool::new(false),
            held: AtomicU32::new(0),
            sleepless: Cell::new(false),
            signals: Signals::new(!options.kthread && !options.system),
            sleep: Sleep::new(),
            links: Links::new(),
            name: options.name,
            place,
            body,
        }
    }

    /// What the machine needs to run it.
    #[must_use]
    pub fn spec(&'static self) -> TaskSpec {
        TaskSpec {
            entry: main,
            data: core::ptr::from_ref(self).cast_mut().cast(),
            allowed: &raw const self.allowed,
            state: &raw const self.state,
            prio: self.priorities.effective(),
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

    /// Notes the number that the machine gave it. Its `pid` is one more, as 0 is the idle task's.
    pub fn set_number(&self, number: u32) {
        self.number.store(number, Relaxed);
        let pid = number.wrapping_add(1).cast_signed();
        self.pid.store(pid, Relaxed);
        self.tgid.store(pid, Relaxed);
    }

    /// Takes a reference (`get_task_struct`). Every context; does not sleep.
    #[doc(alias = "get_task_struct")]
    #[track_caller]
    pub fn get(&self) {
        self.get_at(Place::caller());
    }

    /// Gives a reference back (`put_task_struct`). Who gives back the last one ends the life of a counted task's
    /// memory. Every context; does not sleep.
    #[doc(alias = "put_task_struct")]
    #[track_caller]
    pub fn put(&self) {
        self.put_at(Place::caller());
    }

    fn get_at(&self, place: Place) {
        step(&self.announcement(Op::AtomicRmw, Mode::Rmw, &self.usage, place));
        if self.usage.fetch_add(1, Relaxed) == 0 {
            let text = format_args!("get_task_struct() of task `{}`, whose last reference is gone", self.name);
            violation("use-after-free", place, Some(self.place), text);
        }
    }

    fn put_at(&self, place: Place) {
        step(&self.announcement(Op::AtomicRmw, Mode::Rmw, &self.usage, place).ordered(true, true));
        // The last one is ordered after all others: what they did is over when the memory dies.
        let before = self.usage.fetch_sub(1, AcqRel);
        if before <= 1 && !self.counted {
            let text = format_args!("put_task_struct() of task `{}` without a get_task_struct() before it", self.name);
            violation("refcount", place, Some(self.place), text);
        }
        if before == 1
            && self.counted
            && let Some(m) = machine()
        {
            // A step of its own, ordered against every step on the task.
            let at = core::ptr::from_ref(self).addr();
            let dies = Step::new(Op::Kfree, Mode::Write, at, 0, place);
            step(&dies.named(Some(self.name), Some(self.place)));
            m.object_dies(at, place);
            // SAFETY: every task comes from `make`; the last reference is gone.
            unsafe { KBox::dispose(self) };
        }
    }

    /// Sleeps until it has ended, where the machine cannot tell.
    pub(crate) fn join_on_host(&self, place: Place) {
        if in_machine() {
            let announced = self.announcement(Op::KthreadJoin, Mode::Read, &self.exited, place).ordered(true, false);
            wait_asleep(&announced, Cond::on(&self.exited, |exited, _| exited != 0, 0), || ());
        }
    }

    /// Runs `f` with a reference held, if references count.
    pub(crate) fn while_held<R>(&self, place: Place, f: impl FnOnce() -> R) -> R {
        self.hold(place);
        let result = f();
        self.let_go(place);
        result
    }

    /// Takes a reference, if they count.
    pub(crate) fn hold(&self, place: Place) {
        if self.counted {
            self.get_at(place);
        }
    }

    /// Gives back what [`Task::hold`] took.
    pub(crate) fn let_go(&self, place: Place) {
        if self.counted {
            self.put_at(place);
        }
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

    /// Whether it is a kthread.
    #[must_use]
    pub const fn is_kthread(&self) -> bool {
        self.kthread
    }

    /// Whether it belongs to the system.
    #[must_use]
    pub const fn is_system(&self) -> bool {
        self.system
    }

    /// Whether it runs the program's code on behalf of a pool of workers ([`Task::work_for_pool`]).
    #[must_use]
    pub fn works(&self) -> bool {
        self.works.load(Relaxed)
    }

    /// Says that the running task, if there is one, works for a pool from now on, or not any more: while it does, it may not
    /// wait for ever although it is the system's own. For pools.
    #[doc(hidden)]
    pub fn work_for_pool(on: bool) {
        let Some(task) = try_current() else { return };
        task.works.store(on, Relaxed);
        if let Some(m) = model() {
            m.serves_program(on);
        }
    }

    /// Counts a sleeping lock that the running task holds from now on and only it may release, or, with `u32::MAX`, has
    /// released. For those locks, on the host; on the model the machine knows.
    #[doc(hidden)]
    #[inline(always)]
    pub fn count_held(n: u32) {
        if let Some(task) = try_current() {
            // Nobody else writes it.
            task.held.store(task.held.load(Relaxed).wrapping_add(n), Relaxed);
        }
    }

    /// Finding `unbalanced-context` if the task, which ends, holds a sleeping lock (invariant 7).
    #[inline]
    fn holds_nothing(&self) {
        if let Some(m) = model() {
            m.task_returns(self.place);
        } else if self.held.load(Relaxed) != 0 {
            self.holds_something();
        }
    }

    #[cold]
    fn holds_something(&self) {
        let (name, held) = (self.name, self.held.swap(0, Relaxed));
        // What it holds may lead to it.
        self.usage.fetch_add(1, Relaxed);
        let text = format_args!("task `{name}` ends while it holds sleeping locks: {held}");
        violation("unbalanced-context", self.place, None, text);
    }

    /// The task that `sleep` lies in.
    pub(crate) fn of_sleep(sleep: &'static Sleep) -> &'static Task {
        let at = core::ptr::from_ref(sleep).expose_provenance() - offset_of!(Task, sleep);
        // SAFETY: a `Sleep` is made by `new_at` only, as this field of a task, which lives as long as the execution.
        unsafe { &*core::ptr::with_exposed_provenance::<Task>(at) }
    }

    /// Its exit code once it has ended. No step: for those who have joined it (invariant 7).
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        (self.exited.load(Acquire) != 0).then(|| self.exit_code.load(Relaxed))
    }

    /// The address of the word that its sleeps depend on: its state, and its signals.
    #[inline]
    pub(crate) fn word_address(&self) -> usize {
        core::ptr::from_ref(&self.state).addr()
    }

    /// A step on that word.
    #[inline]
    pub(crate) fn state_step(&self, op: Op, mode: Mode, place: Place) -> Step {
        Step::new(op, mode, self.word_address(), 8, place).named(Some(self.name), Some(self.place))
    }

    /// A step on one of its other words.
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
    let (balance, ends) = (Balance::enter(), Ends(task));
    let stopped = task.kthread && {
        // Invariant 6.
        step(&task.announcement(Op::KthreadShouldStop, Mode::Read, &task.should_stop, task.place));
        task.should_stop.load(Relaxed) != 0
    };
    let code = if !stopped {
        // SAFETY: the machine runs a task once.
        unsafe { task.body.run() }
    } else {
        if model().is_none() {
            // SAFETY: as above. On the model nothing is dropped that did not run.
            unsafe { task.body.never_run() };
        }
        -EINTR
    };
    // A task begins at rest. The text is for those who do not end so.
    let cpu = cpu();
    let irq = cpu.irq.get();
    if model().is_some() || cpu.preempt_count.get() | irq.depth != 0 || irq.masked {
        balance.check(task.place, Text::<96>::format(format_args!("task `{}`", task.name)).as_str());
    }
    task.holds_nothing();
    task.exit_code.store(code, Relaxed);
    drop(ends);
}

/// A task's end. On the host it comes also if the task's function unwinds: others may wait for it.
struct Ends(&'static Task);

impl Drop for Ends {
    fn drop(&mut self) {
        let task = self.0;
        if model().is_some() && panicking() {
            return;
        }
        // Pairs with the acquire in `exit_code`.
        task.exited.store(1, Release);
        notify((&raw const task.exited).addr());
        if task.counted {
            if model().is_none() {
                // An interrupt may look at it while the machine takes the task off.
                cpu().current.set(core::ptr::null());
            }
            // Its own reference.
            task.put_at(task.place);
        }
    }
}

/// How many tasks one piece of memory has room for. Nothing of it is committed before it is used.
const ROOM: usize = 512;

define_per_cpu! {
    /// Where the next task of the host will lie that this CPU makes, and how many still may.
    static NEXT: Cell<(*mut Task, usize)> = Cell::new((core::ptr::null_mut(), 0));
}

/// Memory for a task of the host that is never given back. Never inlined: so it lies in no text that can be interrupted
/// between any two instructions.
#[inline(never)]
fn room() -> *mut Task {
    let (at, left) = NEXT.this().get();
    let (at, left) = if left > 0 {
        (at, left)
    } else {
        let machine = machine().expect("tasks need a machine to run on");
        (machine.alloc(ROOM * size_of::<Task>(), align_of::<Task>()).cast::<Task>(), ROOM)
    };
    // If an interrupt has made a task while there was none, what is left of its piece is not used.
    NEXT.this().set((at.wrapping_add(1), left - 1));
    at
}

/// `name` as C reads it: cut off, with a zero at its end.
fn comm_of(name: &str) -> [u8; TASK_COMM_LEN] {
    let mut comm = [0; TASK_COMM_LEN];
    for (to, from) in comm.iter_mut().zip(name.bytes().take(TASK_COMM_LEN - 1)) {
        *to = from;
    }
    comm
}

/// A name in the machine's memory, for tasks that are numbered: `task_name(format_args!("reader/{n}"))`. At most 31
/// bytes; what is longer is cut off. It lives as long as the execution, on the host as long as the process. Every context;
/// does not sleep.
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

/// [`spawn`] on behalf of `place`.
pub fn spawn_at<F, R>(options: TaskOptions, f: F, place: Place) -> &'static Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    register(Task::new_at(options, f, place))
}

/// [`spawn_at`] of a task whose memory dies with the last reference (invariant 9).
///
/// # Safety
/// As [`Task::new_counted`].
pub(crate) unsafe fn spawn_counted<F, R>(options: TaskOptions, f: F, place: Place) -> &'static Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    let machine = machine().expect("tasks need a machine to run on");
    // SAFETY: the caller's contract.
    let task = unsafe { Task::new_counted(options, f, place) };
    machine.object_born(core::ptr::from_ref(task).addr(), Task::SIZE, place, "task_struct");
    register(task)
}

/// Tells the machine of a task.
pub(crate) fn register(task: &'static Task) -> &'static Task {
    let machine = machine().expect("tasks need a machine to run on");
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
