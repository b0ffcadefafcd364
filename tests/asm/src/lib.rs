//! Functions that do one thing each with a primitive. `tests/count.rs` looks at what they compile to.
//!
//! Only a build of this package alone says anything, since any other package may ask for the feature `model`.
#![no_std]

use core::cell::Cell;
use ringzero_atomic::{Atomic, Marked};
use ringzero_context::{preempt_disable, preempt_enable};
use ringzero_machine::define_per_cpu;
use ringzero_spinning::{RawSpinLock, SpinLock, SpinLockIrq};

define_per_cpu! {
    static HITS: Cell<u64> = Cell::new(0);
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty)?) $(-> $result:ty)? $body:block)*) => {
        $(
            $(#[$doc])*
            #[unsafe(no_mangle)]
            #[inline(never)]
            pub extern "C" fn $name($($arg: $type)?) $(-> $result)? $body
        )*

        /// All of them by name. A program that calls this has them in its executable.
        pub fn functions() -> impl Iterator<Item = (&'static str, *const ())> {
            [$((stringify!($name), $name as *const ())),*].into_iter()
        }
    };
}

functions! {
    /// `spin_lock`.
    asm_lock(lock: &RawSpinLock) { lock.lock(); }
    /// `spin_unlock`.
    asm_unlock(lock: &RawSpinLock) { lock.unlock(); }
    /// A critical section.
    asm_lock_unlock(lock: &SpinLock<u64>) { *lock.lock() += 1; }
    /// A critical section with interrupts off.
    asm_lock_unlock_irqsave(lock: &SpinLockIrq<u64>) { *lock.lock() += 1; }
    /// `spin_trylock`.
    asm_trylock(lock: &RawSpinLock) -> bool { lock.trylock() }
    /// `atomic_read`.
    asm_atomic_read(word: &Atomic) -> i32 { word.read() }
    /// `atomic_inc`.
    asm_atomic_inc(word: &Atomic) { word.inc(); }
    /// `atomic_inc_return`.
    asm_atomic_inc_return(word: &Atomic) -> i32 { word.inc_return() }
    /// `READ_ONCE`.
    asm_read_once(word: &Marked<u32>) -> u32 { word.read_once() }
    /// `WRITE_ONCE`.
    asm_write_once(word: &Marked<u32>) { word.write_once(1); }
    /// `preempt_disable`.
    asm_preempt_disable() { preempt_disable(); }
    /// `preempt_enable`.
    asm_preempt_enable() { preempt_enable(); }
    /// `this_cpu_inc`.
    asm_percpu_inc() { HITS.inc(); }
}
