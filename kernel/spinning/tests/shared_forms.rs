//! The forms of the locks that readers share, outside a machine: the words, the context around them, and who may release.

use ringzero_context::{in_softirq, irqs_disabled, preempt_count, preempt_disable, preempt_enable, softirq_begin};
use ringzero_spinning::{
    LG_CPUS, Latch, LgLock, RawRwLock, RawSeqLock, RawSpinLock, RwLock, RwLockBh, RwLockIrq, SeqCount, SeqCountLocked,
    SeqLatch, SeqLock, SeqLockIrq, new_rwlock, new_seqlock, seq_data,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn the_class_is_the_place_where_it_was_made() {
    let table: RwLock<u32> = new_rwlock!(0, "dev.table");
    let clock: SeqLock<[u64; 2]> = new_seqlock!([0; 2], "dev.clock");
    // SAFETY: the lock is only looked at.
    let raw = unsafe { table.raw() };
    assert_eq!((raw.name(), raw.is_initialised()), (Some("dev.table"), true));
    assert!(raw.class().is_some_and(|class| class.file().ends_with("shared_forms.rs")));
    assert_eq!(format!("{clock:?}"), "RawSeqLock(SeqCount(dev.clock, 0), RawSpinLock(dev.clock, free))");
}

#[test]
fn zeroed_memory_is_free() {
    // SAFETY: all zeroes is valid for these: this is the claim under test.
    let (rw, seq): (RawRwLock, RawSeqLock) = unsafe { core::mem::zeroed() };
    assert!(!rw.is_locked() && !rw.is_initialised() && !seq.is_initialised() && rw.class().is_none());
    rw.write_lock();
    assert!(rw.is_write_held() && !rw.read_trylock() && !rw.is_contended());
    rw.write_unlock();
    seq.write_lock();
    seq.write_unlock();
    assert_eq!(seq.read_begin(), 2);
}

#[test]
fn each_kind_enters_and_leaves_its_context() {
    let rw = RawRwLock::new();
    rw.read_lock_bh();
    assert!(in_softirq() && rw.read_trylock_bh() && !rw.write_trylock_bh());
    rw.read_unlock_bh();
    rw.read_unlock_bh();
    rw.write_lock_irq();
    assert!(irqs_disabled() && rw.read_trylock_irqsave().is_none());
    rw.write_unlock_irq();
    let flags = rw.read_lock_irqsave();
    assert!(irqs_disabled() && rw.write_trylock_irqsave().is_none());
    rw.read_unlock_irqrestore(flags);
    let flags = rw.write_trylock_irqsave().expect("it is free");
    rw.write_unlock_irqrestore(flags);
    rw.write_lock_nested(1);
    rw.write_unlock();
    assert!(!irqs_disabled() && !in_softirq() && preempt_count() == 0);
}

#[test]
fn typed_locks_need_no_suffix() {
    let (bh, irq) = (RwLockBh::new(1), RwLockIrq::new(2));
    {
        let (b, mut i) = (bh.read(), irq.write());
        *i += *b;
        assert!(in_softirq() && irqs_disabled());
        drop(i);
        drop(b);
    }
    assert_eq!((bh.into_inner(), irq.into_inner(), preempt_count()), (1, 3, 0));
    let clock = SeqLockIrq::new(1_u8);
    let mut now = clock.write();
    assert!(irqs_disabled() && clock.try_write().is_none());
    *now = 2;
    now.unlock();
    assert!(!irqs_disabled() && clock.try_read() == Some(2) && clock.read_excl() == 2);
}

fn found(misuse: impl FnOnce()) -> String {
    let unwound = catch_unwind(AssertUnwindSafe(misuse)).expect_err("it is found");
    while preempt_count() > 0 {
        preempt_enable();
    }
    *unwound.downcast::<String>().expect("a text")
}

#[test]
fn misuses_of_rwlocks_are_found() {
    let rw = RawRwLock::new().named("a");
    assert!(found(|| rw.read_unlock()).starts_with("unlock-by-other: read_unlock() of `a`, but nobody reads"));
    assert!(found(|| rw.write_unlock()).starts_with("unlock-by-other: write_unlock() of `a`, but nobody writes"));
    rw.read_lock();
    assert!(found(|| rw.write_unlock()).contains("nobody writes"));
    preempt_disable();
    rw.read_unlock();
    assert_eq!(format!("{rw:?}"), "RawRwLock(a, free)");
}

#[test]
#[should_panic(expected = "unlock-by-other: write_unlock() of `a` by a softirq on cpu0, but a task on cpu0 took it")]
fn releasing_in_another_context_is_found() {
    let rw = RawRwLock::new().named("a");
    rw.write_lock();
    softirq_begin();
    rw.write_unlock();
}

#[test]
fn misuses_of_counters_are_found() {
    let seq = SeqCount::new().named("s");
    assert!(found(|| seq.write_begin()).starts_with("warn: `s` is written with preemption on"));
    assert!(found(|| seq.write_end()).starts_with("unlock-by-other: write_seqcount_end() of `s`"));
    seq.raw_write_begin();
    assert!(found(|| seq.raw_write_begin()).contains("its writers do not exclude each other"));
    seq.write_end();
    let lock = RawSpinLock::new();
    let locked = SeqCountLocked::new(&lock).named("l");
    assert!(found(|| locked.write_begin()).starts_with("warn: `l` is written without the lock"));
    assert!(found(|| locked.write_invalidate()).starts_with("warn: `l` is written without the lock"));
}

#[test]
fn unwinding_releases_and_reports_nothing() {
    let (rw, seq) = (RwLock::new(7), SeqLock::new([1, 2]));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let (_read, mut pair) = (rw.read(), seq.write());
        pair[0] = 5;
        panic!("the program's own");
    }));
    assert!(unwound.is_err() && !rw.is_locked());
    assert_eq!((*rw.write(), seq.read()), (7, [5, 2]));
}

seq_data! {
    #[derive(Debug, PartialEq)]
    struct Sample {
        at: u64,
        value: f32,
        kind: u16,
        flags: [bool; 2],
    }
}

#[test]
fn structs_are_copied_word_by_word() {
    let sample = Sample { at: 1, value: 2.5, kind: 3, flags: [true, false] };
    let (lock, latch) = (SeqLock::new(sample), Latch::new(sample));
    lock.write().kind = 4;
    latch.write(|s| s.flags[1] = true);
    assert_eq!(lock.read(), Sample { kind: 4, ..sample });
    assert_eq!(latch.read(), Sample { flags: [true; 2], ..sample });
}

#[test]
fn a_latch_turns_its_readers() {
    let latch = SeqLatch::new();
    let start = latch.read();
    assert_eq!(SeqLatch::copy_of(start), 0);
    latch.write_begin();
    assert!(latch.read_retry(start) && SeqLatch::copy_of(latch.read()) == 1);
    latch.write_next();
    assert_eq!(SeqLatch::copy_of(latch.read()), 0);
}

#[test]
fn a_local_global_lock_has_the_data_of_each_cpu() {
    let lock = LgLock::new(1_u8).named("lg");
    *lock.local_lock_cpu(5) = 3;
    {
        let (five, mut six) = lock.double_lock(5, 6);
        *six += *five;
    }
    let all = lock.global_lock();
    assert_eq!((all.iter().count(), all.iter().map(|n| u32::from(*n)).sum()), (LG_CPUS, 64 + 2 + 3));
    all.unlock();
    assert_eq!(*lock.local_lock(), 1);
    assert_eq!(preempt_count(), 0);
}
