//! The preempt count: its layout, and the questions it answers.

use ringzero_machine::cpu;

/// Width of the field that [`preempt_disable`](crate::preempt_disable) counts in.
pub const PREEMPT_BITS: u32 = 8;
/// Width of the softirq field.
pub const SOFTIRQ_BITS: u32 = 8;
/// Width of the hardirq field.
pub const HARDIRQ_BITS: u32 = 10;
/// Width of the NMI field.
pub const NMI_BITS: u32 = 1;

/// Where the softirq field starts.
pub const SOFTIRQ_SHIFT: u32 = PREEMPT_BITS;
/// Where the hardirq field starts.
pub const HARDIRQ_SHIFT: u32 = SOFTIRQ_SHIFT + SOFTIRQ_BITS;
/// Where the NMI field starts.
pub const NMI_SHIFT: u32 = HARDIRQ_SHIFT + HARDIRQ_BITS;

/// One disabling of preemption.
pub const PREEMPT_OFFSET: u32 = 1;
/// Softirq processing.
pub const SOFTIRQ_OFFSET: u32 = 1 << SOFTIRQ_SHIFT;
/// One disabling of bottom halves: twice the processing, so that the two can be told apart.
pub const SOFTIRQ_DISABLE_OFFSET: u32 = 2 * SOFTIRQ_OFFSET;
/// One hardirq.
pub const HARDIRQ_OFFSET: u32 = 1 << HARDIRQ_SHIFT;
/// An NMI.
pub const NMI_OFFSET: u32 = 1 << NMI_SHIFT;
/// Rescheduling goes on: do not enter the scheduler again.
pub const PREEMPT_ACTIVE: u32 = 1 << (NMI_SHIFT + NMI_BITS);

/// The preemption field.
pub const PREEMPT_MASK: u32 = SOFTIRQ_OFFSET - 1;
/// The softirq field.
pub const SOFTIRQ_MASK: u32 = HARDIRQ_OFFSET - SOFTIRQ_OFFSET;
/// The hardirq field.
pub const HARDIRQ_MASK: u32 = NMI_OFFSET - HARDIRQ_OFFSET;
/// The NMI field.
pub const NMI_MASK: u32 = PREEMPT_ACTIVE - NMI_OFFSET;

/// The running context's count, all fields.
#[inline]
#[must_use]
pub fn preempt_count() -> u32 {
    cpu().preempt_count.get()
}

/// The hardirq field, in place: not zero in hardirqs and NMIs.
#[inline]
#[must_use]
pub fn hardirq_count() -> u32 {
    preempt_count() & HARDIRQ_MASK
}

/// The softirq field, in place: not zero while softirqs are processed or bottom halves disabled.
#[inline]
#[must_use]
pub fn softirq_count() -> u32 {
    preempt_count() & SOFTIRQ_MASK
}

/// Whether an NMI handler runs.
#[inline]
#[must_use]
pub fn in_nmi() -> bool {
    preempt_count() & NMI_MASK != 0
}

/// Whether a hardirq handler runs; not in an NMI (the old name's meaning).
#[inline]
#[must_use]
pub fn in_irq() -> bool {
    in_hardirq() && !in_nmi()
}

/// Whether a hardirq or NMI handler runs (today's name).
#[inline]
#[must_use]
pub fn in_hardirq() -> bool {
    hardirq_count() != 0
}

/// Whether softirqs are processed or bottom halves disabled.
#[inline]
#[must_use]
pub fn in_softirq() -> bool {
    softirq_count() != 0
}

/// Whether softirqs are processed.
#[doc(alias = "in_servng_softirq")]
#[inline]
#[must_use]
pub fn in_serving_softirq() -> bool {
    preempt_count() & SOFTIRQ_OFFSET != 0
}

/// Whether an NMI, a hardirq or a softirq runs, or bottom halves are disabled.
#[inline]
#[must_use]
pub fn in_interrupt() -> bool {
    preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_MASK) != 0
}

/// Whether a task runs; it may have preemption, bottom halves or interrupts disabled.
#[inline]
#[must_use]
pub fn in_task() -> bool {
    preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET) == 0
}

/// Whether anything is counted that forbids to sleep. Says nothing of interrupts.
#[inline]
#[must_use]
pub fn in_atomic() -> bool {
    preempt_count() & !PREEMPT_ACTIVE != 0
}

/// Whether interrupts are masked on this CPU.
#[inline]
#[must_use]
pub fn irqs_disabled() -> bool {
    cpu().irq.get().masked
}

/// Whether another task may take this CPU: nothing counted, interrupts on.
#[inline]
#[must_use]
pub fn preemptible() -> bool {
    let cpu = cpu();
    cpu.preempt_count.get() == 0 && !cpu.irq.get().masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_seed_001() {
        assert_eq!(PREEMPT_MASK, 0x0000_00ff);
        assert_eq!(SOFTIRQ_MASK, 0x0000_ff00);
        assert_eq!(HARDIRQ_MASK, 0x03ff_0000);
        assert_eq!(NMI_MASK, 0x0400_0000);
        assert_eq!(PREEMPT_ACTIVE, 0x0800_0000);
    }

    fn with(count: u32, ask: fn() -> bool) -> bool {
        let before = cpu().preempt_count.replace(count);
        let answer = ask();
        cpu().preempt_count.set(before);
        answer
    }

    #[test]
    fn predicates_read_their_fields() {
        assert!(with(SOFTIRQ_DISABLE_OFFSET, in_softirq) && !with(SOFTIRQ_DISABLE_OFFSET, in_serving_softirq));
        assert!(with(SOFTIRQ_DISABLE_OFFSET, in_task) && with(SOFTIRQ_DISABLE_OFFSET, in_interrupt));
        assert!(with(SOFTIRQ_OFFSET, in_serving_softirq) && !with(SOFTIRQ_OFFSET, in_task));
        assert!(with(HARDIRQ_OFFSET, in_irq) && with(HARDIRQ_OFFSET, in_hardirq));
        let nmi = NMI_OFFSET + HARDIRQ_OFFSET;
        assert!(with(nmi, in_nmi) && with(nmi, in_hardirq) && !with(nmi, in_irq));
        assert!(with(1, in_atomic) && with(1, in_task) && !with(1, in_interrupt) && !with(1, preemptible));
        assert!(!with(PREEMPT_ACTIVE, in_atomic) && with(0, preemptible));
    }
}
