//! The machine's memory: one reserved range, cut so that an address depends only on who allocates and what it
//! allocated before, never on the schedule.

use ringzero_machine::{local_template, percpu_template, pristine};
use std::ptr;

/// Address space for one context's objects.
const CHUNK: usize = 32 << 20;
/// Contexts that may allocate.
const CHUNKS: usize = 1024;
const PAGE: usize = 4096;

/// The arena: copies of the templates first, then one chunk a context.
pub struct Arena {
    base: *mut u8,
    len: usize,
    local: Section,
    percpu: Section,
    cpus: usize,
    chunks: *mut u8,
    used: Vec<usize>,
    touched: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Section {
    template: *const u8,
    len: usize,
    copy: *mut u8,
    stride: usize,
}

impl Arena {
    /// Reserves the range for a machine of `cpus` CPUs.
    pub fn new(cpus: usize) -> Self {
        let (local, local_len) = local_template();
        let (percpu, percpu_len) = percpu_template();
        let round = |n: usize| (n + 2 * PAGE) & !(PAGE - 1);
        let head = round(local_len) + round(percpu_len) * cpus;
        let len = head + CHUNK * CHUNKS;
        // SAFETY: an anonymous private mapping at an address of the system's choice.
        let base = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        assert!(base != libc::MAP_FAILED, "cannot reserve {len} bytes of address space for the model machine");
        let base = base.cast::<u8>();
        // A copy keeps its template's offset in the page, so that alignment carries over.
        let at = |start: *mut u8, template: *const u8| start.wrapping_add(template as usize % PAGE);
        let local_copy = at(base, local);
        let percpu_copy = at(base.wrapping_add(round(local_len)), percpu);
        Self {
            base,
            len,
            local: Section { template: local, len: local_len, copy: local_copy, stride: 0 },
            percpu: Section { template: percpu, len: percpu_len, copy: percpu_copy, stride: round(percpu_len) },
            cpus,
            chunks: base.wrapping_add(head),
            used: vec![0; CHUNKS],
            touched: Vec::new(),
        }
    }

    /// Byte distances for `ringzero_machine::set_local_bases`.
    pub fn deltas(&self) -> (isize, isize, isize) {
        let d = |s: &Section| (s.copy as isize).wrapping_sub(s.template as isize);
        (d(&self.local), d(&self.percpu), self.percpu.stride as isize)
    }

    /// Sets all instance state back to the templates and forgets all allocations.
    pub fn reset(&mut self) {
        // SAFETY: source and destination are `len` bytes each and do not overlap; no reference into the copies is
        // alive between executions.
        unsafe {
            let [local, percpu] = pristine();
            ptr::copy_nonoverlapping(local, self.local.copy, self.local.len);
            for cpu in 0..self.cpus {
                let copy = self.percpu.copy.add(self.percpu.stride * cpu);
                ptr::copy_nonoverlapping(percpu, copy, self.percpu.len);
            }
        }
        for proc in self.touched.drain(..) {
            self.used[proc] = 0;
        }
    }

    /// Whether an address lies in memory that contexts allocate from.
    pub fn holds(&self, addr: usize) -> bool {
        let start = self.chunks as usize;
        (start..start + CHUNK * CHUNKS).contains(&addr)
    }

    /// Where in that memory an address lies.
    pub fn offset(&self, addr: usize) -> usize {
        addr.wrapping_sub(self.chunks as usize)
    }

    /// Zeroed memory of context `proc`; null when its chunk is full.
    pub fn alloc(&mut self, proc: usize, size: usize, align: usize) -> *mut u8 {
        if proc >= CHUNKS {
            return ptr::null_mut();
        }
        // Objects are 16 bytes apart at least, so that the address one past an object is no other object's.
        let start = (self.used[proc] + 16).next_multiple_of(align.max(16));
        let Some(end) = start.checked_add(size).filter(|e| *e <= CHUNK) else { return ptr::null_mut() };
        if self.used[proc] == 0 {
            self.touched.push(proc);
        }
        self.used[proc] = end;
        let at = self.chunks.wrapping_add(proc * CHUNK + start);
        // SAFETY: inside this context's chunk, which nobody else uses.
        unsafe { ptr::write_bytes(at, 0, size) };
        at
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`; nothing refers to it any more.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}
