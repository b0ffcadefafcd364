//! What the compiler's thread sanitizer calls: each access of C code to memory, its atomics, its function frames.
//!
//! This is Ringzero's own runtime for `-fsanitize=thread`. An unmarked access is told to the machine
//! (`Machine::plain`). A volatile one (`READ_ONCE`, `WRITE_ONCE`) is a step, announced here and performed by the caller
//! when this returns. An atomic is a step, and performed here. These functions never unwind, and touch nothing of the
//! program's but the access's own bytes. Code for the host machine is compiled without these calls.

use crate::caller::{FromC, place_of};
use crate::exports::Export;
use ringzero_machine::{Mode, Op, Place, Step, model, step};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

/// An unmarked access.
#[inline]
fn plain(addr: usize, len: usize, write: bool, ra: usize) {
    if let Some(m) = model()
        && let Some(place) = place_of(ra)
        && len > 0
    {
        m.plain(addr, len, write, place);
    }
}

/// Faults here if there is no memory, with the caller's place, and not where the machine looks at the word.
#[inline]
fn probe(addr: usize, len: usize) {
    // SAFETY: the program is about to access these bytes itself; a fault here is the program's.
    unsafe {
        (addr as *const u8).read_volatile();
        (addr as *const u8).wrapping_add(len - 1).read_volatile();
    }
}

/// A volatile access: a step.
#[inline]
fn marked(addr: usize, len: usize, write: bool, ra: usize) {
    let _from = FromC::enter(ra);
    probe(addr, len);
    let (op, mode) = if write { (Op::WriteOnce, Mode::Write) } else { (Op::ReadOnce, Mode::Read) };
    step(&Step::new(op, mode, addr, len as u8, Place::caller()));
}

macro_rules! accesses {
    ($($len:literal: $read:ident $write:ident $unaligned_read:ident $unaligned_write:ident $volatile_read:ident
       $volatile_write:ident $unaligned_volatile_read:ident $unaligned_volatile_write:ident
       $read_write:ident $unaligned_read_write:ident;)*) => {
        const ACCESSES: &[Export] = &[$(
            hook!($read, |addr, ra| plain(addr, $len, false, ra)),
            hook!($write, |addr, ra| plain(addr, $len, true, ra)),
            hook!($unaligned_read, |addr, ra| plain(addr, $len, false, ra)),
            hook!($unaligned_write, |addr, ra| plain(addr, $len, true, ra)),
            hook!($volatile_read, |addr, ra| marked(addr, $len, false, ra)),
            hook!($volatile_write, |addr, ra| marked(addr, $len, true, ra)),
            hook!($unaligned_volatile_read, |addr, ra| marked(addr, $len, false, ra)),
            hook!($unaligned_volatile_write, |addr, ra| marked(addr, $len, true, ra)),
            hook!($read_write, |addr, ra| { plain(addr, $len, false, ra); plain(addr, $len, true, ra) }),
            hook!($unaligned_read_write, |addr, ra| { plain(addr, $len, false, ra); plain(addr, $len, true, ra) }),
        )*];
    };
}

macro_rules! hook {
    ($name:ident, |$addr:ident, $ra:ident| $body:expr) => {{
        extern "C" fn hook($addr: usize, $ra: usize) {
            $body;
        }
        Export { name: stringify!($name), addr: hook as *const (), args: 1 }
    }};
}

accesses! {
    1: __tsan_read1 __tsan_write1 __tsan_unaligned_read1 __tsan_unaligned_write1 __tsan_volatile_read1
       __tsan_volatile_write1 __tsan_unaligned_volatile_read1 __tsan_unaligned_volatile_write1
       __tsan_read_write1 __tsan_unaligned_read_write1;
    2: __tsan_read2 __tsan_write2 __tsan_unaligned_read2 __tsan_unaligned_write2 __tsan_volatile_read2
       __tsan_volatile_write2 __tsan_unaligned_volatile_read2 __tsan_unaligned_volatile_write2
       __tsan_read_write2 __tsan_unaligned_read_write2;
    4: __tsan_read4 __tsan_write4 __tsan_unaligned_read4 __tsan_unaligned_write4 __tsan_volatile_read4
       __tsan_volatile_write4 __tsan_unaligned_volatile_read4 __tsan_unaligned_volatile_write4
       __tsan_read_write4 __tsan_unaligned_read_write4;
    8: __tsan_read8 __tsan_write8 __tsan_unaligned_read8 __tsan_unaligned_write8 __tsan_volatile_read8
       __tsan_volatile_write8 __tsan_unaligned_volatile_read8 __tsan_unaligned_volatile_write8
       __tsan_read_write8 __tsan_unaligned_read_write8;
    16: __tsan_read16 __tsan_write16 __tsan_unaligned_read16 __tsan_unaligned_write16 __tsan_volatile_read16
       __tsan_volatile_write16 __tsan_unaligned_volatile_read16 __tsan_unaligned_volatile_write16
       __tsan_read_write16 __tsan_unaligned_read_write16;
}

