//! `linux/preempt.h`, `linux/irqflags.h`, `linux/bottom_half.h`, and what may sleep.
//!
//! Differences from Linux: see `ringzero_context`. The predicates (`in_softirq()`, ...) are macros over `preempt_count()`.

use crate::spinlock::{from_raw, to_raw};
use core::ffi::{c_char, c_int, c_uint, c_ulong};

crate::exports! {
    /// `local_irq_disable`, `hard_irq_disable`. Any context.
    fn __rz_local_irq_disable() {
        ringzero_context::local_irq_disable();
    }

    /// `local_irq_enable`. Any context; runs nothing by itself.
    fn __rz_local_irq_enable() {
        ringzero_context::local_irq_enable();
    }

    /// `local_irq_save`: the flags. Any context.
    fn __rz_local_irq_save() -> c_ulong {
        to_raw(ringzero_context::local_irq_save())
    }

    /// `local_irq_restore`. Finding `unbalanced-context` if interrupts are on already.
    fn __rz_local_irq_restore(flags: c_ulong) {
        ringzero_context::local_irq_restore(from_raw(flags));
    }

    /// `irqs_disabled`. Any context.
    fn __rz_irqs_disabled() -> c_int {
        c_int::from(ringzero_context::irqs_disabled())
    }

    /// `preempt_disable`. Any context; nests up to 255 times.
    fn __rz_preempt_disable() {
        ringzero_context::preempt_disable();
    }

    /// `preempt_enable`, `preempt_enable_no_resched`. Finding `unbalanced-context` if nothing was disabled.
    fn __rz_preempt_enable() {
        ringzero_context::preempt_enable();
    }

    /// `preempt_count`. Any context.
    fn __rz_preempt_count() -> c_uint {
        ringzero_context::preempt_count()
    }

    /// `local_bh_disable`. Any context.
    fn local_bh_disable() {
        ringzero_context::local_bh_disable();
    }

    /// `local_bh_enable`: runs softirqs that are pending. Not with interrupts off nor in a hardirq.
    fn local_bh_enable() {
        ringzero_context::local_bh_enable();
    }

    /// `might_sleep`, on behalf of `call`. Finding `sleep-in-atomic` where the caller may not sleep.
    fn __rz_might_sleep(call: *const c_char) {
        ringzero_context::might_sleep_named(crate::deref::text(call));
    }

    /// `cond_resched`. Task context, may sleep.
    fn __rz_cond_resched() {
        ringzero_context::cond_resched();
    }
}
