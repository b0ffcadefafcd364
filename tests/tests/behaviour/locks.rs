//! Spinlocks in all their forms.

use crate::reach;
use ringzero::atomic::{Atomic, PlainCell};
use ringzero::context::{in_atomic, in_softirq, irqs_disabled, local_irq_restore, local_irq_save, preempt_count};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::{RawSpinLock, SpinLock, SpinLockBh, SpinLockIrq};

ringzero::global! {
    static RAW: RawSpinLock = RawSpinLock::new().named("raw");
    static LOCK: SpinLock<u32> = SpinLock::new(5);
    static BH: SpinLockBh<u32> = SpinLockBh::new(6);
    static IRQ: SpinLockIrq<u32> = SpinLockIrq::new(7);
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static STAGE: Atomic = Atomic::new(0);
}

pub fn trylock() {
    kthread_run_on_cpu(
        || {
            RAW.lock();
            RAW.unlock();
        },
        1,
        "other",
    );
    if RAW.trylock() {
        assert!(!RAW.trylock() && RAW.is_locked() && in_atomic());
        RAW.unlock();
        reach("trylock succeeds");
    } else {
        reach("trylock fails");
    }
    assert_eq!(preempt_count(), 0, "a failed trylock leaves nothing behind");
    if let Some(mut value) = LOCK.try_lock_irqsave() {
        *value += 1;
        assert!(irqs_disabled() && LOCK.try_lock().is_none());
    }
    assert!(!irqs_disabled());
    assert!(RAW.trylock_irqsave().is_none_or(|flags| {
        RAW.unlock_irqrestore(flags);
        !irqs_disabled()
    }));
}

pub fn is_locked() {
    assert!(!RAW.is_locked());
    kthread_run_on_cpu(
        || {
            RAW.lock();
            RAW.unlock();
        },
        1,
        "other",
    );
    reach(if RAW.is_locked() { "seen locked" } else { "seen free" });
}

pub fn unlock_wait() {
    kthread_run_on_cpu(
        || {
            RAW.lock();
            STAGE.set(1);
            STAGE.set(2);
            RAW.unlock();
        },
        1,
        "holder",
    );
    if STAGE.read() == 1 {
        RAW.unlock_wait();
        assert_eq!((STAGE.read(), preempt_count()), (2, 0));
        assert!(!RAW.is_locked(), "waiting takes nothing");
        reach("unlocked");
    }
}

pub fn irqsave_restores() {
    let flags = RAW.lock_irqsave();
    assert!(irqs_disabled() && in_atomic());
    RAW.unlock_irqrestore(flags);
    assert!(!irqs_disabled() && !in_atomic());
    let outer = local_irq_save();
    let flags = RAW.lock_irqsave();
    RAW.unlock_irqrestore(flags);
    assert!(irqs_disabled(), "they were off before");
    let guard = LOCK.lock_irqsave();
    drop(guard);
    IRQ.lock().unlock();
    assert!(irqs_disabled());
    local_irq_restore(outer);
    assert!(!irqs_disabled());
    reach("irqsave");
}

pub fn lock_irq_enables() {
    RAW.lock_irq();
    assert!(irqs_disabled());
    RAW.unlock_irq();
    assert!(!irqs_disabled());
    let guard = LOCK.lock_irq();
    assert!(irqs_disabled() && *guard == 5);
    guard.unlock();
    assert!(!irqs_disabled());
    reach("lock_irq");
}

pub fn lock_bh() {
    RAW.lock_bh();
    assert!(in_softirq() && !irqs_disabled());
    RAW.unlock_bh();
    let guard = BH.lock();
    assert!(in_softirq() && *guard == 6);
    guard.unlock();
    assert!(!in_softirq() && RAW.trylock_bh());
    RAW.unlock_bh();
    assert_eq!(preempt_count(), 0);
    reach("lock_bh");
}

pub fn sections_exclude_each_other() {
    let section = || {
        RAW.lock();
        PLAIN.update(|n| n + 1);
        *LOCK.lock_nested(1) += 1;
        RAW.unlock();
    };
    kthread_run_on_cpu(section, 1, "other");
    section();
    ringzero::on_exit(|| {
        assert_eq!((PLAIN.get(), *LOCK.lock()), (2, 7));
        reach("both counted");
    });
}

pub fn guards_release() {
    {
        let mut a = LOCK.lock();
        *a += 1;
        assert!(LOCK.is_locked() && in_atomic());
    }
    assert!(!LOCK.is_locked() && !in_atomic());
    assert_eq!(LOCK.try_lock().as_deref(), Some(&6));
    assert_eq!(*IRQ.lock(), 7);
    assert!(!irqs_disabled());
    reach("released");
}
