//! The CPUs: their blocks and what others may touch of them.

use crate::os::Threads;
use crate::signal::{Target, Tick};
use crate::task::HostTask;
use corosensei::stack::DefaultStack;
use ringzero_machine::{Cpu, cpu, percpu_template, pristine, set_host_percpu};
use ringzero_protocol::{Idle, Inbox, Pending};
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
};

/// How many CPUs there can be at once, booted ones and threads (`nr_cpu_ids`).
pub const NR_CPU_IDS: usize = 1024;
/// How many of them can be booted: what a mask of CPUs holds. Threads are numbered from here.
pub const NR_BOOTED: usize = 64;

/// Bits of [`HostCpu::pending`] for IPIs, one for each entry function.
pub(crate) const IPIS: u64 = 0xffff;
/// The clock event's time has come.
pub(crate) const CLOCK: u64 = 1 << 32;
/// Some line was raised that may be delivered here.
pub(crate) const LINES: u64 = 1 << 33;
/// Another task wants to run.
pub(crate) const RESCHED: u64 = 1 << 34;

/// A CPU. The block comes first, so that the machine finds the rest through it.
#[repr(C)]
pub(crate) struct HostCpu {
    pub block: Cpu,
    /// It runs many tasks; else it is a thread of the program's own.
    pub booted: bool,
    /// The runnable tasks: its own thread only, with `within` not 0.
    pub first: Cell<*const HostTask>,
    pub last: Cell<*const HostTask>,
    /// The task that runs; null on an idle CPU.
    pub running: Cell<*const HostTask>,
    /// Objects that no task uses, and how many.
    pub free: Cell<*const HostTask>,
    pub nr_free: Cell<u32>,
    /// The task that has just ended, for the CPU's loop.
    pub ended: Cell<*const HostTask>,
    /// The top of the loop's stack while a task runs.
    pub top: Cell<usize>,
    /// A line that no mask keeps out is in progress here.
    pub in_nmi: Cell<bool>,
    /// Failed rounds of wait loops.
    pub rounds: Cell<u32>,
    pub signals: Target,
    pub has_tick: Cell<u64>,
    pub tick: RefCell<Option<Tick>>,
    pub stacks: RefCell<Vec<DefaultStack>>,
    pub counts: Counts,
    /// Tasks that others made runnable. From here on others than the CPU's own thread write, or read often.
    pub inbox: Line<Inbox<HostTask>>,
    pub load: Line<Load>,
    /// Its sleep when it has nothing to do.
    pub idle: Line<Idle>,
    /// It sleeps because there is nothing to do.
    pub resting: AtomicBool,
    /// A signal tells it of what was posted.
    pub by_signal: AtomicBool,
    /// The period of its tick, in ns, as it is to be and (`has_tick`) as it is; 0: none.
    pub wants_tick: AtomicU64,
    /// What waits to be delivered.
    pub pending: Pending,
    /// When its clock event is due ([`u64::MAX`]: never), and what runs then.
    pub clock: AtomicU64,
    pub clock_entry: AtomicUsize,
    pub tid: AtomicI32,
}

/// Begins in a cache line of its own, so that who writes to it takes nothing else away from others.
#[repr(align(128))]
pub(crate) struct Line<T>(T);

impl<T> Deref for Line<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// How busy a CPU is.
#[derive(Default)]
pub(crate) struct Load {
    /// Tasks that were placed on it ever.
    pub placed: AtomicU32,
    /// Those of them that have ended; while many end, not yet the last few.
    pub gone: AtomicU32,
}

impl Load {
    /// How many tasks it has.
    pub fn tasks(&self) -> u32 {
        self.placed.load(Relaxed).wrapping_sub(self.gone.load(Relaxed))
    }
}

/// What a CPU has done: written by its own thread.
#[derive(Default)]
pub(crate) struct Counts {
    pub switches: AtomicU64,
    pub interrupts: AtomicU64,
    pub ipis: AtomicU64,
    pub clocks: AtomicU64,
    pub preempted: AtomicU64,
    /// Tasks that ended here.
    pub gone: AtomicU64,
    /// Tasks of programs that were made by this CPU, and that ended here.
    pub begun: AtomicU64,
    pub ended: AtomicU64,
}

