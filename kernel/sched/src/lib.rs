//! Tasks: creating, sleeping, waking, and waiting in queues.
//!
//! # Theory
//! **Vocabulary.** A [`Task`] is one thread of kernel code with a stack of its own. Its *state* word says what it
//! wants: 0 (`TASK_RUNNING`) to run, anything else to sleep at its next [`schedule()`]. *Waking* is setting the word back
//! to 0. A *kthread* is a task made by [`kthread_create`]; it starts asleep. A *wait queue* ([`WaitQueueHead`]) holds
//! *entries*, one for each task that wants to be woken by [`wake_up`]; an *exclusive* entry uses up one of the wake-ups
//! that it was given.
//!
//! ```text
//! kthread_create           wake_up_process            closure returns
//!      ----> UNINTERRUPTIBLE ----> RUNNING ----------------> exited
//!                                   |   ^
//!              set_current_state +  v   | wake_up_process, wake_up
//!              schedule           asleep
//! ```
//!
//! **Invariants.**
//! 1. Only a task itself sets its state to something else than 0; anybody may set it to 0.
//! 2. A task sleeps in [`schedule()`] only, and exactly until its state is 0. A task that is preempted runs on whatever
//!    its state is. So: set the state, test the condition, then `schedule`, and no wake-up is lost.
//! 3. [`wake_up_process`] is a release and the return from `schedule` an acquire: they pair on the state word.
//! 4. An entry is on a queue between `prepare_to_wait` and the wake-up or `finish_wait`, whichever comes first.
//!    `prepare_to_wait` sets the state before it queues: whoever finds an entry whose task is awake knows that the task
//!    will queue again before it sleeps. Nobody can tell this from doing both at once, as Linux does under the lock.
//! 5. While a waker goes through a queue it holds the queue's lock, with interrupts off, so no entry is looked at after
//!    its task could have left. That an entry leaves is said by the step that wakes its task, or by one of its own,
//!    which write the number of entries: [`waitqueue_active`] reads it without the lock. Waking an empty queue is one
//!    step; on the host it takes no lock: a full fence in the waker pairs with the one after an entry was put, so that
//!    either the waker sees the entry, or the waiter's test of its condition sees what came before the waker's fence.
//! 6. A kthread that is told to stop before its first step never runs its closure, and its exit code is `-EINTR`.
//! 7. A task ends with the context it began with (`unbalanced-context`). Its exit code is stored before it ends, and
//!    is read only by those who joined it.
//! 8. `ksoftirqd` is a system task of its CPU, made when it is first woken.
//! 9. A task begins with one reference, its own, which ends with it. The memory of a *counted* task, which C code makes,
//!    dies with the last reference: what uses it then is `use-after-free`. [`kthread_stop`] holds one meanwhile. The
//!    memory of other tasks lives as long as the execution.
//! 10. An entry is on one queue at most. Putting it on another, or once more by [`add_wait_queue`], and taking it off
//!     where it is not, is `warn`; one of Rust comes off the queue on which it is. An entry of C code
//!     ([`RawWaitQueueEntry`]) is linked like another, and its memory is checked before a waker looks at it, since
//!     nothing else takes it off a queue when its function returns.
//! 11. A sleep for a time has its timer in the task. Reading the clock and arming are one step; when the time is over, the
//!     timer's callback wakes the task, or changes the word that it waits on, and notes in the same step that it is over:
//!     then nothing has to be deleted. Otherwise, and always on the host, where the callback may not have returned yet, the
//!     timer is deleted, and its callback waited for, before the sleep ends: no late callback ends another sleep.
//! 12. A wait for a [`Completion`] is one step, possible while `done` is not 0; it takes one. Whoever completes wakes
//!     nobody in particular. On the host too each operation is one atomic instruction on `done`, the last touch of the
//!     completion: who was waited for may end its life. Futures that wait for it have said so in that word, and are found
//!     by its address.
//! 13. A task's state and what its sleeps have to know of its signals are one word of 8 bytes. Sending a signal changes both
//!     halves in one step; setting the state tells whether a signal is there that ends the sleep. So a sleep and a signal do
//!     not miss each other, whichever comes first.
//! 14. A wait on an object's own word ([`WaitWord`]) that a time or a signal may end has the upper half of that word poked.
//!     A task *listens* from a step on its own word to the step that ends its wait. A signal in between takes the note of
//!     where to poke, and the wait does not end before that is done: nobody pokes an object whose waiter has gone. Only a
//!     task itself changes which signals it accepts, so one that accepts none (every kthread at first) needs none of this.
//! 15. A waiter that a signal ends is off its queue before its condition is tested for the last time: it uses up no wake-up
//!     that another needs.
//! 16. Queues for bits and variables are shared by all that have the same hash of their address, and entries there are woken
//!     by key.
//! 17. A future's entry holds a waker, which is taken when the entry is, under the queue's lock, and called when the lock is
//!     released (unless the waker holds it itself): it is others' code. The end of a future takes its entry off.
//!
//! **The host.** A step is an atomic instruction on the task's state or the completion, or lies within the queue's lock;
//! only a task's signals have a [`StepLock`](ringzero_machine::StepLock), within which no other is taken, and priorities:
//! the one of their inheritance first, then the task's own. After each that
//! a wait's condition may be waiting for comes a [`notify`](ringzero_machine::notify) of the word's address, since the
//! object may be gone by then. A thread of the program has a task that [`Task::adopt`] made. A finished task keeps its
//! [`Task::SIZE`] bytes for good, unless it is counted, since `&'static Task` may be kept by anybody; what its closure
//! needed is given back when it begins.
//!
//! **Differences from Linux.** Only `SIGKILL` is fatal: a task is taken to handle all others. Signals are for one task, not
//! blocked, and not queued. Affinity takes effect while a task is off its CPU. Putting an entry on a queue, or taking it
//! off, is one step on the queue's lock word, which takes and releases the lock at once; under the fine granularity it
//! takes the lock like everybody else.
//! Entries are not linked by a `list_head`, so a wake function takes its entry off by [`Woken::remove`], in C by
//! `__remove_wait_queue()`. A task sleeps until the jiffy at which its time is over, exactly, and
//! [`usleep_range`] sleeps in jiffies. Waiters for a completion are not served in the order in which they came: every
//! order is explored.
//!
//! Source: seed 001 (task states, kthreads, wait queues, softirqs). The claims are checked in `tests/`.
#![no_std]

