//! `linux/random.h`, `linux/prandom.h` and the cycle counter, over [`crate::stream`].
//!
//! Unlike Linux's, the numbers are the same in every process: randomness is no choice of the explorer, only data.

use crate::memory;
use crate::stream::{cycles, draw};
use std::ffi::c_void;

crate::exports! {
    /// Fills `len` bytes. Any context; never sleeps.
    fn get_random_bytes(buf: *mut c_void, len: usize) {
        fill(buf, len);
    }

    /// A byte.
    fn get_random_u8() -> u8 {
        draw() as u8
    }

    /// 16 bits.
    fn get_random_u16() -> u16 {
        draw() as u16
    }

    /// 32 bits.
    fn get_random_u32() -> u32 {
        draw() as u32
    }

    /// 64 bits.
    fn get_random_u64() -> u64 {
        draw()
    }

    /// A number below `ceil`; any 32 bits for 0.
    fn __get_random_u32_below(ceil: u32) -> u32 {
        if ceil == 0 { draw() as u32 } else { below(ceil) }
    }

    /// 32 bits.
    fn prandom_u32() -> u32 {
        draw() as u32
    }

    /// Fills `nbytes` bytes.
    fn prandom_bytes(buf: *mut c_void, nbytes: usize) {
        fill(buf, nbytes);
    }

    /// A number below `ceil`; 0 for 0.
    fn __prandom_u32_max(ceil: u32) -> u32 {
        below(ceil)
    }

    /// `get_cycles()`: goes on by a fixed amount each time.
    fn __rz_get_cycles() -> u64 {
        cycles()
    }
}

fn fill(buf: *mut c_void, len: usize) {
    // Drawing may be a step; each part is announced and written behind it.
    for at in (0..len).step_by(8) {
        let word = draw().to_le_bytes();
        let part = memory::store(buf.wrapping_byte_add(at), (len - at).min(8));
        part.copy_from_slice(&word[..part.len()]);
    }
}

/// Maps 32 bits onto the range by multiplication (Lemire, ACM TOMACS 2019), without his correction: a bias of 2^-32.
fn below(ceil: u32) -> u32 {
    (((draw() & 0xffff_ffff) * u64::from(ceil)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_range_and_reach_its_ends() {
        let seen: std::collections::BTreeSet<_> = (0..1000).map(|_| __prandom_u32_max(7)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), (0..7).collect::<Vec<_>>());
        assert_eq!((__prandom_u32_max(0), __prandom_u32_max(1)), (0, 0));
    }

    #[test]
    fn all_bytes_are_filled() {
        let mut buf = [0_u8; 21];
        get_random_bytes(buf.as_mut_ptr().cast(), 21);
        assert!(buf.iter().filter(|b| **b != 0).count() > 15);
    }
}
