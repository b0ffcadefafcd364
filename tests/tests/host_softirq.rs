//! Softirqs and tasklets on the machine of threads.

use ringzero::context::{in_serving_softirq, local_bh_disable, local_bh_enable, local_irq_disable, local_irq_enable};
use ringzero::delay::udelay;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sched::cond_resched;
use ringzero::smp::{smp_call_function_single, smp_processor_id};
use ringzero::softirq::{BLOCK_SOFTIRQ, NET_RX_SOFTIRQ, local_softirq_pending, open_softirq, raise_softirq};
use ringzero::tasklet::{
    Tasklet, tasklet_disable, tasklet_enable, tasklet_hi_schedule, tasklet_kill, tasklet_schedule,
};
use ringzero::{Machine, global};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

fn host(cpus: u32) -> ringzero::Host {
    Machine::host().cpus(cpus).patience(Duration::from_secs(30))
}

fn random(seed: &mut u64, n: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % n
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A softirq that is raised runs afterwards, on the CPU that raised it; on a thread's CPU only within its own section.
#[test]
fn what_is_raised_runs() {
    static RAN: [AtomicU64; 128] = [const { AtomicU64::new(0) }; 128];
    static NESTED: [AtomicU32; 128] = [const { AtomicU32::new(0) }; 128];
    fn handler(nr: u32) {
        assert!(nr == NET_RX_SOFTIRQ && in_serving_softirq());
        let here = smp_processor_id() as usize;
        assert_eq!(NESTED[here].fetch_add(1, SeqCst), 0);
        RAN[here].fetch_add(1, SeqCst);
        NESTED[here].fetch_sub(1, SeqCst);
    }
    open_softirq(NET_RX_SOFTIRQ, handler);
    let summary = host(2).boot(|| {
        for cpu in 0..2 {
            let body = move || {
                for n in 0..2000 {
                    let before = RAN[cpu as usize].load(SeqCst);
                    raise_softirq(NET_RX_SOFTIRQ);
                    if n % 4 == 0 {
                        // An interrupt's end processes what is pending, too.
                        let _ = smp_call_function_single(1 - cpu, || raise_softirq(NET_RX_SOFTIRQ), true);
                    }
                    while RAN[cpu as usize].load(SeqCst) == before {
                        cond_resched();
                    }
                }
            };
            kthread_run_on_cpu(body, cpu, "raiser");
        }
    });
    summary.assert_clean();
    let here = smp_processor_id() as usize;
    assert!(here >= 64);
    local_bh_disable();
    raise_softirq(NET_RX_SOFTIRQ);
    assert_eq!((local_softirq_pending(), RAN[here].load(SeqCst)), (1 << NET_RX_SOFTIRQ, 0));
    local_bh_enable();
    assert_eq!((local_softirq_pending(), RAN[here].load(SeqCst)), (0, 1));
    let before = RAN[0].load(SeqCst);
    local_irq_disable();
    raise_softirq(NET_RX_SOFTIRQ);
    assert_eq!(local_softirq_pending(), 0);
    local_irq_enable();
    wait_for("the other CPU processes it", || RAN[0].load(SeqCst) > before);
    assert_eq!(RAN[here].load(SeqCst), 1);
}

/// What raises itself again and again is left to another CPU by a thread.
#[test]
fn a_thread_does_not_serve_for_ever() {
    static LEFT: AtomicU32 = AtomicU32::new(100);
    static HERE: AtomicU32 = AtomicU32::new(0);
    fn handler(nr: u32) {
        if smp_processor_id() >= 64 {
            HERE.fetch_add(1, SeqCst);
        }
        if LEFT.fetch_sub(1, SeqCst) > 1 {
            raise_softirq(nr);
        }
    }
    open_softirq(BLOCK_SOFTIRQ, handler);
    local_bh_disable();
    raise_softirq(BLOCK_SOFTIRQ);
    local_bh_enable();
    wait_for("the other CPU goes on", || LEFT.load(SeqCst) == 0);
    assert!((1..10).contains(&HERE.load(SeqCst)));
}

/// Each scheduling that says so leads to one run; never two at once.
#[test]
fn a_tasklet_runs_as_often_as_it_was_scheduled() {
    const TASKLETS: usize = 3;
    global! {
        static POOL: [Tasklet; TASKLETS] = [const { Tasklet::new(run) }; TASKLETS];
    }
    static SCHEDULED: [AtomicU64; TASKLETS] = [const { AtomicU64::new(0) }; TASKLETS];
    static RAN: [AtomicU64; TASKLETS] = [const { AtomicU64::new(0) }; TASKLETS];
    static RUNS: [AtomicU32; TASKLETS] = [const { AtomicU32::new(0) }; TASKLETS];
    static OFF: [AtomicU32; TASKLETS] = [const { AtomicU32::new(0) }; TASKLETS];
    fn run(tasklet: &'static Tasklet) {
        let n = POOL.iter().position(|t| std::ptr::eq(t, tasklet)).unwrap();
        assert_eq!(RUNS[n].fetch_add(1, SeqCst), 0, "it runs on one CPU at a time");
        assert_eq!(OFF[n].load(SeqCst), 0, "it is disabled");
        RAN[n].fetch_add(1, SeqCst);
        if RAN[n].load(SeqCst).is_multiple_of(64) {
            udelay(30);
            SCHEDULED[n].fetch_add(u64::from(tasklet.schedule()), SeqCst);
        }
        assert_eq!(OFF[n].load(SeqCst), 0, "it is disabled");
        RUNS[n].fetch_sub(1, SeqCst);
    }
    fn body(mut seed: u64) {
        for _ in 0..30_000 {
            let n = random(&mut seed, TASKLETS as u64) as usize;
            match random(&mut seed, 40) {
                0 => {
                    // Two at a time would count down what the other still holds.
                    tasklet_disable(&POOL[n]);
                    OFF[n].fetch_add(1, SeqCst);
                    udelay(random(&mut seed, 20));
                    OFF[n].fetch_sub(1, SeqCst);
                    tasklet_enable(&POOL[n]);
                }
                1..5 => drop(SCHEDULED[n].fetch_add(u64::from(POOL[n].hi_schedule()), SeqCst)),
                5 => {
                    local_bh_disable();
                    SCHEDULED[n].fetch_add(u64::from(POOL[n].schedule()), SeqCst);
                    local_bh_enable();
                }
                _ => drop(SCHEDULED[n].fetch_add(u64::from(POOL[n].schedule()), SeqCst)),
            }
        }
    }
    std::thread::scope(|s| {
        for n in 10..12 {
            s.spawn(move || body(n));
        }
        let summary = host(3).boot(|| {
            for cpu in 0..3 {
                kthread_run_on_cpu(move || body(cpu.into()), cpu, "scheduler");
            }
        });
        summary.assert_clean();
    });
    for tasklet in POOL.iter() {
        tasklet_kill(tasklet);
    }
    for n in 0..TASKLETS {
        assert_eq!(SCHEDULED[n].load(SeqCst), RAN[n].load(SeqCst));
        assert!(RAN[n].load(SeqCst) > 100);
    }
}

/// When it was killed it neither runs nor will: it may be freed.
#[test]
fn a_killed_tasklet_may_be_freed() {
    struct Object {
        tasklet: Tasklet,
        alive: AtomicBool,
    }
    fn run(tasklet: &'static Tasklet) {
        // SAFETY: only the tasklets of `Object`s have this function; they are freed after they were killed.
        let object: &'static Object = unsafe { ringzero::tasklet::from_tasklet!(tasklet, Object, tasklet) };
        assert!(object.alive.load(SeqCst));
        udelay(5);
        if jiffy_is_odd() {
            tasklet.schedule();
        }
        assert!(object.alive.load(SeqCst));
    }
    fn jiffy_is_odd() -> bool {
        ringzero::timer::jiffies() % 2 == 1
    }
    fn body(mut seed: u64, rounds: u32) {
        for _ in 0..rounds {
            let object = Box::into_raw(Box::new(Object { tasklet: Tasklet::new(run), alive: AtomicBool::new(true) }));
            // SAFETY: freed below, when nobody uses it any more.
            let shared: &'static Object = unsafe { &*object };
            for _ in 0..random(&mut seed, 4) {
                tasklet_hi_schedule(&shared.tasklet);
                tasklet_schedule(&shared.tasklet);
                udelay(random(&mut seed, 10));
            }
            tasklet_kill(&shared.tasklet);
            shared.alive.store(false, SeqCst);
            // SAFETY: it was killed.
            drop(unsafe { Box::from_raw(object) });
        }
    }
    std::thread::scope(|s| {
        for n in 10..12 {
            s.spawn(move || body(n, 3000));
        }
        let summary = host(2).boot(|| {
            for cpu in 0..2 {
                kthread_run_on_cpu(move || body(cpu.into(), 3000), cpu, "killer");
            }
        });
        summary.assert_clean();
    });
}

/// What is scheduled while it is disabled waits, wherever it was scheduled.
#[test]
fn a_disabled_tasklet_waits() {
    global! {
        static TASKLET: Tasklet = Tasklet::new(run).disabled();
    }
    static RAN: AtomicU32 = AtomicU32::new(0);
    fn run(_: &'static Tasklet) {
        RAN.fetch_add(1, SeqCst);
    }
    host(2).boot(|| ()).assert_clean();
    for n in 0..4 {
        let scheduled = |wait: bool| {
            // On a booted CPU, or here.
            if n < 2 {
                let _ = smp_call_function_single(n, || _ = TASKLET.schedule(), wait);
            } else if n == 2 {
                assert!(TASKLET.schedule());
            } else {
                local_bh_disable();
                assert!(TASKLET.schedule());
                local_bh_enable();
            }
        };
        scheduled(true);
        std::thread::sleep(Duration::from_millis(3));
        assert_eq!(RAN.load(SeqCst), n);
        tasklet_enable(&TASKLET);
        wait_for("the tasklet runs", || RAN.load(SeqCst) == n + 1);
        tasklet_disable(&TASKLET);
    }
}
