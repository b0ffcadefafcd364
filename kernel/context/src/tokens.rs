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
    ///
    /// ```
    /// use ringzero::context::{PreemptDisabled, preemptible};
    /// let off = PreemptDisabled::new();
    /// assert!(!preemptible());
    /// drop(off);
    /// assert!(preemptible());
    /// ```
    #[doc(alias = "preempt_disable")]
    PreemptDisabled,
    at::preempt_disable,
    |place| at::preempt_enable(place)
);
token!(
    /// Bottom halves are disabled here. Must not be dropped with interrupts off.
    ///
    /// ```
    /// use ringzero::{context::LocalBhDisabled, sync::SpinLockBh};
    /// let packets = SpinLockBh::new(0);
    /// let off = LocalBhDisabled::new();
    /// // The lock need not disable them again.
    /// *packets.lock_with(&off) += 1;
    /// assert_eq!(*packets.lock_with(&off), 1);
    /// ```
    #[doc(alias = "local_bh_disable")]
    LocalBhDisabled,
    at::local_bh_disable,
    |place| at::local_bh_enable(place)
);
token!(
    /// Interrupts are off here, by the counted form.
    ///
    /// ```
    /// use ringzero::context::{LocalInterruptDisabled, irqs_disabled};
    /// let (outer, inner) = (LocalInterruptDisabled::new(), LocalInterruptDisabled::new());
    /// drop(outer);
    /// assert!(irqs_disabled(), "whatever the order, the last one switches them on");
    /// drop(inner);
    /// assert!(!irqs_disabled());
    /// ```
    #[doc(alias("local_interrupt_disable", "local_irq_save"))]
    LocalInterruptDisabled,
    at::irq_disable_counted,
    |place| at::irq_enable_counted(place)
);

/// A task runs here and may sleep.
///
/// ```
/// use ringzero::context::TaskContext;
/// fn read_block(_may_sleep: TaskContext) -> usize {
///     512
/// }
/// // In a handler, or under a spinlock, this is the finding `sleep-in-atomic`.
/// let task = TaskContext::assert("read_block()");
/// assert_eq!(read_block(task), 512);
/// ```
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
