//! The Linux kernel's concurrency world as a library: spinlocks with their interrupt and bottom-half modes, interrupt
//! lines, softirqs, tasklets, timers, wait queues, completions, mutexes, kernel threads, work queues, reference counts,
//! atomics and per-CPU data, under Linux's names and with Linux's rules.
//!
//! A program is the init function of a module: it creates kthreads, requests interrupt lines, arms timers. It runs on one
//! of two machines, and is the same for both:
//!
//! - [`Machine::host`] is the process itself. CPUs are threads, they run in parallel and at production speed.
//! - The **model**, with the feature `model`, runs the program again and again, with every interleaving of CPUs and every
//!   arrival of an interrupt that can make a difference, and reports a violated rule as a short, replayable trace.
//!
//! Linux on x86-64.
//!
//! # On threads
//!
//! A thread that calls in is a CPU by itself, so there is nothing to set up for locks, atomics, completions and the like:
//!
//! ```
//! use ringzero::sync::SpinLock;
//!
//! let hits = SpinLock::new(0);
//! std::thread::scope(|s| {
//!     for _ in 0..2 {
//!         s.spawn(|| *hits.lock() += 1);
//!     }
//! });
//! assert_eq!(*hits.lock(), 2);
//! ```
//!
//! Kernel threads, timers, tasklets, work and interrupt handlers run on CPUs that are booted:
//!
//! ```
//! use ringzero::kthread::kthread_run_on_cpu;
//! use ringzero::timer::{Timer, jiffies};
//! use ringzero::{Machine, sync::SpinLock};
//!
//! ringzero::global! {
//!     static COUNT: SpinLock<u32> = SpinLock::new(0).named("count");
//!     static TICK: Timer = Timer::new(|_| *COUNT.lock() += 1);
//! }
//!
//! let init = || {
//!     TICK.mod_timer(jiffies() + 1);
//!     for cpu in 0..2 {
//!         kthread_run_on_cpu(|| *COUNT.lock_bh() += 1, cpu, "counter");
//!     }
//! };
//! Machine::host().cpus(2).boot(init).assert_clean();
//! assert_eq!(*COUNT.lock(), 3);
//! ```
//!
//! A violated rule is a panic there, with the rule's name (`sleep-in-atomic`, `unlock-by-other`, ...), or an entry of the
//! [`Summary`](host::Summary). What depends on timing is found only if it happens.
//!
//! # Checked
//!
//! The kthread of the program above takes the lock with `lock_bh()`, since the timer takes it too, in a softirq. Had it
//! not, the threads would hardly ever show it. The model does (`cargo add ringzero --features model`):
//!
#![cfg_attr(feature = "model", doc = "```")]
#![cfg_attr(not(feature = "model"), doc = "```ignore")]
//! # use ringzero::kthread::kthread_run_on_cpu;
//! # use ringzero::sync::SpinLock;
//! # use ringzero::timer::{Timer, jiffies};
//! use ringzero::{Check, Verdict};
//!
//! # ringzero::global! {
//! #     static COUNT: SpinLock<u32> = SpinLock::new(0).named("count");
//! #     static TICK: Timer = Timer::new(|_| *COUNT.lock() += 1);
//! # }
//! let report = Check::new()
//! #   .trace_dir(std::env::temp_dir().join("ringzero-doc"))
//!     .run(|| {
//!         TICK.mod_timer(jiffies() + 1);
//!         kthread_run_on_cpu(|| *COUNT.lock() += 1, 0, "counter");
//!     });
//! assert_eq!(report.finding(), Some("softirq-deadlock"));
//! println!("{report}"); // which step, interrupted where, waits for what
//!
//! let report = Check::new().run(|| {
//!     TICK.mod_timer(jiffies() + 1);
//!     kthread_run_on_cpu(|| *COUNT.lock_bh() += 1, 0, "counter");
//! });
//! assert_eq!(report.verdict(), Verdict::Holds);
//! ```
//!
//! In a test, `ringzero::check(init)` or `#[ringzero::test]` fails with the report. Statics of a checked program go into
//! [`global!`], so that each execution begins with a fresh copy.
//!
//! # Modules
//!
//! They are named after `include/linux`: each re-exports from the crate that has the implementation, and that crate's
//! documentation begins with its theory.
//!
//! | module | Linux | what |
//! |---|---|---|
//! | [`sync`] | `spinlock.h`, `rwlock.h`, `seqlock.h` | what spins, with and without data |
//! | [`mutex`], [`semaphore`], [`rwsem`] | `mutex.h`, `semaphore.h`, `rwsem.h` | locks that sleep |
//! | [`local_lock`], [`owner_lock`], [`legacy`] | `local_lock.h`, `smp_lock.h` | locks of a CPU, of a task and its interrupts; the big kernel lock |
//! | [`completion`], [`wait`] | `completion.h`, `wait.h`, `wait_bit.h` | waiting for others |
//! | [`signal`], [`swait`] | `sched/signal.h`, `swait.h` | what ends sleeps; simple wait queues |
//! | [`atomic`], [`refcount`], [`kref`] | `atomic.h`, `bitops.h`, `refcount.h`, `kref.h` | atomics, bits, barriers, marked and plain data, counts |
//! | [`context`] | `preempt.h`, `irqflags.h`, `bottom_half.h` | in which context code runs, and what it keeps off |
//! | [`irq`] | `interrupt.h`, `irq.h` | interrupt lines and handlers |
//! | [`softirq`], [`tasklet`] | `interrupt.h` | bottom halves |
//! | [`timer`], [`delay`] | `timer.h`, `jiffies.h`, `delay.h` | time |
//! | [`kthread`], [`sched`] | `kthread.h`, `sched.h` | tasks |
//! | [`workqueue`] | `workqueue.h` | work items, delayed work |
//! | [`slab`] | `slab.h`, `gfp.h` | `kmalloc()` |
//! | [`smp`] | `smp.h` | CPU numbers, calls to other CPUs |
//! | [`host`] | - | how a program on threads has ended, lines that file descriptors raise |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | - | yes | all of the above but the check: `corosensei` and `libc` are the only dependencies from outside |
//! | `model` | no | `Check`, `check()`, `#[ringzero::test]`, `program`; and to each operation on threads a test of a thread-local |

