//! The parking lot: contexts asleep, by the address that they wait on.

use crate::latch::Latch;
use crate::os::Os;
use crate::word::{Link, Word};
use core::cell::Cell;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use core::sync::atomic::fence;
use ringzero_machine::{Cond, Mode, Op, Place, Step, step};

/// On no list. What a waker writes last.
const OFF: u32 = 0;
/// On the list of its bucket.
const ON: u32 = 1;

/// How many are taken off in one go.
const BATCH: usize = 16;

/// A context that waits; on its stack, pinned until it is off the list.
#[derive(Debug)]
pub struct Waiter {
    state: Word,
    next: Link<Waiter>,
    prev: Link<Waiter>,
    /// What it waits for, and whom to wake. Written by the waiter while it is off the list, read by wakers while it is on.
    cond: Cell<Option<Cond>>,
    who: Cell<*const ()>,
    _pinned: PhantomPinned,
}

impl Waiter {
    /// One that is on no list.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: Word::new(OFF),
            next: Link::new(),
            prev: Link::new(),
            cond: Cell::new(None),
            who: Cell::new(ptr::null()),
            _pinned: PhantomPinned,
        }
    }
}

impl Default for Waiter {
    fn default() -> Self {
        Self::new()
    }
}

/// The waiters of all addresses that fall together.
#[derive(Debug)]
struct Bucket {
    latch: Latch,
    /// How many are on the list or about to be. Changed under the latch, read by wakers without it.
    count: Word,
    first: Link<Waiter>,
    last: Link<Waiter>,
}

impl Bucket {
    const fn new() -> Self {
        Self { latch: Latch::new(), count: Word::new(0), first: Link::new(), last: Link::new() }
    }

    /// Puts `w` behind the last one. Under the latch.
    fn append(&self, w: &Waiter) {
        let at = ptr::from_ref(w).cast_mut();
        let last = self.last.load(Relaxed);
        w.prev.store(last, Relaxed);
        w.next.store(ptr::null_mut(), Relaxed);
        // SAFETY: what is on the list is alive until it is off, and getting off takes the latch.
        unsafe { last.as_ref() }.map_or(&self.first, |last| &last.next).store(at, Relaxed);
        self.last.store(at, Relaxed);
        w.state.store(ON, Relaxed);
    }

    /// Takes `w` out of the list, and does not say so yet. Under the latch.
    fn remove(&self, w: &Waiter) {
        let (next, prev) = (w.next.load(Relaxed), w.prev.load(Relaxed));
        // SAFETY: as in `append`.
        let (before, behind) = unsafe { (prev.as_ref(), next.as_ref()) };
        before.map_or(&self.first, |before| &before.next).store(next, Relaxed);
        behind.map_or(&self.last, |behind| &behind.prev).store(prev, Relaxed);
        self.count.sub(1, Relaxed);
    }
}

/// Whether `cond` holds, as a step.
#[inline]
fn look(cond: &Cond) -> bool {
    step(&Step::new(Op::AtomicRead, Mode::Read, cond.addr, cond.size, Place::here()).ordered(true, false));
    let holds = cond.holds();
    fence(Acquire);
    holds
}

/// Contexts asleep, by the address that they wait on, in `N` buckets (a power of two).
#[derive(Debug)]
pub struct Lot<const N: usize> {
    buckets: [Bucket; N],
}

