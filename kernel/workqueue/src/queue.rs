//! Queueing, and waiting for all that was queued.

use crate::cancel::await_end;
use crate::pool::{self, Call, Instance, Pool, insert};
use crate::work::{PENDING, Work};
use core::ptr;
use core::sync::atomic::Ordering::Release;
use ringzero_context::at;
use ringzero_machine::{Mode, Op, Place, Step, Within, cpu, machine, model, notify, step};

/// A workqueue (`struct workqueue_struct`). There is the system's, [`system_wq`].
///
/// ```
/// use ringzero::workqueue::{Work, WorkQueue, flush_workqueue, queue_work, system_wq};
/// ringzero::global! { static NOTHING: Work = Work::new(|_| ()); }
/// let init = || {
///     let wq: &WorkQueue = system_wq();
///     queue_work(wq, &NOTHING);
///     flush_workqueue(wq);
///     assert!(!NOTHING.is_pending());
/// };
/// ringzero::Machine::host().boot(init).assert_clean();
/// ```
#[doc(alias = "workqueue_struct")]
#[derive(Debug)]
pub struct WorkQueue {
    name: &'static str,
}

impl WorkQueue {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// The system's workqueue, which `schedule_work` queues on.
#[must_use]
pub fn system_wq() -> &'static WorkQueue {
    static SYSTEM: WorkQueue = WorkQueue { name: "events" };
    &SYSTEM
}

/// The CPU that the caller runs on, within a step; for a thread of the program's own, the one that works for it.
pub(crate) fn this_cpu() -> u32 {
    machine().map_or_else(|| cpu().id.get(), |m| m.service_cpu())
}

/// Queues `work` on the CPU that `on` says in the step; whether it was not pending.
pub(crate) fn queue_on(work: &'static Work, on: impl FnOnce() -> u32, place: Place) -> bool {
    let held = work.enter(Op::QueueWork, place);
    if work.state() & PENDING != 0 {
        return false;
    }
    work.set_state(PENDING);
    give(held, work, on(), place);
    true
}

/// Puts a pending item on a pool, within a step that covers that, and calls a worker if one is needed.
pub(crate) fn give(held: Within<'_>, work: &'static Work, cpu: u32, place: Place) {
    let cpu = insert(work, cpu, place);
    Pool::of(cpu).order();
    call_worker(held, cpu, place);
}

/// Calls a worker of CPU `cpu` if one is needed, as the last part of a step on the pools; calling is a step of its own,
/// unless the worker is new.
pub(crate) fn call_worker(held: Within<'_>, cpu: u32, place: Place) {
    let call = Pool::of(cpu).worker_to_call(cpu);
    drop(held);
    match call {
        Some(Call::Idle(worker)) => {
            // Pairs with the acquire in the worker's wait.
            step(&worker.on_call(Op::WakeUpProcess, place).ordered(false, true));
            worker.call.store(1, Release);
            notify(ptr::from_ref(&worker.call).addr());
        }
        Some(Call::New(worker)) => worker.start(place),
        None => {}
    }
}

/// [`Work::schedule`].
#[track_caller]
pub fn schedule_work(work: &'static Work) -> bool {
    work.schedule()
}

/// [`Work::schedule_on`].
///
/// # Panics
/// As the method.
#[track_caller]
pub fn schedule_work_on(cpu: u32, work: &'static Work) -> bool {
    work.schedule_on(cpu)
}

/// Queues the item on `wq`, on this CPU: [`Work::schedule`].
#[track_caller]
pub fn queue_work(wq: &WorkQueue, work: &'static Work) -> bool {
    let _ = wq;
    work.schedule()
}

/// Queues the item on `wq`, on CPU `cpu`: [`Work::schedule_on`].
///
/// # Panics
/// As the method.
#[track_caller]
pub fn queue_work_on(cpu: u32, wq: &WorkQueue, work: &'static Work) -> bool {
    let _ = wq;
    work.schedule_on(cpu)
}

/// Waits until all that is queued on `wq` now has been executed.
///
/// Context: task, sleeps: finding `sleep-in-atomic` elsewhere; not a function of an item of `wq`, and holding nothing that
/// such a function waits for.
#[track_caller]
pub fn flush_workqueue(wq: &WorkQueue) {
    let _ = wq;
    flush_all("flush_workqueue()", Place::caller());
}

/// [`flush_workqueue`] of the system's.
#[track_caller]
pub fn flush_scheduled_work() {
    flush_all("flush_scheduled_work()", Place::caller());
}

fn flush_all(call: &str, place: Place) {
    at::might_sleep(call, place);
    let look = Step::new(Op::FlushWork, Mode::Rmw, pool::conflicts(), 4, place).named(Some("workqueue"), None);
    step(&look);
    let next = |limit: Option<u32>| {
        let _in = pool::lock();
        let limit = limit.unwrap_or_else(pool::instances);
        (limit, pool::unfinished_before(limit).map(Instance::hold))
    };
    pool::order_all();
    let (limit, mut first) = next(None);
    while let Some(instance) = first {
        await_end(instance, Op::FlushWork, place);
        if model().is_some() && ringzero_context::panicking() {
            return;
        }
        step(&look);
        (_, first) = next(Some(limit));
    }
}
