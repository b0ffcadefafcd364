//! The machine of threads, with the kernel on it.

use ringzero_host::{Hooks, Summary, install};
use ringzero_machine::keep_templates;
use ringzero_sched::{Task, TaskOptions, spawn};
use std::ptr;
use std::time::Duration;

/// Before `main`: the kernel instance of the process exists, and every thread may call in.
extern "C" fn before_main() {
    keep_templates();
    install(Hooks { adopt, adopt_again, booted });
    crate::boot::init_kernel();
}

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

fn adopt(number: u32) -> *const () {
    let task = Task::adopt("thread");
    task.set_number(number);
    ptr::from_ref(task).cast()
}

fn adopt_again(task: *const ()) {
    // SAFETY: made by `adopt`, and tasks are never freed; the machine gives it to a new thread, and the old one has ended.
    unsafe { (*task.cast::<Task>()).adopt_again() };
}

fn booted(cpu: u32) {
    ringzero_sched::ksoftirqd(cpu);
}

/// The machines that a program can run on.
///
/// ```
/// use ringzero::{Machine, smp::num_online_cpus};
/// let summary = Machine::host().cpus(2).boot(|| assert_eq!(num_online_cpus(), 2));
/// assert!(summary.is_clean(), "{summary}");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Machine;

impl Machine {
    /// The machine of threads: this process. Threads that use Ringzero are CPUs of it by themselves; booting adds CPUs that
    /// run kernel threads, timers, tasklets, work and interrupt handlers.
    ///
    /// ```
    /// use ringzero::{Machine, atomic::Atomic, kthread::kthread_run};
    ///
    /// ringzero::global! { static COUNTER: Atomic = Atomic::new(0); }
    ///
    /// let summary = Machine::host().cpus(2).boot(|| {
    ///     for _ in 0..4 {
    ///         kthread_run(|| { COUNTER.inc(); }, "incrementer");
    ///     }
    /// });
    /// summary.assert_clean();
    /// assert_eq!(COUNTER.read(), 4);
    /// ```
    pub const fn host() -> Host {
        Host(ringzero_host::Host::new())
    }
}

/// How a program is run on the machine of threads: see [`Machine::host`].
///
/// ```
/// use std::time::Duration;
/// let host = ringzero::Machine::host().cpus(2).run_for(Duration::from_millis(5));
/// assert!(host.boot(|| ()).is_clean());
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `boot`"]
pub struct Host(ringzero_host::Host);

impl Host {
    /// How many CPUs there are to be at least, 1 to 64; 1 unless told. They stay when the program has ended.
    pub const fn cpus(self, n: u32) -> Self {
        Self(self.0.cpus(n))
    }

    /// Binds each CPU that is started now to a processor.
    pub const fn pinned(self, on: bool) -> Self {
        Self(self.0.pinned(on))
    }

    /// Interrupts come by a signal, also where the code has no safe point, and a tick preempts tasks. Without it they come at
    /// safe points: where interrupts or preemption are switched on, in waits, in `cond_resched()` and `cpu_relax()`.
    pub const fn async_irqs(self, on: bool) -> Self {
        Self(self.0.async_irqs(on))
    }

    /// The time from one tick to the next, with [`Host::async_irqs`]; 10 ms unless told.
    pub const fn tick(self, period: Duration) -> Self {
        Self(self.0.tick(period))
    }

    /// Simulates a device behind each line that was not said to be raised by software only: it raises the line at irregular
    /// times, `period` apart on the average. A device that was said to raise it n times does so, as soon as it can.
    pub const fn devices(self, period: Duration) -> Self {
        Self(self.0.devices(period))
    }

    /// How long the program runs after its init function has returned, before its exit function is called. Unless told:
    /// until nothing is left that could happen by itself.
    pub const fn run_for(self, time: Duration) -> Self {
        Self(self.0.run_for(time))
    }

    /// How long init, exit, and then the end of all tasks may take before they are given up, each. Unless told: init and exit
    /// for ever, tasks 10 s.
    pub const fn patience(self, time: Duration) -> Self {
        Self(self.0.patience(time))
    }

    /// Where the kernel's log goes, line by line: the standard output unless told. For the whole process.
    pub fn log(self, sink: fn(&str)) -> Self {
        Self(self.0.log(sink))
    }

    /// Starts the CPUs and runs a program on them: `init` is its init function, in task context on CPU 0. What it has
    /// registered with [`on_exit`](crate::on_exit) runs in the end. Returns when the program is over; the CPUs go on.
    ///
    /// # Panics
    /// If there are to be no CPUs or more than 64, or the machine was shut down.
    #[must_use = "it says what went wrong, and what still runs"]
    pub fn boot<F: FnOnce() + Send + 'static>(self, init: F) -> Summary {
        self.0.boot(|| {
            let options = TaskOptions { allowed: 1, ..TaskOptions::new("init") };
            spawn(options, init).number()
        })
    }

    /// Stops the CPUs for good, and waits until they have stopped. Tasks that have not ended stay where they are.
    pub fn shut_down() {
        ringzero_host::Host::shut_down();
    }
}