impl<const N: usize> Lot<N> {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        assert!(N.is_power_of_two() && N <= 1 << 16, "the hash has 16 bits");
        Self { buckets: [const { Bucket::new() }; N] }
    }

    #[inline]
    fn bucket(&self, addr: usize) -> &Bucket {
        // Fibonacci hashing: the upper bits of the product depend on all bits of the address.
        let hash = (addr as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
        &self.buckets[hash as usize % N]
    }

    /// Puts the waiter on the list of `cond.addr`, unless `cond` holds; whether it was put.
    ///
    /// Of a condition that is counted (`Cond::sleepers`), that word is raised first, then comes [`Os::heavy_fence`]: so
    /// whoever changes the condition's word needs no more than a store and a load of `sleepers`, in this order.
    ///
    /// # Safety
    /// If it was put, [`Lot::dequeue`] of the same lot is called with it before it is put again, moved or dropped. Until
    /// then the words of `cond` are there, and `who` is what the callers of [`Lot::wake`] take it for.
    pub unsafe fn enqueue(&self, os: &impl Os, w: Pin<&Waiter>, cond: &Cond, who: *const ()) -> bool {
        if let Some(sleepers) = sleepers(cond) {
            sleepers.add(1, Relaxed);
            os.heavy_fence();
        }
        w.cond.set(Some(*cond));
        w.who.set(who);
        let bucket = self.bucket(cond.addr);
        let put = bucket.latch.within(|| {
            bucket.count.add(1, Relaxed);
            // Pairs with the fence in `wake`: either this look sees the change, or the waker sees the count.
            fence(SeqCst);
            let put = !look(cond);
            if put {
                bucket.append(&w);
            } else {
                bucket.count.sub(1, Relaxed);
            }
            put
        });
        if !put {
            w.cond.set(None);
            if let Some(sleepers) = sleepers(cond) {
                sleepers.sub(1, Relaxed);
            }
        }
        put
    }

    /// Whether the waiter is still on its list; it is not any more.
    ///
    /// `false`: somebody has taken it off and has called `wake` for it, or is about to. A waiter of a counted condition
    /// that then does not go for what it waited for passes the news on ([`Lot::wake`]): nobody else was told.
    pub fn dequeue(&self, w: Pin<&Waiter>) -> bool {
        let Some(cond) = w.cond.get() else { return false };
        let mut still = false;
        // Acquire: what the waker did before comes before what the waiter does next.
        if w.state.load(Acquire) == ON {
            let bucket = self.bucket(cond.addr);
            still = bucket.latch.within(|| {
                let still = w.state.load(Relaxed) == ON;
                if still {
                    bucket.remove(&w);
                    w.state.store(OFF, Relaxed);
                }
                still
            });
        }
        w.cond.set(None);
        if let Some(sleepers) = sleepers(&cond) {
            sleepers.sub(1, Relaxed);
        }
        still
    }

    /// Takes off the list those waiters of `addr` whose condition holds now, the oldest first, and calls `wake` for each:
    /// all of them, but of those whose condition is counted only the first one. The caller has changed the word at `addr`
    /// before; that word need not be there any more.
    ///
    /// When `wake` is called, the waiter may be gone already: it may have found out by itself.
    #[inline]
    pub fn wake(&self, addr: usize, wake: impl FnMut(*const ())) {
        // Pairs with the fence in `enqueue`.
        fence(SeqCst);
        let bucket = self.bucket(addr);
        if bucket.count.load(Relaxed) != 0 {
            Self::wake_in(bucket, addr, wake);
        }
    }

    #[cold]
    fn wake_in(bucket: &Bucket, addr: usize, mut wake: impl FnMut(*const ())) {
        let mut counted = false;
        loop {
            let mut batch = [ptr::null(); BATCH];
            let taken = bucket.latch.within(|| take_off(bucket, addr, &mut counted, &mut batch));
            batch[..taken].iter().for_each(|who| wake(*who));
            if taken < BATCH {
                return;
            }
        }
    }
}

impl<const N: usize> Default for Lot<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// The word in which a condition's sleepers are counted.
#[inline]
fn sleepers(cond: &Cond) -> Option<&Word> {
    // SAFETY: it is there while somebody waits on the condition (the contract of `enqueue`).
    unsafe { cond.sleepers.as_ref() }.map(Word::of)
}

