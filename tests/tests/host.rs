//! The machine of threads: CPUs, tasks, what is left in the end.

use ringzero::atomic::Atomic;
use ringzero::irq::{IrqFlags, IrqReturn, free_irq, raise, request_irq, set_software_only};
use ringzero::kthread::{kthread_run, kthread_run_on_cpu};
use ringzero::smp::smp_processor_id;
use ringzero::sync::SpinLock;
use ringzero::wait::{WaitQueueHead, wait_event, wake_up};
use ringzero::{Machine, global};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

global! {
    static COUNT: Atomic = Atomic::new(0);
    static SUM: SpinLock<u64> = SpinLock::new(0);
    static TURN: Atomic = Atomic::new(0);
    static QUEUE: [WaitQueueHead; 2] = [const { WaitQueueHead::new() }; 2];
}

/// Whether this is the process of the test of that name: there is one machine of threads a process. Where it is not, the
/// test is run in one of its own, and must pass there.
fn alone(test: &str) -> bool {
    const CHILD: &str = "RINGZERO_TEST_OF_ITS_OWN";
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let exe = std::env::current_exe().expect("this test's own file");
    let child = std::process::Command::new(exe).args([test, "--exact", "--nocapture"]).env(CHILD, "1").output();
    let child = child.expect("a process");
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && out.contains("1 passed"), "{out}{err}");
    false
}

fn host(cpus: u32) -> ringzero::Host {
    Machine::host().cpus(cpus).patience(Duration::from_secs(20))
}

#[test]
fn tasks_run_on_all_cpus() {
    if !alone("tasks_run_on_all_cpus") {
        return;
    }
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
    if !alone("a_spinlock_excludes_across_cpus") {
        return;
    }
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
    if !alone("tasks_wake_each_other") {
        return;
    }
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
    if !alone("threads_of_the_program_are_cpus") {
        return;
    }
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
    if !alone("a_thread_wakes_a_kthread_and_waits_for_it") {
        return;
    }
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
    if !alone("a_task_that_panics_is_told_of") {
        return;
    }
    let summary = host(1).boot(|| {
        kthread_run(|| -> i32 { panic!("as asked") }, "panicker");
    });
    assert_eq!(summary.troubles.len(), 1, "{summary}");
    assert_eq!(summary.troubles[0].code, "panic");
}

#[test]
fn what_still_runs_is_named() {
    if !alone("what_still_runs_is_named") {
        return;
    }
    let summary = Machine::host().patience(Duration::from_millis(200)).boot(|| {
        kthread_run(|| wait_event(&QUEUE[0], || false), "waiter for ever");
    });
    assert!(summary.still.len() == 1 && summary.still[0].contains("waiter for ever"), "{summary}");
}

/// A loop without a safe point, in text where interrupts may come.
#[unsafe(link_section = "rz_async_text")]
#[inline(never)]
fn without_safe_points() {
    let mut n = 0_u64;
    while STOP.load(Relaxed) == 0 {
        n = std::hint::black_box(n.wrapping_mul(3).wrapping_add(1));
    }
}

static STOP: AtomicU32 = AtomicU32::new(0);

/// The loop ends only if another task of its CPU runs, or an interrupt comes.
fn ended_by(end: impl FnOnce() + Send + 'static) -> ringzero::host::Summary {
    let text = ringzero::host::text::register(ringzero::host::text::section()).expect("room in the table");
    let summary = host(1).async_irqs(true).tick(Duration::from_millis(2)).boot(|| {
        kthread_run(without_safe_points, "loop");
        end();
    });
    drop(text);
    summary
}

#[test]
fn a_tick_preempts_a_task() {
    if !alone("a_tick_preempts_a_task") {
        return;
    }
    let summary = ended_by(|| {
        kthread_run(|| STOP.store(1, Relaxed), "ender");
    });
    summary.assert_clean();
    assert!(summary.totals.preempted > 0 && summary.totals.redirected > 0, "{summary}");
}

#[test]
fn an_interrupt_comes_into_a_loop() {
    if !alone("an_interrupt_comes_into_a_loop") {
        return;
    }
    let line = |_| {
        STOP.store(1, Relaxed);
        IrqReturn::Handled
    };
    let summary = ended_by(move || {
        set_software_only(3);
        request_irq(3, IrqFlags::NONE, "ender", line).expect("the line is free");
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            raise(3);
        });
        ringzero::on_exit(|| assert_eq!(free_irq(3, 0), Some("ender")));
    });
    summary.assert_clean();
    assert!(summary.totals.interrupts == 1 && summary.totals.redirected > 0, "{summary}");
}

