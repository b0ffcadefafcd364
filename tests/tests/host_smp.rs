//! Calls to other CPUs on the machine of threads, and what they, timers and tasklets leave in memory: nothing.

use ringzero::context::{in_hardirq, irqs_disabled};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::smp::{
    Errno, num_online_cpus, on_each_cpu, on_each_cpu_cond, on_each_cpu_mask, smp_call_function, smp_call_function_any,
    smp_call_function_many, smp_call_function_single, smp_processor_id,
};
use ringzero::tasklet::Tasklet;
use ringzero::timer::{Timer, jiffies};
use ringzero::{Machine, global};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicI64, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::time::{Duration, Instant};

/// Counts the bytes that are in use.
struct Counting;
static IN_USE: AtomicI64 = AtomicI64::new(0);

// SAFETY: it hands on.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size() as i64, Relaxed);
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size() as i64, Relaxed);
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(p, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn host(cpus: u32) -> ringzero::Host {
    Machine::host().cpus(cpus).patience(Duration::from_secs(30))
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Everybody calls everybody, some wait and some do not; each call runs once, where it shall.
#[test]
fn calls_run_once_where_they_shall() {
    static RAN: AtomicU64 = AtomicU64::new(0);
    static MADE: AtomicU64 = AtomicU64::new(0);
    fn body(seed: u64) {
        for n in 0..3000_u64 {
            let (target, wait) = (((n + seed) % 3) as u32, n % 5 != 0);
            let token = Arc::new(());
            let held = token.clone();
            let f = move || {
                assert_eq!(smp_processor_id(), target);
                assert!(irqs_disabled());
                RAN.fetch_add(1, SeqCst);
                drop(held);
            };
            MADE.fetch_add(1, SeqCst);
            smp_call_function_single(target, f, wait).unwrap();
            assert!(!wait || Arc::strong_count(&token) == 1, "the function is dropped");
            if n % 50 == 0 {
                let others = num_online_cpus() - u32::from(smp_processor_id() < 64);
                MADE.fetch_add(others.into(), SeqCst);
                let held = token.clone();
                let f = move || {
                    assert!(in_hardirq());
                    let _ = &held;
                    RAN.fetch_add(1, SeqCst);
                };
                smp_call_function(f, wait);
                assert!(!wait || Arc::strong_count(&token) == 1, "the function is dropped");
            }
        }
    }
    std::thread::scope(|s| {
        host(3).boot(|| ()).assert_clean();
        for n in 0..2 {
            s.spawn(move || body(n));
        }
        host(3)
            .boot(|| {
                for cpu in 0..3 {
                    kthread_run_on_cpu(move || body(cpu.into()), cpu, "caller");
                }
            })
            .assert_clean();
    });
    wait_for("all calls run", || RAN.load(SeqCst) == MADE.load(SeqCst));
}

/// A thread of the program's own is no CPU that is online.
#[test]
fn a_thread_is_not_called() {
    static RAN: AtomicU64 = AtomicU64::new(0);
    let ran = || {
        RAN.fetch_or(1 << smp_processor_id(), SeqCst);
    };
    let took = || RAN.swap(0, SeqCst);
    host(3).boot(|| ()).assert_clean();
    assert!(smp_processor_id() >= 64);
    on_each_cpu(ran, true);
    assert_eq!(took(), 0b111);
    smp_call_function(ran, true);
    assert_eq!(took(), 0b111);
    smp_call_function_many(0b110, ran, true);
    assert_eq!(took(), 0b110);
    on_each_cpu_mask(0b101, ran, true);
    assert_eq!(took(), 0b101);
    on_each_cpu_cond(|cpu| cpu == 1, ran, true);
    assert_eq!(took(), 0b010);
    assert_eq!(smp_call_function_any(0b100, ran, true), Ok(()));
    assert_eq!(took(), 0b100);
    assert_eq!(smp_call_function_single(smp_processor_id(), ran, true), Err(Errno::ENXIO));
    assert_eq!(smp_call_function_any(0, ran, true), Err(Errno::ENXIO));
    assert_eq!(took(), 0);
}

/// Neither calls nor timers nor tasklets cost memory once they are over.
#[test]
fn nothing_is_left() {
    static RAN: AtomicU64 = AtomicU64::new(0);
    global! {
        static TIMER: Timer = Timer::new(|_| _ = RAN.fetch_add(1, SeqCst));
        static TASKLET: Tasklet = Tasklet::new(|_| _ = RAN.fetch_add(1, SeqCst));
    }
    fn round() {
        for n in 0..2000_u64 {
            let cpu = (n % 2) as u32;
            smp_call_function_single(cpu, move || _ = RAN.fetch_add(n, SeqCst), n % 3 == 0).unwrap();
            on_each_cpu(move || _ = RAN.fetch_add(n, SeqCst), n % 3 == 0);
            TASKLET.schedule();
            TIMER.mod_timer(jiffies() + n % 2);
            if n % 3 == 0 {
                TIMER.del_timer();
            }
            let timer = Box::into_raw(Box::new(Timer::new(|_| ())));
            // SAFETY: freed below, when nobody uses it any more.
            let shared: &'static Timer = unsafe { &*timer };
            shared.mod_timer(jiffies() + 1000 + n);
            shared.del_timer_sync();
            // SAFETY: it was deleted.
            drop(unsafe { Box::from_raw(timer) });
        }
        TIMER.del_timer_sync();
        TASKLET.kill();
        on_each_cpu(|| (), true);
    }
    host(2).boot(|| ()).assert_clean();
    (0..3).for_each(|_| round());
    let before = IN_USE.load(SeqCst);
    (0..10).for_each(|_| round());
    let more = IN_USE.load(SeqCst) - before;
    assert!(more < 200_000, "{more} bytes more are in use");
    assert!(RAN.load(SeqCst) > 0);
}
