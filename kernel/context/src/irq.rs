//! The interrupt mask, and the counts of hardirqs and NMIs.

use crate::count::{HARDIRQ_MASK, HARDIRQ_OFFSET, NMI_MASK, NMI_OFFSET, preempt_count};
use crate::violation::violation;
use ringzero_machine::{Place, cpu};

/// What [`local_irq_save`] found: the C `flags`.
///
/// ```
/// use ringzero::context::{irqs_disabled, local_irq_restore, local_irq_save};
/// let flags = local_irq_save();
/// assert!(irqs_disabled() && !flags.irqs_disabled());
/// local_irq_restore(flags);
/// assert!(!irqs_disabled());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "interrupts stay off until the flags are restored"]
pub struct IrqFlags {
    masked: bool,
}

impl IrqFlags {
    /// Whether interrupts were off (`irqs_disabled_flags`).
    #[doc(alias = "irqs_disabled_flags")]
    #[must_use]
    pub const fn irqs_disabled(self) -> bool {
        self.masked
    }

    /// As the `unsigned long` that C code keeps.
    #[must_use]
    pub const fn to_raw(self) -> usize {
        self.masked as usize
    }

    /// From [`IrqFlags::to_raw`].
    pub const fn from_raw(raw: usize) -> Self {
        Self { masked: raw != 0 }
    }
}

/// Masks interrupts on this CPU, whatever the mask was.
#[track_caller]
#[inline]
pub fn local_irq_disable() {
    at::local_irq_disable(Place::caller());
}

/// Masks interrupts for real; here masking is never lazy.
#[track_caller]
#[inline]
pub fn hard_irq_disable() {
    at::local_irq_disable(Place::caller());
}

/// Unmasks interrupts on this CPU, whatever the mask was before it went on.
#[track_caller]
#[inline]
pub fn local_irq_enable() {
    at::local_irq_enable();
}

/// Masks interrupts; what the mask was.
#[track_caller]
#[inline]
pub fn local_irq_save() -> IrqFlags {
    at::local_irq_save(Place::caller())
}

/// Puts the mask back to `flags`. Finding `unbalanced-context` if interrupts are on already (invariant 4).
#[track_caller]
#[inline]
pub fn local_irq_restore(flags: IrqFlags) {
    at::local_irq_restore(flags, Place::caller());
}

/// What the mask is, without changing it.
#[inline]
pub fn local_save_flags() -> IrqFlags {
    IrqFlags { masked: cpu().irq.get().masked }
}

/// Masks interrupts for a guard: the outermost of these remembers the mask.
#[track_caller]
#[inline]
pub fn irq_disable_counted() {
    at::irq_disable_counted(Place::caller());
}

/// Undoes one [`irq_disable_counted`], in any order; the last one puts the mask back. Finding `unbalanced-context` if
/// there is none to undo, or if interrupts are on already (invariant 4).
#[track_caller]
#[inline]
pub fn irq_enable_counted() {
    at::irq_enable_counted(Place::caller());
}

/// Counts a hardirq in. The machine has masked interrupts.
#[inline]
pub fn irq_enter() {
    let count = preempt_count();
    debug_assert!(count & HARDIRQ_MASK != HARDIRQ_MASK, "too many nested hardirqs");
    cpu().preempt_count.set(count + HARDIRQ_OFFSET);
}

/// Counts a hardirq out; only the count: `softirq::irq_exit` runs softirqs too.
#[track_caller]
#[inline]
pub fn irq_exit() {
    let count = preempt_count();
    if count & HARDIRQ_MASK == 0 {
        let text = format_args!("irq_exit() without irq_enter() before it");
        return violation("unbalanced-context", Place::caller(), None, text);
    }
    cpu().preempt_count.set(count - HARDIRQ_OFFSET);
}

/// Counts an NMI in, which is a hardirq too. NMIs do not nest.
#[inline]
pub fn nmi_enter() {
    let count = preempt_count();
    assert!(count & NMI_MASK == 0, "an NMI inside an NMI");
    cpu().preempt_count.set(count + NMI_OFFSET + HARDIRQ_OFFSET);
}

/// Counts an NMI out. It runs no softirqs.
#[track_caller]
#[inline]
pub fn nmi_exit() {
    let count = preempt_count();
    if count & NMI_MASK == 0 || count & HARDIRQ_MASK == 0 {
        let text = format_args!("nmi_exit() without nmi_enter() before it");
        return violation("unbalanced-context", Place::caller(), None, text);
    }
    cpu().preempt_count.set(count - NMI_OFFSET - HARDIRQ_OFFSET);
}

pub(crate) mod at {
    use super::IrqFlags;
    use crate::hooks::note_masked;
    use crate::preempt::at::look_up;
    use crate::violation::violation;
    use core::sync::atomic::{Ordering::SeqCst, compiler_fence};
    use ringzero_machine::{IrqState, Op, Place, cpu, gate, model};

