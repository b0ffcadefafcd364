//! Real-time priorities on the model: what follows from them, and what the search makes of it.

use ringzero::atomic::{Atomic, Marked, cpu_relax};
use ringzero::completion::Completion;
use ringzero::context::{cond_resched, preempt_disable, preempt_enable};
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, request_irq};
use ringzero::kthread::{kthread_create, kthread_create_on_cpu, kthread_run_on_cpu};
use ringzero::mutex::Mutex;
use ringzero::sched::{
    SCHED_FIFO, SCHED_RR, Task, current, sched_setscheduler, set_cpus_allowed, wake_up_process, yield_now,
};
use ringzero::smp::smp_processor_id;
use ringzero::sync::SpinLock;
use ringzero::{Check, Report, Strategy, Verdict};
use ringzero_strategies::Rng;

ringzero::global! {
    static BUS: Mutex<u32> = Mutex::new(0).named("bus");
    static DONE: Marked<u32> = Marked::new(0);
    static STEPS: Atomic = Atomic::new(0);
}

fn run(name: &str, cpus: usize, init: fn()) -> Report {
    let check = Check::new().named(name).cpus(cpus).strategy(Strategy::Exhaustive);
    check.trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init)
}

fn task(name: &'static str, policy: u32, priority: u32, f: impl FnOnce() + Send + 'static) -> &'static Task {
    let task = kthread_create_on_cpu(f, 0, name);
    assert_eq!(sched_setscheduler(task, policy, priority), 0);
    task
}

fn wait_for_done() {
    while DONE.read_once() == 0 {
        cpu_relax();
    }
}

/// Three tasks and a lock: the highest waits for the lowest, the middle one for the highest.
fn three_tasks(low: &'static Task, middle: impl FnOnce() + Send + 'static) {
    let high = || {
        *BUS.lock() += 1;
        DONE.write_once(1);
    };
    let high = task("high", SCHED_FIFO, 50, high);
    let middle = task("middle", SCHED_FIFO, 20, middle);
    for task in [low, high, middle] {
        wake_up_process(task);
    }
}

fn low() -> &'static Task {
    kthread_create_on_cpu(|| *BUS.lock() += 1, 0, "low")
}

#[test]
fn an_inversion_without_an_end_is_found() {
    let report = run("inversion", 2, || three_tasks(low(), wait_for_done));
    assert_eq!(report.finding(), Some("priority-inversion"), "{report}");
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "task high (priority 49) waits for bus",
        "held by task low (no real-time priority)",
        "task middle (priority 79)",
    ] {
        assert!(text.contains(words), "no {words}: {text}");
    }
}

