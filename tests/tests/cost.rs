//! What many executions cost in memory.

use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::{Check, Strategy, Verdict};

ringzero::global! {
    static COUNT: Atomic = Atomic::new(0);
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells about the process");
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).expect("its resident size");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number of KiB")
}

fn run(executions: u64) -> f64 {
    let report = Check::new().strategy(Strategy::Random).executions(executions).seconds(300.0).run(|| {
        for cpu in 0..2 {
            kthread_run_on_cpu(|| COUNT.inc(), cpu, "task");
        }
    });
    assert_eq!((report.verdict(), report.executions()), (Verdict::NotFound, executions));
    report.answer().seconds
}

#[test]
fn many_executions_do_not_grow_the_process() {
    run(1_000);
    let before = resident_kib();
    let executions = 300_000;
    let seconds = run(executions);
    let grown = resident_kib().saturating_sub(before);
    println!("{:.2} us an execution, {grown} KiB more", seconds * 1e6 / executions as f64);
    assert!(grown < 4096, "{grown} KiB more after {executions} executions");
}
