//! Memory on the host: size classes with a cache a CPU, and the machine's own memory for what is large.
//!
//! Every object has a header before it. Small ones come in blocks of a class, which are never given back to the machine: a
//! header that was read too late is still a header. A CPU's cache is touched by that CPU only, with `Cpu::within` raised,
//! so that no interrupt and no other task of it comes in between; what is too much there, or too little, goes to and comes
//! from the depot of the class, in batches.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Relaxed, SeqCst},
    compiler_fence,
};
use ringzero_machine::{Machine, StepLock, attend, cpu, define_per_cpu, machine_local};

/// What lies before an object.
#[repr(C, align(16))]
struct Header {
    /// [`LIVE`] or [`LARGE`]; anything else: no object is alive behind it.
    state: AtomicU32,
    /// What was asked for, in bytes.
    size: Cell<u32>,
    /// Of a free block: the next one. Of a large object: the alignment, as an address.
    link: Cell<*mut Header>,
}

const ROOM: usize = size_of::<Header>();
/// An object in a block of a class.
const LIVE: u32 = 0x525a_4b4d;
/// An object of the machine's own memory.
const LARGE: u32 = 0x525a_4b4c;
const DEAD: u32 = 0x525a_4b46;

/// The sizes of the classes, without the header.
const SIZES: [usize; 13] = [16, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 2048, 3072, 4096];
/// Larger objects are the machine's.
const SMALL: usize = SIZES[SIZES.len() - 1];
/// How many blocks go to the depot or come from it at once.
const BATCH: u32 = 16;
/// How many a CPU keeps of a class at most.
const KEPT: u32 = 4 * BATCH;

/// The class of each size, in steps of 16 bytes.
const CLASS_OF: [u8; SMALL / 16 + 1] = {
    let mut table = [0; SMALL / 16 + 1];
    let (mut i, mut class) = (0, 0);
    while i < table.len() {
        if i * 16 > SIZES[class] {
            class += 1;
        }
        table[i] = class as u8;
        i += 1;
    }
    table
};

/// Free blocks of a class.
struct Stack {
    first: Cell<*mut Header>,
    count: Cell<u32>,
}

impl Stack {
    const fn new() -> Self {
        Self { first: Cell::new(ptr::null_mut()), count: Cell::new(0) }
    }

    #[inline]
    fn push(&self, block: *mut Header) {
        // SAFETY: a free block's header is this module's, and blocks are never given back.
        unsafe { (*block).link.set(self.first.get()) };
        self.first.set(block);
        self.count.set(self.count.get() + 1);
    }

    #[inline]
    fn pop(&self) -> *mut Header {
        let block = self.first.get();
        if !block.is_null() {
            // SAFETY: as in `push`.
            self.first.set(unsafe { (*block).link.get() });
            self.count.set(self.count.get() - 1);
        }
        block
    }

    fn move_to(&self, other: &Stack, n: u32) {
        for _ in 0..n {
            let block = self.pop();
            if block.is_null() {
                return;
            }
            other.push(block);
        }
    }
}

/// What CPUs had too much of, of a class.
struct Depot {
    lock: StepLock,
    blocks: Stack,
}

/// The depots.
struct Depots([Depot; SIZES.len()]);

// SAFETY: the stacks are touched with their locks held only.
unsafe impl Sync for Depots {}

define_per_cpu! {
    static CACHE: [Stack; SIZES.len()] = [const { Stack::new() }; SIZES.len()];
}

machine_local! {
    static DEPOTS: Depots = Depots([const { Depot { lock: StepLock::new(), blocks: Stack::new() } }; SIZES.len()]);
}

/// Runs `f` with this CPU's stack of `class`, and nothing else of this CPU comes in between.
#[inline]
fn with_cache<R>(class: usize, f: impl FnOnce(&Stack) -> R) -> R {
    let cpu = cpu();
    cpu.within.set(cpu.within.get() + 1);
    compiler_fence(SeqCst);
    let result = f(&CACHE.this()[class]);
    compiler_fence(SeqCst);
    cpu.within.set(cpu.within.get() - 1);
    if cpu.within.get() == 0 && cpu.attention.load(Relaxed) != 0 {
        attend();
    }
    result
}

/// Memory for an object of `size` bytes, not 0, whatever it holds.
#[inline]
pub(crate) fn allocate(m: &dyn Machine, size: usize, align: usize) -> *mut u8 {
    if size > SMALL || align > ROOM {
        return large(m, size, align);
    }
    let class = usize::from(CLASS_OF[size.div_ceil(16)]);
    let block = with_cache(class, |cache| {
        if cache.first.get().is_null() {
            refill(m, cache, class);
        }
        cache.pop()
    });
    begin(block, size, LIVE)
}