/// Counts one more, on its own CPU.
pub(crate) fn count(what: &AtomicU64) {
    what.store(what.load(Relaxed) + 1, Relaxed);
}

// SAFETY: what is not atomic is touched by the CPU's own thread only.
unsafe impl Sync for HostCpu {}
// SAFETY: as above; it is made before its thread uses it.
unsafe impl Send for HostCpu {}

impl HostCpu {
    fn new(id: u32, booted: bool) -> Self {
        Self {
            block: Cpu::new(id),
            booted,
            first: Cell::new(ptr::null()),
            last: Cell::new(ptr::null()),
            running: Cell::new(ptr::null()),
            free: Cell::new(ptr::null()),
            nr_free: Cell::new(0),
            ended: Cell::new(ptr::null()),
            top: Cell::new(0),
            in_nmi: Cell::new(false),
            rounds: Cell::new(0),
            signals: Target::new(),
            has_tick: Cell::new(0),
            tick: RefCell::new(None),
            stacks: RefCell::new(Vec::new()),
            counts: Counts::default(),
            inbox: Line(Inbox::new()),
            load: Line(Load::default()),
            idle: Line(Idle::new()),
            resting: AtomicBool::new(false),
            by_signal: AtomicBool::new(false),
            wants_tick: AtomicU64::new(0),
            pending: Pending::new(),
            clock: AtomicU64::new(u64::MAX),
            clock_entry: AtomicUsize::new(0),
            tid: AtomicI32::new(0),
        }
    }

    pub fn id(&self) -> u32 {
        self.block.id.get()
    }

    /// The task that runs here.
    pub fn task(&self) -> Option<&'static HostTask> {
        // SAFETY: tasks are never freed.
        unsafe { self.running.get().as_ref() }
    }

    /// Makes what is pending visible to the CPU, and sees to it that it looks. Any thread.
    pub fn post(&self, bits: u64) {
        self.pending.post(bits, &self.block.attention);
        if !ptr::eq(self, this()) {
            self.idle.kick(&Threads);
            crate::run::interrupt(self);
        } else if self.block.within.get() == 0 {
            ringzero_machine::attend();
        }
    }

    /// [`HostCpu::post`] by a thread that is no CPU.
    pub fn post_from_outside(&self, bits: u64) {
        self.pending.post(bits, &self.block.attention);
        self.idle.kick(&Threads);
        crate::run::interrupt(self);
    }

    /// Whether it has nothing to do and sleeps, or soon will.
    pub fn at_rest(&self) -> bool {
        self.inbox.is_empty() && !self.pending.any() && self.clock.load(SeqCst) == u64::MAX && self.resting.load(SeqCst)
    }
}

/// The CPU of the calling thread. Only where no model runs on the thread.
#[inline]
pub(crate) fn this() -> &'static HostCpu {
    debug_assert!(ringzero_machine::model().is_none(), "the thread runs a model: its CPU is no CPU of the host");
    of_block(cpu())
}

/// The CPU whose block this is: one that this machine made.
#[inline]
pub(crate) fn of_block(block: &Cpu) -> &'static HostCpu {
    // SAFETY: on the host machine every block is the first field of a `HostCpu`, which is never freed.
    unsafe { &*ptr::from_ref(block).cast::<HostCpu>() }
}

/// All CPUs that there ever were, by number.
static CPUS: [AtomicPtr<HostCpu>; NR_CPU_IDS] = [const { AtomicPtr::new(ptr::null_mut()) }; NR_CPU_IDS];
/// How many are booted.
static BOOTED: AtomicU32 = AtomicU32::new(0);
/// No CPU has this number or a higher one.
static KNOWN: AtomicU32 = AtomicU32::new(0);
/// The threads' numbers that are free again, and the first that was never used.
static THREADS: Mutex<(Vec<u32>, u32)> = Mutex::new((Vec::new(), NR_BOOTED as u32));

