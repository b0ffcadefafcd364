//! Tasks: coroutines on booted CPUs, or a thread of the program.
//!
//! A task that goes off its CPU goes to the next one directly, on its own; only where there is something else to do does it
//! go back to the CPU's loop ([`crate::run`]). The whole way is inlined.
//!
//! A task's object is used again after its end, and never freed: a waker that is late finds an object, if another task's,
//! and a wake-up too much does no harm. A *number* is the object's index and its generation, so that who joins a task that
//! has ended is not fooled.

use crate::cpu::{HostCpu, all_cpus, booted, count, cpu_of, this};
use crate::os::Threads;
use crate::realtime;
use crate::switch::{prepare, switch};
use corosensei::stack::{DefaultStack, Stack};
use ringzero_machine::{Cond, IrqState, Place, Priority, StepLock, TaskSpec, notify_sleepers};
use ringzero_protocol::{Link, Linked, Os, Waiter, Word};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

/// What a task's stack has room for, in bytes.
const STACK: usize = 256 << 10;
/// Stacks that a CPU keeps for tasks to come.
const KEPT: usize = 512;
/// Switches from task to task before the CPU looks around in its loop.
const IN_A_ROW: u64 = 64;
/// So many ends of tasks are told to others at once, while there are more tasks to run.
const TOLD: u32 = 16;
/// The part of a number that is the index.
const INDEX_BITS: u32 = 20;
const GENERATIONS: u32 = 1 << (31 - INDEX_BITS);
const CHUNK: usize = 256;
/// Free objects that go from a CPU to the pool, or from there, at once.
const BATCH: u32 = 32;

/// A task.
pub(crate) struct HostTask {
    /// In a CPU's inbox.
    link: Link<HostTask>,
    /// In a CPU's queue of runnable tasks.
    pub next: Cell<*const HostTask>,
    index: u32,
    /// The number of lives it has behind it: changes when it ends.
    generation: AtomicU32,
    /// The CPU that it was placed on; null before it starts.
    cpu: AtomicPtr<HostCpu>,
    spec: Cell<Option<TaskSpec>>,
    /// The place where it waits for its first wake-up.
    start: Waiter,
    /// What the kernel's own object of it is ([`TaskSpec::data`]).
    data: Cell<*const ()>,
    /// The top of its stack while it is off its CPU; 0 before it starts.
    top: Cell<usize>,
    /// Where its stack ends and where it begins.
    pub stack: Cell<(usize, usize)>,
    /// The stack, from its start to its end.
    holds: Cell<Option<DefaultStack>>,
    /// What its CPU's block held of it when it went off, if that was not at rest.
    saved: Cell<Option<(u32, IrqState, usize)>>,
    /// Of a thread: 1 once it may go on.
    woken: Word,
    thread: Cell<bool>,
    /// How many wait for its end.
    joiners: AtomicU32,
    /// In a list of free ones.
    free: Cell<*const HostTask>,
}

// SAFETY: what is not atomic is touched by whoever owns the task at that time: its creator until it is placed, then its
// CPU's thread; in a list of free ones by the CPU that keeps it, or under the pool's lock.
unsafe impl Sync for HostTask {}

// SAFETY: the link is this task's own, and the tasks do not move.
unsafe impl Linked for HostTask {
    fn link(&self) -> &Link<Self> {
        &self.link
    }
}

/// The objects there are, in chunks of [`CHUNK`].
static CHUNKS: [AtomicPtr<HostTask>; 1 << 12] = [const { AtomicPtr::new(ptr::null_mut()) }; 1 << 12];

/// Objects that no task uses and no CPU keeps, and how many were ever made.
struct Pool {
    lock: StepLock,
    first: Cell<*const HostTask>,
    made: Cell<usize>,
}

// SAFETY: touched with the lock held only.
unsafe impl Sync for Pool {}

static POOL: Pool = Pool { lock: StepLock::new(), first: Cell::new(ptr::null()), made: Cell::new(0) };
/// How many tasks of programs there are. None: then that was so at some time during the call, and nobody was left who
/// could have made one since.
pub(crate) fn programs() -> u64 {
    // The ends first: who sees a task's end sees the beginnings of those that it made. So if there are as many beginnings,
    // each of them has ended.
    let ended: u64 = all_cpus().map(|cpu| cpu.counts.ended.load(Acquire)).sum();
    let begun: u64 = all_cpus().map(|cpu| cpu.counts.begun.load(Acquire)).sum();
    begun - ended
}

