//! Which context holds a lock (invariant 5).

use core::fmt;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};
use ringzero_context::{HARDIRQ_MASK, NMI_MASK, SOFTIRQ_OFFSET};
use ringzero_machine::{Place, cpu};

/// A context: the task of the CPU, the CPU, and what is stacked above the task.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    task: *mut (),
    /// The preempt count's bits that tell contexts apart; between them the contexts stacked (7 bits) and the CPU (12).
    level: u32,
}

const COUNTED: u32 = HARDIRQ_MASK | NMI_MASK | SOFTIRQ_OFFSET;
const STACKED_AT: u32 = 9;
const STACKED: u32 = 0x7f << STACKED_AT;
/// The CPU's number is rotated: its low bits are the level's upper ones.
const CPU_ROTATED: u32 = 5;
const CPU: u32 = 0xfff_u32.rotate_right(CPU_ROTATED);
const _: () = assert!(COUNTED & STACKED == 0 && (COUNTED | STACKED) & CPU == 0, "the fields of a level do not overlap");

impl Context {
    /// The one that runs now. A few instructions: it is asked at each release.
    #[inline(always)]
    pub(crate) fn now() -> Self {
        let cpu = cpu();
        // A nesting in which the mask would cut off something ends before it.
        let stacked = u32::from(cpu.irq_nesting.get() as u8) << STACKED_AT & STACKED;
        let level = cpu.preempt_count.get() & COUNTED | stacked | cpu.id.get().rotate_right(CPU_ROTATED);
        Self { task: cpu.current.get().cast_mut(), level }
    }

    /// Whether both are the same. One branch.
    #[inline(always)]
    pub(crate) fn is(self, other: Self) -> bool {
        let tasks = self.task.addr() ^ other.task.addr();
        tasks | (self.level ^ other.level) as usize == 0
    }

    /// The number of its CPU.
    pub(crate) fn cpu(self) -> u32 {
        (self.level & CPU).rotate_left(CPU_ROTATED)
    }

    /// Whether both read the same in words, so that only the task differs.
    pub(crate) fn same_level(self, other: Self) -> bool {
        self.level == other.level
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.level & NMI_MASK != 0 {
            "an NMI"
        } else if self.level & HARDIRQ_MASK != 0 {
            "a hardirq"
        } else if self.level & SOFTIRQ_OFFSET != 0 {
            "a softirq"
        } else {
            "a task"
        };
        write!(f, "{what} on cpu{}", self.cpu())
    }
}

/// Who holds the lock and since where; of a free one, who held it last. Written by the holder only.
#[repr(C)]
pub(crate) struct Owner {
    task: AtomicPtr<()>,
    held_at: AtomicPtr<()>,
    level: AtomicU32,
}

impl Owner {
    /// Where `task`, `held_at` and `level` lie.
    pub(crate) const LAYOUT: [usize; 3] = [offset_of!(Self, task), offset_of!(Self, held_at), offset_of!(Self, level)];

    pub(crate) const fn none() -> Self {
        Self {
            task: AtomicPtr::new(ptr::null_mut()),
            held_at: AtomicPtr::new(ptr::null_mut()),
            level: AtomicU32::new(0),
        }
    }

    /// The context `now` took the lock at `place`.
    #[inline(always)]
    pub(crate) fn set(&self, now: Context, place: Place) {
        let Context { task, level } = now;
        // Most locks are taken again by who had them last, and a load costs less than one more store for the exchange of the
        // next lock to wait for.
        if self.task.load(Relaxed) != task {
            self.task.store(task, Relaxed);
        }
        if self.level.load(Relaxed) != level {
            self.level.store(level, Relaxed);
        }
        self.held_at.store(place.as_ptr(), Relaxed);
    }

    /// Who took it last.
    #[inline(always)]
    pub(crate) fn context(&self) -> Context {
        Context { task: self.task.load(Relaxed), level: self.level.load(Relaxed) }
    }

    /// Where he took it.
    pub(crate) fn held_at(&self) -> Option<Place> {
        // SAFETY: only `set` stores a pointer that is not null, and it comes from a `Place`.
        unsafe { Place::from_ptr(self.held_at.load(Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_level_says_cpu_and_kind() {
        let on = |id: u32, count: u32| {
            let (id, count) = (cpu().id.replace(id), cpu().preempt_count.replace(count));
            let now = Context::now();
            cpu().id.set(id);
            cpu().preempt_count.set(count);
            now
        };
        assert_eq!(format!("{}", on(0, 1)), "a task on cpu0");
        assert_eq!(format!("{}", on(31, SOFTIRQ_OFFSET)), "a softirq on cpu31");
        assert_eq!(format!("{}", on(4095, HARDIRQ_MASK)), "a hardirq on cpu4095");
        assert_eq!(format!("{}", on(64, NMI_MASK | HARDIRQ_MASK)), "an NMI on cpu64");
        assert!(on(1, 0).is(on(1, 0xfe00)) && !on(1, 0).is(on(33, 0)));
    }
}