/// Fills `batch` with whom to wake, and takes them off the list; how many. `counted`: one of a counted condition is among
/// them, now or before. Under the latch.
fn take_off(bucket: &Bucket, addr: usize, counted: &mut bool, batch: &mut [*const (); BATCH]) -> usize {
    let mut taken = 0;
    let mut at = bucket.first.load(Relaxed);
    // SAFETY: what is on the list is alive until it is off, and getting off takes the latch or what is below.
    while let Some(w) = unsafe { at.as_ref() } {
        at = w.next.load(Relaxed);
        let Some(cond) = w.cond.get().filter(|cond| cond.addr == addr) else { continue };
        let exclusive = !cond.sleepers.is_null();
        if (exclusive && *counted) || !look(&cond) {
            continue;
        }
        bucket.remove(w);
        batch[taken] = w.who.get();
        taken += 1;
        *counted |= exclusive;
        // The last touch: its stack may be gone as soon as it sees this.
        w.state.store(OFF, Release);
        if taken == BATCH {
            break;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use core::sync::atomic::AtomicU32;
    use std::vec::Vec;

    struct Nothing;

    impl Os for Nothing {
        fn futex_wait(&self, _: &Word, _: u32, _: Option<u64>) {}
        fn futex_wake(&self, _: &Word, _: u32) {}
        fn heavy_fence(&self) {}
    }

    fn cond(word: &AtomicU32) -> Cond {
        Cond::on(word, |value, _| value != 0, 0)
    }

    /// Puts them on the list, the first as number 0.
    fn put<const N: usize>(lot: &Lot<N>, waiters: &[Waiter], cond: &Cond) {
        for (number, w) in waiters.iter().enumerate() {
            // SAFETY: the tests dequeue them, and do not move them before.
            assert!(unsafe { lot.enqueue(&Nothing, pinned(w), cond, ptr::without_provenance(number)) });
        }
    }

    fn pinned(w: &Waiter) -> Pin<&Waiter> {
        // SAFETY: the tests' waiters stay where they are until they are dropped, off the list.
        unsafe { Pin::new_unchecked(w) }
    }

    fn woken<const N: usize>(lot: &Lot<N>, word: &AtomicU32) -> Vec<usize> {
        let mut all = Vec::new();
        lot.wake(ptr::from_ref(word).addr(), |who| all.push(who.addr()));
        all
    }

    #[test]
    fn all_are_woken_in_their_order_however_many() {
        let (lot, word) = (Lot::<4>::new(), AtomicU32::new(0));
        let waiters = [const { Waiter::new() }; 2 * BATCH + 5];
        put(&lot, &waiters, &cond(&word));
        assert!(woken(&lot, &word).is_empty());
        word.store(1, Relaxed);
        assert_eq!(woken(&lot, &word), (0..waiters.len()).collect::<Vec<_>>());
        assert!(waiters.iter().all(|w| !lot.dequeue(pinned(w))));
        assert!(lot.buckets.iter().all(|b| b.count.load(Relaxed) == 0 && b.first.load(Relaxed).is_null()));
    }

    #[test]
    fn one_of_a_lock_is_woken_and_those_who_have_left_are_not() {
        let (lot, word, sleepers) = (Lot::<1>::new(), AtomicU32::new(0), AtomicU32::new(0));
        let waiters = [const { Waiter::new() }; 4];
        put(&lot, &waiters, &cond(&word).counted_in(&sleepers));
        assert!(lot.dequeue(pinned(&waiters[0])) && lot.dequeue(pinned(&waiters[2])));
        assert_eq!(sleepers.load(Relaxed), 2);
        word.store(1, Relaxed);
        assert_eq!(woken(&lot, &word), [1]);
        assert!(!lot.dequeue(pinned(&waiters[1])));
        assert_eq!(woken(&lot, &word), [3]);
        assert!(!lot.dequeue(pinned(&waiters[3])));
        assert_eq!((sleepers.load(Relaxed), lot.buckets[0].count.load(Relaxed)), (0, 0));
    }

    #[test]
    fn who_need_not_wait_is_not_put_and_others_are_not_woken() {
        let (lot, word, other, sleepers) = (Lot::<1>::new(), AtomicU32::new(1), AtomicU32::new(0), AtomicU32::new(0));
        let waiters = [const { Waiter::new() }; 2];
        put(&lot, &waiters[..1], &cond(&other));
        let counted = cond(&word).counted_in(&sleepers);
        // SAFETY: it is not put.
        assert!(!unsafe { lot.enqueue(&Nothing, pinned(&waiters[1]), &counted, ptr::null()) });
        assert!(!lot.dequeue(pinned(&waiters[1])));
        assert_eq!((sleepers.load(Relaxed), lot.buckets[0].count.load(Relaxed)), (0, 1));
        assert!(woken(&lot, &word).is_empty());
        assert!(lot.dequeue(pinned(&waiters[0])));
    }
}
