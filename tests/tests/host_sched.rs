//! Tasks, wait queues, completions and sleeps on the machine of threads: much at once, and nothing is lost.

use ringzero::Machine;
use ringzero::atomic::Atomic;
use ringzero::completion::Completion;
use ringzero::delay::msleep;
use ringzero::kthread::{kthread_create, kthread_run, kthread_run_on_cpu, kthread_should_stop, kthread_stop};
use ringzero::sched::{
    TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, Task, TaskOptions, schedule, schedule_timeout, set_current_state, spawn,
    wake_up_process, yield_now,
};
use ringzero::wait::{
    WaitQueueEntry, WaitQueueHead, finish_wait, prepare_to_wait_exclusive, wait_event, wait_event_timeout, wake_up,
    wake_up_all,
};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Runs `init` on two CPUs, and nothing goes wrong.
fn boot(init: impl FnOnce() + Send + 'static) {
    Machine::host().cpus(2).patience(Duration::from_secs(60)).boot(init).assert_clean();
}

/// What two tasks take turns with.
struct Game {
    turn: Atomic,
    queue: WaitQueueHead,
}

impl Game {
    const fn new() -> Self {
        Self { turn: Atomic::new(0), queue: WaitQueueHead::new() }
    }

    fn play(&self, me: i32) {
        for _ in 0..2_000 {
            wait_event(&self.queue, || self.turn.read_acquire() == me);
            self.turn.set_release(1 - me);
            wake_up(&self.queue);
        }
    }
}

#[test]
fn threads_take_turns() {
    static GAME: Game = Game::new();
    let other = thread::spawn(|| GAME.play(1));
    GAME.play(0);
    other.join().unwrap();
}

#[test]
fn a_thread_and_a_kthread_take_turns() {
    static GAME: Game = Game::new();
    static DONE: Completion = Completion::new();
    let play = || {
        GAME.play(1);
        DONE.complete();
    };
    kthread_run(play, "second");
    GAME.play(0);
    DONE.wait_for_completion();
}

#[test]
fn kthreads_take_turns_wherever_they_are() {
    static TURN: Atomic = Atomic::new(0);
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
    const TASKS: i32 = 4;
    boot(|| {
        for me in 0..TASKS {
            let side = move || {
                for _ in 0..1_000 {
                    wait_event(&QUEUE, || TURN.read_acquire() == me);
                    TURN.set_release((me + 1) % TASKS);
                    wake_up_all(&QUEUE);
                }
            };
            kthread_run_on_cpu(side, me.cast_unsigned() % 2, "side");
        }
    });
    assert_eq!(TURN.read(), 0);
}

/// What is shared by a waiter and a waker that do nothing but meet.
struct Meeting {
    asked: Atomic,
    answered: Atomic,
    queue: WaitQueueHead,
}

#[test]
fn an_empty_queue_is_looked_at_right() {
    // The waker mostly finds nobody: the fences of both sides have to meet.
    static MEET: Meeting = Meeting { asked: Atomic::new(0), answered: Atomic::new(0), queue: WaitQueueHead::new() };
    const ROUNDS: i32 = 20_000;
    let waiter = thread::spawn(|| {
        for round in 1..=ROUNDS {
            wait_event(&MEET.queue, || MEET.asked.read() >= round);
            MEET.answered.set(round);
        }
    });
    for round in 1..=ROUNDS {
        MEET.asked.set(round);
        wake_up(&MEET.queue);
        while MEET.answered.read() < round {
            std::hint::spin_loop();
            if round % 64 == 0 {
                thread::yield_now();
            }
        }
    }
    waiter.join().unwrap();
}

#[test]
fn exclusive_waiters_get_what_they_were_given() {
    static TOKENS: Atomic = Atomic::new(0);
    static TAKEN: Atomic = Atomic::new(0);
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
    const EACH: i32 = 3_000;
    fn take_one() {
        let entry = pin!(WaitQueueEntry::new());
        loop {
            prepare_to_wait_exclusive(&QUEUE, entry.as_ref(), TASK_UNINTERRUPTIBLE);
            if TOKENS.dec_if_positive() >= 0 {
                break;
            }
            schedule();
        }
        finish_wait(&QUEUE, entry.as_ref());
        TAKEN.inc();
    }
    boot(|| {
        for cpu in 0..4 {
            kthread_run_on_cpu(|| (0..EACH).for_each(|_| take_one()), cpu % 2, "taker");
        }
        for cpu in 0..2 {
            let give = || {
                for i in 0..2 * EACH {
                    TOKENS.inc();
                    wake_up(&QUEUE);
                    if i % 50 == 0 {
                        yield_now();
                    }
                }
            };
            kthread_run_on_cpu(give, cpu, "giver");
        }
    });
    assert_eq!((TOKENS.read(), TAKEN.read()), (0, 4 * EACH));
}

#[test]
fn a_completion_may_go_as_soon_as_it_was_waited_for() {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    const ROUNDS: usize = 5_000;
    let helper = thread::spawn(|| {
        for _ in 0..ROUNDS {
            let at = loop {
                match NEXT.swap(0, Relaxed) {
                    0 => thread::yield_now(),
                    at => break at,
                }
            };
            std::sync::atomic::fence(std::sync::atomic::Ordering::Acquire);
            // SAFETY: the waiter keeps it until it is complete.
            unsafe { (*std::ptr::with_exposed_provenance::<Completion>(at)).complete() };
        }
    });
    for _ in 0..ROUNDS {
        let done = Box::new(Completion::new());
        NEXT.store(std::ptr::from_ref(&*done).expose_provenance(), std::sync::atomic::Ordering::Release);
        done.wait_for_completion();
        // Whoever touches it now, touches what others have.
        drop(done);
        drop(std::hint::black_box(Box::new([0xa5_u8; size_of::<Completion>()])));
    }
    helper.join().unwrap();
}

