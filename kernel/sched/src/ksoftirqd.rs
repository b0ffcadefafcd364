//! `ksoftirqd`: the task of each CPU that processes what softirqs leave over (invariant 8).

use crate::schedule::{Barrier, schedule_at, set_current_state_at, wake_up_state_at};
use crate::task::{
    TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE, Task, TaskOptions, register, task_name,
};
use core::ptr;
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{AcqRel, Acquire},
};
use ringzero_context::cond_resched;
use ringzero_machine::{Place, define_per_cpu, in_machine};
use ringzero_softirq::{do_softirq, local_softirq_pending};

define_per_cpu! {
    static KSOFTIRQD: AtomicPtr<Task> = AtomicPtr::new(ptr::null_mut());
}

/// Wakes the `ksoftirqd` of CPU `cpu`, and makes it first if there is none. The hook of `softirq`. Outside a machine there
/// are no tasks: nothing happens.
pub(crate) fn wake(cpu: u32, place: Place) {
    if in_machine() {
        wake_up_state_at(ksoftirqd(cpu), TASK_NORMAL, place);
    }
}

/// The `ksoftirqd` of CPU `cpu`, which is made if there is none: for a machine that wants it before it is needed. It
/// starts when it is woken. Task context; the hook's calls come from any context, when they find none.
pub fn ksoftirqd(cpu: u32) -> &'static Task {
    let slot = KSOFTIRQD.on(cpu);
    // SAFETY: null, or a task, which lives as long as the execution.
    if let Some(task) = unsafe { slot.load(Acquire).as_ref() } {
        return task;
    }
    let options = TaskOptions {
        state: TASK_UNINTERRUPTIBLE,
        allowed: 1 << cpu,
        system: true,
        ..TaskOptions::new(task_name(format_args!("ksoftirqd/{cpu}")))
    };
    let task = Task::new_at(options, run, Place::caller());
    match slot.compare_exchange(ptr::null_mut(), ptr::from_ref(task).cast_mut(), AcqRel, Acquire) {
        Ok(_) => register(task),
        // SAFETY: as above. The one made here has not begun, and never does.
        Err(first) => unsafe { &*first },
    }
}

/// Processes what is pending here, for ever. A vector that is raised after the state is set wakes this task
/// (invariant 2).
fn run() {
    let place = Place::caller();
    loop {
        set_current_state_at(TASK_INTERRUPTIBLE, Barrier::Full, place);
        if local_softirq_pending() == 0 {
            schedule_at(place);
        } else {
            set_current_state_at(TASK_RUNNING, Barrier::None, place);
            do_softirq();
            cond_resched();
        }
    }
}