/// All tasks that have not ended.
pub(crate) fn alive() -> Vec<(&'static str, Place, bool)> {
    let made = {
        let _in = POOL.lock.lock();
        POOL.made.get()
    };
    let all = (0..made).filter_map(of_index).filter(|t| !t.thread.get());
    all.filter_map(|t| t.spec.get()).map(|s| (s.name, s.place, s.system)).collect()
}

fn of_index(index: usize) -> Option<&'static HostTask> {
    let chunk = NonNull::new(CHUNKS.get(index / CHUNK)?.load(Acquire))?;
    // SAFETY: a chunk has this many, and is never freed.
    Some(unsafe { chunk.add(index % CHUNK).as_ref() })
}

impl HostTask {
    const fn new(index: u32) -> Self {
        Self {
            link: Link::new(),
            next: Cell::new(ptr::null()),
            index,
            generation: AtomicU32::new(0),
            cpu: AtomicPtr::new(ptr::null_mut()),
            spec: Cell::new(None),
            start: Waiter::new(),
            data: Cell::new(ptr::null()),
            top: Cell::new(0),
            stack: Cell::new((0, 0)),
            holds: Cell::new(None),
            saved: Cell::new(None),
            woken: Word::new(0),
            thread: Cell::new(false),
            joiners: AtomicU32::new(0),
            free: Cell::new(ptr::null()),
        }
    }

