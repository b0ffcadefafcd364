//! What a machine offers to kernel code.

use core::fmt;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};

pub use crate::place::Place;

macro_rules! ops {
    ($($op:ident = $name:literal,)*) => {
        /// What a step does, in Linux's words. The report prints [`Op::name`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "each variant is the call of the same name")]
        pub enum Op {
            $($op,)*
        }

        impl Op {
            /// The name a reader of kernel code knows.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$op => $name,)*
                }
            }
        }
    };
}

ops! {
    AtomicRead = "atomic_read",
    AtomicSet = "atomic_set",
    AtomicRmw = "atomic_rmw",
    Cmpxchg = "cmpxchg",
    PlainRead = "plain read",
    PlainWrite = "plain write",
    ReadOnce = "READ_ONCE",
    WriteOnce = "WRITE_ONCE",
    SpinLock = "spin_lock",
    SpinUnlock = "spin_unlock",
    SpinTrylock = "spin_trylock",
    SpinIsLocked = "spin_is_locked",
    SpinUnlockWait = "spin_unlock_wait",
    PreemptDisable = "preempt_disable",
    LocalIrqDisable = "local_irq_disable",
    LocalBhDisable = "local_bh_disable",
    CondResched = "cond_resched",
    Schedule = "schedule",
    WakeUpProcess = "wake_up_process",
    SetCurrentState = "set_current_state",
    KthreadStop = "kthread_stop",
    KthreadShouldStop = "kthread_should_stop",
    KthreadJoin = "kthread_stop (wait)",
    TaskStart = "task start",
    TaskExit = "task exit",
    WaitqueueAdd = "prepare_to_wait",
    WaitqueueRemove = "finish_wait",
    WakeUp = "wake_up",
    RequestIrq = "request_irq",
    FreeIrq = "free_irq",
    DisableIrq = "disable_irq",
    EnableIrq = "enable_irq",
    SynchronizeIrq = "synchronize_irq",
    RaiseIrq = "raise irq",
    HardirqEnter = "hardirq",
    HardirqExit = "hardirq exit",
    SmpCall = "smp_call_function_single",
    SmpCallRun = "smp_call function",
    SmpCallWait = "smp_call_function_single (wait)",
    IpiEnter = "IPI",
    TimerArm = "mod_timer",
    TimerDelete = "del_timer",
    TimerExpire = "timer expires",
    TimerDone = "timer callback done",
    TimerWait = "del_timer_sync",
    TimerPending = "timer_pending",
    TickEnter = "timer interrupt",
    ClockRead = "jiffies",
    Kmalloc = "kmalloc",
    Kfree = "kfree",
    Softirq = "softirq",
    ModuleExit = "module exit",
    MutexLock = "mutex_lock",
    MutexUnlock = "mutex_unlock",
    MutexTrylock = "mutex_trylock",
    MutexIsLocked = "mutex_is_locked",
    Complete = "complete",
    CompleteAll = "complete_all",
    WaitForCompletion = "wait_for_completion",
    TryWaitForCompletion = "try_wait_for_completion",
    CompletionDone = "completion_done",
    ReinitCompletion = "reinit_completion",
    TaskletSchedule = "tasklet_schedule",
    TaskletRun = "tasklet runs",
    TaskletDone = "tasklet done",
    TaskletKill = "tasklet_kill",
    TaskletDisable = "tasklet_disable",
    TaskletEnable = "tasklet_enable",
    QueueWork = "queue_work",
    WorkRun = "work runs",
    WorkDone = "work done",
    CancelWork = "cancel_work_sync",
    FlushWork = "flush_work",
    WorkPending = "work_pending",
    WorkerSleeps = "worker may sleep",
    WorkerWakes = "worker goes on",
    Sleep = "schedule_timeout",
    CopyUser = "copy to or from user space",
    InitObject = "initialise",
    MutexUnlockReturns = "mutex_unlock (returns)",
    Down = "down",
    DownTrylock = "down_trylock",
    Up = "up",
    DownRead = "down_read",
    DownReadTrylock = "down_read_trylock",
    UpRead = "up_read",
    DownWrite = "down_write",
    DownWriteWait = "down_write (wait)",
    DownWriteTrylock = "down_write_trylock",
    UpWrite = "up_write",
    DowngradeWrite = "downgrade_write",
    RwsemIsLocked = "rwsem_is_locked",
    PercpuDownRead = "percpu_down_read",
    PercpuDownReadTrylock = "percpu_down_read_trylock",
    PercpuUpRead = "percpu_up_read",
    PercpuDownWrite = "percpu_down_write",
    PercpuDownWriteWait = "percpu_down_write (wait)",
    PercpuUpWrite = "percpu_up_write",
    LocalLock = "local_lock",
    LocalUnlock = "local_unlock",
    OwnerLock = "owner lock",
    OwnerUnlock = "owner unlock",
    ReadLock = "read_lock",
    ReadUnlock = "read_unlock",
    ReadTrylock = "read_trylock",
    WriteLock = "write_lock",
    WriteLockWait = "write_lock (wait)",
    WriteUnlock = "write_unlock",
    WriteTrylock = "write_trylock",
    RwlockIsLocked = "rwlock_is_locked",
    SeqReadBegin = "read_seqcount_begin",
    SeqReadRetry = "read_seqcount_retry",
    SeqWriteBegin = "write_seqcount_begin",
    SeqWriteEnd = "write_seqcount_end",
    SeqInvalidate = "write_seqcount_invalidate",
    SeqLatch = "raw_write_seqcount_latch",
    SeqLatchRead = "raw_read_seqcount_latch",
    SendSig = "send_sig",
    SignalPending = "signal_pending",
    AllowSignal = "allow_signal",
    FlushSignals = "flush_signals",
    DequeueSignal = "dequeue_signal",
    WwAcquireInit = "ww_acquire_init",
    WwMutexLock = "ww_mutex_lock",
    WwMutexTrylock = "ww_mutex_trylock",
    WwMutexUnlock = "ww_mutex_unlock",
    WwMutexIsLocked = "ww_mutex_is_locked",
    WwWait = "ww_mutex_lock (may wait)",
    WwWound = "ww_mutex_lock (wounds)",
    RtMutexLock = "rt_mutex_lock",
    RtMutexTrylock = "rt_mutex_trylock",
    RtMutexUnlock = "rt_mutex_unlock",
    RtMutexIsLocked = "rt_mutex_is_locked",
    RtMutexWait = "rt_mutex_lock (waits)",
    RtMutexBoost = "rt_mutex (priority inheritance)",
    SetPriority = "sched_setscheduler",
    GetPriority = "task_prio",
    Yield = "yield",
    UpReadReturns = "up_read (returns)",
    UpWriteReturns = "up_write (returns)",
    PercpuUpReadReturns = "percpu_up_read (returns)",
    PercpuUpWriteReturns = "percpu_up_write (returns)",
    DownReadWait = "down_read (wait)",
    PercpuDownReadWait = "percpu_down_read (wait)",
}

