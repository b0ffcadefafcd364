//! Bottom halves: disabling softirqs, and the count around their processing.

use crate::count::{SOFTIRQ_OFFSET, preempt_count};
use crate::preempt::at::section;
use ringzero_machine::{Place, Section, cpu};

/// Keeps softirqs (and other tasks) off this CPU until the matching enable. Nests up to 127 times.
#[track_caller]
#[inline]
pub fn local_bh_disable() {
    at::local_bh_disable(Place::caller());
}

/// Undoes one [`local_bh_disable`]. When bottom halves become enabled, pending softirqs run now (invariant 7): so not
/// with interrupts off or in a hardirq, which is the finding `unbalanced-context`.
#[track_caller]
#[inline]
pub fn local_bh_enable() {
    at::local_bh_enable(Place::caller());
}

/// Counts softirq processing in. For `softirq` only.
#[inline]
pub fn softirq_begin() {
    debug_assert!(preempt_count() & SOFTIRQ_OFFSET == 0, "softirqs do not nest");
    cpu().preempt_count.set(preempt_count() + SOFTIRQ_OFFSET);
    section(Section::Bh, true);
}

/// Counts softirq processing out. For `softirq` only.
#[inline]
pub fn softirq_end() {
    debug_assert!(preempt_count() & SOFTIRQ_OFFSET != 0, "no softirq is processed");
    section(Section::Bh, false);
    cpu().preempt_count.set(preempt_count() - SOFTIRQ_OFFSET);
}

pub(crate) mod at {
    use crate::count::{
        PREEMPT_OFFSET, SOFTIRQ_DISABLE_OFFSET, SOFTIRQ_MASK, in_hardirq, in_interrupt, irqs_disabled, preempt_count,
        softirq_count,
    };
    use crate::hooks::{HOOKS, note_counted};
    use crate::preempt::at::section;
    use crate::violation::violation;
    use ringzero_machine::{Mode, Op, Place, Section, Step, cpu, step};

    /// Announces an access to this CPU's word of pending softirqs (invariant 8).
    #[inline]
    pub fn softirq_pending(op: Op, mode: Mode, place: Place) {
        loop {
            let (id, word) = (cpu().id.get(), cpu().softirq_pending.as_ptr());
            let announced = Step::new(op, mode, word as usize, 4, place);
            // Only this CPU's contexts touch it, so each sees what the one before it did.
            let orders = announced.ordered(mode != Mode::Write, mode != Mode::Read);
            step(&orders.named(Some("softirqs pending"), None));
            if cpu().id.get() == id {
                return;
            }
            // The task came to another CPU meanwhile, which has a word of its own.
        }
    }

    /// [`local_bh_disable`](crate::local_bh_disable) on behalf of `place`.
    #[inline]
    pub fn local_bh_disable(place: Place) {
        if !in_interrupt() {
            // The gate of invariant 1, and invariant 8: what is raised after it waits for the enable.
            softirq_pending(Op::LocalBhDisable, Mode::Read, place);
        }
        let count = preempt_count();
        if count == 0 {
            note_counted(place);
        }
        if (count & SOFTIRQ_MASK) + SOFTIRQ_DISABLE_OFFSET > SOFTIRQ_MASK {
            let text = format_args!("local_bh_disable() nested too often");
            return violation("unbalanced-context", place, None, text);
        }
        cpu().preempt_count.set(count + SOFTIRQ_DISABLE_OFFSET);
        if count & SOFTIRQ_MASK == 0 {
            section(Section::Bh, true);
        }
        if count == 0 {
            section(Section::Preempt, true);
        }
    }

    /// [`local_bh_enable`](crate::local_bh_enable) on behalf of `place`.
    #[inline]
    pub fn local_bh_enable(place: Place) {
        if softirq_count() < SOFTIRQ_DISABLE_OFFSET {
            let text = format_args!("local_bh_enable() without a local_bh_disable() before it");
            return violation("unbalanced-context", place, None, text);
        }
        if in_hardirq() || irqs_disabled() {
            let why = if in_hardirq() { "in a hardirq" } else { "with interrupts off" };
            let text = format_args!("local_bh_enable() {why}: it would run softirqs and switch interrupts on");
            violation("unbalanced-context", place, crate::hooks::masked_since(), text);
        }
        let opens = softirq_count() == SOFTIRQ_DISABLE_OFFSET && !in_hardirq() && !irqs_disabled();
        if opens {
            // What is raised before this step is processed here, what is raised after it where it is raised.
            softirq_pending(Op::Softirq, Mode::Read, place);
        }
        if softirq_count() == SOFTIRQ_DISABLE_OFFSET {
            section(Section::Bh, false);
        }
        // Preemption stays disabled while softirqs run (invariant 7), hence this stays the same CPU.
        let cpu = cpu();
        cpu.preempt_count.set(preempt_count() - SOFTIRQ_DISABLE_OFFSET + PREEMPT_OFFSET);
        if opens
            && cpu.softirq_pending.get() != 0
            && let Some(run) = HOOKS.softirq.get()
        {
            run(place);
        }
        super::super::preempt::at::preempt_enable(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::{in_serving_softirq, in_softirq};
    use crate::{local_irq_disable, preempt_disable};

    #[test]
    fn disabling_and_processing_are_told_apart() {
        local_bh_disable();
        local_bh_disable();
        local_bh_enable();
        assert!(in_softirq() && !in_serving_softirq());
        local_bh_enable();
        softirq_begin();
        assert!(in_serving_softirq());
        local_bh_disable();
        local_bh_enable();
        softirq_end();
        assert_eq!(preempt_count(), 0);
    }

    #[test]
    #[should_panic(expected = "unbalanced-context: local_bh_enable() without")]
    fn an_enable_too_many_is_found() {
        preempt_disable();
        local_bh_enable();
    }

    #[test]
    #[should_panic(expected = "unbalanced-context: local_bh_enable() with interrupts off")]
    fn enabling_with_interrupts_off_is_found() {
        local_bh_disable();
        local_irq_disable();
        local_bh_enable();
    }
}