    /// An object that no task uses: one that this CPU keeps, if it can.
    fn take() -> &'static Self {
        let cpu = this();
        // SAFETY: objects are never freed.
        if let Some(task) = unsafe { cpu.free.get().as_ref() } {
            cpu.free.set(task.free.get());
            cpu.nr_free.set(cpu.nr_free.get() - 1);
            return task;
        }
        Self::take_many(cpu)
    }

    /// [`HostTask::take`] where the CPU keeps none. It has some afterwards.
    #[cold]
    fn take_many(cpu: &HostCpu) -> &'static Self {
        let _in = POOL.lock.lock();
        for _ in 0..BATCH {
            // SAFETY: objects are never freed.
            let Some(task) = (unsafe { POOL.first.get().as_ref() }) else { break };
            POOL.first.set(task.free.get());
            cpu.keep(task);
        }
        if let Some(task) = NonNull::new(cpu.free.get().cast_mut()) {
            // SAFETY: as above.
            let task = unsafe { task.as_ref() };
            cpu.free.set(task.free.get());
            cpu.nr_free.set(cpu.nr_free.get() - 1);
            return task;
        }
        let made = POOL.made.get();
        if made.is_multiple_of(CHUNK) {
            assert!(made < CHUNKS.len() * CHUNK, "more than {made} tasks at once");
            let chunk: Box<[HostTask]> = (made..made + CHUNK).map(|i| HostTask::new(i as u32)).collect();
            CHUNKS[made / CHUNK].store(Box::leak(chunk).as_mut_ptr(), Release);
        }
        POOL.made.set(made + 1);
        of_index(made).expect("just made")
    }

    /// Nobody uses it any more.
    fn give_back(&'static self, cpu: &HostCpu) {
        cpu.keep(self);
        if cpu.nr_free.get() > 2 * BATCH {
            give_back_many(cpu);
        }
    }

    /// The task of a thread of the program.
    pub fn of_thread() -> &'static Self {
        let task = Self::take();
        task.thread.set(true);
        task
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        (self.generation.load(Relaxed) % GENERATIONS) << INDEX_BITS | self.index
    }

    /// Creates a task, which starts once its state is 0.
    pub fn spawn(spec: &TaskSpec) -> u32 {
        crate::boot::ensure_booted();
        let task = Self::take();
        let number = task.number();
        task.thread.set(false);
        task.cpu.store(ptr::null_mut(), Relaxed);
        task.spec.set(Some(*spec));
        task.data.set(spec.data);
        task.top.set(0);
        task.saved.set(None);
        if !spec.system {
            count(&this().counts.begun);
        }
        // SAFETY: whoever spawns promises that the state lives as long as the task.
        if unsafe { (*spec.state).load(Acquire) } == 0 {
            task.wake();
            return number;
        }
        let cond = Cond::at(spec.state.addr(), 4, |state, _| state == 0, 0);
        // SAFETY: the waiter is part of the object, which does not move; it is taken off before the task runs.
        let put = unsafe {
            crate::park::LOT.enqueue(&Threads, Pin::new_unchecked(&task.start), &cond, ptr::from_ref(task).cast())
        };
        if !put {
            task.wake();
        }
        number
    }

    /// The condition that task `number` has ended; `None` if there never was one. Who has slept on it passes the news on
    /// ([`notify`](ringzero_machine::notify)).
    pub fn ended(number: u32) -> Option<Cond> {
        let task = of_index((number & ((1 << INDEX_BITS) - 1)) as usize)?;
        let test = |now: u64, was: u64| now % u64::from(GENERATIONS) != was;
        Some(
            Cond::at(ptr::from_ref(&task.generation).addr(), 4, test, u64::from(number >> INDEX_BITS))
                .counted_in(&task.joiners),
        )
    }

    /// Lets it go on, which sleeps or has not started, and is on no list any more. Any thread.
    pub fn wake(&'static self) {
        if self.thread.get() {
            if self.woken.swap(1, Release) == 0 {
                Threads.futex_wake(&self.woken, 1);
            }
            return;
        }
        // SAFETY: null or a CPU, which is never freed.
        let cpu = match unsafe { self.cpu.load(Relaxed).as_ref() } {
            Some(cpu) => cpu,
            None => self.place(),
        };
        if ptr::eq(cpu, this()) {
            cpu.block.within.set(cpu.block.within.get() + 1);
            cpu.append(self);
            if realtime::wanted() {
                realtime::runnable_here(self, cpu);
            }
            cpu.block.within.set(cpu.block.within.get() - 1);
            return;
        }
        // Before it may run, and end.
        let rank = realtime::wanted().then(|| self.rank());
        // SAFETY: it is in no inbox: it was asleep, and only one waker took it off its list.
        if !unsafe { cpu.inbox.push(NonNull::from(self)) } {
            // Who has put the first one in kicks.
            return rank.map_or((), |rank| realtime::runnable_there(rank, cpu));
        }
        cpu.idle.kick(&Threads);
        if let Some(rank) = rank {
            realtime::runnable_there(rank, cpu);
        }
        if cpu.by_signal.load(Relaxed) && !cpu.resting.load(Relaxed) {
            cpu.post(crate::cpu::RESCHED);
        }
    }

    /// Finds it a CPU: of those it may run on, the one with the fewest tasks; this one if there are several such.
    fn place(&'static self) -> &'static HostCpu {
        let spec = self.spec.get().expect("a task that was spawned");
        // SAFETY: whoever spawns promises that the mask lives as long as the task.
        let mask = unsafe { (*spec.allowed).load(Relaxed) };
        let here = this().id();
        // Nothing is read of the CPUs but their loads: the rest is their own threads'.
        let allowed = (0..booted()).filter(|id| mask >> id & 1 == 1);
        let loads = allowed.filter_map(|id| cpu_of(id).map(|cpu| (cpu.load.tasks(), id != here, cpu)));
        let least = loads.min_by_key(|(tasks, other, _)| (*tasks, *other)).map(|(_, _, cpu)| cpu);
        // A mask without a CPU of this machine means any.
        let cpu = least.or_else(|| cpu_of(0)).expect("a booted CPU");
        cpu.load.placed.fetch_add(1, Relaxed);
        self.cpu.store(ptr::from_ref(cpu).cast_mut(), Relaxed);
        cpu
    }

    /// Goes off the CPU until it is woken. The running task only, which is on a list by which it can be woken, and within a
    /// step since then. The step is over then.
    #[inline(always)]
    pub fn suspend(&'static self, cpu: &'static HostCpu) {
        if self.thread.get() {
            while self.woken.swap(0, Acquire) == 0 {
                Threads.futex_wait(&self.woken, 0, None);
            }
            cpu.block.within.set(0);
            return crate::host::look_up();
        }
        self.leave_to(if cpu.is_undisturbed() { cpu.pop() } else { None }, cpu);
    }

    /// Lets the runnable tasks of its CPU run first. The running task only, within a step, which is over then.
    #[inline(always)]
    pub fn go_last(&'static self, cpu: &'static HostCpu) {
        let next = if cpu.is_undisturbed() { cpu.rotate(self) } else { None };
        if next.is_none() {
            cpu.append(self);
        }
        self.leave_to(next, cpu);
    }

    /// Lets a better task of its CPU run, and is the first of those that come after. As [`HostTask::go_last`].
    #[cold]
    pub fn go_first(&'static self, cpu: &'static HostCpu) {
        self.next.set(cpu.first.replace(self));
        if self.next.get().is_null() {
            cpu.last.set(self);
        }
        self.leave_to(None, cpu);
    }

    /// Its real-time priority, less being more urgent, or that of all ordinary tasks. Of a task that has not ended.
    pub fn rank(&self) -> i32 {
        self.spec.get().map_or(Priority::LAST, |spec| spec.prio.rank())
    }

    /// Whether it takes turns with others of its rank. Of a task that has not ended.
    pub fn in_turns(&self) -> bool {
        self.spec.get().is_some_and(|spec| spec.prio.in_turns())
    }

    /// The CPU that the task of that number was placed on, if it has not ended.
    pub fn cpu_of(number: u32) -> Option<&'static HostCpu> {
        let task = of_index((number & ((1 << INDEX_BITS) - 1)) as usize).filter(|task| task.number() == number)?;
        // SAFETY: null or a CPU, which is never freed.
        unsafe { task.cpu.load(Relaxed).as_ref() }
    }

    /// Goes off its CPU, where `next` goes on, another task, or the CPU's loop.
    #[inline(always)]
    fn leave_to(&'static self, next: Option<&'static Self>, cpu: &'static HostCpu) {
        let block = &cpu.block;
        let (preempt, irq, caller) = (block.preempt_count.get(), block.irq.get(), block.caller.get());
        if preempt as usize | irq.depth as usize | caller != 0 || irq.masked || irq.saved {
            self.saved.set(Some((preempt, irq, caller)));
            block.preempt_count.set(0);
            block.irq.set(IrqState::default());
            block.caller.set(0);
        }
        let to = match next {
            Some(next) => next.install(cpu),
            None => cpu.nobody_runs(),
        };
        // SAFETY: tops of stacks of this CPU's: a task's that does not run, or the loop's, which none does while a task runs.
        unsafe { switch(&self.top, to) };
    }

    /// Makes it the one that runs on `cpu`; the top of its stack.
    #[inline(always)]
    fn install(&'static self, cpu: &'static HostCpu) -> usize {
        if self.top.get() == 0 {
            self.begin(cpu);
        }
        let block = &cpu.block;
        if let Some((preempt, irq, caller)) = self.saved.get() {
            self.saved.set(None);
            block.preempt_count.set(preempt);
            block.irq.set(irq);
            block.caller.set(caller);
        }
        cpu.running.set(self);
        block.current.set(self.data.get());
        block.within.set(0);
        count(&cpu.counts.switches);
        self.top.get()
    }

    /// Runs it and what comes after it on `cpu`, its own, until none is left or there is something else to do. The CPU's
    /// loop only.
    #[inline(always)]
    pub fn run(&'static self, cpu: &'static HostCpu) {
        let to = self.install(cpu);
        // SAFETY: the top of a stack of this CPU's that does not run.
        unsafe { switch(&cpu.top, to) };
        // SAFETY: tasks are never freed.
        if let Some(ended) = unsafe { cpu.ended.replace(ptr::null()).as_ref() } {
            ended.end(cpu);
        }
    }

    #[inline(never)]
    fn begin(&'static self, cpu: &'static HostCpu) {
        // SAFETY: part of an object that does not move. It was woken, so it is off its list.
        crate::park::LOT.dequeue(unsafe { Pin::new_unchecked(&self.start) });
        let stack = cpu.stacks.borrow_mut().pop();
        let stack = stack.unwrap_or_else(|| DefaultStack::new(STACK).expect("address space for a task's stack"));
        self.stack.set((stack.limit().get(), stack.base().get()));
        // SAFETY: a stack that nothing runs on.
        self.top.set(unsafe { prepare(stack.base().get(), first, ptr::from_ref(self).cast()) });
        self.holds.set(Some(stack));
    }

    #[inline(never)]
    fn end(&'static self, cpu: &'static HostCpu) {
        let (stack, mut stacks) = (self.holds.take(), cpu.stacks.borrow_mut());
        if stacks.len() < KEPT {
            stacks.extend(stack);
        }
        drop(stacks);
        let system = self.spec.take().is_some_and(|s| s.system);
        count(&cpu.counts.gone);
        let gone = cpu.counts.gone.load(Relaxed) as u32;
        if gone.is_multiple_of(TOLD) || cpu.first.get().is_null() {
            cpu.load.gone.store(gone, Relaxed);
        }
        // Pairs with whoever joins it: what it did comes before.
        self.generation.store(self.generation.load(Relaxed).wrapping_add(1), Release);
        if !system {
            cpu.counts.ended.store(cpu.counts.ended.load(Relaxed) + 1, Release);
        }
        notify_sleepers(ptr::from_ref(&self.generation).addr(), &self.joiners);
        self.give_back(cpu);
        if !system && cpu.first.get().is_null() && programs() == 0 {
            crate::boot::something_ended();
        }
    }
}

