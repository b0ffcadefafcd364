//! The forms of the locks, outside a machine: the word, the context around it, and who may release.

use ringzero_atomic::Atomic;
use ringzero_context::{
    LocalInterruptDisabled, in_atomic, in_softirq, irqs_disabled, local_irq_disable, local_irq_enable,
    local_irq_restore, local_irq_save, preempt_count, softirq_begin,
};
use ringzero_spinning::{RawSpinLock, SpinLock, SpinLockBh, SpinLockIrq, atomic_dec_and_lock, new_spinlock};
use std::panic::{AssertUnwindSafe, catch_unwind};

static HITS: SpinLock<u32> = new_spinlock!(0, "dev.hits");

#[test]
fn the_class_is_the_place_where_it_was_made() {
    // SAFETY: the lock is only looked at.
    let raw = unsafe { HITS.raw() };
    assert_eq!(raw.name(), Some("dev.hits"));
    assert!(raw.class().is_some_and(|class| class.file().ends_with("forms.rs")));
}

#[test]
fn zeroed_memory_is_a_free_lock() {
    // SAFETY: all zeroes is valid for a raw spinlock: this is the claim under test.
    let lock: RawSpinLock = unsafe { core::mem::zeroed() };
    assert!(!lock.is_locked() && lock.class().is_none());
    lock.lock();
    assert!(lock.is_locked() && !lock.trylock());
    lock.unlock();
    lock.unlock_wait();
}

#[test]
fn each_kind_enters_and_leaves_its_context() {
    let plain = SpinLock::new(());
    let guard = plain.lock();
    assert!(in_atomic() && !in_softirq() && !irqs_disabled());
    drop(guard);
    let guard = plain.lock_bh();
    assert!(in_softirq() && !irqs_disabled());
    guard.unlock();
    let guard = plain.lock_irqsave();
    assert!(irqs_disabled());
    drop(guard);
    assert!(!irqs_disabled());
    assert!(plain.try_lock_bh().is_some() && plain.try_lock_irq().is_some() && plain.try_lock_irqsave().is_some());
    let guard = plain.lock_irq();
    assert!(plain.try_lock_irqsave().is_none() && irqs_disabled());
    drop(guard);
    assert!(!irqs_disabled() && preempt_count() == 0);
}

#[test]
fn lock_irq_switches_interrupts_on_whatever_they_were() {
    let lock = SpinLock::new(());
    local_irq_disable();
    drop(lock.lock_irqsave());
    assert!(irqs_disabled());
    drop(lock.lock_irq());
    assert!(!irqs_disabled());
}

#[test]
#[should_panic(expected = "unbalanced-context: local_irq_restore() finds interrupts on already")]
fn lock_irq_in_a_section_with_interrupts_off_is_found_at_its_end() {
    let lock = SpinLock::new(());
    let flags = local_irq_save();
    drop(lock.lock_irq());
    local_irq_restore(flags);
}

#[test]
fn typed_locks_need_no_suffix() {
    let (bh, irq) = (SpinLockBh::new(1), SpinLockIrq::new(2).named("dev.irq"));
    {
        let (mut b, mut i) = (bh.lock(), irq.lock());
        (*b, *i) = (*i, *b);
        assert!(in_softirq() && irqs_disabled());
        drop(i);
        drop(b);
    }
    let off = LocalInterruptDisabled::new();
    assert_eq!(*irq.lock_with(&off), 1);
    assert!(irqs_disabled());
    drop(off);
    assert_eq!((bh.into_inner(), irq.into_inner()), (2, 1));
}

#[test]
fn guards_end_in_any_order() {
    let (a, b) = (SpinLockIrq::new(()), SpinLockIrq::new(()));
    let (first, second) = (a.lock(), b.lock_nested(1));
    drop(first);
    assert!(irqs_disabled() && in_atomic());
    drop(second);
    assert!(!irqs_disabled() && !in_atomic());
}

#[test]
fn raw_forms_keep_flags() {
    let lock = RawSpinLock::new().named("raw");
    let flags = lock.lock_irqsave();
    assert!(irqs_disabled() && lock.trylock_irqsave().is_none());
    lock.unlock_irqrestore(flags);
    assert!(!irqs_disabled());
    lock.lock_bh();
    lock.unlock_bh();
    lock.lock_irq();
    lock.unlock_irq();
    lock.lock_nested(1);
    lock.unlock();
    assert_eq!(preempt_count(), 0);
}

#[test]
#[should_panic(expected = "unlock-by-other: `a` is released, but nobody holds it")]
fn releasing_a_free_lock_is_found() {
    RawSpinLock::new().named("a").unlock();
}

#[test]
#[should_panic(expected = "unlock-by-other: `a` is released by a softirq on cpu0, but was taken by a task on cpu0")]
fn releasing_in_another_context_is_found() {
    let lock = RawSpinLock::new().named("a");
    lock.lock();
    softirq_begin();
    lock.unlock();
}

#[test]
#[should_panic(expected = "would wait for ever")]
fn taking_a_held_lock_outside_a_machine_panics() {
    let lock = SpinLock::new(());
    let _held = lock.lock();
    let _again = lock.lock();
}

#[test]
fn unwinding_releases_and_reports_nothing() {
    let lock = SpinLock::new(7);
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _guard = lock.lock_irqsave();
        // Unbalanced on purpose: a guard that reported this while unwinding would abort the process.
        local_irq_enable();
        panic!("the program's own");
    }));
    assert!(unwound.is_err() && !lock.is_locked());
    assert_eq!(*lock.lock(), 7);
}

#[test]
fn the_last_reference_takes_the_lock() {
    let (count, lock) = (Atomic::new(2), SpinLock::new(()));
    assert!(atomic_dec_and_lock(&count, &lock).is_none() && !lock.is_locked());
    let guard = atomic_dec_and_lock(&count, &lock);
    assert!(guard.is_some() && lock.is_locked() && count.read() == 0);
}