/// CPU `id`, if there ever was one.
pub(crate) fn cpu_of(id: u32) -> Option<&'static HostCpu> {
    // SAFETY: null or a CPU, which is never freed.
    unsafe { CPUS.get(id as usize)?.load(Acquire).as_ref() }
}

/// How many CPUs are booted.
pub(crate) fn booted() -> u32 {
    BOOTED.load(Acquire)
}

/// The booted CPUs.
pub(crate) fn all_booted() -> impl Iterator<Item = &'static HostCpu> {
    (0..booted()).filter_map(cpu_of)
}

/// All CPUs that there ever were.
pub(crate) fn all_cpus() -> impl Iterator<Item = &'static HostCpu> {
    let threads = NR_BOOTED..KNOWN.load(Acquire) as usize;
    (0..booted() as usize).chain(threads).filter_map(|id| cpu_of(id as u32))
}

/// Makes CPU `id`, or finds it, with its copies of per-CPU state, which survive it.
fn make(id: u32, booted: bool) -> &'static HostCpu {
    if let Some(cpu) = cpu_of(id) {
        return cpu;
    }
    let cpu: &'static HostCpu = Box::leak(Box::new(HostCpu::new(id, booted)));
    cpu.block.percpu.set(areas().prepare(id as usize));
    CPUS[id as usize].store(ptr::from_ref(cpu).cast_mut(), Release);
    KNOWN.fetch_max(id + 1, AcqRel);
    cpu
}

/// Makes CPU `id` a booted one. Its thread installs it.
pub(crate) fn make_booted(id: u32) -> &'static HostCpu {
    make(id, true)
}

/// CPU `id` runs.
pub(crate) fn now_booted(id: u32) {
    BOOTED.store(id + 1, Release);
}

/// A CPU for a thread of the program.
///
/// # Panics
/// When [`NR_CPU_IDS`] are in use.
pub(crate) fn make_thread() -> &'static HostCpu {
    let mut free = THREADS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let id = free.0.pop().unwrap_or_else(|| {
        let id = free.1;
        let limit = NR_CPU_IDS - NR_BOOTED;
        assert!(
            (id as usize) < NR_CPU_IDS,
            "more than {limit} threads use Ringzero at once: nr_cpu_ids is {NR_CPU_IDS}"
        );
        free.1 += 1;
        id
    });
    make(id, false)
}

/// The thread of `cpu` has gone.
pub(crate) fn give_back(cpu: &'static HostCpu) {
    let mut free = THREADS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    free.0.push(cpu.id());
}

/// The per-CPU areas: reserved for all, made for a CPU when it first comes.
struct Areas {
    /// The distance of CPU 0's area from the templates.
    delta: isize,
    stride: usize,
}

fn areas() -> &'static Areas {
    static AREAS: std::sync::OnceLock<Areas> = std::sync::OnceLock::new();
    AREAS.get_or_init(|| {
        const PAGE: usize = 4096;
        let (template, len) = percpu_template();
        // An area keeps its template's offset in the page, so that alignment carries over.
        let stride = (len + 2 * PAGE) & !(PAGE - 1);
        let total = stride * NR_CPU_IDS;
        // SAFETY: an anonymous private mapping at an address of the system's choice; nothing is committed before use.
        let base = unsafe {
            let prot = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
            libc::mmap(ptr::null_mut(), total, prot, flags, -1, 0)
        };
        assert!(base != libc::MAP_FAILED, "cannot reserve {total} bytes of address space for per-CPU state");
        let delta = (base as usize + template as usize % PAGE).wrapping_sub(template as usize) as isize;
        // SAFETY: a CPU's area is made before the CPU is known to anybody.
        unsafe { set_host_percpu(delta, stride as isize) };
        Areas { delta, stride }
    })
}

impl Areas {
    /// Fills in the area of CPU `id`, which nobody uses yet; its distance from the templates.
    fn prepare(&self, id: usize) -> isize {
        let (template, len) = percpu_template();
        let distance = self.delta + (self.stride * id) as isize;
        // SAFETY: within the reserved range, which has room for all numbers.
        unsafe { ptr::copy_nonoverlapping(pristine()[1], template.wrapping_offset(distance).cast_mut(), len) };
        distance
    }
}
