//! `linux/sched.h`, `linux/kthread.h`.
//!
//! Differences from Linux: a kernel thread's `task_struct` dies with its last
//! reference, at once. The task of an idle CPU is named `swapper/N` and cannot be waited for.

use crate::deref::{deref, name};
use crate::memory;
use core::cell::Cell;
use core::ffi::{c_char, c_int, c_long, c_uint, c_void};
use ringzero_machine::{cpu, define_per_cpu};
use ringzero_sched::{TASK_RUNNING, TASK_UNINTERRUPTIBLE, Task, TaskOptions, task_name, try_current};

/// A thread's function in C, and what it is called with.
pub(crate) struct Thread {
    run: unsafe extern "C" fn(*mut c_void) -> c_int,
    data: *mut c_void,
}

// SAFETY: a pointer that C code hands from one context to another; what it may do with it is C's affair, and checked.
unsafe impl Send for Thread {}

impl Thread {
    /// Runs it in the running context.
    fn call(self) -> i32 {
        // SAFETY: the module gave the function for this, and its code stays loaded while the execution lasts.
        unsafe { (self.run)(self.data) }
    }
}

define_per_cpu! {
    /// The idle task, for C code that looks at `current` in an interrupt.
    static IDLE: Cell<Option<&'static Task>> = Cell::new(None);
}

/// The task of this CPU, or its idle task.
fn current_or_idle() -> &'static Task {
    try_current().unwrap_or_else(|| {
        let slot = IDLE.this();
        slot.get().unwrap_or_else(|| {
            let name = task_name(format_args!("swapper/{}", cpu().id.get()));
            let task = Task::new(TaskOptions { system: true, ..TaskOptions::new(name) }, || ());
            slot.set(Some(task));
            task
        })
    })
}

/// The bits of the CPU mask at `p`.
pub(crate) fn mask(p: *const u64) -> u64 {
    deref(p);
    memory::get(p)
}

/// A time in jiffies from C: negative means none, the greatest that there is no end.
pub(crate) fn timeout(jiffies: c_long) -> u64 {
    u64::try_from(jiffies).unwrap_or(0)
}

pub(crate) fn left(jiffies: u64) -> c_long {
    c_long::try_from(jiffies).unwrap_or(c_long::MAX)
}

crate::exports! {
    /// `current`: the running task, or the one that the running interrupt interrupted. Any context.
    fn __rz_current() -> *const Task {
        current_or_idle()
    }

    /// `set_current_state`: a full barrier follows. Task context; does not sleep.
    fn __rz_set_current_state(state: c_uint) {
        ringzero_sched::set_current_state(state);
    }

    /// `__set_current_state`: no barrier. Task context; does not sleep.
    fn __rz_raw_set_current_state(state: c_uint) {
        ringzero_sched::raw_set_current_state(state);
    }

    /// `schedule`: gives up the CPU until the state is `TASK_RUNNING`. Task context, sleeps.
    fn schedule() {
        ringzero_sched::schedule();
    }

    /// `yield`: lets others run. Task context.
    fn __rz_yield() {
        ringzero_sched::yield_now();
    }

    /// `schedule_timeout`: as `schedule`, for so many jiffies at most; what is left of them. Task context, sleeps.
    fn schedule_timeout(jiffies: c_long) -> c_long {
        left(ringzero_sched::schedule_timeout(timeout(jiffies)))
    }

    /// `schedule_timeout_interruptible`. Task context, sleeps.
    fn schedule_timeout_interruptible(jiffies: c_long) -> c_long {
        left(ringzero_sched::schedule_timeout_interruptible(timeout(jiffies)))
    }

    /// `schedule_timeout_killable`. Task context, sleeps.
    fn schedule_timeout_killable(jiffies: c_long) -> c_long {
        left(ringzero_sched::schedule_timeout_killable(timeout(jiffies)))
    }

    /// `schedule_timeout_uninterruptible`. Task context, sleeps.
    fn schedule_timeout_uninterruptible(jiffies: c_long) -> c_long {
        left(ringzero_sched::schedule_timeout_uninterruptible(timeout(jiffies)))
    }

    /// `schedule_timeout_idle`. Task context, sleeps.
    fn schedule_timeout_idle(jiffies: c_long) -> c_long {
        left(ringzero_sched::schedule_timeout_idle(timeout(jiffies)))
    }

    /// `io_schedule`. Task context, sleeps.
    fn io_schedule() {
        ringzero_sched::io_schedule();
    }

    /// `io_schedule_timeout`. Task context, sleeps.
    fn io_schedule_timeout(jiffies: c_long) -> c_long {
        left(ringzero_sched::io_schedule_timeout(timeout(jiffies)))
    }

    /// `wake_up_process`: 1 if it slept or was about to. Any context.
    fn wake_up_process(task: *const Task) -> c_int {
        c_int::from(ringzero_sched::wake_up_process(deref(task)))
    }

    /// `wake_up_state`: only if its state has one of these. Any context.
    fn wake_up_state(task: *const Task, state: c_uint) -> c_int {
        c_int::from(ringzero_sched::wake_up_state(deref(task), state))
    }

    /// `set_cpus_allowed_ptr`: 0 or `-EINVAL`. Task context; sleeps for the running task.
    fn set_cpus_allowed_ptr(task: *const Task, cpus: *const u64) -> c_int {
        ringzero_sched::set_cpus_allowed(deref(task), mask(cpus))
    }

    /// `get_task_struct`: one more reference. Any context.
    fn get_task_struct(task: *const Task) -> *const Task {
        deref(task).get();
        task
    }

    /// `put_task_struct`: one less. Any context.
    fn put_task_struct(task: *const Task) {
        deref(task).put();
    }

    /// `kthread_create`, `kthread_run` and their forms: on any CPU if `cpu` is negative. Task context, may sleep.
    fn __rz_kthread_create(
        run: unsafe extern "C" fn(*mut c_void) -> c_int,
        data: *mut c_void,
        called: *const c_char,
        cpu: c_int,
        running: c_int,
    ) -> *const Task {
        let allowed = match u32::try_from(cpu) {
            Ok(cpu) => {
                assert!(ringzero_smp::cpu_online(cpu), "kthread_create_on_cpu(): there is no CPU {cpu}");
                1 << cpu
            }
            Err(_) => u64::MAX,
        };
        let state = if running != 0 { TASK_RUNNING } else { TASK_UNINTERRUPTIBLE };
        let options = TaskOptions { state, allowed, ..TaskOptions::new(name(called)) };
        let thread = Thread { run, data };
        // SAFETY: the module counts its references; who uses a task whose last one is gone is found by the machine.
        unsafe { ringzero_sched::kthread_make(options, move || thread.call()) }
    }

    /// `kthread_bind`, before the thread has started. Task context.
    fn kthread_bind(task: *const Task, cpu: c_uint) {
        ringzero_sched::kthread_bind(deref(task), cpu);
    }

    /// `kthread_bind_mask`, before the thread has started. Task context.
    fn kthread_bind_mask(task: *const Task, cpus: *const u64) {
        ringzero_sched::kthread_bind_mask(deref(task), mask(cpus));
    }

    /// `kthread_stop`: what the thread's function returned, or `-EINTR` if it never ran. Task context, sleeps.
    fn kthread_stop(task: *const Task) -> c_int {
        ringzero_sched::kthread_stop(deref(task))
    }

    /// `kthread_should_stop`. The thread itself.
    fn kthread_should_stop() -> bool {
        ringzero_sched::kthread_should_stop()
    }
}