/// The orders of `__ATOMIC_*`: whether they acquire and release.
fn order(mo: i32) -> (bool, bool) {
    match mo {
        0 => (false, false),
        1 | 2 => (true, false),
        3 => (false, true),
        _ => (true, true),
    }
}

/// Announces an atomic operation; the caller performs it.
#[inline]
fn atomic(op: Op, mode: Mode, addr: usize, len: usize, mo: i32) {
    probe(addr, len);
    let (acquire, release) = order(mo);
    step(&Step::new(op, mode, addr, len as u8, Place::caller()).ordered(acquire, release));
}

/// A read-modify-write that is sequentially consistent is a barrier, too: Linux's operations that return a value are.
#[inline]
fn barrier(mo: i32) {
    if let Some(m) = model()
        && order(mo) == (true, true)
    {
        m.fence(true, true);
    }
}

/// Announces a compare-and-exchange and performs it with `exchange`: it orders what `mo` says if it succeeds, and nothing
/// if not.
#[inline]
fn exchange_if_same<T>(addr: usize, mo: i32, exchange: impl FnOnce() -> Result<T, T>) -> Result<T, T> {
    atomic(Op::Cmpxchg, Mode::Rmw, addr, size_of::<T>(), 0);
    let result = exchange();
    let (acquire, release) = order(mo);
    if result.is_ok()
        && (acquire || release)
        && let Some(m) = model()
    {
        barrier(mo);
        m.order(addr, acquire, release);
        barrier(mo);
    }
    result
}

macro_rules! fetches {
    ($t:ty, $a:ty, $($name:ident $how:ident)*) => {
        [$({
            extern "C" fn fetch(at: *const $a, value: $t, mo: i32, ra: usize) -> $t {
                let _from = FromC::enter(ra);
                barrier(mo);
                atomic(Op::AtomicRmw, Mode::Rmw, at.addr(), size_of::<$t>(), mo);
                // SAFETY: `atomic` has touched the word; it is only changed by atomics of this width.
                let old = unsafe { (*at).$how(value, SeqCst) };
                barrier(mo);
                old
            }
            Export { name: stringify!($name), addr: fetch as *const (), args: 3 }
        }),*]
    };
}

macro_rules! atomics {
    ($table:ident, $t:ty, $a:ty, $load:ident $store:ident $strong:ident $weak:ident $val:ident;
     $($name:ident $how:ident)*) => {
        const $table: [[Export; 7]; 2] = {
            extern "C" fn load(at: *const $a, mo: i32, ra: usize) -> $t {
                let _from = FromC::enter(ra);
                atomic(Op::AtomicRead, Mode::Read, at.addr(), size_of::<$t>(), mo);
                // SAFETY: `atomic` has touched the word.
                unsafe { (*at).load(SeqCst) }
            }
            extern "C" fn store(at: *const $a, value: $t, mo: i32, ra: usize) {
                let _from = FromC::enter(ra);
                atomic(Op::AtomicSet, Mode::Write, at.addr(), size_of::<$t>(), mo);
                // SAFETY: as in `load`.
                unsafe { (*at).store(value, SeqCst) };
            }
            extern "C" fn exchange_if(at: *const $a, old: *mut $t, new: $t, mo: i32, _fail: i32, ra: usize) -> i32 {
                let _from = FromC::enter(ra);
                // SAFETY: as in `load`; `old` is the caller's variable.
                match exchange_if_same(at.addr(), mo, || unsafe { (*at).compare_exchange(*old, new, SeqCst, SeqCst) }) {
                    Ok(_) => 1,
                    Err(found) => {
                        // SAFETY: as above.
                        unsafe { *old = found };
                        0
                    }
                }
            }
            extern "C" fn exchange_val(at: *const $a, old: $t, new: $t, mo: i32, _fail: i32, ra: usize) -> $t {
                let _from = FromC::enter(ra);
                // SAFETY: as in `load`.
                match exchange_if_same(at.addr(), mo, || unsafe { (*at).compare_exchange(old, new, SeqCst, SeqCst) }) {
                    Ok(found) | Err(found) => found,
                }
            }
            const NONE: Export = Export { name: "", addr: std::ptr::null(), args: 0 };
            [
                [
                    Export { name: stringify!($load), addr: load as *const (), args: 2 },
                    Export { name: stringify!($store), addr: store as *const (), args: 3 },
                    Export { name: stringify!($strong), addr: exchange_if as *const (), args: 5 },
                    Export { name: stringify!($weak), addr: exchange_if as *const (), args: 5 },
                    Export { name: stringify!($val), addr: exchange_val as *const (), args: 5 },
                    NONE,
                    NONE,
                ],
                fetches!($t, $a, $($name $how)*),
            ]
        };
    };
}

