//! Programs on which the search once said *holds* and samples found a violation.

use ringzero::atomic::Marked;
use ringzero::context::{preempt_disable, preempt_enable};
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, request_irq, request_nmi};
use ringzero::kthread::{kthread_run, kthread_run_on_cpu};
use ringzero::{Check, Strategy, Verdict, on_exit};

ringzero::global! {
    static X: Marked<u32> = Marked::new(0);
    static A: Marked<u32> = Marked::new(0);
    static B: Marked<u32> = Marked::new(0);
    static C: Marked<u32> = Marked::new(0);
}

fn nmi_and_two_unbound_tasks() {
    let _ = irq_set_affinity(4, 2);
    let _ = request_nmi(4, IrqFlags::NONE, "nmi", |_| {
        let v = X.read_once();
        X.write_once(v + 1);
        IrqReturn::Handled
    });
    kthread_run(
        || {
            preempt_disable();
            X.write_once(2);
            preempt_enable();
        },
        "a",
    );
    kthread_run(|| X.write_once(2), "b");
    on_exit(|| assert_ne!(X.read_once(), 1));
}

fn two_lines_and_the_exit_function() {
    let _ = irq_set_affinity(4, 2);
    let _ = irq_set_affinity(5, 1);
    let _ = request_irq(4, IrqFlags::NONE, "i4", |_| {
        A.write_once(1);
        B.write_once(1);
        IrqReturn::Handled
    });
    let _ = request_irq(5, IrqFlags::NONE, "i5", |_| {
        let x = X.read_once();
        C.write_once(x + 1);
        IrqReturn::Handled
    });
    kthread_run_on_cpu(|| X.write_once(1), 0, "t");
    on_exit(|| {
        let (a, b, c) = (A.read_once(), B.read_once(), C.read_once());
        assert!(!(a == 1 && b == 0 && c == 1));
    });
}

#[test]
fn what_samples_find_the_search_does_not_miss() {
    for (name, init) in [("nmi", nmi_and_two_unbound_tasks as fn()), ("exit", two_lines_and_the_exit_function as fn())]
    {
        for strategy in [Strategy::Exhaustive, Strategy::Sample] {
            let report = Check::new().named(name).strategy(strategy).run(init);
            assert_eq!(report.verdict(), Verdict::Violated, "{name}, {strategy:?}: {report}");
        }
    }
}
