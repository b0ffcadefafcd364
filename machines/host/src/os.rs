//! What the operating system gives: futexes, the clock, fences, threads.

use ringzero_protocol::{Os, Word};
use std::sync::OnceLock;

/// Linux, for the protocols.
pub(crate) struct Threads;

/// The monotonic clock's value when the machine began: its boot.
static BOOT: OnceLock<u64> = OnceLock::new();

/// The monotonic clock.
fn monotonic_ns() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a valid place for the result.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// Nanoseconds since the machine began.
pub(crate) fn now_ns() -> u64 {
    let boot = *BOOT.get_or_init(monotonic_ns);
    monotonic_ns() - boot
}

/// How many processors the process may use, as it was when this was first asked.
pub(crate) fn processors() -> u32 {
    static PROCESSORS: OnceLock<u32> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, |n| n.get() as u32))
}

/// This thread's number for the system.
pub(crate) fn tid() -> i32 {
    // SAFETY: no arguments.
    unsafe { libc::syscall(libc::SYS_gettid) as i32 }
}

/// Binds the calling thread to the `n`-th processor that the process may use, counted around. Whether that worked.
pub(crate) fn pin(n: usize) -> bool {
    // SAFETY: the sets are plain data, valid for these calls.
    unsafe {
        let mut all: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut all) != 0 {
            return false;
        }
        let mine: Vec<usize> = (0..libc::CPU_SETSIZE as usize).filter(|&i| libc::CPU_ISSET(i, &all)).collect();
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(mine[n % mine.len().max(1)], &mut one);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const one) == 0
    }
}

const MEMBARRIER_PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
const MEMBARRIER_REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;
const MEMBARRIER_GLOBAL: libc::c_int = 1;

/// Asks the system for a process-wide fence; whether there is one of this kind.
fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: no pointers.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

/// Makes the process one that may ask for quick process-wide fences. Called once, before they are needed.
pub(crate) fn register_fences() {
    membarrier(MEMBARRIER_REGISTER_PRIVATE_EXPEDITED);
}

impl Os for Threads {
    fn futex_wait(&self, word: &Word, value: u32, deadline_ns: Option<u64>) {
        let at = deadline_ns.map(|d| d.saturating_add(*BOOT.get_or_init(monotonic_ns)));
        let spec = at.map(|at| libc::timespec {
            tv_sec: (at / 1_000_000_000) as libc::time_t,
            tv_nsec: (at % 1_000_000_000) as libc::c_long,
        });
        let spec = spec.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let op = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
        let none = std::ptr::null::<u32>();
        // SAFETY: the word is live, the deadline too or null; early and spurious returns are allowed.
        unsafe { libc::syscall(libc::SYS_futex, word.raw().as_ptr(), op, value, spec, none, u32::MAX) };
    }

    fn futex_wake(&self, word: &Word, n: u32) {
        let op = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: only the address is used.
        unsafe { libc::syscall(libc::SYS_futex, word.raw().as_ptr(), op, n) };
    }

    fn heavy_fence(&self) {
        // The second one is slow, but older.
        let fenced = membarrier(MEMBARRIER_PRIVATE_EXPEDITED) || membarrier(MEMBARRIER_GLOBAL);
        // Without it wake-ups would be lost now and then.
        assert!(fenced, "the system has no membarrier(2), which Ringzero needs (a sandbox may forbid it)");
    }

    fn pause(&self, round: u32) {
        if round < 64 { std::hint::spin_loop() } else { std::thread::yield_now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_on() {
        let before = now_ns();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(now_ns() - before >= 2_000_000);
    }

    #[test]
    fn a_futex_wait_ends_at_its_deadline() {
        let word = Word::new(0);
        Threads.futex_wait(&word, 1, None);
        let end = now_ns() + 1_000_000;
        Threads.futex_wait(&word, 0, Some(end));
        assert!(now_ns() >= end);
        Threads.heavy_fence();
    }
}