/// How a step touches its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No access: a gate, or a step ordered only with its own context's steps.
    None,
    /// Reads; conflicts with writes.
    Read,
    /// Writes without reading; conflicts with everything.
    Write,
    /// Reads and writes in one; conflicts with everything.
    Rmw,
}

/// One visible operation, announced before it is performed.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What is done.
    pub op: Op,
    /// How the object is touched.
    pub mode: Mode,
    /// Size in bytes of the word at `addr` (1, 2, 4 or 8; 0: not readable as a word).
    pub size: u8,
    /// Plain, unmarked access: feeds the data-race detector.
    pub plain: bool,
    /// Orders memory as an acquire (the context sees what the object's last release published).
    pub acquire: bool,
    /// Orders memory as a release.
    pub release: bool,
    /// The object's address.
    pub addr: usize,
    /// A second object that is touched in the same step (0: none), and whether it is written.
    pub also: usize,
    /// Whether `also` is written.
    pub also_write: bool,
    /// Where in the source.
    pub place: Place,
    /// The object's name, if it has one.
    pub name: Option<&'static str>,
    /// Where the object was initialised, if known (its class).
    pub class: Option<Place>,
}

impl Step {
    /// A step on the object at `addr`.
    #[must_use]
    pub const fn new(op: Op, mode: Mode, addr: usize, size: u8, place: Place) -> Self {
        Self {
            op,
            mode,
            size,
            plain: false,
            acquire: false,
            release: false,
            addr,
            also: 0,
            also_write: false,
            place,
            name: None,
            class: None,
        }
    }

