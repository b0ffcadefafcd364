//! The pools: what is queued on a CPU, and the workers that execute it.
//!
//! Everything here is touched only within a step on [`conflicts`] (crate invariant 1): with [`lock`] held, until the next
//! announcement.

use crate::work::Work;
use crate::worker::Worker;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Relaxed, Release},
};
use ringzero_machine::{KBox, Left, Place, StepLock, Within, define_per_cpu, machine, machine_local, model};

/// One queueing of an item, until its function has returned or it was cancelled (crate invariant 6). On the host its memory
/// is used again when also nobody waits for its end any more.
pub(crate) struct Instance {
    /// The item, whose memory may be gone.
    pub(crate) work: *const Work,
    /// The other half of what the item is (crate invariant 3).
    pub(crate) function: usize,
    pub(crate) next: Cell<Option<&'static Instance>>,
    /// 1 once it has ended.
    pub(crate) done: AtomicU32,
    /// Somebody waits for the end.
    pub(crate) awaited: Cell<bool>,
    /// How many have it: its pool until the end, and those who wait.
    holders: Cell<u32>,
    /// Which one it is of all.
    pub(crate) number: u32,
    /// Where it was queued.
    pub(crate) place: Place,
}

impl Instance {
    fn is_of(&self, work: *const Work, function: usize) -> bool {
        ptr::eq(self.work, work) && self.function == function
    }

    /// Keeps it for somebody who is going to wait for its end.
    pub(crate) fn hold(&'static self) -> &'static Self {
        self.awaited.set(true);
        self.holders.set(self.holders.get() + 1);
        self
    }

    /// Lets go of it; what [`Instance::hold`] and its making are undone by.
    pub(crate) fn let_go(&'static self) {
        self.holders.set(self.holders.get() - 1);
        if self.holders.get() == 0 && model().is_none() {
            FREE.get().put(self);
        }
    }

    /// Its end. The word that changed, whose waiters are to be told when the lock is not held any more.
    pub(crate) fn end(&'static self) -> usize {
        self.done.store(1, Release);
        let at = ptr::from_ref(&self.done).addr();
        self.let_go();
        at
    }
}

/// Instances to be used again.
struct Free {
    first: Cell<*const Instance>,
    count: Cell<u32>,
}

// SAFETY: touched with the lock held only.
unsafe impl Sync for Free {}

/// How many are kept.
const KEPT: u32 = 256;

impl Free {
    fn put(&self, instance: &'static Instance) {
        if self.count.get() == KEPT {
            // SAFETY: every instance comes from `make`, and nobody has this one any more.
            return unsafe { KBox::dispose(instance) };
        }
        // SAFETY: null, or one that was put here, which nobody uses.
        instance.next.set(unsafe { self.first.get().as_ref() });
        self.first.set(instance);
        self.count.set(self.count.get() + 1);
    }

    fn make(&self, new: Instance) -> &'static Instance {
        // SAFETY: as in `put`.
        let Some(old) = (unsafe { self.first.get().as_ref() }) else { return KBox::new(new).leak() };
        self.first.set(old.next.get().map_or(ptr::null(), ptr::from_ref));
        self.count.set(self.count.get() - 1);
        let at = ptr::from_ref(old).cast_mut();
        // SAFETY: nobody uses the memory, which is an instance's in the machine's memory; it needs no drop.
        unsafe {
            at.write(new);
            &*at
        }
    }
}

/// A CPU's pool.
pub(crate) struct Pool {
    first: Cell<Option<&'static Instance>>,
    last: Cell<Option<&'static Instance>>,
    /// Workers that execute something and do not sleep.
    pub(crate) running: Cell<u32>,
    /// Workers that were called and have not come yet.
    pub(crate) called: Cell<u32>,
    /// Its workers, linked through [`Worker::next`].
    pub(crate) workers: Cell<Option<&'static Worker>>,
    pub(crate) hired: Cell<u32>,
}

/// Who has to be called.
pub(crate) enum Call {
    /// A worker that waits for it.
    Idle(&'static Worker),
    /// A new worker, which has to be started.
    New(&'static Worker),
}

define_per_cpu! {
    static POOL: Pool = Pool {
        first: Cell::new(None),
        last: Cell::new(None),
        running: Cell::new(0),
        called: Cell::new(0),
        workers: Cell::new(None),
        hired: Cell::new(0),
    };
}

machine_local! {
    /// Stands for all pools in steps. Counts the instances.
    static CONFLICTS: AtomicU32 = AtomicU32::new(0);
    /// What makes an operation on the pools one step on the host.
    static POOLS: StepLock = StepLock::new();
    static FREE: Free = Free { first: Cell::new(ptr::null()), count: Cell::new(0) };
}

/// What follows is a part of the step on the pools that was announced last, until the result is dropped.
pub(crate) fn lock() -> Within<'static> {
    POOLS.get().lock()
}

/// The lock itself, for waits.
pub(crate) fn step_lock() -> &'static StepLock {
    POOLS.get()
}

/// The object that every operation on items touches.
pub(crate) fn conflicts() -> usize {
    ptr::from_ref(CONFLICTS.get()).addr()
}

/// How many instances there were so far.
pub(crate) fn instances() -> u32 {
    CONFLICTS.load(Relaxed)
}

/// # Panics
/// When there is no such CPU.
#[track_caller]
pub(crate) fn assert_cpu(cpu: u32) {
    let online = machine().map_or(1, |m| m.nr_cpus());
    assert!(cpu < online, "there is no CPU {cpu} to queue work on: the machine has {online}");
}

fn pools() -> impl Iterator<Item = &'static Pool> {
    (0..machine().map_or(0, |m| m.nr_cpus())).map(|cpu| POOL.on(cpu))
}

