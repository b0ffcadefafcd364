//! Mutexes and memory on the machine of threads.

use ringzero::Machine;
use ringzero::atomic::Atomic;
use ringzero::delay::msleep;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::mutex::{Mutex, RawMutex};
use ringzero::sched::yield_now;
use ringzero::slab::{GFP_ATOMIC, GFP_KERNEL, kfree, kmalloc, ksize, kzalloc};
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel};
use std::thread;
use std::time::Duration;

/// Runs `init` on two CPUs, and nothing goes wrong.
fn boot(init: impl FnOnce() + Send + 'static) {
    Machine::host().cpus(2).patience(Duration::from_secs(60)).boot(init).assert_clean();
}

#[test]
fn threads_exclude_each_other() {
    static SUM: Mutex<u64> = Mutex::new(0);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| (0..200_000).for_each(|_| *SUM.lock() += 1));
        }
    });
    assert_eq!(*SUM.lock(), 800_000);
}

#[test]
fn kthreads_and_threads_exclude_each_other() {
    static SUM: Mutex<u64> = Mutex::new(0);
    static TRIED: Atomic = Atomic::new(0);
    const EACH: u64 = 20_000;
    fn add() {
        for i in 0..EACH {
            let mut sum = if i % 5 == 0 { SUM.try_lock() } else { Some(SUM.lock()) };
            if let Some(sum) = &mut sum {
                **sum += 1;
                TRIED.inc();
            }
            if i % 100 == 0 {
                // With the mutex held, others of this CPU find it so.
                yield_now();
            }
        }
    }
    let thread = thread::spawn(add);
    boot(|| {
        for cpu in 0..6 {
            kthread_run_on_cpu(add, cpu % 2, "adds");
        }
    });
    thread.join().unwrap();
    assert_eq!(*SUM.lock(), TRIED.read() as u64);
    assert!(*SUM.lock() >= 7 * EACH / 5 * 4);
}

#[test]
fn an_owner_may_sleep() {
    static INSIDE: Atomic = Atomic::new(0);
    static MUTEX: Mutex<u32> = Mutex::new(0);
    boot(|| {
        for cpu in 0..6 {
            let work = || {
                for _ in 0..5 {
                    let mut guard = MUTEX.lock();
                    assert_eq!(INSIDE.inc_return(), 1);
                    msleep(1);
                    *guard += 1;
                    INSIDE.dec();
                }
            };
            kthread_run_on_cpu(work, cpu % 2, "sleeps");
        }
    });
    assert_eq!(*MUTEX.lock(), 30);
}

#[test]
fn the_last_user_may_free_it() {
    /// A count under a mutex.
    struct Shared {
        mutex: RawMutex,
        count: UnsafeCell<u32>,
    }
    // SAFETY: the count is used with the mutex held.
    unsafe impl Sync for Shared {}
    // SAFETY: as above.
    unsafe impl Send for Shared {}
    for _ in 0..2_000 {
        let shared = Arc::new(Shared { mutex: RawMutex::new(), count: UnsafeCell::new(0) });
        let other = shared.clone();
        let add = |shared: Arc<Shared>| {
            shared.mutex.lock();
            // SAFETY: the mutex is held.
            unsafe { *shared.count.get() += 1 };
            shared.mutex.unlock();
        };
        let thread = thread::spawn(move || add(other));
        add(shared);
        thread.join().unwrap();
    }
}

#[test]
fn locking_twice_is_found() {
    static MUTEX: Mutex<()> = Mutex::new(());
    let summary = Machine::host().cpus(1).boot(|| {
        let _held = MUTEX.lock();
        drop(MUTEX.lock());
    });
    assert_eq!(summary.troubles.first().map(|t| &*t.code), Some("self-deadlock"), "{summary}");
}

#[test]
fn memory_is_given_to_one_at_a_time() {
    const SLOTS: usize = 64;
    static SLOT: [AtomicUsize; SLOTS] = [const { AtomicUsize::new(0) }; SLOTS];
    /// Fills an object, or checks that it is filled.
    fn check(at: *mut u8, size: usize, write: bool) {
        let mark = (at.addr() >> 4) as u8;
        for i in 0..size {
            // SAFETY: an object of this size.
            unsafe {
                if write {
                    at.add(i).write(mark);
                } else {
                    assert_eq!(at.add(i).read(), mark);
                }
            }
        }
    }
    let user = |seed: u64| {
        let mut x = seed;
        for _ in 0..60_000 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let size = match x >> 60 {
                0 => 5_000 + (x >> 40) as usize % 20_000,
                1..4 => 1 + (x >> 40) as usize % 4_000,
                _ => 1 + (x >> 40) as usize % 200,
            };
            let p = if x & 1 << 33 == 0 { kmalloc(size, GFP_ATOMIC) } else { kzalloc(size, GFP_KERNEL) };
            assert!(!p.is_null() && p.addr().is_multiple_of(16));
            assert_eq!(ksize(p), Some(size));
            if x & 1 << 33 != 0 {
                // SAFETY: an object of this size.
                assert!((0..size).all(|i| unsafe { p.add(i).read() } == 0));
            }
            check(p, size, true);
            let old = SLOT[(x >> 34) as usize % SLOTS].swap(p.expose_provenance(), AcqRel);
            let old: *mut u8 = std::ptr::with_exposed_provenance_mut(old);
            check(old, ksize(old).expect("it is alive"), false);
            kfree(old);
        }
    };
    thread::scope(|s| {
        for seed in 1..4 {
            s.spawn(move || user(seed));
        }
    });
}

#[test]
fn freeing_twice_is_found() {
    let summary = Machine::host().cpus(1).boot(|| {
        let p = kmalloc(40, GFP_KERNEL);
        kfree(p);
        kfree(p);
    });
    assert_eq!(summary.troubles.first().map(|t| &*t.code), Some("double-free"), "{summary}");
}