#[test]
fn a_line_is_bound_to_a_counter_only() {
    if !alone("a_line_is_bound_to_a_counter_only") {
        return;
    }
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    let refused = ringzero::host::bind(4, std::os::fd::OwnedFd::from(reader)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn threads_come_and_go() {
    if !alone("threads_come_and_go") {
        return;
    }
    /// Calls in when its thread's other thread-locals are gone, or nearly.
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            *SUM.lock() += 1;
        }
    }
    std::thread_local! { static LAST: Last = const { Last }; }
    for _ in 0..3_000 {
        std::thread::spawn(|| {
            LAST.with(|_| ());
            *SUM.lock() += 1;
            assert!(smp_processor_id() < ringzero::host::NR_CPU_IDS as u32);
        })
        .join()
        .unwrap();
    }
    assert_eq!(*SUM.lock(), 6_000);
}

#[test]
fn there_are_so_many_threads_and_no_more() {
    if !alone("there_are_so_many_threads_and_no_more") {
        return;
    }
    let (go, gone) = (std::sync::Arc::new(std::sync::Barrier::new(NR_THREADS + 1)), NR_THREADS);
    let threads: Vec<_> = (0..gone)
        .map(|_| {
            let go = go.clone();
            std::thread::Builder::new()
                .stack_size(64 << 10)
                .spawn(move || {
                    *SUM.lock() += 1;
                    go.wait();
                    go.wait();
                })
                .unwrap()
        })
        .collect();
    go.wait();
    let one_too_many = std::thread::spawn(|| *SUM.lock() += 1).join().unwrap_err();
    assert!(one_too_many.downcast_ref::<String>().unwrap().contains("nr_cpu_ids is 1024"));
    go.wait();
    threads.into_iter().for_each(|t| t.join().unwrap());
    std::thread::spawn(|| *SUM.lock() += 1).join().unwrap();
    assert_eq!(*SUM.lock(), gone as u64 + 1);
}

/// The main thread is one already.
const NR_THREADS: usize = ringzero::host::NR_CPU_IDS - ringzero::host::NR_BOOTED - 1;

#[test]
fn the_model_and_the_threads_are_apart() {
    if !alone("the_model_and_the_threads_are_apart") {
        return;
    }
    COUNT.set(5);
    *SUM.lock() = 9;
    let report = ringzero::Check::new().cpus(2).run(|| {
        assert_eq!(COUNT.read(), 0, "a checked program has its own copies");
        kthread_run(|| *SUM.lock() += 1, "adder");
        COUNT.inc();
    });
    assert_eq!(report.verdict(), ringzero::Verdict::Holds, "{report}");
    assert_eq!((COUNT.read(), *SUM.lock()), (5, 9));
}

#[test]
fn cpus_stop_when_they_are_told_to() {
    if !alone("cpus_stop_when_they_are_told_to") {
        return;
    }
    host(2).boot(|| ()).assert_clean();
    ringzero::Host::shut_down();
    *SUM.lock() += 1;
}

#[test]
fn a_handler_that_waits_for_what_it_interrupted_is_told_of() {
    if !alone("a_handler_that_waits_for_what_it_interrupted_is_told_of") {
        return;
    }
    let summary = host(1).boot(|| {
        set_software_only(3);
        request_irq(3, IrqFlags::NONE, "locker", |_| {
            *SUM.lock() += 1;
            IrqReturn::Handled
        })
        .expect("the line is free");
        let held = SUM.lock();
        raise(3);
        drop(held);
    });
    assert_eq!(summary.troubles.first().map(|t| t.code.as_str()), Some("irq-deadlock"), "{summary}");
}

#[test]
fn a_handler_that_would_sleep_is_told_of() {
    if !alone("a_handler_that_would_sleep_is_told_of") {
        return;
    }
    let summary = host(1).boot(|| {
        set_software_only(3);
        request_irq(3, IrqFlags::NONE, "sleeper", |_| {
            wait_event(&QUEUE[0], || false);
            IrqReturn::Handled
        })
        .expect("the line is free");
        raise(3);
    });
    assert_eq!(summary.troubles.first().map(|t| t.code.as_str()), Some("sleep-in-atomic"), "{summary}");
}
