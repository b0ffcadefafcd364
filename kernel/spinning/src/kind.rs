//! The kinds of context in which a lock is held. Each is only what it enters and leaves.

use ringzero_context::at;
use ringzero_machine::Place;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Plain {}
    impl Sealed for super::Bh {}
    impl Sealed for super::Irq {}
    impl Sealed for super::IrqSave {}
}

/// A kind of context. The lock calls [`Kind::enter`] before it acquires the word and [`Kind::leave`] after it has
/// released it (invariant 2), with the place of the call they belong to.
///
/// ```
/// use ringzero::sync::{Kind, Lock, SpinLock, SpinLockIrq};
/// fn count<K: Kind>(hits: &Lock<u32, K>) -> u32 {
///     let mut hits = hits.lock();
///     *hits += 1;
///     *hits
/// }
/// assert_eq!(count(&SpinLock::new(0)) + count(&SpinLockIrq::new(0)), 2);
/// ```
pub trait Kind: sealed::Sealed {
    /// Enters the context; gates as the windows close.
    fn enter(place: Place);
    /// Leaves it, in any order with others.
    fn leave(place: Place);
}

/// Preemption off.
///
/// ```
/// use ringzero::context::{irqs_disabled, preemptible};
/// use ringzero::sync::{Lock, Plain};
/// let lock: Lock<u32, Plain> = Lock::new(0);
/// let _held = lock.lock();
/// assert!(!preemptible() && !irqs_disabled());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain;

/// Bottom halves and preemption off.
///
/// ```
/// use ringzero::context::in_softirq;
/// use ringzero::sync::{Bh, Guard, SpinLock};
/// let lock = SpinLock::new(0);
/// let held: Guard<'_, u32, Bh> = lock.lock_bh();
/// assert!(in_softirq(), "no softirq of this CPU comes in between");
/// drop(held);
/// assert!(!in_softirq());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bh;

/// Interrupts and preemption off; leaving switches interrupts on, whatever they were.
///
/// ```
/// use ringzero::context::irqs_disabled;
/// use ringzero::sync::{Guard, Irq, SpinLock};
/// let lock = SpinLock::new(0);
/// let held: Guard<'_, u32, Irq> = lock.lock_irq();
/// assert!(irqs_disabled());
/// drop(held);
/// assert!(!irqs_disabled());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Irq;

/// Interrupts and preemption off, counted; the last one to leave puts interrupts back to what they were.
///
/// ```
/// use ringzero::context::{irqs_disabled, local_irq_disable, local_irq_enable};
/// use ringzero::sync::{Guard, IrqSave, SpinLock};
/// let lock = SpinLock::new(0);
/// local_irq_disable();
/// let held: Guard<'_, u32, IrqSave> = lock.lock_irqsave();
/// drop(held);
/// assert!(irqs_disabled(), "as they were");
/// local_irq_enable();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IrqSave;

impl Kind for Plain {
    #[inline]
    fn enter(place: Place) {
        at::preempt_disable(place);
    }
    #[inline]
    fn leave(place: Place) {
        at::preempt_enable(place);
    }
}

impl Kind for Bh {
    #[inline]
    fn enter(place: Place) {
        at::local_bh_disable(place);
        at::preempt_disable(place);
    }
    /// Runs softirqs with preemption off all the same: bottom halves see to that.
    #[inline]
    fn leave(place: Place) {
        at::preempt_enable(place);
        at::local_bh_enable(place);
    }
}

impl Kind for Irq {
    #[inline]
    fn enter(place: Place) {
        at::local_irq_disable(place);
        at::preempt_disable(place);
    }
    #[inline]
    fn leave(place: Place) {
        at::local_irq_enable();
        at::preempt_enable(place);
    }
}

impl Kind for IrqSave {
    #[inline]
    fn enter(place: Place) {
        at::irq_disable_counted(place);
        at::preempt_disable(place);
    }
    #[inline]
    fn leave(place: Place) {
        at::irq_enable_counted(place);
        at::preempt_enable(place);
    }
}