#[test]
fn completions_are_counted() {
    static DONE: Completion = Completion::new();
    static PASSED: Atomic = Atomic::new(0);
    const EACH: i32 = 5_000;
    boot(|| {
        for cpu in 0..4 {
            kthread_run_on_cpu(|| (0..EACH).for_each(|_| DONE.complete()), cpu % 2, "completes");
            let wait = || {
                for _ in 0..EACH {
                    DONE.wait_for_completion();
                    PASSED.inc();
                }
            };
            kthread_run_on_cpu(wait, cpu % 2, "waits");
        }
    });
    assert_eq!(PASSED.read(), 4 * EACH);
    assert!(!DONE.completion_done());
}

#[test]
fn a_timeout_takes_nothing() {
    static DONE: Completion = Completion::new();
    static GIVEN: Atomic = Atomic::new(0);
    static TAKEN: Atomic = Atomic::new(0);
    static OVER: Atomic = Atomic::new(0);
    boot(|| {
        for cpu in 0..4 {
            let wait = || {
                for _ in 0..60 {
                    match DONE.wait_for_completion_timeout(1) {
                        0 => OVER.inc(),
                        _ => TAKEN.inc(),
                    }
                }
            };
            kthread_run_on_cpu(wait, cpu % 2, "waits");
        }
        let give = || {
            for _ in 0..50 {
                schedule_timeout_in(2);
                DONE.complete();
                GIVEN.inc();
            }
        };
        kthread_run(give, "gives");
    });
    let mut left = 0;
    while DONE.try_wait_for_completion() {
        left += 1;
    }
    assert_eq!(TAKEN.read() + OVER.read(), 240);
    assert_eq!(TAKEN.read() + left, GIVEN.read());
}

fn schedule_timeout_in(jiffies: u64) {
    set_current_state(TASK_INTERRUPTIBLE);
    schedule_timeout(jiffies);
}

#[test]
fn a_stopped_kthread_gives_its_code() {
    boot(|| {
        for round in 0..2_000 {
            let work = move || {
                while !kthread_should_stop() {
                    set_current_state(TASK_INTERRUPTIBLE);
                    if !kthread_should_stop() {
                        schedule();
                    }
                    set_current_state(0);
                }
                round
            };
            let task = if round % 2 == 0 { kthread_run(work, "even") } else { kthread_create(work, "odd") };
            if round % 3 == 0 {
                wake_up_process(task);
            }
            let code = kthread_stop(task);
            assert!(code == round || code == -4, "{code} in round {round}");
        }
    });
}

#[test]
fn wake_ups_are_not_lost() {
    static ROUND: AtomicU64 = AtomicU64::new(0);
    const ROUNDS: u64 = 20_000;
    boot(|| {
        let sleeper: &'static Task = kthread_run_on_cpu(
            || {
                let mut seen = 0;
                while seen < ROUNDS {
                    set_current_state(TASK_INTERRUPTIBLE);
                    let now = ROUND.load(Relaxed);
                    if now == seen {
                        schedule();
                    }
                    seen = now;
                }
                set_current_state(0);
            },
            0,
            "sleeper",
        );
        let waker = move || {
            for round in 1..=ROUNDS {
                ROUND.store(round, Relaxed);
                wake_up_process(sleeper);
                if round % 16 == 0 {
                    yield_now();
                }
            }
        };
        kthread_run_on_cpu(waker, 1, "waker");
    });
}

#[test]
fn many_tasks_run_once() {
    static RAN: AtomicU64 = AtomicU64::new(0);
    boot(|| {
        for _ in 0..20 {
            for _ in 0..1_000 {
                spawn(TaskOptions::new("short"), || {
                    RAN.fetch_add(1, Relaxed);
                });
            }
            yield_now();
        }
    });
    assert_eq!(RAN.load(Relaxed), 20_000);
}

#[test]
fn sleeps_last_as_long_as_they_should() {
    static SLEPT: Atomic = Atomic::new(0);
    boot(|| {
        for cpu in 0..6 {
            let sleep = move || {
                for ms in 1..6 {
                    let began = Instant::now();
                    msleep(ms);
                    assert!(began.elapsed() >= Duration::from_millis(u64::from(ms)), "{ms} ms were too short");
                    SLEPT.inc();
                }
            };
            kthread_run_on_cpu(sleep, cpu % 2, "sleeper");
        }
    });
    assert_eq!(SLEPT.read(), 30);
    // A thread of the program's own sleeps, too.
    let began = Instant::now();
    msleep(3);
    assert!(began.elapsed() >= Duration::from_millis(3));
}

#[test]
fn a_sleep_is_ended_by_a_wake_up_or_its_time() {
    static QUEUE: WaitQueueHead = WaitQueueHead::new();
    static READY: Atomic = Atomic::new(0);
    static SEEN: Atomic = Atomic::new(0);
    boot(|| {
        let waker = || {
            for _ in 0..100 {
                schedule_timeout_in(1);
                READY.inc();
                wake_up(&QUEUE);
            }
        };
        kthread_run_on_cpu(waker, 1, "waker");
        let waiter = || {
            let mut seen = 0;
            while seen < 100 {
                if wait_event_timeout(&QUEUE, || READY.read() > seen, 1) != 0 {
                    seen = READY.read();
                }
            }
            SEEN.set(seen);
        };
        kthread_run_on_cpu(waiter, 0, "waiter");
    });
    assert_eq!(SEEN.read(), 100);
}
