//! Kernel threads.

use crate::body::ExitCode;
use crate::errno::{EINTR, EINVAL};
use crate::schedule::{give_up, wake_up_state_at};
use crate::task::{
    TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE, Task, TaskOptions, current, spawn_at, spawn_counted, try_current,
};
use core::sync::atomic::Ordering::Relaxed;
use ringzero_context::{self as context, at};
use ringzero_machine::{Mode, Op, Place, cpu, machine, model, step};

/// The mask of one CPU. Panics on a number that no mask has.
#[track_caller]
fn one_cpu(cpu: u32) -> u64 {
    let online = ringzero_machine::machine().map_or(64, |m| m.nr_cpus().min(64));
    assert!(cpu < online, "CPU {cpu} is not online: the machine has {online}");
    1 << cpu
}

fn create<F, R>(f: F, name: &'static str, state: u32, allowed: u64, place: Place) -> &'static Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    at::might_sleep("kthread_create()", place);
    let options = TaskOptions { state, allowed, kthread: true, ..TaskOptions::new(name) };
    spawn_at(options, f, place)
}

/// Makes a kthread as `options` say, whatever they say of `kthread`, whose memory dies with the last reference to it: for C
/// code. Task context, may sleep; panics outside a machine.
///
/// # Safety
/// References count (crate invariant 9): nobody uses the task after the last one is gone, which `f` and whoever stops it
/// have to see to. `f` hands no `&Task` of it, as [`current()`] gives, to anybody who may keep it.
///
/// ```compile_fail,E0133
/// use ringzero::sched::{TaskOptions, kthread_make};
/// kthread_make(TaskOptions::new("gone"), || ());
/// ```
#[doc(hidden)]
#[track_caller]
pub unsafe fn kthread_make<F, R>(options: TaskOptions, f: F) -> *const Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    let place = Place::caller();
    at::might_sleep("kthread_create()", place);
    // SAFETY: the caller's contract.
    unsafe { spawn_counted(TaskOptions { kthread: true, ..options }, f, place) }
}

/// Makes a task that will run `f`, and that starts when it is woken. Task context, may sleep; panics outside a
/// machine.
#[doc(alias = "kthread_create_on_node")]
#[track_caller]
pub fn kthread_create<F, R>(f: F, name: &'static str) -> &'static Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    create(f, name, TASK_UNINTERRUPTIBLE, u64::MAX, Place::caller())
}

/// [`kthread_create`] of a task bound to CPU `cpu`.
#[track_caller]
pub fn kthread_create_on_cpu<F, R>(f: F, cpu: u32, name: &'static str) -> &'static Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    create(f, name, TASK_UNINTERRUPTIBLE, one_cpu(cpu), Place::caller())
}

/// [`kthread_create`], and wakes the task. Nobody else can know of it yet, so the wake-up is no step of its own.
#[track_caller]
pub fn kthread_run<F, R>(f: F, name: &'static str) -> &'static Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    create(f, name, TASK_RUNNING, u64::MAX, Place::caller())
}

/// [`kthread_create_on_cpu`], and wakes the task.
#[track_caller]
pub fn kthread_run_on_cpu<F, R>(f: F, cpu: u32, name: &'static str) -> &'static Task
where
    F: FnOnce() -> R + Send + 'static,
    R: ExitCode,
{
    create(f, name, TASK_RUNNING, one_cpu(cpu), Place::caller())
}

/// Binds a task that has not started yet to CPU `cpu`. Task context; does not sleep. Panics on a number above 63.
#[track_caller]
pub fn kthread_bind(task: &Task, cpu: u32) {
    task.allowed.store(one_cpu(cpu), Relaxed);
}

/// Binds a task that has not started yet to the CPUs of `mask`. Panics on an empty mask.
#[track_caller]
pub fn kthread_bind_mask(task: &Task, mask: u64) {
    assert!(mask != 0, "a task needs a CPU to run on");
    task.allowed.store(mask, Relaxed);
}

/// Lets `task` run on the CPUs of `mask` only, from the next time it is off its CPU. The running task gives up a CPU
/// that it may not use any more; where it goes on is the machine's affair. `-EINVAL` if the mask has no CPU of this
/// machine. On the host it counts for tasks that have not started yet. Task context; sleeps for the running task.
#[doc(alias = "set_cpus_allowed_ptr")]
#[track_caller]
pub fn set_cpus_allowed(task: &Task, mask: u64) -> i32 {
    let place = Place::caller();
    let cpus = machine().map_or(1, |m| m.nr_cpus());
    if cpus < 64 && mask & ((1 << cpus) - 1) == 0 || mask == 0 {
        return -EINVAL;
    }
    let before = task.allowed.swap(mask, Relaxed);
    let Some(m) = model() else {
        // A task of the host stays where it has started.
        return 0;
    };
    if before != mask {
        m.affinity_changed();
    }
    if try_current().is_some_and(|running| core::ptr::eq(running, task)) && mask & one_cpu(cpu().id.get()) == 0 {
        at::assert_may_sleep("set_cpus_allowed()", place);
        give_up(task, Op::Schedule, place);
    }
    0
}

/// Whether the running kthread was told to stop. Its task only; does not sleep. Orders nothing.
#[must_use]
#[track_caller]
pub fn kthread_should_stop() -> bool {
    current().should_stop_at(Place::caller())
}

impl Task {
    pub(crate) fn should_stop_at(&self, place: Place) -> bool {
        step(&self.announcement(Op::KthreadShouldStop, Mode::Read, &self.should_stop, place));
        self.should_stop.load(Relaxed) != 0
    }

    /// Whether it is a kthread that shall stop: no step if it is none.
    pub(crate) fn is_told_to_stop(&self, place: Place) -> bool {
        self.is_kthread() && self.should_stop_at(place)
    }
}

/// Tells a kthread to stop, wakes it, and waits for its end: what its closure returned, or `-EINTR` if it never ran
/// (invariant 6). Task context, sleeps: finding `sleep-in-atomic` elsewhere.
#[track_caller]
pub fn kthread_stop(task: &Task) -> i32 {
    let place = Place::caller();
    at::might_sleep("kthread_stop()", place);
    task.while_held(place, || {
        step(&task.announcement(Op::KthreadStop, Mode::Write, &task.should_stop, place));
        task.should_stop.store(1, Relaxed);
        wake_up_state_at(task, TASK_NORMAL, place);
        if let Some(m) = model() {
            context::asleep(place, || m.join(task.number(), place));
        } else {
            task.join_on_host(place);
        }
        task.exit_code().unwrap_or(-EINTR)
    })
}
