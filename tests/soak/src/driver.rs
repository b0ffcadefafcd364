//! The driver in C: compiled and loaded as `ringzero run` does it, inserted and removed again and again while everything else
//! goes on. In the end it logs what has become of its samples.

use crate::{Balance, RANDOM, STOPPING};
use ringzero::sched::msleep;
use ringzero_front::{BuildError, Native, Violation};
use std::sync::atomic::Ordering::SeqCst;

/// Its interrupt line.
pub const LINE: u32 = 4;

const TEXT: &str = include_str!("../../../gallery/c/ringdev-fixed.c");

pub static SAMPLES: Balance =
    Balance::new("samples that the driver in C received, and that were read, dropped or left");
pub static INSERTED: Balance = Balance::new("times that it was inserted and removed");

/// Compiles it.
pub fn open() -> Result<Native, BuildError> {
    let mut native = Native::from_text("ringdev", "gallery/c/ringdev-fixed.c", TEXT)?;
    native.set_param("ring_size=4").expect("a parameter of the driver's");
    Ok(native)
}

/// What ends the process.
pub fn ends(violation: &Violation) -> i32 {
    println!("{violation}\nsoak: FAILED");
    1
}

/// A line of the kernel's log.
pub fn log(line: &str) {
    let words: Vec<&str> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let number = |word: &str| word.parse::<u64>().ok();
    if let ["ringdev:", received, "received", read, "read", dropped, "dropped", left, "left"] = words[..]
        && let [Some(received), Some(read), Some(dropped), Some(left)] = [received, read, dropped, left].map(number)
    {
        SAMPLES.begin(received);
        SAMPLES.happen(read + dropped + left);
        INSERTED.happen(1);
    } else {
        println!("{line}");
    }
}

/// Inserts it, lets it work for a while, removes it: until everything stops.
pub fn live(driver: &'static Native) {
    let mut seed = RANDOM;
    while !STOPPING.load(SeqCst) {
        INSERTED.begin(1);
        assert_eq!(driver.insert(), 0, "the driver can be inserted");
        msleep((crate::random(&mut seed) >> 40) as u32 % 200);
        driver.remove();
    }
}