mod boot;
#[cfg(feature = "model")]
mod check;
mod threads;

pub use boot::on_exit;
#[cfg(feature = "model")]
pub use check::{Check, Report, TestOutcome, check};
#[cfg(feature = "model")]
pub use ringzero_explore::{Progress, ReplayError, Strategy, Verdict};
pub use ringzero_machine::{PreemptModel, define_per_cpu};
#[cfg(feature = "model")]
pub use ringzero_macros::test;
#[cfg(feature = "model")]
pub use ringzero_model::TimeModel;
pub use threads::{Host, Machine};

/// The machine of threads: how a program has ended.
pub mod host {
    pub use crate::threads::Host;
    pub use ringzero_host::{Binding, NR_BOOTED, NR_CPU_IDS, Summary, Totals, Trouble, bind, set_finding_hook, text};
}

/// For programs that are run by name: the command line and the gallery.
#[cfg(feature = "model")]
pub mod program {
    pub use crate::boot::boot;
    pub use ringzero_explore::{
        Answer, FileModule, Program, ReplayError, Settings, check, fingerprint, plainest_log, replay,
    };
    pub use ringzero_model::{Config, DataRace};
    pub use ringzero_report as report;
    pub use ringzero_trace::{TraceError, TraceFile};
}

/// Spinlocks (`linux/spinlock.h`).
pub mod sync {
    pub use ringzero_spinning::*;
}

/// Claims about held locks (`linux/lockdep.h`).
pub mod lockdep {
    pub use ringzero_spinning::lockdep::*;
}

/// Atomics, marked and plain shared data, barriers, bit operations (`linux/atomic.h`, `asm/barrier.h`,
/// `linux/bitops.h`, `linux/compiler.h`).
pub mod atomic {
    pub use ringzero_atomic::*;
}

/// Execution contexts (`linux/preempt.h`, `linux/irqflags.h`, `linux/bottom_half.h`).
pub mod context {
    pub use ringzero_context::*;
}

/// Softirqs (`linux/interrupt.h`).
pub mod softirq {
    pub use ringzero_softirq::*;
}

/// Interrupt lines (`linux/interrupt.h`, `linux/irq.h`).
pub mod irq {
    pub use ringzero_irq::*;
}