/// The CPU keeps fewer free objects, others may have them.
#[cold]
fn give_back_many(cpu: &HostCpu) {
    let _in = POOL.lock.lock();
    for _ in 0..BATCH {
        // SAFETY: objects are never freed.
        let Some(task) = (unsafe { cpu.free.get().as_ref() }) else { break };
        cpu.free.set(task.free.get());
        cpu.nr_free.set(cpu.nr_free.get() - 1);
        task.free.set(POOL.first.get());
        POOL.first.set(task);
    }
}

/// What runs on a task's stack.
extern "C" fn first(task: *const ()) -> ! {
    // SAFETY: `begin` gives a task; they are never freed.
    let task = unsafe { &*task.cast::<HostTask>() };
    let spec = task.spec.get().expect("a task that was spawned");
    // SAFETY: whoever spawned promises that it may be called once with `data`.
    if catch_unwind(AssertUnwindSafe(|| unsafe { (spec.entry)(spec.data) })).is_err() {
        crate::boot::task_panicked(&spec);
    }
    let cpu = this();
    cpu.block.within.set(1);
    // Whatever it has left behind.
    cpu.block.preempt_count.set(0);
    cpu.block.irq.set(IrqState::default());
    cpu.block.caller.set(0);
    cpu.ended.set(task);
    let to = cpu.nobody_runs();
    // SAFETY: the loop's, which does not run while a task does.
    unsafe { switch(&task.top, to) };
    unreachable!("a task that has ended")
}

