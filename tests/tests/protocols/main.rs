//! The protocols of the machine of threads (`machines/protocol`), checked exhaustively on the model: every order of the
//! operations of two CPUs, and every point at which an interrupt can come between them.
//!
//! What runs on the host is what is checked here: the same code, whose atomic operations are steps on the model. The
//! operating system is a model of a futex (`os.rs`), in which a wake-up that comes too early is lost. The model machine is
//! sequentially consistent: that the protocols' fences are enough on a weaker one is argued where they stand, and not
//! checked.
//!
//! Each protocol has a broken twin here, which is found. So what holds does not hold because nothing is looked at.

mod door;
mod idle;
mod inbox;
mod lot;
mod os;
mod park;
mod pending;

use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, raise, request_irq, set_software_only};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::{Check, Report, Verdict};

fn run(init: impl Fn() + Send + Sync + 'static, spurious: u32) -> Report {
    let check = Check::new().cpus(2).failures(spurious).trace_dir(env!("CARGO_TARGET_TMPDIR")).seconds(600.0);
    let report = check.run(init);
    println!("{report}");
    report
}

/// Every class of the program's executions is as it should be, and there are several. Sleeps end for no reason `spurious`
/// times.
fn holds_with(spurious: u32, init: impl Fn() + Send + Sync + 'static) {
    let report = run(init, spurious);
    assert_eq!((report.verdict(), report.finding()), (Verdict::Holds, None), "{report}");
    assert!(report.executions() > 1, "nothing met: {report}");
}

fn holds(init: impl Fn() + Send + Sync + 'static) {
    holds_with(0, init);
}

/// The program is found to be broken in this way.
fn broken(code: &str, init: impl Fn() + Send + Sync + 'static) {
    let report = run(init, 0);
    assert_eq!((report.verdict(), report.finding()), (Verdict::Violated, Some(code)), "{report}");
}

/// A task of CPU `cpu`.
fn on_cpu(cpu: u32, task: impl FnOnce() + Send + 'static) {
    let names = ["task of CPU 0", "task of CPU 1"];
    kthread_run_on_cpu(task, cpu, names[cpu as usize]);
}

/// Interrupts CPU `cpu` once, at any time from now on.
fn interrupt(cpu: u32, handler: impl Fn() + Send + Sync + 'static) {
    let irq = signal(cpu, handler);
    raise(irq);
}

/// A line to CPU `cpu` that is [`raise`]d, as a signal to the thread of a CPU.
fn signal(cpu: u32, handler: impl Fn() + Send + Sync + 'static) -> u32 {
    let irq = 4 + cpu;
    set_software_only(irq);
    irq_set_affinity(irq, 1 << cpu).expect("the line and the CPU exist");
    let handler = move |_| {
        handler();
        IrqReturn::Handled
    };
    request_irq(irq, IrqFlags::NONE, "signal", handler).expect("nobody else has the line");
    irq
}