/// Marks the block as an object of `size` bytes; where that is.
#[inline]
fn begin(block: *mut Header, size: usize, state: u32) -> *mut u8 {
    // SAFETY: the block is the caller's, and has room for the header and the object.
    unsafe {
        (*block).size.set(size as u32);
        (*block).state.store(state, Relaxed);
        block.cast::<u8>().add(ROOM)
    }
}

/// Puts blocks into an empty cache: from the depot, else new ones.
#[cold]
fn refill(m: &dyn Machine, cache: &Stack, class: usize) {
    let depot = &DEPOTS.get().0[class];
    {
        let _in = depot.lock.lock();
        depot.blocks.move_to(cache, BATCH);
    }
    if !cache.first.get().is_null() {
        return;
    }
    let block = SIZES[class] + ROOM;
    let n = (4096 / block).clamp(4, BATCH as usize);
    let chunk = m.alloc(block * n, align_of::<Header>());
    for i in 0..n {
        // SAFETY: within the chunk, which is this module's now; a block's size is a multiple of its alignment.
        cache.push(unsafe { chunk.add(i * block).cast::<Header>() });
    }
}

/// An object of the machine's own memory.
#[cold]
fn large(m: &dyn Machine, size: usize, align: usize) -> *mut u8 {
    let room = align.max(ROOM);
    let base = m.alloc(room + size, room);
    // SAFETY: the header lies just before the object, within what was allocated.
    let header = unsafe { base.add(room - ROOM) }.cast::<Header>();
    // SAFETY: as above; zeroes are a header.
    unsafe { (*header).link.set(ptr::without_provenance_mut(room)) };
    begin(header, size, LARGE)
}

/// The header of the object at `object`, and [`LIVE`] or [`LARGE`]; `None` if it says that none is alive there.
#[inline]
fn header(object: *const u8) -> Option<(*mut Header, u32)> {
    if !object.addr().is_multiple_of(ROOM) {
        return None;
    }
    let header = object.cast_mut().wrapping_sub(ROOM).cast::<Header>();
    // SAFETY: an object that was allocated here has a header. What was not is the caller's fault, as in C; mostly it is
    // readable, and found.
    let state = unsafe { (*header).state.load(Relaxed) };
    matches!(state, LIVE | LARGE).then_some((header, state))
}

/// The size that was asked for; `None` if no object is alive there.
pub(crate) fn size_of_object(object: *const u8) -> Option<usize> {
    // SAFETY: a live object's header.
    header(object).map(|(header, _)| unsafe { (*header).size.get() } as usize)
}

/// Gives an object back; whether one was alive there.
#[inline]
pub(crate) fn free(m: &dyn Machine, object: *const u8) -> bool {
    let Some((block, state)) = header(object) else { return false };
    // SAFETY: a live object's header, and the caller gives it up.
    let size = unsafe {
        (*block).state.store(DEAD, Relaxed);
        (*block).size.get() as usize
    };
    if state == LARGE {
        free_large(m, block, size);
        return true;
    }
    let class = usize::from(CLASS_OF[size.div_ceil(16)]);
    with_cache(class, |cache| {
        cache.push(block);
        if cache.count.get() > KEPT {
            spill(cache, class);
        }
    });
    true
}

/// Makes room in a cache that is too full.
#[cold]
fn spill(cache: &Stack, class: usize) {
    let depot = &DEPOTS.get().0[class];
    let _in = depot.lock.lock();
    cache.move_to(&depot.blocks, 2 * BATCH);
}

#[cold]
fn free_large(m: &dyn Machine, header: *mut Header, size: usize) {
    // SAFETY: `large` made it of this.
    unsafe {
        let room = (*header).link.get().addr();
        m.free(header.cast::<u8>().add(ROOM).sub(room), room + size, room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_room_and_wastes_little() {
        for size in 1..=SMALL {
            let class = usize::from(CLASS_OF[size.div_ceil(16)]);
            assert!(SIZES[class] >= size && (class == 0 || SIZES[class - 1] < size));
        }
        assert!(SIZES.iter().all(|size| size.is_multiple_of(align_of::<Header>())));
    }

    #[test]
    fn a_stack_gives_back_what_it_got() {
        let blocks: [Header; 3] = core::array::from_fn(|_| Header {
            state: AtomicU32::new(DEAD),
            size: Cell::new(0),
            link: Cell::new(ptr::null_mut()),
        });
        let (stack, other) = (Stack::new(), Stack::new());
        blocks.iter().for_each(|b| stack.push(ptr::from_ref(b).cast_mut()));
        stack.move_to(&other, 2);
        assert_eq!((stack.count.get(), other.count.get()), (1, 2));
        assert_eq!(stack.pop().cast_const(), ptr::from_ref(&blocks[0]));
        assert!(stack.pop().is_null());
        assert_eq!(other.pop().cast_const(), ptr::from_ref(&blocks[1]));
    }
}
