//! The periodic tick of a CPU.

use super::handler::{Target, signal};
use std::{io, mem, ptr};

/// A timer that interrupts a CPU's thread periodically. It counts on the monotonic clock, whether the thread runs or not;
/// ticks that find the last one still waiting are not queued but counted (`overruns`).
#[derive(Debug)]
pub struct Tick {
    timer: libc::timer_t,
    target: &'static Target,
}

// SAFETY: the timer is a number of the process, for all its threads.
unsafe impl Send for Tick {}
// SAFETY: as above; the system serialises the calls.
unsafe impl Sync for Tick {}

impl Tick {
    /// A stopped one for the thread that is `target` now.
    ///
    /// # Errors
    /// The system has no timer left, the signal is not installed, or nobody has entered as `target`.
    pub fn new(target: &'static Target) -> io::Result<Self> {
        let tid = target.tid();
        if tid == 0 {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        // SAFETY: plain data; zeroes are valid.
        let mut event: libc::sigevent = unsafe { mem::zeroed() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = signal()?;
        event.sigev_notify_thread_id = tid;
        let mut timer: libc::timer_t = ptr::null_mut();
        // SAFETY: valid places for both.
        if unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { timer, target })
    }

    /// Starts it: the first tick comes after `period_ns`. It may run already. 0 stops it.
    pub fn start(&self, period_ns: u64) {
        let period = libc::timespec {
            tv_sec: (period_ns / 1_000_000_000) as libc::time_t,
            tv_nsec: (period_ns % 1_000_000_000) as libc::c_long,
        };
        let spec = libc::itimerspec { it_interval: period, it_value: period };
        // SAFETY: a live timer and a valid value; it cannot fail.
        unsafe { libc::timer_settime(self.timer, 0, &raw const spec, ptr::null_mut()) };
    }

    /// Stops it. A tick that is under way may still come.
    pub fn stop(&self) {
        self.start(0);
    }

    /// The ticks that its CPU has missed so far.
    #[must_use]
    pub fn overruns(&self) -> u64 {
        self.target.counts().overruns
    }
}

impl Drop for Tick {
    fn drop(&mut self) {
        // SAFETY: a live timer. A signal that is under way carries no reference to it.
        unsafe { libc::timer_delete(self.timer) };
    }
}
