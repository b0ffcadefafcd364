//! Queueing, and waiting for all that was queued.

use crate::cancel::await_end;
use crate::pool::{self, Pool, insert};
use crate::work::{PENDING, Work};
use core::sync::atomic::Ordering::Relaxed;
use ringzero_context::at;
use ringzero_machine::{Mode, Op, Place, Step, cpu, step};

/// A workqueue (`struct workqueue_struct`). There is the system's, [`system_wq`].
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

/// The CPU that the caller runs on, within a step.
pub(crate) fn this_cpu() -> u32 {
    cpu().id.get()
}

/// Queues `work` on the CPU that `on` says in the step; whether it was not pending.
pub(crate) fn queue_on(work: &'static Work, on: impl FnOnce() -> u32, place: Place) -> bool {
    work.enter(Op::QueueWork, place);
    if work.state() & PENDING != 0 {
        return false;
    }
    work.set_state(PENDING);
    give(work, on(), place);
    true
}

/// Puts a pending item on a pool, within a step that covers that, and calls a worker if one is needed.
pub(crate) fn give(work: &'static Work, cpu: u32, place: Place) {
    let cpu = insert(work, cpu, place);
    Pool::of(cpu).order();
    call_worker(cpu, place);
}

/// Calls a worker of CPU `cpu` if one is needed, as a part of a step on the pools; calling is a step of its own, unless
/// the worker is new.
pub(crate) fn call_worker(cpu: u32, place: Place) {
    if let Some(worker) = Pool::of(cpu).worker_to_call(cpu, place) {
        // Pairs with the acquire in the worker's wait.
        step(&worker.on_call(Op::WakeUpProcess, place).ordered(false, true));
        worker.call.store(1, Relaxed);
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
    pool::order_all();
    let limit = pool::instances();
    while let Some(instance) = pool::unfinished_before(limit) {
        await_end(instance, Op::FlushWork, place);
        if ringzero_context::panicking() {
            return;
        }
        step(&look);
    }
}
