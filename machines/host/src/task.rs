//! Tasks: coroutines on booted CPUs, or a thread of the program.
//!
//! A task's object is used again after its end, and never freed: a waker that is late finds an object, if another task's,
//! and a wake-up too much does no harm. A *number* is the object's index and its generation, so that who joins a task that
//! has ended is not fooled.

use crate::cpu::{HostCpu, all_booted, count, cpu_of, this};
use crate::os::Threads;
use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, Yielder};
use ringzero_machine::{Cond, IrqState, Place, StepLock, TaskSpec, notify};
use ringzero_protocol::{Link, Linked, Os, Waiter, Word};
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// What a task's stack has room for, in bytes.
const STACK: usize = 256 << 10;
/// Stacks that a CPU keeps for tasks to come.
const KEPT: usize = 512;
/// The part of a number that is the index.
const INDEX_BITS: u32 = 20;
const GENERATIONS: u32 = 1 << (31 - INDEX_BITS);
const CHUNK: usize = 256;

type Co = Coroutine<(), (), (), DefaultStack>;

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
    co: UnsafeCell<Option<Co>>,
    yielder: Cell<*const Yielder<(), ()>>,
    /// Where its stack ends and where it begins.
    pub stack: Cell<(usize, usize)>,
    /// What its CPU's block holds of it while it does not run.
    saved: Cell<(u32, IrqState, usize)>,
    /// Of a thread: 1 once it may go on.
    woken: Word,
    thread: Cell<bool>,
    /// It wants its CPU back at once.
    pub again: Cell<bool>,
    /// In the list of free ones.
    free: Cell<*const HostTask>,
}

// SAFETY: what is not atomic is touched by whoever owns the task at that time: its creator until it is placed, then its
// CPU's thread; the lists of free ones under their lock.
unsafe impl Sync for HostTask {}

// SAFETY: the link is this task's own, and the tasks do not move.
unsafe impl Linked for HostTask {
    fn link(&self) -> &Link<Self> {
        &self.link
    }
}

/// The objects there are, in chunks of [`CHUNK`].
static CHUNKS: [AtomicPtr<HostTask>; 1 << 12] = [const { AtomicPtr::new(ptr::null_mut()) }; 1 << 12];

/// The objects that no task uses, and how many were ever made.
struct Pool {
    lock: StepLock,
    first: Cell<*const HostTask>,
    made: Cell<usize>,
}

// SAFETY: touched with the lock held only.
unsafe impl Sync for Pool {}

static POOL: Pool = Pool { lock: StepLock::new(), first: Cell::new(ptr::null()), made: Cell::new(0) };
/// Tasks of programs that have not ended.
static PROGRAM: AtomicUsize = AtomicUsize::new(0);

