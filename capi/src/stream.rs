//! Numbers that stand for randomness and for time that passes: functions of what a context has done.
//!
//! A number that is drawn must not depend on who else drew one before, unless the search knows of that order. So each
//! context has a stream of its own where the machine can tell contexts apart; the others share one, and a draw from it
//! is a step. On the host machine randomness is random, each CPU draws from a stream of its own, and the cycle counter is
//! the processor's.

use crate::state::{STREAMS, on_host, state, stream_here};
use ringzero_machine::{Mode, Op, Place, Step, step};
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// What a machine would tell contexts apart by: the same number for the same context in every execution and process.
/// `None`: it cannot, and the shared stream is used.
fn context() -> Option<u64> {
    None
}

/// The running context's stream. A step, if it is the shared one.
fn stream() -> &'static [Cell<u64>; 3] {
    if on_host() {
        let here = stream_here();
        if here[0].get() == 0 {
            here[0].set(RandomState::new().hash_one(ringzero_machine::cpu().id.get()) | 1);
        }
        return here;
    }
    let s = state();
    let shared = &s.streams[0];
    let Some(key) = context() else {
        step(&Step::new(Op::AtomicRmw, Mode::Rmw, shared.as_ptr().addr(), 8, Place::caller()));
        return shared;
    };
    let len = s.streams_len.get();
    if let Some(found) = s.streams[1..=len].iter().find(|one| one[0].get() == key) {
        return found;
    }
    if len + 1 == STREAMS {
        step(&Step::new(Op::AtomicRmw, Mode::Rmw, shared.as_ptr().addr(), 8, Place::caller()));
        return shared;
    }
    s.streams_len.set(len + 1);
    s.streams[len + 1][0].set(key);
    &s.streams[len + 1]
}

/// The next number: a mixed counter (Steele, Lea, Flood: SplitMix, OOPSLA 2014).
pub(crate) fn draw() -> u64 {
    let [key, drawn, _] = stream();
    drawn.set(drawn.get() + 1);
    let mut z = key.get().wrapping_add(drawn.get().wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Cycles that pass from one look at the counter to the next.
const CYCLES: u64 = 1000;

/// The cycle counter.
pub(crate) fn cycles() -> u64 {
    if on_host() {
        // SAFETY: every x86-64 has the counter.
        return unsafe { core::arch::x86_64::_rdtsc() };
    }
    let [_, _, passed] = stream();
    passed.set(passed.get() + CYCLES);
    passed.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_draws() -> Vec<u64> {
        std::thread::spawn(|| (0..1000).map(|_| draw()).collect()).join().unwrap()
    }

    #[test]
    fn the_same_numbers_every_time_and_no_number_twice() {
        let draws = first_draws();
        assert_eq!(draws, first_draws());
        assert_eq!(draws.iter().collect::<std::collections::HashSet<_>>().len(), 1000);
        let ones: u32 = draws.iter().map(|d| d.count_ones()).sum();
        assert!((31_000..33_000).contains(&ones), "{ones} of 64,000 bits");
    }

    #[test]
    fn the_counter_goes_on() {
        let before = cycles();
        assert_eq!(cycles() - before, CYCLES);
    }
}
