//! The workers.

use crate::cancel::on_done;
use crate::pool::{Instance, Pool, conflicts, lock, step_lock};
use crate::queue::call_worker;
use crate::work::Work;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use ringzero_context::{Balance, SleepHook, panicking};
use ringzero_machine::{Cond, Count, KBox, Mode, Op, Place, Step, WaitKind, cpu, model, notify, step, wait_within};
use ringzero_sched::{Task, TaskOptions, spawn_at, task_name, try_current};

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
    /// Which one of its pool it is.
    number: u32,
}

// SAFETY: `call` is atomic; the cells are touched only within steps on the pools.
unsafe impl Sync for Worker {}

impl Worker {
    /// Makes a worker for the pool of CPU `cpu`, which was called already or is idle. Part of a step; to be started after
    /// it.
    pub(crate) fn hire(pool: &Pool, cpu: u32, called: bool) -> &'static Self {
        let number = pool.hired.get();
        pool.hired.set(number + 1);
        let worker = KBox::new(Worker {
            next: Cell::new(pool.workers.get()),
            call: AtomicU32::new(called.into()),
            idle: Cell::new(!called),
            executes: Cell::new(None),
            cpu,
            number,
        })
        .leak();
        pool.workers.set(Some(worker));
        worker
    }

    /// Starts a worker that was hired.
    pub(crate) fn start(&'static self, place: Place) {
        let name = task_name(format_args!("kworker/{}:{}", self.cpu, self.number));
        let options = TaskOptions { allowed: 1 << self.cpu, system: true, ..TaskOptions::new(name) };
        spawn_at(options, move || run(self), place);
    }

    /// The worker was called, within the step in which it comes: what it is to execute. Another one may have gone on
    /// meanwhile (crate invariant 4), or what it was called for is gone.
    fn come(&'static self, pool: &Pool) -> Option<&'static Instance> {
        self.call.store(0, Relaxed);
        pool.called.set(pool.called.get().saturating_sub(1));
        pool.order();
        let next = if pool.running.get() == 0 { pool.take(self) } else { None };
        match next {
            Some(_) => pool.running.set(pool.running.get() + 1),
            None => self.idle.set(true),
        }
        next
    }

    /// The end of what the worker executed, and the choice of the next are one step. Also the word on which others wait for
    /// that end.
    fn go_on(&'static self, pool: &Pool, instance: &'static Instance) -> (Option<&'static Instance>, usize) {
        self.executes.set(None);
        if let Some(m) = model() {
            m.lock_owner(ptr::from_ref(&instance.done).addr(), false, instance.place);
        }
        let ended = instance.end();
        pool.order();
        // Crate invariant 4.
        let next = if pool.running.get() <= 1 { pool.take(self) } else { None };
        if next.is_none() {
            pool.running.set(pool.running.get() - 1);
            self.idle.set(true);
        }
        (next, ended)
    }

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

/// Hires an idle worker for the pool of CPU `cpu` if it has none, in task context and on the host: then nobody who queues
/// an item, in whatever context, has to make one (crate invariant 9).
pub(crate) fn keep_one_idle(cpu: u32, place: Place) {
    if model().is_some() {
        return;
    }
    let pool = Pool::of(cpu);
    let hired = {
        let _in = lock();
        if pool.idle().is_some() { None } else { Some(Worker::hire(pool, cpu, false)) }
    };
    if let Some(worker) = hired {
        worker.start(place);
    }
}

/// What a worker does, for ever.
fn run(worker: &'static Worker) {
    let pool = Pool::of(worker.cpu);
    let place = Place::caller();
    while model().is_none() || !panicking() {
        let announced = worker.on_call(Op::WorkRun, place).also(conflicts(), true).ordered(true, false);
        let called = Cond::on(&worker.call, |call, _| call != 0, 0);
        let mut next = wait_within(step_lock(), &announced, called, WaitKind::Sleep, || worker.come(pool));
        if next.is_some() {
            keep_one_idle(worker.cpu, place);
        }
        while let Some(instance) = next {
            execute(instance);
            let ended;
            (next, ended) = {
                let _in = lock();
                worker.go_on(pool, instance)
            };
            notify(ended);
        }
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
    let function = work.function();
    let balance = Balance::enter();
    Task::work_for_pool(true);
    cpu().count(Count::Works);
    function.call(work);
    // The item may be gone: nothing of it is touched any more (crate invariant 5).
    Task::work_for_pool(false);
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
    let held = lock();
    let here = cpu().id.get();
    let pool = Pool::of(here);
    pool.running.set(pool.running.get() - 1);
    pool.order();
    call_worker(held, here, place);
    conflicts()
}

/// The running worker goes on, in a step that touched the pools.
fn ends() {
    let _in = lock();
    let pool = Pool::of(cpu().id.get());
    pool.running.set(pool.running.get() + 1);
    pool.order();
}
