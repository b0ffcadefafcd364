//! Sequence counters, sequence locks, latches.

use crate::reach;
use ringzero::atomic::Marked;
use ringzero::context::{
    in_softirq, irqs_disabled, local_irq_restore, local_irq_save, preempt_count, preempt_disable, preempt_enable,
};
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, raise, request_irq, set_software_only};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::{Latch, RawRwLock, RawSeqLock, RawSpinLock, SeqCount, SeqCountLocked, SeqLock, SeqLockIrq};

ringzero::global! {
    static PAIR: SeqLock<[u64; 2]> = SeqLock::new([0; 2]).named("pair");
    static CLOCK: SeqLockIrq<[u64; 2]> = SeqLockIrq::new([0; 2]).named("clock");
    static TWICE: Latch<[u64; 2]> = Latch::new([0; 2]).named("twice");
    static RAW: RawSeqLock = RawSeqLock::new().named("raw");
    static SEQ: SeqCount = SeqCount::new().named("seq");
    static HALVES: [Marked<u32>; 2] = [const { Marked::new(0) }; 2];
}

fn whole([one, other]: [u64; 2]) -> u64 {
    assert_eq!(one, other, "a torn value");
    one
}

pub fn forms_of_a_seqlock() {
    let flags = RAW.write_lock_irqsave();
    assert!(irqs_disabled() && RAW.count().is_written_here() && !RAW.try_write_lock() && !RAW.try_read_lock_excl());
    RAW.write_unlock_irqrestore(flags);
    RAW.write_lock_bh();
    assert!(in_softirq());
    RAW.write_unlock_bh();
    RAW.write_lock_irq();
    RAW.write_unlock_irq();
    let (start, flags) = RAW.read_begin_irqsave();
    assert!(irqs_disabled() && start == 6);
    assert!(!RAW.read_retry_irqrestore(start, flags) && !irqs_disabled());
    assert!(RAW.try_write_lock());
    RAW.write_unlock();
    assert!(RAW.read_retry(start), "somebody wrote");
    let flags = RAW.read_lock_excl_irqsave();
    assert!(!RAW.try_write_lock());
    RAW.read_unlock_excl_irqrestore(flags);
    let mut sequence = 1;
    let flags = RAW.read_begin_or_lock_irqsave(&mut sequence);
    assert!(flags.is_some() && !RAW.need_retry(sequence) && irqs_disabled());
    RAW.done_retry_irqrestore(flags);
    assert!(!irqs_disabled() && preempt_count() == 0);
    reach("seqlock forms");
}

pub fn forms_of_a_counter() {
    let start = SEQ.read_begin();
    preempt_disable();
    SEQ.write_begin_nested(1);
    assert!(SEQ.raw_read() == start + 1 && SEQ.read_retry(SEQ.raw_begin()));
    SEQ.write_end();
    preempt_enable();
    assert!(SEQ.read_retry(start));
    let start = SEQ.read_begin();
    SEQ.write_invalidate();
    assert!(SEQ.read_retry(start));
    SEQ.raw_write_barrier();
    assert_eq!(SEQ.read_begin(), start + 4);

    let (spin, rw) = (RawSpinLock::new(), RawRwLock::new());
    let (a, b) = (SeqCountLocked::new(&spin), SeqCountLocked::new(&rw));
    spin.lock();
    rw.write_lock();
    a.write_begin();
    b.write_begin();
    b.write_end();
    a.write_end();
    b.write_invalidate();
    rw.write_unlock();
    spin.unlock();
    assert!(!a.read_retry(a.read_begin()) && b.read_begin() == 4);
    reach("counter forms");
}

pub fn readers_get_what_was_written() {
    kthread_run_on_cpu(|| *PAIR.write() = [1; 2], 1, "writer");
    match whole(PAIR.read()) {
        0 => reach("read before"),
        _ => reach("read after"),
    }
    if let Some(pair) = PAIR.try_read() {
        whole(pair);
    }
    whole(PAIR.read_excl());
}

pub fn writers_add_up() {
    let add = || {
        let mut pair = PAIR.write();
        *pair = pair.map(|n| n + 1);
    };
    kthread_run_on_cpu(add, 1, "writer");
    add();
    ringzero::on_exit(|| {
        assert_eq!(whole(PAIR.read()), 2);
        reach("both wrote");
    });
}

pub fn an_interrupt_reads_the_clock() {
    irq_set_affinity(3, 1).unwrap();
    let handler = |_| {
        whole(CLOCK.read());
        reach("clock read in an interrupt");
        IrqReturn::Handled
    };
    request_irq(3, IrqFlags::NONE, "clock", handler).unwrap();
    *CLOCK.write() = [1; 2];
    *CLOCK.write() = [2; 2];
}

pub fn a_counter_under_a_section() {
    kthread_run_on_cpu(
        || {
            preempt_disable();
            SEQ.write_begin();
            HALVES[0].write_once(1);
            HALVES[1].write_once(1);
            SEQ.write_end();
            preempt_enable();
        },
        1,
        "writer",
    );
    let start = SEQ.raw_begin();
    let halves = (HALVES[0].read_once(), HALVES[1].read_once());
    if SEQ.read_retry(start) {
        reach("read in vain");
    } else {
        assert_eq!(halves.0, halves.1);
        reach("read whole");
    }
}

pub fn a_latch_is_read_over_its_writer() {
    irq_set_affinity(3, 1).unwrap();
    let handler = |_| {
        whole(TWICE.read());
        reach("latch read");
        IrqReturn::Handled
    };
    request_irq(3, IrqFlags::NONE, "reader", handler).unwrap();
    TWICE.write(|pair| *pair = [1; 2]);
    assert_eq!(TWICE.read(), [1; 2]);
    let (start, flags) = RAW.read_begin_irqsave();
    assert_eq!(start, 0);
    local_irq_restore(flags);
}

pub fn read_over_its_writer() {
    irq_set_affinity(3, 1).unwrap();
    set_software_only(3);
    let handler = |_| {
        let _ = RAW.read_begin();
        IrqReturn::Handled
    };
    request_irq(3, IrqFlags::NONE, "reader", handler).unwrap();
    RAW.write_lock();
    raise(3);
    // Here it comes on threads.
    local_irq_restore(local_irq_save());
    RAW.write_unlock();
}

pub fn read_in_its_own_section() {
    RAW.write_lock();
    let _ = RAW.read_begin();
}

pub fn written_with_preemption_on() {
    SEQ.write_begin();
}

pub fn written_within_a_section() {
    preempt_disable();
    SEQ.write_begin();
    SEQ.write_begin();
}

pub fn ended_without_a_section() {
    SEQ.write_end();
}

pub fn written_without_its_lock() {
    let lock = RawSpinLock::new();
    let seq = SeqCountLocked::new(&lock);
    preempt_disable();
    seq.write_begin();
}
