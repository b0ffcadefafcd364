//! Code that interrupts come into between any two instructions, and other tasks.

use crate::Balance;
use ringzero::kthread::kthread_should_stop;
use ringzero::sched::cond_resched;
use std::hint::black_box;

pub static COMPUTED: Balance = Balance::new("computations interrupted anywhere, and right");

/// No safe point in it. Its result says whether interrupts and other tasks have left all registers as they were.
#[expect(unsafe_code, reason = "a section is chosen")]
#[unsafe(link_section = "rz_async_text")]
#[inline(never)]
fn compute(seed: u64) -> u64 {
    let (mut a, mut b, mut x, mut y) = (seed, !seed, 1.0_f64, [1.0_f32, 2.0, 3.0, 4.0]);
    for n in 0..5_000_u64 {
        a = a.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n;
        b = b.wrapping_add(a >> 3) ^ a;
        x = x * 0.999 + (a & 0xff) as f64;
        y = y.map(|v| v * 0.99 + (b & 0xf) as f32);
    }
    a ^ b ^ x.to_bits() ^ y.iter().fold(0, |all, v| all << 16 ^ u64::from(v.to_bits()))
}

/// What it has to be.
pub fn expected() -> u64 {
    compute(black_box(crate::RANDOM))
}

pub fn work(expected: u64) {
    while !kthread_should_stop() {
        COMPUTED.begin(1);
        if compute(black_box(crate::RANDOM)) == expected {
            COMPUTED.happen(1);
        }
        cond_resched();
    }
}