mod body;
mod completion;
mod entry;
mod errno;
mod event;
mod future;
mod ksoftirqd;
mod kthread;
mod pi;
mod prio;
mod queue;
mod raw;
mod schedule;
mod signal;
mod sleep;
mod swait;
mod task;
mod wait_bit;
mod wake;
mod word;

pub use body::ExitCode;
pub use completion::Completion;
pub use errno::{EALREADY, EDEADLK, EINTR, EINVAL, ERESTARTSYS, ETIME, ETIMEDOUT};
pub use event::{
    Interrupted, wait_event, wait_event_cmd, wait_event_exclusive, wait_event_exclusive_cmd, wait_event_hrtimeout,
    wait_event_idle, wait_event_idle_exclusive, wait_event_idle_exclusive_timeout, wait_event_idle_timeout,
    wait_event_interruptible, wait_event_interruptible_exclusive, wait_event_interruptible_exclusive_locked,
    wait_event_interruptible_exclusive_locked_irq, wait_event_interruptible_hrtimeout,
    wait_event_interruptible_lock_irq, wait_event_interruptible_lock_irq_timeout, wait_event_interruptible_locked,
    wait_event_interruptible_locked_irq, wait_event_interruptible_timeout, wait_event_killable,
    wait_event_killable_exclusive, wait_event_killable_timeout, wait_event_lock_irq, wait_event_lock_irq_timeout,
    wait_event_state, wait_event_timeout,
};
pub use future::{CompletionFuture, Event, block_on, event};
pub use ksoftirqd::ksoftirqd;
pub use kthread::{
    kthread_bind, kthread_bind_mask, kthread_create, kthread_create_on_cpu, kthread_make, kthread_run,
    kthread_run_on_cpu, kthread_should_stop, kthread_stop, set_cpus_allowed,
};
pub use pi::{Granted, RtMutexBase, RtWait};
pub use prio::{
    DEFAULT_PRIO, MAX_NICE, MAX_PRIO, MAX_RT_PRIO, MIN_NICE, NICE_WIDTH, SCHED_BATCH, SCHED_FIFO, SCHED_IDLE,
    SCHED_NORMAL, SCHED_RR, rt_prio, rt_task, sched_set_fifo, sched_set_fifo_low, sched_set_normal, sched_setscheduler,
    set_user_nice, task_nice, task_prio,
};
pub use queue::{
    EndWakeUp, RawWakeFunction, WQ_FLAG_EXCLUSIVE, WQ_FLAG_PRIORITY, WQ_FLAG_WOKEN, WaitQueueEntry, WaitQueueHead,
    WakeFunction, Woken, add_wait_queue, add_wait_queue_exclusive, add_wait_queue_priority, autoremove_wake_function,
    default_wake_function, finish_wait, prepare_to_wait, prepare_to_wait_event, prepare_to_wait_exclusive,
    remove_wait_queue, waitqueue_active, woken_wake_function, wq_has_single_sleeper, wq_has_sleeper,
};
pub use raw::{EntryKind, RawWaitQueueEntry};
pub use ringzero_context::cond_resched;
pub use schedule::{raw_set_current_state, schedule, set_current_state, wake_up_process, wake_up_state, yield_now};
pub use signal::{
    SIGKILL, SIGRTMAX, allow_signal, disallow_signal, fatal_signal_pending, flush_signals, force_sig,
    kernel_dequeue_signal, send_sig, signal_pending, signal_pending_state,
};
pub use sleep::{
    MAX_SCHEDULE_TIMEOUT, fsleep, io_schedule, io_schedule_timeout, msleep, msleep_interruptible, schedule_timeout,
    schedule_timeout_idle, schedule_timeout_interruptible, schedule_timeout_killable, schedule_timeout_uninterruptible,
    ssleep, usleep_range,
};
pub use swait::{
    SwaitQueueHead, finish_swait, prepare_to_swait_event, prepare_to_swait_exclusive, swait_active,
    swait_event_exclusive, swait_event_idle_exclusive, swait_event_idle_timeout_exclusive,
    swait_event_interruptible_exclusive, swait_event_interruptible_timeout_exclusive, swait_event_timeout_exclusive,
    swake_up_all, swake_up_locked, swake_up_one, swq_has_sleeper,
};
pub use task::{
    EXIT_DEAD, EXIT_ZOMBIE, PF_KTHREAD, TASK_COMM_LEN, TASK_DEAD, TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE,
    TASK_NOLOAD, TASK_NORMAL, TASK_RUNNING, TASK_STOPPED, TASK_TRACED, TASK_UNINTERRUPTIBLE, TASK_WAKEKILL,
    TASK_WAKING, Task, TaskOptions, current, spawn, spawn_at, task_name, try_current,
};
pub use wait_bit::{
    RawWaitBitEntry, WaitBitKey, bit_waitqueue, clear_and_wake_up_bit, var_waitqueue_at, wait_on_bit,
    wait_on_bit_action, wait_on_bit_lock, wait_on_bit_lock_action, wait_on_bit_timeout, wait_var_event,
    wait_var_event_interruptible, wait_var_event_killable, wait_var_event_timeout, wake_up_bit, wake_up_bit_at,
    wake_up_var, wake_up_var_at,
};
pub use wake::{
    WF_SYNC, wait_woken, wake_up, wake_up_all, wake_up_interruptible, wake_up_interruptible_all,
    wake_up_interruptible_nr, wake_up_interruptible_poll, wake_up_interruptible_sync, wake_up_key, wake_up_locked,
    wake_up_locked_key, wake_up_locked_nr, wake_up_nr, wake_up_poll, wake_up_sync,
};
pub use word::{Awaited, Interruption, Wait, WaitError, WaitWord};

/// Makes raised softirqs wake `ksoftirqd`. Called once at the boot of each instance, after `softirq::init()`.
pub fn init() {
    ringzero_softirq::HOOKS.wake_ksoftirqd.set(Some(ksoftirqd::wake));
}