    /// Masks interrupts if they are on: gate first (invariant 1), edge last (invariant 2).
    #[inline]
    pub fn local_irq_disable(place: Place) {
        if cpu().irq.get().masked {
            return;
        }
        gate(Op::LocalIrqDisable, place);
        let cpu = cpu();
        cpu.irq.set(IrqState { masked: true, ..cpu.irq.get() });
        compiler_fence(SeqCst);
        note_masked(place);
        if let Some(m) = model() {
            m.irq_edge(true);
        }
    }

    /// Masks interrupts as a part of the step that was just taken: none enters between the two (invariant 1).
    #[inline]
    pub fn local_irq_disable_with_step(place: Place) {
        let cpu = cpu();
        let irq = cpu.irq.get();
        if irq.masked {
            return;
        }
        cpu.irq.set(IrqState { masked: true, ..irq });
        compiler_fence(SeqCst);
        note_masked(place);
        if let Some(m) = model() {
            m.irq_edge(true);
        }
    }

    /// Unmasks interrupts if they are off.
    #[inline]
    pub fn local_irq_enable() {
        let cpu = cpu();
        let irq = cpu.irq.get();
        if !irq.masked {
            return;
        }
        if let Some(m) = model() {
            m.irq_edge(false);
        }
        compiler_fence(SeqCst);
        cpu.irq.set(IrqState { masked: false, ..irq });
        look_up(cpu);
    }

    /// [`local_irq_save`](crate::local_irq_save) on behalf of `place`.
    #[inline]
    pub fn local_irq_save(place: Place) -> IrqFlags {
        let flags = super::local_save_flags();
        local_irq_disable(place);
        flags
    }

    /// [`local_irq_restore`](crate::local_irq_restore) on behalf of `place`.
    #[inline]
    pub fn local_irq_restore(flags: IrqFlags, place: Place) {
        if !cpu().irq.get().masked {
            return already_on("local_irq_restore()", place);
        }
        if !flags.masked {
            local_irq_enable();
        }
    }

    /// [`irq_disable_counted`](crate::irq_disable_counted) on behalf of `place`.
    #[inline]
    pub fn irq_disable_counted(place: Place) {
        let before = cpu().irq.get();
        if model().is_some() {
            local_irq_disable(place);
        }
        let cpu = cpu();
        let saved = if before.depth == 0 { before.masked } else { before.saved };
        cpu.irq.set(IrqState { masked: true, depth: before.depth + 1, saved });
        compiler_fence(SeqCst);
    }

    /// [`irq_enable_counted`](crate::irq_enable_counted) on behalf of `place`.
    #[inline]
    pub fn irq_enable_counted(place: Place) {
        let cpu = cpu();
        let irq = cpu.irq.get();
        if irq.depth == 0 {
            return one_too_many(place);
        }
        cpu.irq.set(IrqState { depth: irq.depth - 1, ..irq });
        if !irq.masked {
            return already_on("the end of a section with interrupts off", place);
        }
        if irq.depth == 1 && !irq.saved {
            local_irq_enable();
        }
    }

    #[cold]
    #[inline(never)]
    fn one_too_many(place: Place) {
        let text = format_args!("interrupts enabled once more often than disabled");
        violation("unbalanced-context", place, None, text);
    }

    #[cold]
    fn already_on(what: &str, place: Place) {
        let text = format_args!("{what} finds interrupts on already: they were enabled inside the section");
        violation("unbalanced-context", place, crate::hooks::masked_since(), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::{in_irq, in_nmi, irqs_disabled, preemptible};

    #[test]
    fn flags_restore_what_was() {
        let outer = local_irq_save();
        let inner = local_irq_save();
        assert!(!outer.irqs_disabled() && inner.irqs_disabled());
        local_irq_restore(IrqFlags::from_raw(inner.to_raw()));
        assert!(irqs_disabled() && !preemptible());
        local_irq_restore(outer);
        assert!(!irqs_disabled());
    }

    #[test]
    fn counted_disables_end_in_any_order() {
        irq_disable_counted();
        irq_disable_counted();
        irq_enable_counted();
        assert!(irqs_disabled());
        irq_enable_counted();
        assert!(!irqs_disabled());
        local_irq_disable();
        irq_disable_counted();
        irq_enable_counted();
        assert!(irqs_disabled());
        local_irq_enable();
        assert!(!irqs_disabled());
    }

    #[test]
    #[should_panic(expected = "unbalanced-context: local_irq_restore() finds interrupts on already")]
    fn an_early_enable_is_found_at_the_restore() {
        let flags = local_irq_save();
        local_irq_enable();
        local_irq_restore(flags);
    }

    #[test]
    #[should_panic(expected = "unbalanced-context: interrupts enabled once more often")]
    fn a_counted_enable_too_many_is_found() {
        irq_enable_counted();
    }

    #[test]
    fn hardirqs_and_nmis_are_counted() {
        irq_enter();
        assert!(in_irq());
        nmi_enter();
        assert!(in_nmi() && !in_irq());
        nmi_exit();
        irq_exit();
        assert_eq!(preempt_count(), 0);
    }

    #[test]
    #[should_panic(expected = "unbalanced-context: irq_exit() without")]
    fn an_exit_too_many_is_found() {
        irq_exit();
    }
}
