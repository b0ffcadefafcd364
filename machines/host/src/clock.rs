//! The clock: one thread that tells the CPUs when their clock events are due.

use crate::cpu::{CLOCK, all_booted, cpu_of};
use crate::os::{Threads, now_ns};
use ringzero_protocol::{Os, Word};
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, SeqCst},
};

/// When the thread wakes next.
static NEXT: AtomicU64 = AtomicU64::new(u64::MAX);
/// Changes when it has to look again.
static BELL: Word = Word::new(0);

/// Programs the clock event of CPU `cpu`, or stops it.
pub(crate) fn program(cpu: u32, deadline_ns: Option<u64>, entry: fn(u32)) {
    let Some(target) = cpu_of(cpu) else { return };
    target.clock_entry.store(entry as usize, SeqCst);
    let deadline = deadline_ns.unwrap_or(u64::MAX);
    target.clock.store(deadline, SeqCst);
    if deadline != u64::MAX {
        start();
        if NEXT.fetch_min(deadline, SeqCst) > deadline {
            BELL.add(1, SeqCst);
            Threads.futex_wake(&BELL, 1);
        }
    }
}

fn start() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let thread = std::thread::Builder::new().name("ringzero-clock".into());
        thread.spawn(run).expect("a thread for the clock");
    });
}

fn run() -> ! {
    loop {
        let bell = BELL.load(Acquire);
        NEXT.store(u64::MAX, SeqCst);
        let now = now_ns();
        let mut next = u64::MAX;
        for cpu in all_booted() {
            match cpu.clock.load(SeqCst) {
                due if due <= now => cpu.post_from_outside(CLOCK),
                due => next = next.min(due),
            }
        }
        NEXT.fetch_min(next, SeqCst);
        let next = NEXT.load(SeqCst);
        if next > now_ns() {
            Threads.futex_wait(&BELL, bell, (next != u64::MAX).then_some(next));
        }
    }
}
