//! Reader-writer spinlocks and local-global locks in all their forms.

use crate::reach;
use ringzero::atomic::{Atomic, PlainCell};
use ringzero::context::{
    in_atomic, in_softirq, irqs_disabled, local_bh_disable, local_bh_enable, local_irq_restore, local_irq_save,
    preempt_count,
};
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, raise, request_irq, set_software_only};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::{LgLock, RawRwLock, RwLock, RwLockBh, RwLockIrq};

ringzero::global! {
    static RAW: RawRwLock = RawRwLock::new().named("raw");
    static TABLE: RwLock<u32> = RwLock::new(5);
    static BH: RwLockBh<u32> = RwLockBh::new(6);
    static IRQ: RwLockIrq<u32> = RwLockIrq::new(7);
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static READERS: Atomic = Atomic::new(0);
    static DATA: LgLock<u32> = LgLock::new(0).named("lg");
}

pub fn forms_enter_and_leave() {
    let (one, other) = (TABLE.read(), TABLE.read_irqsave());
    assert!(in_atomic() && irqs_disabled() && *one + *other == 10);
    other.unlock();
    one.unlock();
    assert!(!irqs_disabled() && preempt_count() == 0);
    let guard = TABLE.write_bh();
    assert!(in_softirq() && TABLE.try_read().is_none() && TABLE.try_write().is_none());
    guard.unlock();
    TABLE.write_irq().unlock();
    *BH.write() += 1;
    *IRQ.write() += 1;
    assert_eq!((*BH.read(), *IRQ.read()), (7, 8));
    assert_eq!(preempt_count(), 0);
    let flags = RAW.write_lock_irqsave();
    assert!(RAW.is_write_held() && RAW.is_locked() && RAW.read_trylock_irqsave().is_none());
    RAW.write_unlock_irqrestore(flags);
    assert!(!irqs_disabled() && !RAW.is_locked());
    reach("rwlock forms");
}

pub fn readers_read_together() {
    let section = || {
        RAW.read_lock();
        READERS.inc();
        if READERS.read() == 2 {
            reach("two readers");
        }
        READERS.dec();
        RAW.read_unlock();
    };
    kthread_run_on_cpu(section, 1, "reader");
    section();
    reach("read");
}

pub fn writers_are_alone() {
    let write = || {
        let mut table = TABLE.write();
        PLAIN.update(|n| n + 1);
        *table += 1;
    };
    kthread_run_on_cpu(write, 1, "writer");
    write();
    let table = TABLE.read();
    assert_eq!(*table, 5 + PLAIN.get());
    reach(if *table == 6 { "between writers" } else { "after writers" });
}

pub fn who_tries_does_not_wait() {
    kthread_run_on_cpu(|| *TABLE.write() += 1, 1, "writer");
    match TABLE.try_read() {
        Some(table) => assert!((5..7).contains(&*table)),
        None => reach("a writer is there"),
    }
    if let Some(mut table) = TABLE.try_write() {
        *table += 1;
        reach("tried to write");
    }
    assert_eq!(preempt_count(), 0);
}

/// The interrupt reads over a reader, though a writer waits for that reader.
pub fn an_interrupt_reads_over_a_reader() {
    irq_set_affinity(3, 1).unwrap();
    let handler = |_| {
        assert!(*TABLE.read() >= 5);
        reach("read in an interrupt");
        IrqReturn::Handled
    };
    request_irq(3, IrqFlags::NONE, "reader", handler).unwrap();
    kthread_run_on_cpu(
        || {
            let mut table = TABLE.write_irqsave();
            *table += 1;
        },
        1,
        "writer",
    );
    let table = TABLE.read();
    READERS.inc();
    assert!(*table >= 5);
}

/// Where bottom halves are off, a reader may read again, as one in an interrupt.
pub fn with_bottom_halves_off_a_reader_reads_again() {
    kthread_run_on_cpu(|| *TABLE.write() += 1, 1, "writer");
    local_bh_disable();
    let one = TABLE.read();
    let other = TABLE.read();
    assert_eq!(*one, *other);
    other.unlock();
    one.unlock();
    local_bh_enable();
    reach("read again");
}

pub fn local_sections_and_a_global_one() {
    kthread_run_on_cpu(|| *DATA.local_lock() += 1, 1, "local");
    *DATA.local_lock() += 1;
    let all = DATA.global_lock();
    let sum: u32 = all.iter().sum();
    assert!((1..=2).contains(&sum));
    reach(if sum == 1 { "one was first" } else { "both were first" });
    drop(all);
    let (from, to) = DATA.double_lock(1, 0);
    assert!(*from + *to >= sum);
}

fn on_line(handler: fn()) {
    irq_set_affinity(3, 1).unwrap();
    set_software_only(3);
    let handler = move |_| {
        handler();
        IrqReturn::Handled
    };
    request_irq(3, IrqFlags::NONE, "line", handler).unwrap();
}

pub fn read_again_behind_a_writer() {
    kthread_run_on_cpu(|| *TABLE.write() += 1, 1, "writer");
    let one = TABLE.read();
    let other = TABLE.read();
    assert_eq!(*one, *other);
}

pub fn written_while_read() {
    let _read = TABLE.read();
    *TABLE.write() += 1;
}

pub fn ended_without_reading() {
    RAW.read_unlock();
}

pub fn ended_by_a_reader() {
    RAW.write_lock();
    RAW.read_unlock();
}

pub fn ended_by_another_task() {
    kthread_run_on_cpu(|| RAW.write_unlock(), 1, "other");
    RAW.write_lock();
    RAW.write_unlock();
}

pub fn read_over_its_writer() {
    on_line(|| drop(TABLE.read()));
    let mut table = TABLE.write();
    raise(3);
    *table += 1;
    // Here it comes on threads.
    local_irq_restore(local_irq_save());
}
