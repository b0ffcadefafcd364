//! Waits that many things end at once, and futures with an executor that is none of ours, on the machine of threads.

use ringzero::Machine;
use ringzero::atomic::{Atomic, BitWord};
use ringzero::completion::Completion;
use ringzero::delay::msleep;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sched::{TASK_UNINTERRUPTIBLE, TaskOptions, current, spawn, yield_now};
use ringzero::semaphore::Semaphore;
use ringzero::signal::{flush_signals, send_sig};
use ringzero::timer::msecs_to_jiffies;
use ringzero::wait::{
    WaitQueueHead, clear_and_wake_up_bit, event, wait_event_interruptible_timeout, wait_on_bit_lock, wake_up,
    wake_up_all,
};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

const ROUNDS: i32 = 400;

/// Runs `init` on two CPUs, and nothing goes wrong.
fn boot(init: impl FnOnce() + Send + 'static) {
    Machine::host().cpus(2).patience(Duration::from_secs(60)).boot(init).assert_clean();
}

/// Completed, out of time or interrupted: each wait ends, and what it did not take stays there.
#[test]
fn completions_are_ended_by_three() {
    static TAKEN: Atomic = Atomic::new(0);
    static GIVEN: Atomic = Atomic::new(0);
    static OVER: Atomic = Atomic::new(0);
    static DONE: Completion = Completion::new();
    boot(|| {
        let waiter = spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("waiter") }, || {
            for n in 0..ROUNDS {
                match DONE.wait_for_completion_interruptible_timeout(if n % 8 == 0 { 1 } else { 1000 }) {
                    Ok(0) => {}
                    Ok(_) => TAKEN.inc(),
                    Err(_) => flush_signals(current()),
                }
            }
            OVER.set(1);
        });
        kthread_run_on_cpu(
            move || {
                let mut n = 0_u32;
                while OVER.read() == 0 {
                    n += 1;
                    if n.is_multiple_of(3) {
                        send_sig(10, waiter);
                    } else if GIVEN.read() - TAKEN.read() < 4 {
                        GIVEN.inc();
                        DONE.complete();
                    }
                    yield_now();
                }
            },
            0,
            "ender",
        );
    });
    let mut left = 0;
    while DONE.try_wait_for_completion() {
        left += 1;
    }
    assert_eq!(GIVEN.read(), TAKEN.read() + left);
}

/// Its completion lies in the frame that each wait ends: who ends it touches it no more.
#[test]
fn completions_on_the_stack_end_with_their_waits() {
    static OVER: Atomic = Atomic::new(0);
    boot(|| {
        let waiter = spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("waiter") }, || {
            for _ in 0..ROUNDS {
                let canary = [0x5a_u64; 16];
                let done = Completion::new();
                assert!(done.wait_for_completion_interruptible_timeout(1) != Ok(1));
                assert!(!done.completion_done() && std::hint::black_box(canary) == [0x5a; 16]);
                flush_signals(current());
            }
            OVER.set(1);
        });
        kthread_run_on_cpu(
            move || {
                while OVER.read() == 0 {
                    send_sig(10, waiter);
                    yield_now();
                }
            },
            0,
            "sender",
        );
    });
}

#[test]
fn events_are_ended_by_three() {
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
    static ROUND: Atomic = Atomic::new(0);
    static SEEN: Atomic = Atomic::new(0);
    boot(|| {
        let waiter = spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("waiter") }, || {
            while SEEN.read() < ROUNDS {
                let result = wait_event_interruptible_timeout(&QUEUE, || ROUND.read() > SEEN.read(), 100);
                if result.is_err() {
                    flush_signals(current());
                }
                SEEN.set(ROUND.read());
            }
        });
        kthread_run_on_cpu(
            move || {
                while SEEN.read() < ROUNDS {
                    if ROUND.inc_return() % 5 == 0 {
                        send_sig(10, waiter);
                    }
                    wake_up(&QUEUE);
                    yield_now();
                }
            },
            0,
            "waker",
        );
    });
}