/// How many tasks of programs there are.
pub(crate) fn programs() -> usize {
    PROGRAM.load(Acquire)
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
            co: UnsafeCell::new(None),
            yielder: Cell::new(ptr::null()),
            stack: Cell::new((0, 0)),
            saved: Cell::new((0, IrqState { masked: false, depth: 0, saved: false }, 0)),
            woken: Word::new(0),
            thread: Cell::new(false),
            again: Cell::new(false),
            free: Cell::new(ptr::null()),
        }
    }

    /// An object that no task uses.
    fn take() -> &'static Self {
        let _in = POOL.lock.lock();
        // SAFETY: objects are never freed.
        if let Some(task) = unsafe { POOL.first.get().as_ref() } {
            POOL.first.set(task.free.get());
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

    fn give_back(&'static self) {
        let _in = POOL.lock.lock();
        self.free.set(POOL.first.get());
        POOL.first.set(self);
    }

    /// The task of a thread of the program.
    pub fn of_thread() -> &'static Self {
        let task = Self::take();
        task.thread.set(true);
        task
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.generation.load(Relaxed) % GENERATIONS << INDEX_BITS | self.index
    }

    /// Creates a task, which starts once its state is 0.
    pub fn spawn(spec: &TaskSpec) -> u32 {
        crate::boot::ensure_booted();
        let task = Self::take();
        let number = task.number();
        task.thread.set(false);
        task.cpu.store(ptr::null_mut(), Relaxed);
        task.spec.set(Some(*spec));
        task.saved.set((0, IrqState::default(), 0));
        if !spec.system {
            PROGRAM.fetch_add(1, Relaxed);
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

    /// The condition that task `number` has ended; `None` if there never was one.
    pub fn ended(number: u32) -> Option<Cond> {
        let task = of_index((number & ((1 << INDEX_BITS) - 1)) as usize)?;
        let test = |now: u64, was: u64| now % u64::from(GENERATIONS) != was;
        Some(Cond::at(ptr::from_ref(&task.generation).addr(), 4, test, u64::from(number >> INDEX_BITS)))
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
            cpu.block.within.set(cpu.block.within.get() - 1);
            return;
        }
        // SAFETY: it is in no inbox: it was asleep, and only one waker took it off its list.
        unsafe { cpu.inbox.push(NonNull::from(self)) };
        cpu.idle.kick(&Threads);
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
        let allowed = |cpu: &&HostCpu| mask >> cpu.id() & 1 == 1;
        let busy = |cpu: &&HostCpu| (cpu.tasks.load(Relaxed), cpu.id() != here);
        // A mask without a CPU of this machine means any.
        let cpu = all_booted().filter(allowed).min_by_key(busy).or_else(|| cpu_of(0)).expect("a booted CPU");
        cpu.tasks.fetch_add(1, Relaxed);
        self.cpu.store(ptr::from_ref(cpu).cast_mut(), Relaxed);
        cpu
    }

    /// Goes off the CPU until it is woken, or lets others run first if it wants it back at once. The running task only,
    /// which is on a list by which it can be woken, and within a step since then; unless `again`. The step is over then.
    #[inline(always)]
    pub fn suspend(&'static self, again: bool) {
        if self.thread.get() {
            while !again && self.woken.swap(0, Acquire) == 0 {
                Threads.futex_wait(&self.woken, 0, None);
            }
            this().block.within.set(0);
            return crate::host::look_up();
        }
        self.again.set(again);
        // SAFETY: set when the coroutine began, and valid while it runs.
        unsafe { (*self.yielder.get()).suspend(()) };
    }

    /// Runs it on `cpu`, its own, until it suspends or ends.
    #[inline(always)]
    pub fn run(&'static self, cpu: &'static HostCpu) {
        let block = &cpu.block;
        // SAFETY: only this CPU's thread touches the coroutine.
        let co = unsafe { &mut *self.co.get() };
        if co.is_none() {
            self.begin(cpu, co);
        }
        let (preempt, irq, caller) = self.saved.get();
        let spec = self.spec.get().expect("a task that runs has not ended");
        cpu.running.set(self);
        block.current.set(spec.data.cast_const());
        block.preempt_count.set(preempt);
        block.irq.set(irq);
        block.caller.set(caller);
        block.within.set(0);
        count(&cpu.counts.switches);
        let result = co.as_mut().expect("made above").resume(());
        block.within.set(1);
        self.saved.set((block.preempt_count.get(), block.irq.get(), block.caller.get()));
        block.current.set(ptr::null());
        cpu.running.set(ptr::null());
        match result {
            corosensei::CoroutineResult::Yield(()) if self.again.get() => cpu.append(self),
            corosensei::CoroutineResult::Yield(()) => {}
            corosensei::CoroutineResult::Return(()) => self.end(cpu),
        }
    }

    #[inline(never)]
    fn begin(&'static self, cpu: &'static HostCpu, co: &mut Option<Co>) {
        // SAFETY: part of an object that does not move. It was woken, so it is off its list.
        crate::park::LOT.dequeue(unsafe { Pin::new_unchecked(&self.start) });
        let stack = cpu.stacks.borrow_mut().pop();
        let stack = stack.unwrap_or_else(|| DefaultStack::new(STACK).expect("address space for a task's stack"));
        self.stack.set((stack.limit().get(), stack.base().get()));
        let spec = self.spec.get().expect("a task that was spawned");
        *co = Some(Co::with_stack(stack, move |yielder, ()| {
            self.yielder.set(yielder);
            // SAFETY: whoever spawned promises that it may be called once with `data`.
            if catch_unwind(AssertUnwindSafe(|| unsafe { (spec.entry)(spec.data) })).is_err() {
                crate::boot::task_panicked(&spec);
            }
        }));
    }

    #[inline(never)]
    fn end(&'static self, cpu: &'static HostCpu) {
        // SAFETY: only this CPU's thread touches the coroutine.
        let co = unsafe { (*self.co.get()).take() }.expect("it has just returned");
        let mut stacks = cpu.stacks.borrow_mut();
        if stacks.len() < KEPT {
            stacks.push(co.into_stack());
        }
        let system = self.spec.take().is_some_and(|s| s.system);
        cpu.tasks.fetch_sub(1, Relaxed);
        let word = ptr::from_ref(&self.generation).addr();
        // Pairs with whoever joins it: what it did comes before.
        self.generation.fetch_add(1, Release);
        if !system {
            PROGRAM.fetch_sub(1, Release);
        }
        notify(word);
        self.give_back();
        if !system && programs() == 0 {
            crate::boot::something_ended();
        }
    }
}

impl HostCpu {
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