atomics! { ATOMIC8, u8, AtomicU8, __tsan_atomic8_load __tsan_atomic8_store __tsan_atomic8_compare_exchange_strong
__tsan_atomic8_compare_exchange_weak __tsan_atomic8_compare_exchange_val;
__tsan_atomic8_exchange swap __tsan_atomic8_fetch_add fetch_add __tsan_atomic8_fetch_sub fetch_sub
__tsan_atomic8_fetch_and fetch_and __tsan_atomic8_fetch_or fetch_or __tsan_atomic8_fetch_xor fetch_xor
__tsan_atomic8_fetch_nand fetch_nand }
atomics! { ATOMIC16, u16, AtomicU16, __tsan_atomic16_load __tsan_atomic16_store __tsan_atomic16_compare_exchange_strong
__tsan_atomic16_compare_exchange_weak __tsan_atomic16_compare_exchange_val;
__tsan_atomic16_exchange swap __tsan_atomic16_fetch_add fetch_add __tsan_atomic16_fetch_sub fetch_sub
__tsan_atomic16_fetch_and fetch_and __tsan_atomic16_fetch_or fetch_or __tsan_atomic16_fetch_xor fetch_xor
__tsan_atomic16_fetch_nand fetch_nand }
atomics! { ATOMIC32, u32, AtomicU32, __tsan_atomic32_load __tsan_atomic32_store __tsan_atomic32_compare_exchange_strong
__tsan_atomic32_compare_exchange_weak __tsan_atomic32_compare_exchange_val;
__tsan_atomic32_exchange swap __tsan_atomic32_fetch_add fetch_add __tsan_atomic32_fetch_sub fetch_sub
__tsan_atomic32_fetch_and fetch_and __tsan_atomic32_fetch_or fetch_or __tsan_atomic32_fetch_xor fetch_xor
__tsan_atomic32_fetch_nand fetch_nand }
atomics! { ATOMIC64, u64, AtomicU64, __tsan_atomic64_load __tsan_atomic64_store __tsan_atomic64_compare_exchange_strong
__tsan_atomic64_compare_exchange_weak __tsan_atomic64_compare_exchange_val;
__tsan_atomic64_exchange swap __tsan_atomic64_fetch_add fetch_add __tsan_atomic64_fetch_sub fetch_sub
__tsan_atomic64_fetch_and fetch_and __tsan_atomic64_fetch_or fetch_or __tsan_atomic64_fetch_xor fetch_xor
__tsan_atomic64_fetch_nand fetch_nand }

extern "C" fn thread_fence(mo: i32, ra: usize) {
    let _from = FromC::enter(ra);
    let (acquire, release) = order(mo);
    if let Some(m) = model() {
        m.fence(acquire, release);
    }
}

extern "C" fn signal_fence(_mo: i32, _ra: usize) {}

extern "C" fn frame_begins(_caller: usize, ra: usize) {
    let here = 0_u8;
    if let Some(m) = model()
        && let Some(place) = place_of(ra)
    {
        m.frame_begins((&raw const here).addr(), place);
    }
}

extern "C" fn frame_ends(ra: usize) {
    let _from = FromC::enter(ra);
    if let Some(m) = model() {
        m.frame_ends();
    }
}

extern "C" fn read_range(addr: usize, len: usize, ra: usize) {
    plain(addr, len, false, ra);
}

extern "C" fn write_range(addr: usize, len: usize, ra: usize) {
    plain(addr, len, true, ra);
}

extern "C" fn data_race_begins(_ra: usize) {
    if let Some(m) = model() {
        m.data_race(true);
    }
}

extern "C" fn data_race_ends(_ra: usize) {
    if let Some(m) = model() {
        m.data_race(false);
    }
}

extern "C" fn acquired(addr: usize, _ra: usize) {
    if let Some(m) = model() {
        m.order(addr, true, false);
    }
}

const OTHERS: &[Export] = &[
    Export { name: "__tsan_atomic_thread_fence", addr: thread_fence as *const (), args: 1 },
    Export { name: "__tsan_atomic_signal_fence", addr: signal_fence as *const (), args: 1 },
    Export { name: "__tsan_func_entry", addr: frame_begins as *const (), args: 1 },
    Export { name: "__tsan_func_exit", addr: frame_ends as *const (), args: 0 },
    Export { name: "__tsan_read_range", addr: read_range as *const (), args: 2 },
    Export { name: "__tsan_write_range", addr: write_range as *const (), args: 2 },
    Export { name: "__rz_acquired", addr: acquired as *const (), args: 1 },
    Export { name: "__rz_data_race_begin", addr: data_race_begins as *const (), args: 0 },
    Export { name: "__rz_data_race_end", addr: data_race_ends as *const (), args: 0 },
];

/// All of them.
pub fn exports() -> impl Iterator<Item = Export> {
    let atomics = [ATOMIC8, ATOMIC16, ATOMIC32, ATOMIC64].into_iter().flatten().flatten();
    ACCESSES.iter().copied().chain(atomics.filter(|e| !e.name.is_empty())).chain(OTHERS.iter().copied())
}
