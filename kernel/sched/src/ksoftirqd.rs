//! `ksoftirqd`: the task of each CPU that processes what softirqs leave over (invariant 8).

use crate::schedule::{schedule_at, set_current_state_at, wake_up_state_at};
use crate::task::{
    TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, TASK_UNINTERRUPTIBLE, Task, TaskOptions, spawn_at, task_name,
};
use core::cell::Cell;
use ringzero_context::cond_resched;
use ringzero_machine::{Place, define_per_cpu, in_machine};
use ringzero_softirq::{do_softirq, local_softirq_pending};

define_per_cpu! {
    static KSOFTIRQD: Cell<Option<&'static Task>> = Cell::new(None);
}

/// Wakes the `ksoftirqd` of CPU `cpu`, which is the caller's, and makes it first if there is none. The hook of
/// `softirq`. Outside a machine there are no tasks: nothing happens.
pub(crate) fn wake(cpu: u32, place: Place) {
    if !in_machine() {
        return;
    }
    let slot = KSOFTIRQD.on(cpu);
    let task = slot.get().unwrap_or_else(|| {
        let options = TaskOptions {
            state: TASK_UNINTERRUPTIBLE,
            allowed: 1 << cpu,
            system: true,
            ..TaskOptions::new(task_name(format_args!("ksoftirqd/{cpu}")))
        };
        let task = spawn_at(options, run, Place::caller());
        slot.set(Some(task));
        task
    });
    wake_up_state_at(task, TASK_NORMAL, place);
}

/// Processes what is pending here, for ever. A vector that is raised after the state is set wakes this task
/// (invariant 2).
fn run() {
    let place = Place::caller();
    loop {
        set_current_state_at(TASK_INTERRUPTIBLE, place);
        if local_softirq_pending() == 0 {
            schedule_at(place);
        } else {
            set_current_state_at(TASK_RUNNING, place);
            do_softirq();
            cond_resched();
        }
    }
}
