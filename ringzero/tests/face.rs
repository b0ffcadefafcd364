//! The face, as a user meets it.

use ringzero::atomic::Atomic;
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, request_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::SpinLock;
use ringzero::{Check, Verdict, on_exit};

ringzero::global! {
    static COUNTER: Atomic = Atomic::new(0);
    static DEV: SpinLock<u32> = SpinLock::new(0).named("dev.lock");
}

#[test]
fn a_lost_update_is_found_and_its_report_names_it() {
    let report = Check::new().run(|| {
        for cpu in 0..2 {
            kthread_run_on_cpu(
                || {
                    let v = COUNTER.read();
                    COUNTER.set(v + 1);
                },
                cpu,
                "incrementer",
            );
        }
        on_exit(|| assert_eq!(COUNTER.read(), 2, "an increment is lost"));
    });
    assert_eq!(report.verdict(), Verdict::Violated);
    assert_eq!(report.finding(), Some("panic"));
    println!("{report}");
    assert!(report.to_string().contains("an increment is lost"));
}

#[test]
fn a_lock_shared_with_a_handler_is_an_irq_deadlock() {
    let report = Check::new().run(|| {
        let _ = request_irq(4, IrqFlags::NONE, "serial", |_| {
            *DEV.lock() += 1;
            IrqReturn::Handled
        });
        let _ = irq_set_affinity(4, 1);
        kthread_run_on_cpu(|| *DEV.lock() += 1, 0, "writer");
    });
    println!("{report}");
    assert_eq!(report.finding(), Some("irq-deadlock"));
}

#[ringzero::test(cpus = 2, interrupts = 1)]
fn with_irqsave_it_holds() {
    let _ = request_irq(4, IrqFlags::NONE, "serial", |_| {
        *DEV.lock() += 1;
        IrqReturn::Handled
    });
    let _ = irq_set_affinity(4, 1);
    kthread_run_on_cpu(|| *DEV.lock_irqsave() += 1, 0, "writer");
}
