//! Interrupts and preemption between any two instructions, on the machine of threads.

use ringzero::Machine;
use ringzero::context::preempt_disable;
use ringzero::host::{Summary, text};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::smp::{smp_call_function_single, smp_processor_id};

use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

static ALONE: Mutex<()> = Mutex::new(());
static STOP: AtomicBool = AtomicBool::new(false);
static SPINS: AtomicU64 = AtomicU64::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);

fn start() -> (MutexGuard<'static, ()>, text::Handle) {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    STOP.store(false, SeqCst);
    SPINS.store(0, SeqCst);
    CALLS.store(0, SeqCst);
    (alone, text::register(text::section()).unwrap())
}

fn run(cpus: u32, init: impl FnOnce() + Send + 'static) -> Summary {
    let host =
        Machine::host().cpus(cpus).async_irqs(true).tick(Duration::from_millis(1)).patience(Duration::from_secs(20));
    host.boot(init)
}

/// No safe point in it.
#[unsafe(link_section = "rz_async_text")]
#[inline(never)]
fn spin() {
    SPINS.fetch_add(1, SeqCst);
    while !STOP.load(Relaxed) {
        std::hint::spin_loop();
    }
}

fn spinning() {
    while SPINS.load(SeqCst) == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_tick_gives_others_their_turn() {
    let (_alone, _text) = start();
    run(1, || {
        kthread_run_on_cpu(spin, 0, "spinner");
        kthread_run_on_cpu(spin, 0, "spinner");
        kthread_run_on_cpu(|| STOP.store(true, SeqCst), 0, "stopper");
    })
    .assert_clean();
    assert_eq!(SPINS.load(SeqCst), 2);
}

#[test]
fn a_call_interrupts_a_loop_with_preemption_off() {
    let (_alone, _text) = start();
    run(2, || {
        let spinner = || {
            preempt_disable();
            spin();
            ringzero::context::preempt_enable();
        };
        let other = || assert!(STOP.load(SeqCst), "it was preempted");
        let caller = move || {
            spinning();
            kthread_run_on_cpu(other, 0, "other");
            for n in 0..1000 {
                let call = move || {
                    assert_eq!(smp_processor_id(), 0);
                    CALLS.fetch_add(1, SeqCst);
                };
                smp_call_function_single(0, call, n % 2 == 0).unwrap();
            }
            while CALLS.load(SeqCst) < 1000 {
                std::thread::yield_now();
            }
            STOP.store(true, SeqCst);
        };
        kthread_run_on_cpu(caller, 1, "caller");
        // The last: nothing else comes on this CPU until it has ended.
        kthread_run_on_cpu(spinner, 0, "spinner");
    })
    .assert_clean();
}

#[test]
fn what_panics_in_an_interrupt_ends_and_is_told() {
    let (_alone, _text) = start();
    let summary = run(2, || {
        kthread_run_on_cpu(spin, 0, "spinner");
        let caller = || {
            spinning();
            let call = || {
                CALLS.fetch_add(1, SeqCst);
                panic!("as asked")
            };
            smp_call_function_single(0, call, false).unwrap();
            // What was queued together with it would be gone.
            while CALLS.load(SeqCst) == 0 {
                std::thread::yield_now();
            }
            // The CPU is as it was: it can be interrupted again, and preempted.
            smp_call_function_single(0, || _ = CALLS.fetch_add(1, SeqCst), true).unwrap();
            kthread_run_on_cpu(|| STOP.store(true, SeqCst), 0, "stopper");
        };
        kthread_run_on_cpu(caller, 1, "caller");
    });
    assert_eq!((summary.troubles.len(), summary.still.len(), CALLS.load(SeqCst)), (1, 0, 2), "{summary}");
}

/// Allocates and frees; its instructions are interrupted, those of the allocator are not.
#[unsafe(link_section = "rz_async_text")]
#[inline(never)]
fn allocate(seed: u64) -> u64 {
    let mut all = Vec::new();
    let mut random = seed;
    for n in 0..2000u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        all.push(vec![n; (random >> 57) as usize]);
        if random & 3 == 0 {
            all.swap_remove((random >> 32) as usize % all.len());
        }
    }
    all.iter().flatten().fold(0, |a: u64, b| a.wrapping_mul(31).wrapping_add(*b))
}

#[test]
fn tasks_and_handlers_allocate() {
    let (_alone, _text) = start();
    let host =
        Machine::host().cpus(2).async_irqs(true).tick(Duration::from_micros(50)).patience(Duration::from_secs(20));
    let expected: Vec<u64> = (0..3).map(allocate).collect();
    host.boot(move || {
        for seed in 0..3 {
            let expected = expected[seed as usize];
            let task = move || (0..100).for_each(|_| assert_eq!(allocate(seed), expected));
            kthread_run_on_cpu(task, 0, "allocator");
        }
        let caller = || {
            for n in 0..2000 {
                let call = move || _ = CALLS.fetch_add(vec![n; 100].len() as u64, SeqCst);
                smp_call_function_single(0, call, n % 16 == 0).unwrap();
            }
        };
        kthread_run_on_cpu(caller, 1, "caller");
    })
    .assert_clean();
    assert_eq!(CALLS.load(SeqCst), 200_000);
}
