//! Which context holds a lock (invariant 5).

use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};
use ringzero_context::{HARDIRQ_MASK, HARDIRQ_SHIFT, NMI_MASK, SOFTIRQ_OFFSET, preempt_count};
use ringzero_machine::{Place, cpu};

/// A context: the task of the CPU, the CPU, and what is stacked above the task.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Context {
    task: *mut (),
    /// CPU (10 bits), contexts stacked (8), hardirqs counted (10), NMI, softirq.
    level: u32,
}

const SOFTIRQ: u32 = 1;
const NMI: u32 = 1 << 1;
const HARDIRQ_AT: u32 = 2;
const STACKED_AT: u32 = 12;
const CPU_AT: u32 = 20;

impl Context {
    /// The one that runs now.
    #[inline]
    pub(crate) fn now() -> Self {
        let cpu = cpu();
        let count = preempt_count();
        let mut level = (cpu.id.get() & 0x3ff) << CPU_AT | (cpu.irq_nesting.get() & 0xff) << STACKED_AT;
        level |= (count & HARDIRQ_MASK) >> HARDIRQ_SHIFT << HARDIRQ_AT;
        level |= if count & NMI_MASK != 0 { NMI } else { 0 };
        level |= if count & SOFTIRQ_OFFSET != 0 { SOFTIRQ } else { 0 };
        Self { task: cpu.current.get().cast_mut(), level }
    }

    /// Whether both read the same in words, so that only the task differs.
    pub(crate) fn same_level(self, other: Self) -> bool {
        self.level == other.level
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.level & NMI != 0 {
            "an NMI"
        } else if self.level >> HARDIRQ_AT & 0x3ff != 0 {
            "a hardirq"
        } else if self.level & SOFTIRQ != 0 {
            "a softirq"
        } else {
            "a task"
        };
        write!(f, "{what} on cpu{}", self.level >> CPU_AT & 0x3ff)
    }
}

/// Who holds the lock and since where; null and zero when it is free. Written by the holder only.
#[repr(C)]
pub(crate) struct Owner {
    task: AtomicPtr<()>,
    held_at: AtomicPtr<()>,
    level: AtomicU32,
    /// How many sleep for the lock: see [`ringzero_machine::notify_sleepers`].
    pub(crate) sleepers: AtomicU32,
}

impl Owner {
    /// Where `task`, `held_at` and `level` lie.
    pub(crate) const LAYOUT: [usize; 4] =
        [offset_of!(Self, task), offset_of!(Self, held_at), offset_of!(Self, level), offset_of!(Self, sleepers)];

    pub(crate) const fn none() -> Self {
        Self {
            task: AtomicPtr::new(ptr::null_mut()),
            held_at: AtomicPtr::new(ptr::null_mut()),
            level: AtomicU32::new(0),
            sleepers: AtomicU32::new(0),
        }
    }

    /// The running context took the lock at `place`.
    #[inline]
    pub(crate) fn set(&self, place: Place) {
        let Context { task, level } = Context::now();
        self.task.store(task, Relaxed);
        self.level.store(level, Relaxed);
        self.held_at.store(place.as_ptr(), Relaxed);
    }

    /// Nobody holds it any more.
    #[inline]
    pub(crate) fn clear(&self) {
        self.held_at.store(ptr::null_mut(), Relaxed);
    }

    /// Who took it last.
    #[inline]
    pub(crate) fn context(&self) -> Context {
        Context { task: self.task.load(Relaxed), level: self.level.load(Relaxed) }
    }

    /// Where the holder took it.
    pub(crate) fn held_at(&self) -> Option<Place> {
        // SAFETY: only `set` stores a pointer that is not null, and it comes from a `Place`.
        unsafe { Place::from_ptr(self.held_at.load(Relaxed)) }
    }
}