    /// A step without an access (see [`crate::gate`]).
    #[must_use]
    pub const fn gate(op: Op, place: Place) -> Self {
        Self::new(op, Mode::None, 0, 0, place)
    }

    /// The same step, ordering memory.
    #[must_use]
    pub const fn ordered(mut self, acquire: bool, release: bool) -> Self {
        self.acquire = acquire;
        self.release = release;
        self
    }

    /// The same step on a named object of a class.
    #[must_use]
    pub const fn named(mut self, name: Option<&'static str>, class: Option<Place>) -> Self {
        self.name = name;
        self.class = class;
        self
    }

    /// The same step touching a second object.
    #[must_use]
    pub const fn also(mut self, addr: usize, write: bool) -> Self {
        self.also = addr;
        self.also_write = write;
        self
    }
}

/// The condition of a wait: a pure function of one word, so that it can be asked of past values too.
#[derive(Clone, Copy)]
pub struct Cond {
    /// The word's address.
    pub addr: usize,
    /// Its size in bytes.
    pub size: u8,
    /// Whether a value satisfies the wait.
    pub test: fn(u64, u64) -> bool,
    /// What `test` gets as its second argument.
    pub arg: u64,
    /// A word that a machine of threads keeps at how many wait on the condition and sleep for it; null for none. Whoever
    /// changes the word at `addr` need not [`crate::notify`] while it is 0.
    pub sleepers: *const AtomicU32,
}

impl fmt::Debug for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cond(arg {})", self.arg)
    }
}

impl Cond {
    /// A condition on a 32-bit word.
    #[must_use]
    pub fn on(word: &AtomicU32, test: fn(u64, u64) -> bool, arg: u64) -> Self {
        Self::at(core::ptr::from_ref(word) as usize, 4, test, arg)
    }

    /// A condition on the word of `size` bytes at `addr`.
    #[must_use]
    pub const fn at(addr: usize, size: u8, test: fn(u64, u64) -> bool, arg: u64) -> Self {
        Self { addr, size, test, arg, sleepers: core::ptr::null() }
    }

    /// The same condition, whose sleepers are counted in `sleepers`, next to the word itself: then
    /// [`crate::notify_sleepers`] costs one load while there is none.
    #[must_use]
    pub const fn counted_in(mut self, sleepers: &AtomicU32) -> Self {
        self.sleepers = core::ptr::from_ref(sleepers);
        self
    }

    /// Whether it holds now.
    #[must_use]
    pub fn holds(&self) -> bool {
        (self.test)(self.value(), self.arg)
    }

    /// The word's value now.
    #[must_use]
    pub fn value(&self) -> u64 {
        // SAFETY: whoever made the condition waits on a live word of this size at this address.
        unsafe { read_word(self.addr, self.size) }
    }
}

/// Reads a word of 1, 2, 4 or 8 bytes (0 for other sizes).
///
/// # Safety
/// `addr` must be readable for `size` bytes.
pub(crate) unsafe fn read_word(addr: usize, size: u8) -> u64 {
    // SAFETY: the caller's contract.
    unsafe {
        match size {
            1 => u64::from((addr as *const u8).read_volatile()),
            2 if addr.is_multiple_of(2) => u64::from((addr as *const u16).read_volatile()),
            4 if addr.is_multiple_of(4) => u64::from((addr as *const u32).read_volatile()),
            8 if addr.is_multiple_of(8) => (addr as *const u64).read_volatile(),
            // C code may be less tidy.
            2 => u64::from((addr as *const u16).read_unaligned()),
            4 => u64::from((addr as *const u32).read_unaligned()),
            8 => (addr as *const u64).read_unaligned(),
            _ => 0,
        }
    }
}

