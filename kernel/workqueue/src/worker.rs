//! The workers.

use crate::cancel::{end, on_done};
use crate::pool::{Instance, Pool, conflicts};
use crate::queue::call_worker;
use crate::work::Work;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ringzero_context::{Balance, SleepHook, panicking};
use ringzero_machine::{Cond, KBox, Mode, Op, Place, Step, WaitKind, cpu, model, step, wait};
use ringzero_sched::{TaskOptions, spawn_at, task_name, try_current};

/// A worker: a task of a pool.
pub(crate) struct Worker {
    /// The next one of its pool.
    pub(crate) next: Cell<Option<&'static Worker>>,
    /// 1 when it was called: what an idle worker waits for.
    pub(crate) call: AtomicU32,
    /// It waits to be called, and was not. As the rest, touched within steps on the pools.
    pub(crate) idle: Cell<bool>,
    pub(crate) executes: Cell<Option<&'static Instance>>,
    cpu: u32,
}

// SAFETY: `call` is atomic; the cells are touched only within steps on the pools, on the thread of the machine.
unsafe impl Sync for Worker {}

impl Worker {
    pub(crate) fn on_call(&self, op: Op, place: Place) -> Step {
        Step::new(op, Mode::Rmw, ptr::from_ref(&self.call).addr(), 4, place).named(Some("kworker"), None)
    }
}

impl Pool {
    /// The running context passes through the pool's lock in its last step (crate invariant 8).
    pub(crate) fn order(&self) {
        if let Some(m) = model() {
            m.order(ptr::from_ref(self).addr(), true, true);
        }
    }
}

/// Makes a worker for the pool of CPU `cpu`, which was called already. Part of a step.
pub(crate) fn hire(pool: &'static Pool, cpu: u32, place: Place) {
    let n = pool.hired.get();
    pool.hired.set(n + 1);
    let worker = KBox::new(Worker {
        next: Cell::new(pool.workers.get()),
        call: AtomicU32::new(1),
        idle: Cell::new(false),
        executes: Cell::new(None),
        cpu,
    })
    .leak();
    pool.workers.set(Some(worker));
    let name = task_name(format_args!("kworker/{cpu}:{n}"));
    let options = TaskOptions { allowed: 1 << cpu, system: true, ..TaskOptions::new(name) };
    spawn_at(options, move || run(worker), place);
}

/// What a worker does, for ever.
fn run(worker: &'static Worker) {
    let pool = Pool::of(worker.cpu);
    let place = Place::caller();
    while !panicking() {
        let announced = worker.on_call(Op::WorkRun, place).also(conflicts(), true).ordered(true, false);
        wait(&announced, Cond::on(&worker.call, |call, _| call != 0, 0), WaitKind::Sleep);
        worker.call.store(0, Relaxed);
        pool.called.set(pool.called.get().saturating_sub(1));
        pool.order();
        // Another one of them may have gone on meanwhile (crate invariant 4), or what it was called for is gone.
        let mut next = if pool.running.get() == 0 { pool.take(worker) } else { None };
        if next.is_some() {
            pool.running.set(pool.running.get() + 1);
        }
        while let Some(instance) = next {
            execute(instance);
            // The end of this one and the choice of the next are one step.
            worker.executes.set(None);
            end(instance);
            pool.order();
            // Crate invariant 4.
            next = if pool.running.get() <= 1 { pool.take(worker) } else { None };
            if next.is_none() {
                pool.running.set(pool.running.get() - 1);
            }
        }
        worker.idle.set(true);
    }
}

/// Calls an item's function, and announces the end of it.
fn execute(instance: &'static Instance) {
    let (state, place) = (instance.work.addr(), instance.place);
    if let Some(m) = model() {
        m.lock_owner(ptr::from_ref(&instance.done).addr(), true, place);
    }
    // Crate invariant 10; the word is written by nobody, so only a free conflicts with this read.
    let at = Work::function_address(instance.work);
    step(&Step::new(Op::ReadOnce, Mode::Read, at, 0, place).named(Some("work.func"), None));
    if let Some(m) = model() {
        // Pairs with the releases of whoever queued it, or found it pending and was content (crate invariant 8). The state
        // is the item's first field.
        m.order(state, true, true);
    }
    // SAFETY: made of a reference, and the machine has just said that the memory is alive.
    let work: &'static Work = unsafe { &*instance.work };
    let (function, task) = (work.function(), try_current());
    let balance = Balance::enter();
    if let Some(task) = task {
        task.set_works(true);
    }
    function.call(work);
    // The item may be gone: nothing of it is touched any more (crate invariant 5).
    if let Some(task) = task {
        task.set_works(false);
    }
    balance.check(place, "work function");
    step(&on_done(instance, Op::WorkDone, Mode::Write, place).also(conflicts(), true).ordered(false, true));
}

/// What `context` calls around a sleep.
pub(crate) const SLEEP: SleepHook = SleepHook { begins, ends };

/// The running task may sleep from now on. A worker's pool lets the next instance go on.
fn begins(place: Place) -> usize {
    if !try_current().is_some_and(|task| task.works()) {
        return 0;
    }
    step(&Step::new(Op::WorkerSleeps, Mode::Rmw, conflicts(), 4, place).named(Some("workqueue"), None));
    let here = cpu().id.get();
    let pool = Pool::of(here);
    pool.running.set(pool.running.get() - 1);
    pool.order();
    call_worker(here, place);
    conflicts()
}

/// The running worker goes on, in a step that touched the pools.
fn ends() {
    let pool = Pool::of(cpu().id.get());
    pool.running.set(pool.running.get() + 1);
    pool.order();
}
