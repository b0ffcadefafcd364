//! `linux/percpu.h`, `linux/percpu-defs.h`: variables of which each CPU has its own.
//!
//! A variable in the module's section `.data..percpu` is a template; whoever loads the module makes a copy for each CPU
//! before an execution, and says with [`set_area`] where they are. Memory of `alloc_percpu` comes in chunks of one *unit*
//! for each CPU and one before them: a pointer to it leads into that first unit, where nothing is.
//!
//! Differences from Linux: an object of `alloc_percpu` is at most a unit; the CPUs' copies are separate memory objects, so
//! that use after `free_percpu` and overruns are found. On the host what was freed is used again.

use crate::state::on_host;
use core::cell::Cell;
use core::ffi::{c_uint, c_ulong, c_void};
use core::ptr;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize};
use ringzero_context as context;
use ringzero_machine::{Machine, Mode, Op, Place, Step, StepLock, cpu, machine, machine_local, step};
use ringzero_mm::Gfp;
use std::sync::OnceLock;

/// Where the copies of a module's per-CPU variables are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// The section with the templates in the loaded module: its address and length.
    pub template: usize,
    /// Its length in bytes.
    pub len: usize,
    /// The copy of CPU 0, aligned as the section is.
    pub copies: usize,
    /// From one CPU's copy to the next one's.
    pub stride: usize,
}

std::thread_local! {
    static AREA: Cell<Area> = const { Cell::new(Area { template: 0, len: 0, copies: 0, stride: 0 }) };
}

/// The area of the process, for the host's threads.
static SHARED: OnceLock<Area> = OnceLock::new();

/// Tells this thread where the copies of its module's per-CPU variables are. The default: there are none.
pub fn set_area(area: Area) {
    AREA.set(area);
}

/// Tells all threads that were told nothing by [`set_area`]. The first one stays.
pub fn set_shared_area(area: Area) {
    let _ = SHARED.set(area);
}

fn area() -> Area {
    let own = AREA.get();
    if own.len == 0 { SHARED.get().copied().unwrap_or_default() } else { own }
}

/// One CPU's part of a chunk, and the most that one object takes.
const UNIT: usize = 8192;
const CHUNKS: usize = 64;
/// Between two objects, so that an overrun of one is not taken for the next.
const GAP: usize = 64;
/// What the host gives out: a multiple of this many bytes, `UNIT / GRAIN` of them in a unit.
const GRAIN: usize = UNIT / 128;

/// The chunks of this instance. Those there are only become more; `at` is written before `len` is.
struct Chunks {
    /// Where each begins.
    at: [AtomicUsize; CHUNKS],
    len: AtomicUsize,
    /// Bytes used up in the last one's units.
    used: Cell<usize>,
    /// On the host: who adds a chunk, or uses `taken` and `grains`, has this.
    lock: StepLock,
    /// The grains of each chunk that are given out.
    taken: [Cell<u128>; CHUNKS],
    /// How many grains the object has that begins here.
    grains: [[Cell<u8>; 128]; CHUNKS],
}

machine_local! {
    static CHUNKS_MADE: Chunks = Chunks {
        at: [const { AtomicUsize::new(0) }; CHUNKS],
        len: AtomicUsize::new(0),
        used: Cell::new(UNIT),
        lock: StepLock::new(),
        taken: [const { Cell::new(0) }; CHUNKS],
        grains: [const { [const { Cell::new(0) }; 128] }; CHUNKS],
    };
}

/// The first of `n` grains in a row that are free, at a multiple of `align` bytes.
fn row(taken: u128, n: usize, align: usize) -> Option<usize> {
    let mask = u128::MAX >> (128 - n);
    (0..=128 - n).step_by((align / GRAIN).max(1)).find(|g| taken & mask << g == 0)
}

/// The host's way with chunks.
impl Chunks {
    /// Room for an object, in a first unit; `None` when there is no more.
    fn take(&self, m: &dyn Machine, size: usize, align: usize) -> Option<usize> {
        if size > UNIT || align > 4096 {
            return None;
        }
        let n = size.div_ceil(GRAIN);
        loop {
            let len = {
                let _in = self.lock.lock();
                let len = self.len.load(Relaxed);
                for (c, taken) in self.taken[..len].iter().enumerate() {
                    if let Some(g) = row(taken.get(), n, align) {
                        taken.set(taken.get() | (u128::MAX >> (128 - n)) << g);
                        self.grains[c][g].set(n as u8);
                        return Some(self.at[c].load(Relaxed) + g * GRAIN);
                    }
                }
                len
            };
            if len == CHUNKS {
                return None;
            }
            self.grow(m, len);
        }
    }

    /// One chunk more than `len`, unless somebody else was faster.
    fn grow(&self, m: &dyn Machine, len: usize) {
        let bytes = UNIT * (m.nr_cpus() as usize + 1);
        let chunk = m.alloc(bytes, 4096);
        let _in = self.lock.lock();
        if self.len.load(Relaxed) == len {
            self.at[len].store(chunk.expose_provenance(), Relaxed);
            // Pairs with the load in `find`.
            self.len.store(len + 1, Release);
        } else {
            // SAFETY: just allocated, and known to nobody.
            unsafe { m.free(chunk, bytes, 4096) };
        }
    }

