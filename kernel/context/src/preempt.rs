//! Preemption.

use ringzero_machine::Place;

/// Keeps other tasks off this CPU until the matching enable. Nests up to 255 times.
#[track_caller]
#[inline]
pub fn preempt_disable() {
    at::preempt_disable(Place::caller());
}

/// Undoes one [`preempt_disable`]. When nothing is counted any more, another task may run from the next step on.
#[track_caller]
#[inline]
pub fn preempt_enable() {
    at::preempt_enable(Place::caller());
}

/// Undoes one [`preempt_disable`] without looking for a reschedule. The same as [`preempt_enable`] here, where the
/// machine offers switches at steps.
#[track_caller]
#[inline]
pub fn preempt_enable_no_resched() {
    at::preempt_enable(Place::caller());
}

pub(crate) mod at {
    use crate::count::{PREEMPT_MASK, PREEMPT_OFFSET, preemptible};
    use crate::hooks::note_counted;
    use crate::violation::violation;
    use core::sync::atomic::{
        Ordering::{Relaxed, SeqCst},
        compiler_fence,
    };
    use ringzero_machine::{Cpu, Op, Place, Section, attend, cpu, gate, model};

    /// [`preempt_disable`](crate::preempt_disable) on behalf of `place`.
    #[inline]
    pub fn preempt_disable(place: Place) {
        if model().is_some() && preemptible() {
            // Invariant 1. The CPU may be another one afterwards.
            gate(Op::PreemptDisable, place);
        }
        let cpu = cpu();
        let count = cpu.preempt_count.get();
        if count == 0 {
            note_counted(place);
        }
        if count & PREEMPT_MASK == PREEMPT_MASK {
            return too_deep(place);
        }
        cpu.preempt_count.set(count + PREEMPT_OFFSET);
        // A signal of this thread sees it before anything that comes after.
        compiler_fence(SeqCst);
        if count == 0 {
            section(Section::Preempt, true);
        }
    }

    /// Interrupts or preemption were just switched on: what waited for it is taken now.
    #[inline]
    pub(crate) fn look_up(cpu: &Cpu) {
        compiler_fence(SeqCst);
        if cpu.attention.load(Relaxed) != 0 {
            attend();
        }
    }

    /// Tells the machine that a section begins or ends on this CPU.
    #[inline]
    pub(crate) fn section(kind: Section, begins: bool) {
        if let Some(m) = model() {
            m.section_edge(kind, begins);
        }
    }

    /// [`preempt_enable`](crate::preempt_enable) on behalf of `place`.
    #[inline]
    pub fn preempt_enable(place: Place) {
        let cpu = cpu();
        let count = cpu.preempt_count.get();
        if count & PREEMPT_MASK == 0 {
            return one_too_many(place);
        }
        if count == PREEMPT_OFFSET {
            section(Section::Preempt, false);
        }
        compiler_fence(SeqCst);
        cpu.preempt_count.set(count - PREEMPT_OFFSET);
        if count == PREEMPT_OFFSET {
            look_up(cpu);
        }
    }

    #[cold]
    #[inline(never)]
    fn too_deep(place: Place) {
        let text = format_args!("preempt_disable() nested more than {PREEMPT_MASK} times");
        violation("unbalanced-context", place, None, text);
    }

    #[cold]
    #[inline(never)]
    fn one_too_many(place: Place) {
        let text = format_args!("preempt_enable() without a preempt_disable() before it");
        violation("unbalanced-context", place, None, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::{in_atomic, preempt_count};

    #[test]
    fn disabling_nests() {
        preempt_disable();
        preempt_disable();
        preempt_enable();
        assert!(in_atomic());
        preempt_enable_no_resched();
        assert_eq!(preempt_count(), 0);
    }

    #[test]
    #[should_panic(expected = "unbalanced-context: preempt_enable() without")]
    fn an_enable_too_many_is_found() {
        preempt_enable();
    }

    #[test]
    #[should_panic(expected = "unbalanced-context: preempt_disable() nested")]
    fn an_overflow_is_found() {
        for _ in 0..256 {
            preempt_disable();
        }
    }
}