impl Pool {
    /// CPU `cpu`'s pool.
    pub(crate) fn of(cpu: u32) -> &'static Self {
        POOL.on(cpu)
    }

    fn queued(&self) -> impl Iterator<Item = &'static Instance> + use<> {
        core::iter::successors(self.first.get(), |i| i.next.get())
    }

    fn workers(&self) -> impl Iterator<Item = &'static Worker> + use<> {
        core::iter::successors(self.workers.get(), |w| w.next.get())
    }

    fn push(&self, instance: &'static Instance) {
        match self.last.replace(Some(instance)) {
            Some(before) => before.next.set(Some(instance)),
            None => self.first.set(Some(instance)),
        }
    }

    /// Takes `instance` off the list, where it is.
    fn unlink(&self, instance: &'static Instance) {
        let mut before: Option<&'static Instance> = None;
        for i in self.queued() {
            if ptr::eq(i, instance) {
                let link = before.map_or(&self.first, |b| &b.next);
                link.set(i.next.take());
                if ptr::eq(self.last.get().map_or(ptr::null(), ptr::from_ref), instance) {
                    self.last.set(before);
                }
                return;
            }
            before = Some(i);
        }
    }

    fn executes(&self, work: *const Work, function: usize) -> Option<&'static Instance> {
        self.workers().filter_map(|w| w.executes.get()).find(|i| i.is_of(work, function))
    }

    /// The first instance whose item is not executed just now (crate invariant 3).
    fn first_takeable(&self) -> Option<&'static Instance> {
        self.queued().find(|i| self.executes(i.work, i.function).is_none())
    }

    /// Takes an instance for `worker` to execute. The item is not pending any more (crate invariant 2).
    pub(crate) fn take(&self, worker: &'static Worker) -> Option<&'static Instance> {
        let instance = self.first_takeable()?;
        self.unlink(instance);
        if machine().is_none_or(|m| m.alive(instance.work.addr())) {
            // SAFETY: made of a reference, and the memory is alive.
            unsafe { (*instance.work).set_state(0) };
        }
        worker.executes.set(Some(instance));
        Some(instance)
    }

    /// The worker to call, if one is needed (crate invariant 4): an idle one, or a new one.
    pub(crate) fn worker_to_call(&'static self, cpu: u32) -> Option<Call> {
        if self.running.get() != 0 || self.called.get() != 0 || self.first_takeable().is_none() {
            return None;
        }
        self.called.set(1);
        let Some(idle) = self.idle() else { return Some(Call::New(Worker::hire(self, cpu, true))) };
        idle.idle.set(false);
        Some(Call::Idle(idle))
    }

    /// A worker that waits to be called.
    pub(crate) fn idle(&self) -> Option<&'static Worker> {
        self.workers().find(|w| w.idle.get())
    }
}

/// Puts an item on the pool where it is executed just now, else on that of CPU `cpu`. The CPU.
pub(crate) fn insert(work: &'static Work, cpu: u32, place: Place) -> u32 {
    let function = work.function_word();
    let last = work.last_cpu();
    // Its last execution comes before the next one.
    order_last(work);
    let cpu = last.filter(|&last| Pool::of(last).executes(work, function).is_some()).unwrap_or(cpu);
    work.set_last_cpu(cpu);
    let instance = FREE.get().make(Instance {
        work,
        function,
        next: Cell::new(None),
        done: AtomicU32::new(0),
        awaited: Cell::new(false),
        holders: Cell::new(1),
        number: CONFLICTS.fetch_add(1, Relaxed),
        place,
    });
    Pool::of(cpu).push(instance);
    cpu
}

/// The instance of an item that is queued.
pub(crate) fn queued(work: *const Work) -> Option<&'static Instance> {
    pools().find_map(|pool| pool.queued().find(|i| ptr::eq(i.work, work)))
}

/// Takes a queued item off its pool, and what it was there.
pub(crate) fn remove(work: &'static Work) -> Option<&'static Instance> {
    let instance = queued(work)?;
    pools().for_each(|pool| pool.unlink(instance));
    order_last(work);
    Some(instance)
}

/// The running context passes through the lock of the pool that `work` was on last, in its last step.
pub(crate) fn order_last(work: &Work) {
    if let Some(cpu) = work.last_cpu() {
        Pool::of(cpu).order();
    }
}

/// The running context passes through the locks of all pools, in its last step.
pub(crate) fn order_all() {
    pools().for_each(Pool::order);
}

/// The instance of an item that is executed just now.
pub(crate) fn executing(work: &Work) -> Option<&'static Instance> {
    pools().find_map(|pool| pool.executes(work, work.function_word()))
}

/// The instances that have not ended.
fn unfinished() -> impl Iterator<Item = &'static Instance> {
    let executed = pools().flat_map(Pool::workers).filter_map(|w| w.executes.get());
    pools().flat_map(Pool::queued).chain(executed)
}

/// The first instance up to number `limit` that has not ended.
pub(crate) fn unfinished_before(limit: u32) -> Option<&'static Instance> {
    // The numbers may have wrapped around.
    let before = |i: &Instance| limit.wrapping_sub(i.number).cast_signed();
    unfinished().filter(|i| before(i) > 0).max_by_key(|i| before(i))
}

/// A work item that is still queued or executed. One whose memory is dead is none: that it is taken is the finding then.
pub(crate) fn leftover() -> Option<Left> {
    let m = machine()?;
    let _in = lock();
    let instance = unfinished().find(|i| m.alive(i.work.addr()))?;
    let addr = instance.work.addr();
    Some(Left { what: "a work item that is still pending or executed", name: None, addr, place: Some(instance.place) })
}
