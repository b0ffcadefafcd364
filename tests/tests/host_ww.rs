//! Wound/wait mutexes on threads: many rounds, in any order, and everybody gets through.

use ringzero::Machine;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::ww_mutex::{WwAcquireCtx, WwClass, WwError, WwMutex};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

const ROUNDS: u32 = 3000;
const TASKS: u32 = 4;

/// How often somebody has backed off.
static BACKED_OFF: AtomicU32 = AtomicU32::new(0);

/// Takes two in the order given, backing off when told to.
fn dine(forks: &'static [WwMutex<u32>; 3], class: &'static WwClass, first: usize, second: usize) {
    let ctx = WwAcquireCtx::new(class);
    let mut held = forks[first].lock(&ctx).expect("the first is never refused");
    // Others come meanwhile.
    thread::yield_now();
    let (mut at, mut next) = (first, second);
    let mut other = loop {
        match forks[next].lock(&ctx) {
            Ok(guard) => break guard,
            Err(error) => assert_eq!(error, WwError::Deadlock),
        }
        BACKED_OFF.fetch_add(1, Relaxed);
        drop(held);
        held = forks[next].lock_slow(&ctx);
        (at, next) = (next, at);
    };
    *held += 1;
    *other += 1;
}

fn many(forks: &'static [WwMutex<u32>; 3], class: &'static WwClass) {
    let init = move || {
        for task in 0..TASKS {
            kthread_run_on_cpu(
                move || {
                    for round in 0..ROUNDS {
                        let first = ((task + round) % 3) as usize;
                        let second = (first + 1 + (round as usize & 1)) % 3;
                        dine(forks, class, first, second);
                    }
                },
                task,
                "diner",
            );
        }
    };
    Machine::host().cpus(TASKS).patience(Duration::from_secs(60)).boot(init).assert_clean();
    let eaten: u32 = forks.iter().map(|fork| *fork.lock_alone()).sum();
    assert_eq!(eaten, 2 * TASKS * ROUNDS);
    println!("backed off: {}", BACKED_OFF.load(Relaxed));
}

#[test]
fn wound_wait() {
    static CLASS: WwClass = WwClass::new_ww("ww");
    static FORKS: [WwMutex<u32>; 3] = [const { WwMutex::new(0, &CLASS) }; 3];
    many(&FORKS, &CLASS);
}

#[test]
fn wait_die() {
    static CLASS: WwClass = WwClass::new_wd("wd");
    static FORKS: [WwMutex<u32>; 3] = [const { WwMutex::new(0, &CLASS) }; 3];
    many(&FORKS, &CLASS);
}