/// Kernel threads (`linux/kthread.h`).
pub mod kthread {
    pub use ringzero_sched::{
        kthread_bind, kthread_bind_mask, kthread_create, kthread_create_on_cpu, kthread_run, kthread_run_on_cpu,
        kthread_should_stop, kthread_stop, task_name,
    };
}

/// Tasks and scheduling (`linux/sched.h`).
pub mod sched {
    pub use ringzero_sched::*;
}

/// Wait queues, waiting for bits and variables, futures (`linux/wait.h`, `linux/wait_bit.h`).
pub mod wait {
    pub use ringzero_sched::{
        EndWakeUp, Event, Interrupted, WF_SYNC, WaitError, WaitQueueEntry, WaitQueueHead, WakeFunction, Woken,
        add_wait_queue, add_wait_queue_exclusive, add_wait_queue_priority, autoremove_wake_function, block_on,
        clear_and_wake_up_bit, default_wake_function, event, finish_wait, prepare_to_wait, prepare_to_wait_event,
        prepare_to_wait_exclusive, remove_wait_queue, wait_event, wait_event_cmd, wait_event_exclusive,
        wait_event_exclusive_cmd, wait_event_hrtimeout, wait_event_idle, wait_event_idle_exclusive,
        wait_event_idle_exclusive_timeout, wait_event_idle_timeout, wait_event_interruptible,
        wait_event_interruptible_exclusive, wait_event_interruptible_exclusive_locked,
        wait_event_interruptible_exclusive_locked_irq, wait_event_interruptible_hrtimeout,
        wait_event_interruptible_lock_irq, wait_event_interruptible_lock_irq_timeout, wait_event_interruptible_locked,
        wait_event_interruptible_locked_irq, wait_event_interruptible_timeout, wait_event_killable,
        wait_event_killable_exclusive, wait_event_killable_timeout, wait_event_lock_irq, wait_event_lock_irq_timeout,
        wait_event_state, wait_event_timeout, wait_on_bit, wait_on_bit_action, wait_on_bit_lock,
        wait_on_bit_lock_action, wait_on_bit_timeout, wait_var_event, wait_var_event_interruptible,
        wait_var_event_killable, wait_var_event_timeout, wait_woken, waitqueue_active, wake_up, wake_up_all,
        wake_up_bit, wake_up_interruptible, wake_up_interruptible_all, wake_up_interruptible_nr,
        wake_up_interruptible_poll, wake_up_interruptible_sync, wake_up_key, wake_up_locked, wake_up_locked_key,
        wake_up_locked_nr, wake_up_nr, wake_up_poll, wake_up_sync, wake_up_var, woken_wake_function,
        wq_has_single_sleeper, wq_has_sleeper,
    };
}

/// Signals to tasks (`linux/sched/signal.h`).
pub mod signal {
    pub use ringzero_sched::{
        Interrupted, SIGKILL, SIGRTMAX, allow_signal, disallow_signal, fatal_signal_pending, flush_signals, force_sig,
        kernel_dequeue_signal, send_sig, signal_pending, signal_pending_state,
    };
}

/// Simple wait queues (`linux/swait.h`).
pub mod swait {
    pub use ringzero_sched::{
        SwaitQueueHead, finish_swait, prepare_to_swait_event, prepare_to_swait_exclusive, swait_active,
        swait_event_exclusive, swait_event_idle_exclusive, swait_event_idle_timeout_exclusive,
        swait_event_interruptible_exclusive, swait_event_interruptible_timeout_exclusive,
        swait_event_timeout_exclusive, swake_up_all, swake_up_locked, swake_up_one, swq_has_sleeper,
    };
}

/// Mutexes (`linux/mutex.h`).
pub mod mutex {
    pub use ringzero_sleeping::{Interrupted, Mutex, MutexGuard, RawMutex, atomic_dec_and_mutex_lock, new_mutex};
}

/// Semaphores (`linux/semaphore.h`).
pub mod semaphore {
    pub use ringzero_sleeping::{Interrupted, Permit, Semaphore};
}