impl Step {
    /// The value of the step's word now (0 when it has none).
    ///
    /// # Safety
    /// The object must be alive.
    #[must_use]
    pub unsafe fn value(&self) -> u64 {
        // SAFETY: the caller's contract; `size` describes the word at `addr`.
        unsafe { read_word(self.addr, self.size) }
    }
}

/// What a waiting context does with its CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// It keeps it and spins; interrupts may enter if they are on.
    Spin,
    /// It gives it up; only a task may.
    Sleep,
}

/// A violated rule, as found by kernel code.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// The stable code: `docs/explain/CODE.md`.
    pub code: &'static str,
    /// One line that says what happened, with names.
    pub message: &'a str,
    /// Where.
    pub place: Place,
    /// An earlier place that belongs to it (where the lock was taken, the object freed).
    pub other: Option<Place>,
}

/// Something that a program has left behind when it has ended.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// What, in words: "a timer that is still armed".
    pub what: &'static str,
    /// Its name, if it has one.
    pub name: Option<&'static str>,
    /// Its address, for a name by symbol; 0 for none.
    pub addr: usize,
    /// Where it was made or registered.
    pub place: Option<Place>,
}

/// What keeps others off a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Preemption is off: no other task.
    Preempt,
    /// Bottom halves are off, or run: no other bottom half.
    Bh,
}

/// Who may switch tasks involuntarily, and where.
///
/// ```
/// use ringzero::PreemptModel;
/// assert_eq!(PreemptModel::default(), PreemptModel::Full);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PreemptModel {
    /// Never (`CONFIG_PREEMPT_NONE`).
    None,
    /// At `might_sleep()` and `cond_resched()` only (`CONFIG_PREEMPT_VOLUNTARY`).
    Voluntary,
    /// Anywhere but in sections that disable preemption (`CONFIG_PREEMPT`).
    #[default]
    Full,
}

/// Bounds that kernel code has to respect itself.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Expirations of one timer.
    pub expiries: u32,
    /// Allocations that may fail.
    pub failures: u32,
}

/// Where a machine reads the priority of a task.
///
/// Of the tasks that want a CPU, the one with the best real-time priority has it, as soon as the one that runs can be
/// preempted; those with equal ones take turns only if their policy says so. Ordinary tasks are all alike.
#[derive(Clone, Copy, Debug)]
pub struct Priority {
    prio: *const AtomicI32,
    policy: *const AtomicU32,
}

impl Priority {
    /// Of a task that is always an ordinary one.
    pub const ORDINARY: Self = Self { prio: core::ptr::null(), policy: core::ptr::null() };
    /// The first [rank](Priority::rank) that is not of real time: that of all ordinary tasks.
    pub const LAST: i32 = 100;
    /// The policy `SCHED_RR`.
    const RR: u32 = 2;

    /// The words of the effective priority, less being more urgent and 0..=99 real time, and of the policy. They live as
    /// long as the task does.
    #[must_use]
    pub const fn new(prio: &AtomicI32, policy: &AtomicU32) -> Self {
        Self { prio: core::ptr::from_ref(prio), policy: core::ptr::from_ref(policy) }
    }

    /// The real-time priority now, less being more urgent; [`Priority::LAST`] for an ordinary task.
    #[must_use]
    pub fn rank(&self) -> i32 {
        // SAFETY: null, or the task's word (`new`).
        unsafe { self.prio.as_ref() }.map_or(Self::LAST, |prio| prio.load(Relaxed).min(Self::LAST))
    }

    /// Whether it takes turns with tasks of the same real-time priority, wherever it can be preempted.
    #[must_use]
    pub fn in_turns(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.policy.as_ref() }.is_some_and(|policy| policy.load(Relaxed) == Self::RR)
    }
}