#[test]
fn an_inversion_with_an_end_is_none() {
    let report = run("it ends", 2, || three_tasks(low(), || STEPS.inc()));
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

#[test]
fn the_highest_lends_nothing_to_a_mutex_but_a_ceiling_helps() {
    let init = || {
        let low = low();
        sched_setscheduler(low, SCHED_FIFO, 50);
        three_tasks(low, wait_for_done);
    };
    let report = run("ceiling", 2, init);
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

/// A task of CPU 0 spins until another one of that CPU, made before it, has run.
fn spins_for(policy: u32, spinner: u32, other: u32) {
    let other = if other == 0 {
        kthread_create_on_cpu(|| DONE.write_once(1), 0, "other")
    } else {
        task("other", policy, other, || DONE.write_once(1))
    };
    let spinner = task("spinner", policy, spinner, wait_for_done);
    preempt_disable();
    wake_up_process(other);
    wake_up_process(spinner);
    preempt_enable();
}

#[test]
fn who_spins_for_a_worse_one_hangs() {
    let report = run("for a worse one", 2, || spins_for(SCHED_FIFO, 2, 0));
    assert_eq!(report.finding(), Some("hang"), "{report}");
    assert!(report.to_string().contains("is ready, but has a worse priority"), "{report}");
}

#[test]
fn who_spins_for_a_better_one_does_not() {
    let report = run("for a better one", 2, || spins_for(SCHED_FIFO, 2, 3));
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

#[test]
fn equals_take_turns_by_their_policy() {
    let report = run("fifo", 2, || spins_for(SCHED_FIFO, 2, 2));
    assert_eq!(report.finding(), Some("hang"), "{report}");
    let report = run("rr", 2, || {
        let spinner = task("spinner", SCHED_RR, 2, || {
            while DONE.read_once() == 0 {
                cond_resched();
                cpu_relax();
            }
        });
        let other = task("other", SCHED_RR, 2, || DONE.write_once(1));
        preempt_disable();
        wake_up_process(spinner);
        wake_up_process(other);
        preempt_enable();
    });
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

/// A task that may run anywhere takes a CPU away from the worst of the tasks there are, and at once.
#[test]
fn a_better_task_takes_the_cpu_of_the_worst() {
    let report = run("worst", 2, || {
        let middle = || {
            sched_setscheduler(current(), SCHED_FIFO, 1);
            DONE.write_once(1);
            while STEPS.read() == 0 {
                cpu_relax();
            }
        };
        kthread_run_on_cpu(middle, 1, "middle");
        let better = kthread_create(|| assert_eq!((smp_processor_id(), STEPS.inc()), (0, ())), "better");
        sched_setscheduler(better, SCHED_FIFO, 2);
        wait_for_done();
        wake_up_process(better);
        assert_eq!(STEPS.read(), 1, "init had the worst priority");
    });
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

/// The finding, the number of jobs and a replay do not depend on each other.
#[test]
fn several_jobs_find_the_same() {
    let check = |jobs| {
        let check = Check::new().named("jobs").cpus(2).strategy(Strategy::Exhaustive).jobs(jobs);
        check.trace_dir(env!("CARGO_TARGET_TMPDIR")).run(|| three_tasks(low(), wait_for_done))
    };
    let (one, two) = (check(1), check(2));
    assert_eq!(one.finding(), Some("priority-inversion"), "{one}");
    let steps = |r: &Report| r.to_string().lines().filter(|l| l.contains('|')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(steps(&one), steps(&two));
}

/// Samplers meet what the search meets.
#[test]
fn samples_find_it_too() {
    for strategy in [Strategy::Random, Strategy::Pct, Strategy::Pos, Strategy::Sample] {
        let check = Check::new().named("samples").cpus(2).strategy(strategy).executions(2000);
        let report = check.trace_dir(env!("CARGO_TARGET_TMPDIR")).run(|| three_tasks(low(), wait_for_done));
        assert_eq!(report.finding(), Some("priority-inversion"), "{report}");
    }
}

/// A task that polls with `cond_resched()` lets others run in the end: that it could go on for ever is no livelock.
#[test]
fn a_fair_scheduler_ends_polling() {
    let report = run("polls", 1, || {
        kthread_run_on_cpu(|| DONE.write_once(1), 0, "other");
        while DONE.read_once() == 0 {
            cond_resched();
        }
    });
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
    let report = run("polls and relaxes", 1, || {
        kthread_run_on_cpu(|| DONE.write_once(1), 0, "other");
        while DONE.read_once() == 0 {
            cond_resched();
            cpu_relax();
        }
    });
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
    let report = run("polls for nobody", 1, || {
        while DONE.read_once() == 0 {
            cond_resched();
        }
    });
    assert_eq!(report.finding(), Some("livelock"), "{report}");
}

/// What a generated task does.
#[derive(Clone, Copy, Debug)]
enum Do {
    Write(usize),
    WriteIf(usize, usize),
    Section,
    Alone(usize),
    Resched,
    Yield,
    Complete,
    Wait,
    Spin(usize),
    Rebind(u32),
}

/// Each `yield()` lets the others of the same priority run, not only the first one.
#[test]
fn equals_yield_to_each_other() {
    let report = run("yield", 1, || {
        let waits = task("waits", SCHED_FIFO, 1, || {
            while DONE.read_once() == 0 {
                yield_now();
            }
        });
        let sets = task("sets", SCHED_FIFO, 1, || {
            STEPS.inc();
            yield_now();
            DONE.write_once(1);
        });
        preempt_disable();
        wake_up_process(waits);
        wake_up_process(sets);
        preempt_enable();
    });
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

/// A circle of waits is told of as one, whoever else could have run.
#[test]
fn a_deadlock_of_real_time_tasks_is_one() {
    ringzero::global! {
        static A: SpinLock<u32> = SpinLock::new(0).named("a");
        static B: SpinLock<u32> = SpinLock::new(0).named("b");
    }
    let report = run("two locks", 3, || {
        let other = kthread_create_on_cpu(
            || {
                let b = B.lock();
                A.lock().unlock();
                b.unlock();
            },
            2,
            "other",
        );
        sched_setscheduler(other, SCHED_FIFO, 2);
        let one = task("one", SCHED_FIFO, 2, || {
            let a = A.lock();
            B.lock().unlock();
            a.unlock();
        });
        let kept_away = kthread_create_on_cpu(|| STEPS.inc(), 2, "kept away");
        for task in [kept_away, other, one] {
            wake_up_process(task);
        }
    });
    assert_eq!(report.finding(), Some("deadlock"), "{report}");
}

/// A loop with `cond_resched()` that does not wait is not cut.
#[test]
fn computing_is_not_polling() {
    let report = run("computes", 1, || {
        kthread_run_on_cpu(|| assert_eq!(DONE.read_once(), 0), 0, "other");
        for _ in 0..12 {
            STEPS.inc();
            cond_resched();
        }
        DONE.write_once(1);
    });
    assert_eq!(report.finding(), Some("panic"), "{report}");
}

/// A generated program: its tasks, and the CPU of an interrupt line whose handler lets a waiter go on.
#[derive(Clone, Debug)]
struct Whole {
    tasks: Vec<Generated>,
    line: Option<u32>,
}

/// A generated task: its CPU, if it is bound to one, its policy and priority, if it is a real-time one, what it does.
#[derive(Clone, Debug)]
struct Generated {
    cpu: Option<u32>,
    policy: Option<(u32, u32)>,
    does: Vec<Do>,
}

ringzero::global! {
    static WORDS: [Marked<u32>; 2] = [Marked::new(0), Marked::new(0)];
    static EVENT: Completion = Completion::new();
}

fn perform(what: Do) {
    let word = |n: usize| &WORDS[n];
    match what {
        Do::Write(n) => word(n).write_once(1),
        Do::WriteIf(n, m) => {
            if word(n).read_once() == 1 {
                word(m).write_once(2);
            }
        }
        Do::Section => *BUS.lock() += 1,
        Do::Alone(n) => {
            preempt_disable();
            word(n).write_once(3);
            preempt_enable();
        }
        Do::Resched => cond_resched(),
        Do::Yield => yield_now(),
        Do::Complete => EVENT.complete(),
        Do::Wait => EVENT.wait_for_completion(),
        Do::Rebind(cpu) => {
            set_cpus_allowed(current(), 1 << cpu);
        }
        Do::Spin(n) => {
            while word(n).read_once() == 0 {
                cpu_relax();
            }
        }
    }
}

fn generate(seed: u64) -> Whole {
    let mut rng = Rng::new(seed);
    let mut below = |n: usize| rng.below(n);
    let mut tasks = Vec::new();
    for _ in 0..2 + below(2) {
        let cpu = [Some(0), Some(0), Some(1), None][below(4)];
        let policy = [None, Some((SCHED_FIFO, 1)), Some((SCHED_FIFO, 2)), Some((SCHED_RR, 1))][below(4)];
        let does = (0..1 + below(2)).map(|_| {
            let (n, m) = (below(2), below(2));
            let all = [
                Do::Write(n),
                Do::WriteIf(n, m),
                Do::Section,
                Do::Alone(n),
                Do::Resched,
                Do::Yield,
                Do::Complete,
                Do::Wait,
                Do::Spin(n),
                Do::Rebind(m as u32),
            ];
            all[below(all.len())]
        });
        tasks.push(Generated { cpu, policy, does: does.collect() });
    }
    Whole { tasks, line: [None, None, Some(0), Some(1)][below(4)] }
}

fn start(program: &Whole) {
    if let Some(cpu) = program.line {
        let handler = |_| {
            WORDS[0].write_once(4);
            EVENT.complete();
            IrqReturn::Handled
        };
        request_irq(4, IrqFlags::NONE, "line", handler).expect("a line");
        irq_set_affinity(4, 1 << cpu).expect("a CPU");
    }
    let made = program.tasks.iter().cloned().map(|Generated { cpu, policy, does }| {
        let body = move || does.into_iter().for_each(perform);
        let task = match cpu {
            Some(cpu) => kthread_create_on_cpu(body, cpu, "task"),
            None => kthread_create(body, "task"),
        };
        if let Some((policy, priority)) = policy {
            sched_setscheduler(task, policy, priority);
        }
        task
    });
    made.collect::<Vec<_>>().into_iter().for_each(|task| {
        wake_up_process(task);
    });
}

/// The search of programs with real-time tasks leaves out what commutes; every schedule that the priorities allow shows the
/// same classes.
#[test]
fn no_class_of_a_generated_program_is_missed() {
    let seeds = std::env::var("RINGZERO_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    let mut compared = 0;
    for seed in 0..seeds {
        let program = generate(seed);
        let moves = |task: &Generated| task.does.iter().any(|d| matches!(d, Do::Rebind(_)));
        if program.tasks.iter().all(|task| task.policy.is_none() && !moves(task)) {
            continue;
        }
        let check =
            || Check::new().named("generated").executions(6000).all_classes(true).strategy(Strategy::Exhaustive);
        let run = |check: Check| {
            let program = program.clone();
            check.trace_dir(env!("CARGO_TARGET_TMPDIR")).run(move || start(&program))
        };
        let every = run(check().preemptions(1000));
        let complete = |r: &Report| r.trace_file().map_or(r.verdict() == Verdict::Holds, |t| t.complete);
        if !complete(&every) {
            continue;
        }
        compared += 1;
        let reduced = run(check());
        assert!(complete(&reduced), "{seed}: {reduced}");
        let seen = |r: &Report| (r.executions(), r.finding().map(str::to_owned));
        assert_eq!(seen(&reduced), seen(&every), "{seed}: {program:?}");
    }
    assert!(compared * 3 > seeds, "only {compared} of {seeds} were small enough");
}