    /// The object at `addr` is free; whether there was one.
    fn give_back(&self, addr: usize) -> bool {
        let Some(c) = self.find(addr) else { return false };
        let g = (addr - self.at[c].load(Relaxed)) / GRAIN;
        let _in = self.lock.lock();
        let n = usize::from(self.grains[c][g].replace(0));
        if n > 0 {
            let taken = &self.taken[c];
            taken.set(taken.get() & !((u128::MAX >> (128 - n)) << g));
        }
        n > 0
    }
}

impl Chunks {
    /// The chunk in whose first unit `addr` lies.
    fn find(&self, addr: usize) -> Option<usize> {
        self.at[..self.len.load(Acquire)].iter().position(|at| addr.wrapping_sub(at.load(Relaxed)) < UNIT)
    }

    /// Whether `addr` lies in the first unit of a chunk.
    fn hold(&self, addr: usize) -> bool {
        self.find(addr).is_some()
    }

    /// Room for an object, in a first unit; `None` when there is no more.
    fn place(&self, m: &dyn Machine, size: usize, align: usize) -> Option<usize> {
        if size > UNIT || align > 4096 {
            return None;
        }
        let mut from = self.used.get().next_multiple_of(align);
        if from + size > UNIT {
            let n = self.len.load(Relaxed);
            let slot = self.at.get(n)?;
            slot.store(m.alloc(UNIT * (m.nr_cpus() as usize + 1), 4096).addr(), Relaxed);
            self.len.store(n + 1, Relaxed);
            from = 0;
        }
        self.used.set(from + size + GAP);
        Some(self.at[self.len.load(Relaxed) - 1].load(Relaxed) + from)
    }
}

/// The copy on CPU `id` of what `p` points to.
fn on(p: usize, id: u32) -> usize {
    let area = area();
    let within = p.wrapping_sub(area.template);
    let nr = machine().map_or(1, |m| m.nr_cpus());
    if id >= nr {
        let text = format_args!("per-CPU memory of CPU {id} is used, but the machine has {nr}");
        context::violation("out-of-bounds", Place::caller(), None, text);
    }
    if within < area.len {
        return area.copies + area.stride * id as usize + within;
    }
    if CHUNKS_MADE.hold(p) {
        return p + UNIT * (id as usize + 1);
    }
    if !crate::names::is_number(p) {
        let text = format_args!("this pointer does not lead to per-CPU memory");
        context::violation("out-of-bounds", Place::caller(), None, text);
    }
    // NULL or an error: whoever follows it faults.
    p
}

/// What `this_cpu_*()` does to a copy, in the order of the header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Read,
    Write,
    Add,
    And,
    Or,
    Xchg,
    Cmpxchg,
}

impl Change {
    fn of(number: c_uint) -> Self {
        use Change::{Add, And, Cmpxchg, Or, Read, Write, Xchg};
        [Read, Write, Add, And, Or, Xchg, Cmpxchg][number as usize]
    }

    fn step(self, at: usize, size: u8, place: Place) -> Step {
        let (op, mode) = match self {
            Change::Read => (Op::ReadOnce, Mode::Read),
            Change::Write => (Op::WriteOnce, Mode::Write),
            Change::Cmpxchg => (Op::Cmpxchg, Mode::Rmw),
            _ => (Op::AtomicRmw, Mode::Rmw),
        };
        Step::new(op, mode, at, size, place)
    }
}

macro_rules! change {
    ($word:ty, $int:ty, $at:expr, $change:expr, $value:expr, $expected:expr) => {{
        // SAFETY: the copy of a variable of this size, which lives as long as the execution and is aligned as C's is.
        let word = unsafe { <$word>::from_ptr(ptr::with_exposed_provenance_mut($at)) };
        let (value, expected) = ($value as $int, $expected as $int);
        u64::from(match $change {
            Change::Read => word.load(Relaxed),
            Change::Write | Change::Xchg => word.swap(value, Relaxed),
            Change::Add => word.fetch_add(value, Relaxed),
            Change::And => word.fetch_and(value, Relaxed),
            Change::Or => word.fetch_or(value, Relaxed),
            Change::Cmpxchg => match word.compare_exchange(expected, value, Relaxed, Relaxed) {
                Ok(found) | Err(found) => found,
            },
        })
    }};
}

/// One step on the running CPU's copy: if the task came to another CPU meanwhile, once more on that one's.
fn this_cpu(p: usize, change: Change, size: u8, value: u64, expected: u64) -> u64 {
    let place = Place::caller();
    let at = loop {
        let id = cpu().id.get();
        let at = on(p, id);
        step(&change.step(at, size, place));
        if cpu().id.get() == id {
            break at;
        }
    };
    match size {
        1 => change!(AtomicU8, u8, at, change, value, expected),
        2 => change!(AtomicU16, u16, at, change, value, expected),
        4 => change!(AtomicU32, u32, at, change, value, expected),
        8 => change!(AtomicU64, u64, at, change, value, expected),
        _ => panic!("this_cpu_*() is for words of 1, 2, 4 or 8 bytes, not {size}"),
    }
}