/// What a task needs to start.
#[derive(Clone, Copy, Debug)]
pub struct TaskSpec {
    /// Runs as the task, with `data`.
    pub entry: unsafe fn(*mut ()),
    /// The argument; the scheduler's task object, which the machine installs as [`crate::Cpu::current`].
    pub data: *mut (),
    /// Which CPUs it may run on, one bit each; read whenever it is off its CPU.
    pub allowed: *const AtomicU64,
    /// Its state word; it may not start before this is 0 (`TASK_RUNNING`).
    pub state: *const AtomicU32,
    /// Its priority, which may change (see [`Machine::priority_changed`]).
    pub prio: Priority,
    /// It belongs to the system: it may wait for ever.
    pub system: bool,
    /// Its name.
    pub name: &'static str,
    /// Where it was created.
    pub place: Place,
}

/// Where interrupts of a line come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrivalSource {
    /// A device: it may arrive whenever it can be delivered.
    Device,
    /// A device that raises it exactly this many times.
    Finite(u32),
    /// Software only: it arrives when raised.
    Raised,
}

/// An interrupt line as the machine's interrupt controller sees it.
#[derive(Clone, Copy, Debug)]
pub struct LineSpec {
    /// The number.
    pub irq: u32,
    /// 1 when the line is requested and enabled; anything else: not delivered.
    pub state: *const AtomicU32,
    /// How many contexts run its handlers; an entry of the line is a write of this word, and the kernel's entry
    /// function, run by the machine, increments it without a step of its own.
    pub inprogress: *const AtomicU32,
    /// Which CPUs it may be delivered to.
    pub affinity: *const AtomicU64,
    /// It is not maskable.
    pub nmi: bool,
    /// Where it comes from.
    pub source: ArrivalSource,
    /// Runs as the interrupt.
    pub entry: fn(u32),
    /// Its name.
    pub name: &'static str,
}

