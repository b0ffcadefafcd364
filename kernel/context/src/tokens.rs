//! Held contexts as values: zero-sized guards that undo on drop, in any order.
//!
//! They are neither `Send` nor `Sync`, since they say something of the CPU they were made on. Whoever needs a context
//! borrows its token.

use crate::at;
use core::marker::PhantomData;
use ringzero_machine::Place;

macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $enter:path, |$place:ident| $leave:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        #[must_use = "the context ends when this is dropped"]
        pub struct $name(PhantomData<*mut ()>);

        impl $name {
            /// Enters the context, until the value is dropped.
            #[expect(clippy::new_without_default, reason = "entering a context is no default")]
            #[track_caller]
            #[inline]
            pub fn new() -> Self {
                $enter(Place::caller());
                Self(PhantomData)
            }
        }

        impl Drop for $name {
            #[inline]
            fn drop(&mut self) {
                let $place = Place::caller();
                $leave
            }
        }
    };
}

token!(
    /// Preemption is disabled here.
    #[doc(alias = "preempt_disable")]
    PreemptDisabled,
    at::preempt_disable,
    |place| at::preempt_enable(place)
);
token!(
    /// Bottom halves are disabled here. Must not be dropped with interrupts off.
    #[doc(alias = "local_bh_disable")]
    LocalBhDisabled,
    at::local_bh_disable,
    |place| at::local_bh_enable(place)
);
token!(
    /// Interrupts are off here, by the counted form.
    #[doc(alias("local_interrupt_disable", "local_irq_save"))]
    LocalInterruptDisabled,
    at::irq_disable_counted,
    |place| at::irq_enable_counted(place)
);

/// A task runs here and may sleep.
#[derive(Clone, Copy, Debug)]
pub struct TaskContext(PhantomData<*mut ()>);

impl TaskContext {
    /// Checks it: finding `sleep-in-atomic` otherwise, which names `call`.
    #[must_use]
    #[track_caller]
    pub fn assert(call: &str) -> Self {
        at::assert_may_sleep(call, Place::caller());
        Self(PhantomData)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{irqs_disabled, preempt_count};

    #[test]
    fn tokens_undo_in_any_order() {
        let (irq, preempt, inner) =
            (LocalInterruptDisabled::new(), PreemptDisabled::new(), LocalInterruptDisabled::new());
        drop(irq);
        assert!(irqs_disabled());
        drop(inner);
        assert!(!irqs_disabled());
        let bh = LocalBhDisabled::new();
        drop(preempt);
        assert_eq!(preempt_count(), 0x200);
        drop(bh);
        assert_eq!(preempt_count(), 0);
        let _task = TaskContext::assert("the test");
    }
}