/// Reader-writer semaphores (`linux/rwsem.h`, `linux/percpu-rwsem.h`).
pub mod rwsem {
    pub use ringzero_sleeping::{
        Interrupted, PercpuReadGuard, PercpuRwSemaphore, PercpuWriteGuard, RawPercpuRwSemaphore, RawRwSemaphore,
        RwSemReadGuard, RwSemWriteGuard, RwSemaphore,
    };
}

/// Mutexes of which many are taken in any order (`linux/ww_mutex.h`).
pub mod ww_mutex {
    pub use ringzero_sleeping::{RawWwAcquireCtx, RawWwMutex, WwAcquireCtx, WwClass, WwError, WwMutex, WwMutexGuard};
}

/// Mutexes with priority inheritance (`linux/rtmutex.h`).
pub mod rtmutex {
    pub use ringzero_sched::RtMutexBase;
    pub use ringzero_sleeping::{RawRtMutex, RtError, RtMutex, RtMutexGuard};
}

/// Local locks (`linux/local_lock.h`).
pub mod local_lock {
    pub use ringzero_sleeping::local_lock::{LocalGuard, LocalLock, RawLocalLock};
}

/// The lock that a task owns while it sleeps, and that interrupts leave notes in: `lock_sock()` and the like.
pub mod owner_lock {
    pub use ringzero_sleeping::owner_lock::{Entered, Interrupting, Noting, OwnerLock, Owning, SocketLock};
}

/// What Linux had once: the big kernel lock (`linux/smp_lock.h`).
pub mod legacy {
    pub use ringzero_sleeping::legacy::{kernel_locked, lock_kernel, unlock_kernel};
}

/// Completions (`linux/completion.h`).
pub mod completion {
    pub use ringzero_sched::{Completion, CompletionFuture, Interrupted};
}

/// Work items (`linux/workqueue.h`).
pub mod workqueue {
    pub use ringzero_workqueue::*;
}

/// Tasklets (`linux/interrupt.h`).
pub mod tasklet {
    pub use ringzero_softirq::{
        Tasklet, TaskletStyle, from_tasklet, tasklet_disable, tasklet_disable_nosync, tasklet_enable,
        tasklet_hi_schedule, tasklet_kill, tasklet_schedule,
    };
}

/// Reference counts (`linux/refcount.h`).
pub mod refcount {
    pub use ringzero_atomic::{REFCOUNT_MAX, Refcount, SATURATED};
    pub use ringzero_sleeping::refcount_dec_and_mutex_lock;
    pub use ringzero_spinning::refcount_dec_and_lock;
}

/// Reference counts of objects (`linux/kref.h`).
pub mod kref {
    pub use ringzero_atomic::Kref;
    pub use ringzero_sleeping::kref_put_mutex;
    pub use ringzero_spinning::kref_put_lock;
}

/// Delays and sleeps (`linux/delay.h`).
pub mod delay {
    pub use ringzero_sched::{fsleep, msleep, msleep_interruptible, ssleep, usleep_range};
    pub use ringzero_time::{mdelay, ndelay, udelay};
}

/// Timers and jiffies (`linux/timer.h`, `linux/jiffies.h`).
pub mod timer {
    pub use ringzero_time::*;
}

/// Memory (`linux/slab.h`, `linux/gfp.h`).
pub mod slab {
    pub use ringzero_mm::*;
}

/// Calls to other CPUs (`linux/smp.h`).
pub mod smp {
    pub use ringzero_smp::*;
}

/// What a program has to write for code that uses it to be part of the machine.
#[doc(hidden)]
pub mod machine {
    pub use ringzero_machine::*;
}

/// Declares a static of a checked program: each execution (and each explorer) has its own copy, set back at its start.
///
/// On threads there is one copy, as of any static.
///
/// ```
/// use ringzero::sync::SpinLock;
/// ringzero::global! {
///     /// What the device has counted.
///     static COUNT: SpinLock<u32> = SpinLock::new(0);
/// }
/// *COUNT.lock() += 1;
/// assert_eq!(*COUNT.lock(), 1);
/// ```
#[macro_export]
macro_rules! global {
    ($($(#[$m:meta])* $v:vis static $name:ident : $t:ty = $init:expr;)*) => {$(
        $(#[$m])*
        #[unsafe(link_section = "ringzero_local")]
        $v static $name: $crate::machine::Global<$t> = $crate::machine::Global::new($init);
    )*};
}