/// A backend. All calls come from a context of the machine.
///
/// The model machine runs all its contexts on one thread, and runs nothing else between a context's announcements. The
/// host machine's CPUs are threads: what a step does is one atomic instruction, or lies within a
/// [`StepLock`](crate::StepLock). Methods with a body here are of one of the two only; the body is what the other does.
pub trait Machine {
    /// See [`crate::step`].
    fn step(&self, step: &Step);
    /// See [`crate::wait`].
    fn wait(&self, step: &Step, cond: Cond, kind: WaitKind);
    /// See [`crate::relax`].
    fn relax(&self, place: Place);
    /// See [`crate::report`].
    fn report(&self, finding: &Finding<'_>) -> !;
    /// A decision of the environment among `n` outcomes, at this step; 0 is the usual one.
    fn choose(&self, step: &Step, n: u32) -> u32;
    /// Whether the announced steps are to be as fine as the primitives' own atomics.
    fn fine(&self) -> bool;
    /// The preemption model.
    fn preempt_model(&self) -> PreemptModel;
    /// Bounds for kernel code.
    fn limits(&self) -> Limits;
    /// Number of CPUs.
    fn nr_cpus(&self) -> u32;
    /// Creates a task. It runs once its state word is 0. Returns its number.
    fn spawn(&self, spec: &TaskSpec) -> u32;
    /// The priority of task `number` ([`TaskSpec::prio`]) is another one from now on; `realtime` if it is one of real time.
    /// A running task that is not the best any more goes off its CPU at the next place where it may be preempted, which
    /// may be here.
    fn priority_changed(&self, number: u32, realtime: bool) {
        let _ = (number, realtime);
    }
    /// The CPUs that a task may run on ([`TaskSpec::allowed`]) are others from now on, although it may run already.
    fn affinity_changed(&self) {}
    /// Waits, giving up the CPU, until task `number` has ended; its steps are then ordered before the caller's.
    fn join(&self, number: u32, place: Place);
    /// Tells the interrupt controller of a line; it stays until [`Machine::line_remove`].
    fn line_add(&self, line: &LineSpec);
    /// Takes a line away.
    fn line_remove(&self, irq: u32);
    /// Raises a line from software: it is delivered as soon as it can be.
    fn line_raise(&self, irq: u32);
    /// Whether a handler of the line runs on this very CPU, beneath or as the caller.
    fn line_running_here(&self, irq: u32) -> bool;
    /// Programs the clock event of CPU `cpu` for `deadline_ns`, or stops it. Its interrupt runs `entry`; that it enters
    /// is a read of the object at `word`, which whoever changes the deadline writes. `u64::MAX`: armed, but past a
    /// bound.
    fn clock_event(&self, cpu: u32, deadline_ns: Option<u64>, entry: fn(u32), word: usize);
    /// Programs a second clock event of CPU `cpu`, or stops it: the end of a sleep, whatever bound it is past. The
    /// machine takes it only when nothing else can run and somebody must get on; then it is as
    /// [`Machine::clock_event`]: its interrupt runs `entry`, and is not programmed any more.
    fn clock_forced(&self, cpu: u32, deadline_ns: Option<u64>, entry: fn(u32), word: usize) {
        let _ = (cpu, deadline_ns, entry, word);
    }
    /// Virtual time since boot.
    fn now_ns(&self) -> u64;
    /// Sends an interrupt to CPU `cpu` which runs `entry` there; delivered as soon as it can be.
    fn send_ipi(&self, cpu: u32, entry: fn(u32));
    /// Memory for an object that lives as long as the execution at most. Zeroed. Never null.
    fn alloc(&self, size: usize, align: usize) -> *mut u8;
    /// Tells of a memory object with liveness (`kmalloc`): accesses to it are checked.
    fn object_born(&self, addr: usize, size: usize, place: Place, name: &'static str);
    /// The object dies (`kfree`); a second death, or an unknown address, is reported.
    fn object_dies(&self, addr: usize, place: Place);
    /// The size of the memory object that begins at `addr` and is alive (`ksize`).
    fn object_size(&self, addr: usize) -> Option<usize> {
        let _ = addr;
        None
    }
    /// Registers the program's exit function.
    fn on_exit(&self, entry: unsafe fn(*mut ()), data: *mut ());
    /// Leaves a line for the report's log.
    fn log(&self, text: &str);
    /// The context's flags changed in a way that orders memory on this CPU: interrupts go off (`true`) or on.
    fn irq_edge(&self, off: bool);
    /// A number for the address of a program's object that does not change from process to process, where there is one.
    fn settled_address(&self, addr: usize) -> u64 {
        addr as u64
    }
    /// A section of this kind begins or ends on this CPU; those of one CPU are ordered one after the other.
    fn section_edge(&self, kind: Section, begins: bool) {
        let _ = (kind, begins);
    }
    /// A fence: orders the context's earlier reads (`acquire`) or its later writes (`release`), or both.
    fn fence(&self, acquire: bool, release: bool) {
        let _ = (acquire, release);
    }
    /// The running context's last step ordered memory through the object at `addr` as well: a lock that it folded away
    /// and that was not known before it, or an order that only its success brings.
    fn order(&self, addr: usize, acquire: bool, release: bool) {
        let _ = (addr, acquire, release);
    }
    /// The running task is the system's own ([`TaskSpec::system`]), and runs the program's code from now on (`true`), or
    /// not any more: while it does, it may not wait for ever.
    fn serves_program(&self, on: bool) {
        let _ = on;
    }
    /// Tells of an access to memory that is no step: unmarked, of C code. It feeds the data-race detector, and is
    /// checked against the memory objects; once it is known to race, it becomes a step.
    fn plain(&self, addr: usize, size: usize, write: bool, place: Place) {
        let _ = (addr, size, write, place);
    }
    /// Tells of an object with a state of its own (a completion, a timer, a lock) at `addr`, perhaps on the running
    /// context's stack: when the frame it lies in ends, it is dead.
    fn object_made(&self, addr: usize, size: usize, place: Place, name: &'static str) {
        let _ = (addr, size, place, name);
    }
    /// A function of C code begins; its locals lie above the stack address `sp`.
    fn frame_begins(&self, sp: usize, place: Place) {
        let _ = (sp, place);
    }
    /// The function of C code that began last returns.
    fn frame_ends(&self) {}
    /// The running context's unmarked accesses are meant to race from here on (`data_race()`), or not any more.
    fn data_race(&self, begins: bool) {
        let _ = begins;
    }
    /// Whether `addr` lies in no memory object and no object on a stack that is dead. For kernel code that is about to
    /// write what it was handed long ago, before the step that would tell.
    fn alive(&self, addr: usize) -> bool {
        let _ = addr;
        true
    }
    /// Registers a look at the kernel's state, when the exit function has returned and nothing can run any more: what
    /// it returns is reported as left behind. Several may be registered; the first that finds something counts.
    fn at_end(&self, look: fn() -> Option<Left>) {
        let _ = look;
    }
    /// Ends the running context for good, without a finding of its own, as if it had returned.
    fn abandon(&self) -> ! {
        panic!("this machine cannot abandon a context")
    }
    /// See [`crate::notify`].
    fn notify(&self, addr: usize) {
        let _ = addr;
    }
    /// Goes off the CPU and wants it back at once: lets other tasks of this CPU run. A task that may sleep. `false`: this
    /// machine offers it by announcing a step that any other may precede.
    fn give_up(&self) -> bool {
        false
    }
    /// Lets other tasks of this CPU run if there are some and the running one may be switched away; where each step can be
    /// preceded by others, it only notes that the task gives them the chance.
    fn cond_resched(&self) {}
    /// Delivers what is pending on this CPU, if it may be delivered now: see [`crate::Cpu::attention`].
    fn attend(&self) {}
    /// Makes the calling thread a CPU, which it is not yet, and installs it.
    fn register(&self) {}
    /// Spins, or lets other threads run, because a [`StepLock`](crate::StepLock) was found taken `round` times.
    fn step_lock_taken(&self, round: u32) {
        let _ = round;
    }
    /// The CPU that runs what is deferred here: timers, tasklets, softirqs for `ksoftirqd`, work. This CPU, unless it is
    /// a thread of the program's own, which runs nothing but its own code.
    fn service_cpu(&self) -> u32 {
        crate::cpu().id.get()
    }
    /// The time since boot, on a machine whose clock goes on by itself. `None`: time is what the ticks make of it.
    fn free_running_ns(&self) -> Option<u64> {
        None
    }
    /// Line `irq` may be deliverable now: it was enabled, or its last handler has returned. What was raised meanwhile is
    /// delivered.
    fn line_settled(&self, irq: u32) {
        let _ = irq;
    }
    /// Gives back what [`Machine::alloc`] gave.
    ///
    /// # Safety
    /// `ptr` came from `alloc` of this machine with this size and alignment, and is not used any more.
    unsafe fn free(&self, ptr: *mut u8, size: usize, align: usize) {
        let _ = (ptr, size, align);
    }
    /// Notes that the running context holds the lock at `addr` now (for deadlock reports), or does not any more. Several
    /// may hold one, and one several times.
    fn lock_owner(&self, addr: usize, held: bool, place: Place);
    /// Whether the running context is noted as a holder of the lock at `addr`. `None`: this machine keeps no such notes.
    fn lock_held(&self, addr: usize) -> Option<bool> {
        let _ = addr;
        None
    }
    /// Where a context took the lock at `addr` that still holds it, if this machine keeps notes of holders.
    fn lock_holder(&self, addr: usize) -> Option<Place> {
        let _ = addr;
        None
    }
    /// The running task's function has returned: finding `unbalanced-context` if the task is noted as a holder of a lock.
    fn task_returns(&self, place: Place) {
        let _ = place;
    }
    /// Whether `addr` lies in memory whose life may end: that of `kmalloc`, or a frame of C code.
    fn mortal(&self, addr: usize) -> bool {
        let _ = addr;
        false
    }
    /// A full fence on every CPU that runs meanwhile, wherever it is in its code, so that who goes there often needs none
    /// (`membarrier`). Nothing where steps are taken one after the other.
    fn heavy_fence(&self) {}
    /// The running context reads under the sequence counter at `addr` from here on, or not any more: what it reads
    /// meanwhile may race, since it reads again then.
    fn seq_section(&self, addr: usize, begins: bool) {
        let _ = (addr, begins);
    }
}
