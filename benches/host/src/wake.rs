//! Waking what sleeps: two of a kind that wake each other in turns.

use crate::measure::{Effort, Side, thread_ns};
use crate::tasks::on_host;
use crate::threads::pin;
use ringzero::completion::Completion;
use ringzero::kthread::kthread_run_on_cpu;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel};
use std::thread;
use std::time::Instant;
use tokio::sync::Notify;

/// Turns of each in a round.
pub const TURNS: u32 = 2_000;

ringzero::global! {
    static PING: Completion = Completion::new();
    static PONG: Completion = Completion::new();
}

/// All rows about waking.
pub fn measure(effort: &Effort) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("one thread");
    let sides: Vec<Side<'_>> = vec![
        ("completion", Box::new(|| on_host(|| turns(0)) / f64::from(2 * TURNS))),
        ("tokio Notify", Box::new(|| of_tokio(&runtime) / f64::from(2 * TURNS))),
    ];
    effort.compare("wake a task of the same CPU", "ns", 1.0, sides);
    let sides: Vec<Side<'_>> = vec![
        ("completion", Box::new(|| on_host(|| turns(1)) / f64::from(TURNS))),
        ("std unpark", Box::new(|| of_threads() / f64::from(TURNS))),
    ];
    effort.compare("wake a task of another CPU, round trip", "ns", 1.0, sides);
}

/// A task of CPU 0, and one of CPU `other`. What CPU 0 took, or the time if it is not all on CPU 0.
pub fn turns(other: u32) -> f64 {
    ringzero::global! {
        static DONE: Completion = Completion::new();
    }
    let (began, start) = (Instant::now(), thread_ns());
    let answer = || {
        for _ in 0..TURNS {
            PING.wait_for_completion();
            PONG.complete();
        }
        DONE.complete();
    };
    kthread_run_on_cpu(answer, other, "answer");
    for _ in 0..TURNS {
        PING.complete();
        PONG.wait_for_completion();
    }
    DONE.wait_for_completion();
    if other == 0 { thread_ns() - start } else { began.elapsed().as_nanos() as f64 }
}

fn of_tokio(runtime: &tokio::runtime::Runtime) -> f64 {
    let (ping, pong) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    runtime.block_on(async {
        let start = thread_ns();
        let answer = {
            let (ping, pong) = (ping.clone(), pong.clone());
            tokio::task::spawn(async move {
                for _ in 0..TURNS {
                    ping.notified().await;
                    pong.notify_one();
                }
            })
        };
        let ask = tokio::task::spawn(async move {
            for _ in 0..TURNS {
                ping.notify_one();
                pong.notified().await;
            }
        });
        answer.await.and(ask.await).expect("no task panics");
        thread_ns() - start
    })
}

fn of_threads() -> f64 {
    let (ping, pong) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let wait = |word: &AtomicBool| {
        while !word.swap(false, AcqRel) {
            thread::park();
        }
    };
    let asker = thread::current();
    let (asked, answered) = (ping.clone(), pong.clone());
    let answer = thread::spawn(move || {
        pin(1);
        for _ in 0..TURNS {
            wait(&asked);
            answered.swap(true, AcqRel);
            asker.unpark();
        }
    });
    let start = Instant::now();
    for _ in 0..TURNS {
        ping.swap(true, AcqRel);
        answer.thread().unpark();
        wait(&pong);
    }
    let taken = start.elapsed().as_nanos() as f64;
    answer.join().expect("no thread panics");
    taken
}
