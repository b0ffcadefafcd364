//! Locks that sleep, and what wakes: mutexes that are fought for, semaphores of both kinds, completions, wait queues.

use crate::measure::{Effort, Side};
use crate::tasks::on_host;
use crate::threads::{fight, pin};
use crate::wake::{TURNS, turns};
use crossbeam_utils::sync::ShardedLock;
use parking_lot::RwLockWriteGuard;
use ringzero::mutex::Mutex;
use ringzero::rtmutex::RtMutex;
use ringzero::rwsem::{PercpuRwSemaphore, RwSemaphore};
use ringzero::semaphore::Semaphore;
use ringzero::wait::{WaitQueueHead, wake_up};
use ringzero_bench_glibc::{PiMutex, Semaphore as GlibcSemaphore};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::{Condvar, Mutex as StdMutex, PoisonError};
use std::time::Instant;

const NS: &str = "ns";
const TOGETHER: &str = "ns for each, all threads together";
/// What waking may take when nobody waits, in ns.
const NOBODY: f64 = 2.0;

/// In cache lines of its own.
#[repr(align(128))]
struct Apart<T>(T);

/// All rows about them.
pub fn measure(effort: &Effort) {
    mutexes(effort);
    rwsems(effort);
    percpu(effort);
    semaphores(effort);
    rt_mutexes(effort);
    completions(effort);
    queues(effort);
}

/// A side on which `threads` threads do `operation` as often as they can.
fn fought<'a>(effort: &Effort, name: &'static str, threads: usize, operation: impl Fn() + Sync + 'a) -> Side<'a> {
    let time = effort.slice * 4;
    (name, Box::new(move || fight(threads, time, &operation).each))
}

fn mutexes(effort: &Effort) {
    let (ours, theirs) = (Apart(Mutex::new(0_u64)), Apart(parking_lot::Mutex::new(0_u64)));
    let sides = vec![
        fought(effort, "Mutex", 2, || *ours.0.lock() += 1),
        fought(effort, "parking_lot Mutex", 2, || *theirs.0.lock() += 1),
    ];
    effort.compare("Mutex, 2 threads on 2 cores", TOGETHER, 1.2, sides);
}

fn rwsems(effort: &Effort) {
    let (ours, theirs) = (Apart(RwSemaphore::new(1_u64)), Apart(parking_lot::RwLock::new(1_u64)));
    let sides = vec![
        effort.each("RwSemaphore", || {
            black_box(*black_box(&ours.0).read());
        }),
        effort.each("parking_lot RwLock", || {
            black_box(*black_box(&theirs.0).read());
        }),
    ];
    effort.compare("RwSemaphore read, 1 thread", NS, 1.2, sides);
    let sides = vec![
        effort.each("RwSemaphore", || {
            let mut write = black_box(&ours.0).write();
            *write += 1;
            black_box(*write.downgrade());
        }),
        effort.each("parking_lot RwLock", || {
            let mut write = black_box(&theirs.0).write();
            *write += 1;
            black_box(*RwLockWriteGuard::downgrade(write));
        }),
    ];
    effort.compare("RwSemaphore write and downgrade, 1 thread", NS, 1.1, sides);
}

fn percpu(effort: &Effort) {
    let ours = Apart(PercpuRwSemaphore::new(1_u64));
    let theirs = Apart(ShardedLock::new(1_u64));
    let sides = vec![
        fought(effort, "PercpuRwSemaphore", 2, || {
            black_box(*ours.0.read());
        }),
        fought(effort, "crossbeam ShardedLock", 2, || {
            black_box(*theirs.0.read().unwrap_or_else(PoisonError::into_inner));
        }),
    ];
    effort.compare("PercpuRwSemaphore read, 2 threads on 2 cores", TOGETHER, 1.0, sides);
}

fn semaphores(effort: &Effort) {
    let (ours, theirs) = (Apart(Semaphore::new(1)), Apart(GlibcSemaphore::new(1)));
    let down_and_up = || {
        black_box(&ours.0).down();
        black_box(&ours.0).up();
    };
    let wait_and_post = || {
        black_box(&theirs.0).wait();
        black_box(&theirs.0).post();
    };
    let sides = vec![effort.each("Semaphore", down_and_up), effort.each("glibc sem_t", wait_and_post)];
    effort.compare("Semaphore, 1 thread", NS, 1.0, sides);
    let sides = vec![fought(effort, "Semaphore", 2, down_and_up), fought(effort, "glibc sem_t", 2, wait_and_post)];
    effort.compare("Semaphore, 2 threads on 2 cores", TOGETHER, 1.0, sides);
}

fn rt_mutexes(effort: &Effort) {
    let ours = Apart(RtMutex::new(0_u64));
    let theirs = Apart(PiMutex::new(0_u64));
    let sides = vec![
        effort.each("RtMutex", || *black_box(&ours.0).lock() += 1),
        effort.each("pthread PRIO_INHERIT", || black_box(&theirs.0).with(|n| *n += 1)),
    ];
    effort.compare("RtMutex, 1 thread", NS, 1.5, sides);
    let sides = vec![
        fought(effort, "RtMutex", 2, || *ours.0.lock() += 1),
        fought(effort, "pthread PRIO_INHERIT", 2, || theirs.0.with(|n| *n += 1)),
    ];
    effort.compare("RtMutex, 2 threads on 2 cores", TOGETHER, 0.5, sides);
}

ringzero::global! {
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
}

fn completions(effort: &Effort) {
    let sides: Vec<Side<'_>> = vec![
        ("completion", Box::new(|| on_host(|| turns(1)) / f64::from(TURNS))),
        ("std Condvar", Box::new(|| round_trips_of_std() / f64::from(TURNS))),
    ];
    effort.compare("completion, round trip between CPUs", NS, 1.0, sides);
}

/// The same of std: a count, its mutex, and a condition variable.
#[derive(Default)]
struct Event(StdMutex<u32>, Condvar);

impl Event {
    fn complete(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.1.notify_one();
    }

    fn wait(&self) {
        let count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *self.1.wait_while(count, |count| *count == 0).unwrap_or_else(PoisonError::into_inner) -= 1;
    }
}

fn round_trips_of_std() -> f64 {
    let (ping, pong) = (Event::default(), Event::default());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(1);
            for _ in 0..TURNS {
                ping.wait();
                pong.complete();
            }
        });
        let began = Instant::now();
        for _ in 0..TURNS {
            ping.complete();
            pong.wait();
        }
        began.elapsed().as_nanos() as f64
    })
}

fn queues(effort: &Effort) {
    let woken = Cell::new(0_u64);
    let nobody = effort.each("wake_up", || {
        wake_up(black_box(&QUEUE));
        woken.set(woken.get() + 1);
    });
    effort.compare("wake_up, nobody waits", NS, 1.0, vec![nobody, ("2 ns", Box::new(|| NOBODY))]);
}
