//! `linux/lockdep.h`: claims about held locks and about contexts.

use crate::{local_lock, mutex, rt_mutex, rwlock, rwsem, spinlock, ww_mutex};
use core::ffi::{c_int, c_void};
use ringzero_context::{in_hardirq, irqs_disabled, preemptible, violation};
use ringzero_machine::Place;
use ringzero_spinning::lockdep::{Claim, Held, HeldLock, claim};

/// The lock at `p`, of the kind that the header has found by its type; none for what it does not know.
fn lock(p: *const c_void, kind: c_int) -> Option<&'static dyn HeldLock> {
    Some(match kind {
        1 => spinlock::lock(p.cast()),
        2 => rwlock::lock(p.cast()),
        3 => mutex::mutex(p.cast()),
        4 => rwsem::sem(p.cast()),
        5 => rwsem::percpu(p.cast()),
        6 => ww_mutex::mutex(p.cast()),
        7 => local_lock::lock(p.cast()),
        8 => rt_mutex::mutex(p.cast()),
        _ => return None,
    })
}

crate::exports! {
    /// `lockdep_is_held`: whether the running context holds the lock. Any context; no step.
    fn __rz_lock_is_held(p: *const c_void, kind: c_int) -> c_int {
        lock(p, kind).map_or(1, |lock| c_int::from(lock.held() != Held::No))
    }

    /// `lockdep_assert_held` and its forms: finding `warn` if what is claimed is false. Any context; no step.
    fn __rz_lock_claim(p: *const c_void, kind: c_int, claimed: c_int) {
        let claimed = match claimed {
            0 => Claim::Held,
            1 => Claim::Write,
            2 => Claim::Read,
            _ => Claim::NotHeld,
        };
        if let Some(lock) = lock(p, kind) {
            claim(lock, claimed, Place::caller());
        }
    }

    /// `lockdep_assert_irqs_disabled` and its like: finding `warn` if what is claimed of the context is false. Any context.
    fn __rz_context_claim(claimed: c_int) {
        let (name, holds) = match claimed {
            0 => ("lockdep_assert_irqs_enabled()", !irqs_disabled()),
            1 => ("lockdep_assert_irqs_disabled()", irqs_disabled()),
            2 => ("lockdep_assert_in_irq()", in_hardirq()),
            3 => ("lockdep_assert_preemption_enabled()", preemptible()),
            _ => ("lockdep_assert_preemption_disabled()", !preemptible()),
        };
        if !holds {
            violation("warn", Place::caller(), None, format_args!("{name}: it is not so"));
        }
    }
}
