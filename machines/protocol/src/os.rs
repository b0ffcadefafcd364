//! What the protocols need of the operating system.

use crate::word::Word;

/// What a protocol asks of the operating system.
pub trait Os {
    /// Sleeps while `word` is `value` (a futex wait: it may return early, or for no reason), until `deadline_ns` at most
    /// (absolute, the machine's clock).
    fn futex_wait(&self, word: &Word, value: u32, deadline_ns: Option<u64>);
    /// Wakes `n` of those who sleep on `word`. The word need not be there any more: it is an address.
    fn futex_wake(&self, word: &Word, n: u32);
    /// A barrier of the whole process: when it returns, every thread that was running has executed a full fence
    /// meanwhile (`membarrier`).
    fn heavy_fence(&self);
    /// Lets another thread get on, whom the caller polls for the `round`th time.
    fn pause(&self, round: u32) {
        let _ = round;
        core::hint::spin_loop();
    }
}
