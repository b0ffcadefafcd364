//! How many sleep for a lock, where the lock may be gone.

use core::sync::atomic::AtomicU32;

/// A power of two: few locks have sleepers at a time.
const BITS: u32 = 10;

static COUNTS: [AtomicU32; 1 << BITS] = [const { AtomicU32::new(0) }; 1 << BITS];

/// A count of sleepers for [`Cond::counted_in`](crate::Cond::counted_in) and [`notify_sleepers`](crate::notify_sleepers) that
/// outlives the word at `addr`: who frees a lock, and with it perhaps the memory it lies in, touches nothing of it any more.
///
/// Words that fall together share a count. Then it may say that somebody sleeps where nobody does, which costs a look in vain;
/// it never says too few.
///
/// ```
/// # use ringzero_machine as machine;
/// use machine::{notify_sleepers, sleepers_at};
/// use std::sync::atomic::{AtomicU32, Ordering::Release};
/// fn unlock(lock: &AtomicU32) {
///     let at = std::ptr::from_ref(lock).addr();
///     lock.store(0, Release);
///     notify_sleepers(at, sleepers_at(at));
/// }
/// let lock = AtomicU32::new(1);
/// unlock(&lock);
/// assert!(std::ptr::eq(sleepers_at(64), sleepers_at(64)));
/// ```
#[inline(always)]
#[must_use]
pub fn sleepers_at(addr: usize) -> &'static AtomicU32 {
    // Fibonacci hashing: the upper bits of the product depend on all bits of the address's lower half.
    let hash = (addr as u32).wrapping_mul(0x9E37_79B9) >> (u32::BITS - BITS);
    &COUNTS[hash as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn locks_beside_each_other_rarely_share_a_count() {
        for stride in [4_usize, 48, 64, 128, 4096, 1 << 16] {
            let counts = (0..100).map(|n| core::ptr::from_ref(sleepers_at(0x7f12_3456_7000 + n * stride)).addr());
            let counts = counts.collect::<BTreeSet<_>>().len();
            assert!(counts >= 90, "stride {stride}: {counts}");
        }
    }
}
