//! The machine of threads: CPUs, tasks, what is left in the end.

use ringzero::atomic::Atomic;
use ringzero::kthread::{kthread_run, kthread_run_on_cpu};
use ringzero::smp::smp_processor_id;
use ringzero::sync::SpinLock;
use ringzero::wait::{WaitQueueHead, wait_event, wake_up};
use ringzero::{Machine, global};
use std::time::Duration;

global! {
    static COUNT: Atomic = Atomic::new(0);
    static SUM: SpinLock<u64> = SpinLock::new(0);
    static TURN: Atomic = Atomic::new(0);
    static QUEUE: [WaitQueueHead; 2] = [const { WaitQueueHead::new() }; 2];
}

fn host(cpus: u32) -> ringzero::Host {
    Machine::host().cpus(cpus).patience(Duration::from_secs(20))
}

#[test]
fn tasks_run_on_all_cpus() {
    host(4)
        .boot(|| {
            for cpu in 0..4 {
                kthread_run_on_cpu(
                    move || {
                        assert_eq!(smp_processor_id(), cpu);
                        COUNT.inc();
                    },
                    cpu,
                    "counter",
                );
            }
        })
        .assert_clean();
    assert_eq!(COUNT.read(), 4);
}

#[test]
fn a_spinlock_excludes_across_cpus() {
    host(4)
        .boot(|| {
            for cpu in 0..4 {
                kthread_run_on_cpu(|| (0..20_000).for_each(|_| *SUM.lock() += 1), cpu, "adder");
            }
        })
        .assert_clean();
    assert_eq!(*SUM.lock(), 80_000);
}

#[test]
fn tasks_wake_each_other() {
    let ping = |me: usize| {
        for _ in 0..5_000 {
            wait_event(&QUEUE[me], || TURN.read() == me as i32);
            TURN.set(1 - me as i32);
            wake_up(&QUEUE[1 - me]);
        }
    };
    for cpus in [1, 2] {
        host(cpus)
            .boot(move || {
                for me in 0..2 {
                    kthread_run_on_cpu(move || ping(me), me as u32 % cpus, "player");
                }
            })
            .assert_clean();
    }
}

#[test]
fn threads_of_the_program_are_cpus() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for _ in 0..20_000 {
                    *SUM.lock() += 1;
                }
                smp_processor_id()
            })
        })
        .collect();
    let mut ids: Vec<u32> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert_eq!(*SUM.lock(), 80_000);
    ids.sort_unstable();
    assert!(ids.iter().all(|id| *id >= 64), "{ids:?}");
}

#[test]
fn a_thread_wakes_a_kthread_and_waits_for_it() {
    kthread_run(
        || {
            wait_event(&QUEUE[0], || TURN.read() == 7);
            COUNT.inc();
            wake_up(&QUEUE[1]);
        },
        "sleeper",
    );
    std::thread::sleep(Duration::from_millis(5));
    TURN.set(7);
    wake_up(&QUEUE[0]);
    wait_event(&QUEUE[1], || COUNT.read() == 1);
}

#[test]
fn a_task_that_panics_is_told_of() {
    let summary = host(1).boot(|| {
        kthread_run(|| -> i32 { panic!("as asked") }, "panicker");
    });
    assert_eq!(summary.troubles.len(), 1, "{summary}");
    assert_eq!(summary.troubles[0].code, "panic");
}

#[test]
fn what_still_runs_is_named() {
    let summary = Machine::host().patience(Duration::from_millis(200)).boot(|| {
        kthread_run(|| wait_event(&QUEUE[0], || false), "waiter for ever");
    });
    assert!(summary.still.len() == 1 && summary.still[0].contains("waiter for ever"), "{summary}");
}
