//! Mutexes with priority inheritance on threads: many rounds in every form, nobody inside with another, nobody waits
//! for ever, and in the end nobody has a priority that is not its own.

use ringzero::Machine;
use ringzero::kthread::{kthread_create_on_cpu, kthread_run_on_cpu};
use ringzero::rtmutex::{RtError, RtMutex};
use ringzero::sched::{
    SCHED_FIFO, SCHED_NORMAL, Task, TaskOptions, current, msleep, sched_setscheduler, set_user_nice, spawn,
    wake_up_process,
};
use ringzero::signal::{SIGKILL, flush_signals, send_sig};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

const ROUNDS: u32 = 4000;
const TASKS: u32 = 4;

/// Something of which only one may be in use.
struct Alone {
    inside: AtomicU32,
    count: u32,
}

impl Alone {
    const fn new() -> Self {
        Self { inside: AtomicU32::new(0), count: 0 }
    }

    fn visit(&mut self) {
        assert_eq!(self.inside.fetch_add(1, Relaxed), 0, "somebody is inside");
        self.count += 1;
        if self.count.is_multiple_of(64) {
            // Others come meanwhile.
            thread::yield_now();
        }
        assert_eq!(self.inside.fetch_sub(1, Relaxed), 1);
    }
}

fn host() -> ringzero::Host {
    Machine::host().cpus(TASKS).patience(Duration::from_secs(60))
}

#[track_caller]
fn at_rest() {
    assert_eq!(current().prio(), current().normal_prio());
}

#[test]
fn everybody_gets_in() {
    static LOCK: RtMutex<Alone> = RtMutex::new(Alone::new());
    let init = || {
        for cpu in 0..TASKS {
            let enter = move || {
                for round in 0..ROUNDS {
                    match (round + cpu) % 4 {
                        0 => LOCK.lock().visit(),
                        1 => LOCK.lock_interruptible(true).expect("no deadlock").visit(),
                        2 => LOCK.timed_lock(10_000, false).expect("time enough").visit(),
                        _ => loop {
                            if let Some(mut alone) = LOCK.try_lock() {
                                break alone.visit();
                            }
                            msleep(1);
                        },
                    }
                }
                at_rest();
            };
            let task = kthread_create_on_cpu(enter, cpu, "enters");
            set_user_nice(task, cpu.cast_signed() - 2);
            wake_up_process(task);
        }
    };
    host().boot(init).assert_clean();
    assert_eq!(LOCK.lock().count, TASKS * ROUNDS);
}

/// Tasks of all priorities, on CPUs of their own, hold one while they take the next.
#[test]
fn chains_of_all_priorities() {
    static LOCKS: [RtMutex<Alone>; 4] = [const { RtMutex::new(Alone::new()) }; 4];
    static BOOSTED: AtomicU32 = AtomicU32::new(0);
    let init = || {
        for cpu in 0..TASKS {
            let chain = move || {
                for round in 0..ROUNDS {
                    let first = ((cpu + round) % 3) as usize;
                    let mut held = LOCKS[first].lock();
                    LOCKS[first + 1].lock().visit();
                    if round % 16 == 0 {
                        thread::yield_now();
                    }
                    if current().prio() < current().normal_prio() {
                        BOOSTED.fetch_add(1, Relaxed);
                    }
                    held.visit();
                }
                at_rest();
            };
            let task = kthread_create_on_cpu(chain, cpu, "chain");
            if cpu % 2 == 1 {
                sched_setscheduler(task, SCHED_FIFO, 10 * cpu);
            }
            wake_up_process(task);
        }
    };
    host().boot(init).assert_clean();
    assert_eq!(LOCKS.iter().map(|lock| lock.lock().count).sum::<u32>(), 2 * TASKS * ROUNDS);
    println!("boosted: {}", BOOSTED.load(Relaxed));
}

#[test]
fn circles_are_told() {
    static LOCKS: [RtMutex<Alone>; 4] = [const { RtMutex::new(Alone::new()) }; 4];
    static TOLD: AtomicU32 = AtomicU32::new(0);
    let init = || {
        for cpu in 0..TASKS {
            let circle = move || {
                let (first, second) = (cpu as usize, (cpu as usize + 1) % 4);
                for _ in 0..ROUNDS {
                    let mut held = LOCKS[first].lock();
                    match LOCKS[second].lock_interruptible(true) {
                        Ok(mut other) => other.visit(),
                        Err(error) => {
                            assert_eq!(error, RtError::Deadlock);
                            TOLD.fetch_add(1, Relaxed);
                        }
                    }
                    held.visit();
                }
                at_rest();
            };
            kthread_run_on_cpu(circle, cpu, "circle");
        }
    };
    host().boot(init).assert_clean();
    let visits: u32 = LOCKS.iter().map(|lock| lock.lock().count).sum();
    assert_eq!(visits + TOLD.load(Relaxed), 2 * TASKS * ROUNDS);
    println!("told: {}", TOLD.load(Relaxed));
}

/// Waits end by signals and times, and priorities change, all the time.
#[test]
fn waits_end_in_every_way() {
    static LOCKS: [RtMutex<Alone>; 2] = [const { RtMutex::new(Alone::new()) }; 2];
    static ENDED: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];
    static RUNNING: AtomicUsize = AtomicUsize::new(TASKS as usize - 1);
    fn visit(result: Result<ringzero::rtmutex::RtMutexGuard<'_, Alone>, RtError>) {
        match result {
            Ok(mut alone) => {
                alone.visit();
                ENDED[0].fetch_add(1, Relaxed);
            }
            Err(RtError::Interrupted) => {
                flush_signals(current());
                ENDED[1].fetch_add(1, Relaxed);
            }
            Err(RtError::TimedOut) => {
                ENDED[2].fetch_add(1, Relaxed);
            }
            Err(RtError::Deadlock) => panic!("there is none"),
        }
    }
    fn victim() {
        for round in 0..ROUNDS / 20 {
            let mut held = LOCKS[0].lock();
            held.visit();
            match round % 3 {
                0 => visit(LOCKS[1].lock_interruptible(true)),
                1 => visit(LOCKS[1].timed_lock(1, true)),
                _ => visit(LOCKS[1].lock_killable(false)),
            }
            drop(held);
            visit(LOCKS[1].timed_lock(u64::from(round % 2), false));
        }
        at_rest();
        RUNNING.fetch_sub(1, Relaxed);
    }
    let init = || {
        let victims: Vec<&'static Task> = (1..TASKS)
            .map(|cpu| spawn(TaskOptions { allowed: 1 << cpu, ..TaskOptions::new("victim") }, victim))
            .collect();
        let torment = move || {
            for round in 0.. {
                if RUNNING.load(Relaxed) == 0 {
                    break;
                }
                let held = LOCKS[1].lock();
                let victim = victims[round % victims.len()];
                if round % 3 == 0 {
                    msleep(2);
                }
                send_sig(SIGKILL, victim);
                let rt_priority = round as u32 % 3 * 10;
                let policy = if rt_priority == 0 { SCHED_NORMAL } else { SCHED_FIFO };
                assert_eq!(sched_setscheduler(victim, policy, rt_priority), 0);
                thread::yield_now();
                drop(held);
                at_rest();
                thread::yield_now();
            }
        };
        kthread_run_on_cpu(torment, 0, "torment");
    };
    host().boot(init).assert_clean();
    println!("ended: {ENDED:?}");
    assert!(LOCKS.iter().all(|lock| !lock.is_locked()) && ENDED.iter().all(|ended| ended.load(Relaxed) > 0));
}