#[test]
fn a_bit_excludes() {
    static BITS: [BitWord; 1] = [BitWord::new(0)];
    static SUM: AtomicU32 = AtomicU32::new(0);
    boot(|| {
        for cpu in 0..4 {
            let add = || {
                for n in 0..ROUNDS {
                    wait_on_bit_lock(5, &BITS[..], TASK_UNINTERRUPTIBLE).expect("no signal ends it");
                    let sum = SUM.load(SeqCst);
                    if n % 64 == 0 {
                        yield_now();
                    }
                    SUM.store(sum + 1, SeqCst);
                    clear_and_wake_up_bit(5, &BITS[..]);
                }
            };
            kthread_run_on_cpu(add, cpu % 2, "adds");
        }
    });
    assert_eq!(SUM.load(SeqCst), 4 * ROUNDS as u32);
}

/// An executor: a thread that sleeps until it is woken.
struct Unpark(thread::Thread, AtomicBool);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.1.store(true, SeqCst);
        self.0.unpark();
    }
}

fn run<F: Future>(future: F) -> F::Output {
    let unpark = Arc::new(Unpark(thread::current(), AtomicBool::new(false)));
    let waker = Waker::from(unpark.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        while !unpark.1.swap(false, SeqCst) {
            thread::park();
        }
    }
}

#[test]
fn futures_on_threads() {
    // More than are woken at once.
    const TASKS: usize = 20;
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
    static ROUND: AtomicU32 = AtomicU32::new(0);
    static DONE: [Completion; TASKS] = [const { Completion::new() }; TASKS];
    static BACK: Completion = Completion::new();
    thread::scope(|s| {
        for done in &DONE {
            s.spawn(|| {
                for round in 1..=100 {
                    run(event(&QUEUE, || ROUND.load(SeqCst) >= round));
                    BACK.complete();
                    run(done.wait_async());
                }
            });
        }
        for _ in 1..=100 {
            ROUND.fetch_add(1, SeqCst);
            wake_up_all(&QUEUE);
            (0..TASKS).for_each(|_| BACK.wait_for_completion());
            DONE.iter().for_each(Completion::complete);
        }
    });
    assert!(!BACK.completion_done());
}

/// A waker that ends the future when it is called, as an executor may.
#[test]
fn a_waker_may_drop_the_future() {
    type Held = Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>;
    struct Drops(Held);
    impl Wake for Drops {
        fn wake(self: Arc<Self>) {
            let future = self.0.lock().expect("nobody panics with it").take();
            drop(future);
        }
    }
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
    static DONE: Completion = Completion::new();
    type Way = (fn() -> Pin<Box<dyn Future<Output = ()> + Send>>, fn());
    let ways: [Way; 2] = [
        (|| Box::pin(event(&QUEUE, || false)), || wake_up(&QUEUE)),
        (|| Box::pin(DONE.wait_async()), || DONE.complete()),
    ];
    for (make, end) in ways {
        let drops = Arc::new(Drops(Mutex::new(None)));
        let mut future = make();
        let waker = Waker::from(drops.clone());
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        *drops.0.lock().expect("nobody panics with it") = Some(future);
        end();
        assert!(drops.0.lock().expect("nobody panics with it").is_none());
    }
    assert!(DONE.try_wait_for_completion());
}

/// What is free for a moment wakes one who cannot be told that the time of another one is over: whoever is woken in vain
/// passes it on.
#[test]
fn the_end_of_the_time_is_passed_on() {
    static OPEN: Semaphore = Semaphore::new(0);
    static GO: AtomicBool = AtomicBool::new(false);
    static CAME_BACK: Completion = Completion::new();
    let sleeps = |cpu, name| {
        kthread_run_on_cpu(|| OPEN.down(), cpu, name);
        msleep(20);
    };
    boot(move || {
        sleeps(1, "chosen first");
        sleeps(0, "woken in place of the one whose time is over");
        let timed = || {
            assert!(OPEN.down_timeout(10).is_err());
            CAME_BACK.complete();
        };
        kthread_run_on_cpu(timed, 0, "timed");
        msleep(20);
        // The one that is chosen does not come to its CPU before the time is over.
        let busy = || {
            while !GO.load(SeqCst) {
                std::hint::spin_loop();
            }
        };
        kthread_run_on_cpu(busy, 1, "busy");
        msleep(20);
        OPEN.up();
        msleep(200);
        GO.store(true, SeqCst);
        let left = CAME_BACK.wait_for_completion_timeout(msecs_to_jiffies(5000));
        OPEN.up();
        OPEN.up();
        assert_ne!(left, 0, "the time was over long ago");
    });
}
