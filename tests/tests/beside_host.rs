//! The model and the host in one process: a check starts nothing of the host, and finds the same before and after the
//! host has run.

use ringzero::Machine;
use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::program::{Answer, Program, Settings, boot, check};
use ringzero::tasklet::{Tasklet, tasklet_schedule};
use ringzero_gallery::{Entry, Expect, all};
use std::fs;
use std::thread::spawn;
use std::time::Duration;

ringzero::global! {
    static RUNS: Atomic = Atomic::new(0);
    static TASKLET: Tasklet = Tasklet::new(|_| RUNS.inc());
}

/// What a check of a program comes to: counts, and the trace of what it found.
fn told(entry: &Entry) -> (u64, u64, u64, Option<String>) {
    let mut s = Settings { executions: 100, time: Duration::from_secs(60), ..Settings::default() };
    (entry.tune)(&mut s);
    let start = || boot(&entry.init);
    let a: Answer = check(&Program::of(entry.name, false, &start), &s, &mut |_| {});
    (a.executions, a.redundant, a.steps, a.finding.map(|t| t.to_text()))
}

/// The threads of the host that this process has.
fn host_threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").expect("a list of threads");
    let names = tasks.filter_map(|t| fs::read_to_string(t.ok()?.path().join("comm")).ok());
    names.filter(|n| n.starts_with("ringzero-cpu") || n.starts_with("ringzero-clock")).collect()
}

#[test]
fn a_check_does_not_see_the_host() {
    // One has a static that survives executions.
    let programs = || all().iter().filter(|e| e.expect != Expect::Violated("nondeterministic-program"));
    // On a thread of its own, as with several jobs.
    let before: Vec<_> = spawn(move || programs().map(told).collect()).join().expect("no panic");
    assert_eq!(host_threads(), [""; 0], "a check started the host");
    let host = Machine::host().cpus(2).patience(Duration::from_secs(20));
    let summary = host.boot(|| {
        for cpu in 0..2 {
            kthread_run_on_cpu(|| tasklet_schedule(&TASKLET), cpu, "scheduler");
        }
    });
    summary.assert_clean();
    assert!(RUNS.read() > 0 && !host_threads().is_empty(), "the host did not run");
    for (entry, before) in programs().zip(before) {
        assert_eq!(told(entry), before, "{} with a host beside it", entry.name);
    }
}
