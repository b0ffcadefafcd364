//! Tasks: going from one to the other, and making them.

use crate::measure::{Effort, Side, thread_ns};
use crate::threads::pin;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use ringzero::Machine;
use ringzero::atomic::Atomic;
use ringzero::completion::Completion;
use ringzero::kthread::{kthread_run, kthread_run_on_cpu};
use ringzero::sched::yield_now;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

/// Turns of each of two tasks in a round.
const TURNS: u32 = 20_000;
/// Tasks that are made in a round.
const TASKS: usize = 2_000;

/// Runs `program` on the host machine with two pinned CPUs; the nanoseconds that it says it took.
pub fn on_host(program: impl FnOnce() -> f64 + Send + 'static) -> f64 {
    let taken = Arc::new(AtomicU64::new(0));
    let told = taken.clone();
    let summary = Machine::host().cpus(2).pinned(true).boot(move || told.store(program().to_bits(), Relaxed));
    summary.assert_clean();
    f64::from_bits(taken.load(Relaxed))
}

/// Starts the machine's CPUs, each on a processor of its own.
pub fn boot() {
    on_host(|| 0.0);
}

/// All rows about tasks.
pub fn measure(effort: &Effort) {
    let sides: Vec<Side<'_>> = vec![
        ("yield_now", Box::new(|| on_host(switches) / f64::from(2 * TURNS))),
        ("corosensei", Box::new(|| coroutines(|yielder| yielder.suspend(())) / f64::from(2 * TURNS))),
        ("corosensei, through a call", Box::new(|| coroutines(suspend) / f64::from(2 * TURNS))),
    ];
    effort.compare("switch to another task", "ns", 3.0, sides);

    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).start_handler(pin).build().expect("two threads");
    let workers = AtomicUsize::new(0);
    let mut tokio = tokio::runtime::Builder::new_multi_thread();
    let tokio = tokio.worker_threads(2).on_thread_start(move || pin(workers.fetch_add(1, Relaxed)));
    let tokio = tokio.build().expect("two threads");
    let sides: Vec<Side<'_>> = vec![
        ("kthread_run", Box::new(|| on_host(kthreads) / TASKS as f64)),
        ("tokio spawn", Box::new(|| of_tokio(&tokio) / TASKS as f64)),
        ("rayon spawn", Box::new(|| of_rayon(&pool) / TASKS as f64)),
    ];
    effort.compare("make and run a task", "ns", 1.0, sides);
}

/// Two tasks of one CPU that do nothing but let the other one run.
fn switches() -> f64 {
    ringzero::global! {
        static DONE: Completion = Completion::new();
    }
    let start = thread_ns();
    for _ in 0..2 {
        let turns = || {
            (0..TURNS).for_each(|_| yield_now());
            DONE.complete();
        };
        kthread_run_on_cpu(turns, 0, "turns");
    }
    (0..2).for_each(|_| DONE.wait_for_completion());
    thread_ns() - start
}

/// What a program does that does not have everything in one function: the processor then predicts wrongly where this
/// returns to.
#[inline(never)]
fn suspend(yielder: &Yielder<(), ()>) {
    yielder.suspend(());
}

/// Two coroutines, resumed in turns: each switch is into one and out again, as it is from task to task.
fn coroutines(suspend: impl Fn(&Yielder<(), ()>) + Copy + 'static) -> f64 {
    let make = || Coroutine::<(), (), ()>::new(move |yielder, ()| (0..TURNS).for_each(|_| suspend(yielder)));
    let mut both = [make(), make()];
    let start = thread_ns();
    while both.iter_mut().all(|one| matches!(one.resume(()), CoroutineResult::Yield(()))) {}
    let taken = thread_ns() - start;
    // The second one has its last turn still before it.
    both[1].resume(());
    taken
}

/// A task makes many, and waits until the last one has run.
fn kthreads() -> f64 {
    ringzero::global! {
        static LEFT: Atomic = Atomic::new(0);
        static DONE: Completion = Completion::new();
    }
    LEFT.set(TASKS as i32);
    let start = Instant::now();
    for _ in 0..TASKS {
        let one = || {
            if LEFT.dec_and_test() {
                DONE.complete();
            }
        };
        kthread_run(one, "one");
    }
    DONE.wait_for_completion();
    start.elapsed().as_nanos() as f64
}

fn of_tokio(runtime: &tokio::runtime::Runtime) -> f64 {
    let all = async {
        let (left, done) = (Arc::new(AtomicUsize::new(TASKS)), Arc::new(tokio::sync::Notify::new()));
        let start = Instant::now();
        for _ in 0..TASKS {
            let (left, done) = (left.clone(), done.clone());
            tokio::spawn(async move {
                if left.fetch_sub(1, Relaxed) == 1 {
                    done.notify_one();
                }
            });
        }
        done.notified().await;
        start.elapsed().as_nanos() as f64
    };
    // In a worker, where making a task costs least.
    runtime.block_on(runtime.spawn(all)).expect("no task panics")
}

fn of_rayon(pool: &rayon::ThreadPool) -> f64 {
    pool.install(|| {
        let start = Instant::now();
        rayon::scope(|scope| (0..TASKS).for_each(|_| scope.spawn(|_| _ = std::hint::black_box(0))));
        start.elapsed().as_nanos() as f64
    })
}