impl HostCpu {
    /// Keeps a task's object for later. This CPU's thread.
    fn keep(&self, task: &'static HostTask) {
        task.free.set(self.free.get());
        self.free.set(task);
        self.nr_free.set(self.nr_free.get() + 1);
    }

    /// The CPU's loop goes on, at rest but within a step; the top of its stack.
    #[inline]
    fn nobody_runs(&self) -> usize {
        self.running.set(ptr::null());
        self.block.current.set(ptr::null());
        self.top.get()
    }

    /// Whether there is nothing to do but to run tasks. Now and then there is.
    #[inline(always)]
    fn is_undisturbed(&self) -> bool {
        let enough = self.counts.switches.load(Relaxed).is_multiple_of(IN_A_ROW) | realtime::wanted();
        !enough && self.block.attention.load(Relaxed) == 0 && self.inbox.is_empty()
    }

    /// [`HostCpu::pop`], and `task` becomes the last one if there is one whose turn it is.
    #[inline(always)]
    fn rotate(&self, task: &'static HostTask) -> Option<&'static HostTask> {
        // SAFETY: tasks are never freed.
        let (first, last) = unsafe { (self.first.get().as_ref()?, self.last.get().as_ref()?) };
        task.next.set(ptr::null());
        last.next.set(task);
        self.last.set(task);
        self.first.set(first.next.get());
        Some(first)
    }

    /// Makes a task the last of the runnable ones. This CPU's thread, with `within` not 0.
    #[inline]
    pub fn append(&self, task: &'static HostTask) {
        task.next.set(ptr::null());
        // SAFETY: tasks are never freed.
        match unsafe { self.last.replace(task).as_ref() } {
            Some(last) => last.next.set(task),
            None => self.first.set(task),
        }
    }

    /// The runnable task whose turn it is. This CPU's thread, with `within` not 0.
    #[inline]
    pub fn pop(&self) -> Option<&'static HostTask> {
        // SAFETY: tasks are never freed.
        let task = unsafe { self.first.get().as_ref() }?;
        self.first.set(task.next.get());
        if task.next.get().is_null() {
            self.last.set(ptr::null());
        }
        Some(task)
    }
}