/// One zeroed object a CPU; NULL when there is no more room.
fn alloc(size: usize, align: usize) -> *mut c_void {
    let Some(m) = machine() else { panic!("alloc_percpu() is not on a machine: no memory to give") };
    let place = Place::caller();
    if on_host() {
        let Some(p) = CHUNKS_MADE.take(m, size.max(1), align.max(8)) else { return ptr::null_mut() };
        for id in 0..m.nr_cpus() {
            let copy = ptr::with_exposed_provenance_mut::<u8>(on(p, id));
            // SAFETY: the copy of an object that was just given out, of as many bytes, rounded up.
            unsafe { copy.write_bytes(0, size) };
        }
        return ptr::with_exposed_provenance_mut(p);
    }
    let Some(p) = CHUNKS_MADE.place(m, size.max(1), align.max(8)) else { return ptr::null_mut() };
    for id in 0..m.nr_cpus() {
        m.object_born(on(p, id), size.max(1), place, "alloc_percpu");
    }
    ptr::with_exposed_provenance_mut(p)
}

crate::exports! {
    /// `per_cpu_ptr`, `per_cpu`: CPU `id`'s copy. Any context. Finding `out-of-bounds` for an unknown CPU or pointer.
    pub(crate) fn __rz_per_cpu_ptr(p: *const c_void, id: c_uint) -> *mut c_void {
        ptr::with_exposed_provenance_mut(on(p.addr(), id))
    }

    /// `this_cpu_ptr`, `raw_cpu_ptr`: the copy of the CPU that the caller runs on now. Any context.
    pub(crate) fn __rz_this_cpu_ptr(p: *const c_void) -> *mut c_void {
        ptr::with_exposed_provenance_mut(on(p.addr(), cpu().id.get()))
    }

    /// `this_cpu_read` and its like: one step on the running CPU's copy; the value before. Any context.
    fn __rz_this_cpu_op(p: *const c_void, op: c_uint, size: c_uint, value: c_ulong, expected: c_ulong) -> c_ulong {
        this_cpu(p.addr(), Change::of(op), size as u8, value, expected)
    }

    /// `__alloc_percpu`: NULL if it fails. Task context, may sleep.
    fn __alloc_percpu(size: usize, align: usize) -> *mut c_void {
        context::might_sleep_named("alloc_percpu()");
        alloc(size, align)
    }

    /// `__alloc_percpu_gfp`: NULL if it fails. May sleep as `gfp` says.
    fn __alloc_percpu_gfp(size: usize, align: usize, gfp: c_uint) -> *mut c_void {
        if Gfp::from_bits(gfp).may_sleep() {
            context::might_sleep_named("alloc_percpu_gfp()");
        }
        alloc(size, align)
    }

    /// `free_percpu`. Any context but an NMI.
    fn free_percpu(p: *const c_void) {
        if p.is_null() {
            return;
        }
        if on_host() {
            if !CHUNKS_MADE.give_back(p.addr()) {
                let text = format_args!("free_percpu(): nothing of alloc_percpu() that is alive begins here");
                context::violation("double-free", Place::caller(), None, text);
            }
            return;
        }
        for id in 0..machine().map_or(1, |m| m.nr_cpus()) {
            ringzero_mm::kfree(ptr::with_exposed_provenance(on(p.addr(), id)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_found_in_its_copy() {
        let mut words = [7_u64, 0, 0];
        let at = words.as_mut_ptr().expose_provenance();
        set_area(Area { template: 0x10_0000, len: 24, copies: at, stride: 64 });
        assert_eq!(on(0x10_0008, 0), at + 8);
        assert_eq!(this_cpu(0x10_0000, Change::Add, 8, 5, 0), 7);
        assert_eq!(this_cpu(0x10_0000, Change::Cmpxchg, 8, 1, 12), 12);
        assert_eq!(this_cpu(0x10_0008, Change::Xchg, 2, u64::MAX, 0), 0);
        assert_eq!(words, [1, 0xffff, 0]);
        set_area(Area::default());
    }

    #[test]
    fn grains_are_found_in_a_row() {
        assert_eq!(
            (row(0, 1, 8), row(0b1011, 1, 8), row(0b1011, 2, 8), row(0, 128, 4096)),
            (Some(0), Some(2), Some(4), Some(0))
        );
        assert_eq!((row(1, 128, 8), row(1, 64, 4096), row(u128::MAX, 1, 8)), (None, Some(64), None));
    }

    #[test]
    #[should_panic(expected = "out-of-bounds: per-CPU memory of CPU 3 is used, but the machine has 1")]
    fn a_cpu_that_there_is_not_is_found() {
        on(0x10_0000, 3);
    }

    #[test]
    #[should_panic(expected = "out-of-bounds: this pointer does not lead to per-CPU memory")]
    fn a_pointer_to_something_else_is_found() {
        on(0x10_0000, 0);
    }
}
