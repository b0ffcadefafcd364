//! Ringzero: the Linux kernel's concurrency world in Rust, and a checker that explores it.
//!
//! A program is the init function of a module: it creates kthreads, requests interrupt lines, arms timers. [`check()`]
//! runs it on a model machine, again and again, with every interleaving of CPUs and every arrival of an interrupt that
//! can make a difference, and reports a violated rule as a short, replayable trace.
//!
//! ```
//! use ringzero::{atomic::Atomic, kthread::kthread_run_on_cpu, Check, Verdict};
//!
//! ringzero::global! { static COUNTER: Atomic = Atomic::new(0); }
//!
//! let report = Check::new().cpus(2).run(|| {
//!     for cpu in 0..2 {
//!         kthread_run_on_cpu(|| { COUNTER.inc(); }, cpu, "incrementer");
//!     }
//! });
//! assert_eq!(report.verdict(), Verdict::Holds);
//! ```
//!
//! The modules are named after `include/linux`: each re-exports from the crate that has the implementation.

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

/// Wait queues (`linux/wait.h`).
pub mod wait {
    pub use ringzero_sched::{
        Interrupted, WaitQueueEntry, WaitQueueHead, add_wait_queue, add_wait_queue_exclusive, finish_wait,
        prepare_to_wait, prepare_to_wait_exclusive, remove_wait_queue, wait_event, wait_event_interruptible,
        wait_event_interruptible_timeout, wait_event_killable, wait_event_timeout, waitqueue_active, wake_up,
        wake_up_all, wake_up_interruptible, wake_up_nr,
    };
}

/// Mutexes (`linux/mutex.h`).
pub mod mutex {
    pub use ringzero_sleeping::{Mutex, MutexGuard, RawMutex, atomic_dec_and_mutex_lock, new_mutex};
}

/// Completions (`linux/completion.h`).
pub mod completion {
    pub use ringzero_sched::{Completion, Interrupted};
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
}

/// Reference counts of objects (`linux/kref.h`).
pub mod kref {
    pub use ringzero_atomic::Kref;
    pub use ringzero_sleeping::kref_put_mutex;
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
/// ```
/// use ringzero::sync::SpinLock;
/// ringzero::global! {
///     /// What the device has counted.
///     static COUNT: SpinLock<u32> = SpinLock::new(0);
/// }
/// ```
#[macro_export]
macro_rules! global {
    ($($(#[$m:meta])* $v:vis static $name:ident : $t:ty = $init:expr;)*) => {$(
        $(#[$m])*
        #[unsafe(link_section = "ringzero_local")]
        $v static $name: $crate::machine::Global<$t> = $crate::machine::Global::new($init);
    )*};
}
