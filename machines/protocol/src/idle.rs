//! A CPU's sleep when it has nothing to do.

use crate::os::Os;
use crate::word::Word;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};
use core::sync::atomic::fence;

/// The CPU runs, and looks before it sleeps.
const AWAKE: u32 = 0;
/// It looks a last time, or sleeps.
const DROWSY: u32 = 1;

/// The sleep of one CPU, against whoever gives it something to do.
#[derive(Debug)]
pub struct Idle {
    state: Word,
}

impl Idle {
    /// A CPU that is awake.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: Word::new(AWAKE) }
    }

    /// The CPU is about to look a last time for something to do. Its own contexts only.
    #[inline]
    pub fn begin(&self) {
        self.state.store(DROWSY, Relaxed);
        // Pairs with the fence in `kick`: either the look sees what was made, or the kick sees this.
        fence(SeqCst);
    }

    /// It has found something.
    #[inline]
    pub fn end(&self) {
        self.state.store(AWAKE, Relaxed);
    }

    /// It has found nothing: sleeps until it is kicked, the deadline, or a signal. Then the CPU is awake, and looks again.
    #[inline]
    pub fn sleep(&self, os: &impl Os, deadline_ns: Option<u64>) {
        if self.state.load(Acquire) == DROWSY {
            os.futex_wait(&self.state, DROWSY, deadline_ns);
            self.state.store(AWAKE, Relaxed);
        }
    }

    /// Wakes the CPU if it sleeps or is about to. Any context of any thread, after it has made visible what there is to do.
    #[inline]
    pub fn kick(&self, os: &impl Os) {
        fence(SeqCst);
        if self.state.load(Relaxed) == DROWSY {
            self.wake(os);
        }
    }

    #[cold]
    fn wake(&self, os: &impl Os) {
        // Of several that kick one sleep, one wakes.
        if self.state.exchange(DROWSY, AWAKE, AcqRel).is_ok() {
            os.futex_wake(&self.state, 1);
        }
    }
}

impl Default for Idle {
    fn default() -> Self {
        Self::new()
    }
}
