//! Sequence counters, sequence locks and latches, each of their atomic instructions and each word of the data a step: what
//! readers get is whole, writers exclude each other, everybody gets through.

use ringzero::atomic::{Atomic, Marked};
use ringzero::context::{preempt_disable, preempt_enable};
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, request_irq, request_nmi};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::{Latch, RawSeqLock, RawSpinLock, SeqCount, SeqLock, SeqLockIrq};
use ringzero::{Check, PreemptModel, Report, Strategy, Verdict};

ringzero::global! {
    static PAIR: SeqLock<[u64; 2]> = SeqLock::new([0; 2]).named("pair");
    static IRQ_PAIR: SeqLockIrq<[u64; 2]> = SeqLockIrq::new([0; 2]).named("pair");
    static TWICE: Latch<[u64; 2]> = Latch::new([0; 2]).named("twice");
    static LOCK: RawSeqLock = RawSeqLock::new().named("raw");
    static SEQ: SeqCount = SeqCount::new().named("seq");
    static WRITERS: RawSpinLock = RawSpinLock::new().named("writers");
    static HALVES: [Marked<u32>; 2] = [const { Marked::new(0) }; 2];
    static READ: Atomic = Atomic::new(0);
}

fn run(name: &str, init: impl Fn() + Send + Sync + 'static) -> Report {
    let check = Check::new().named(name).fine(true).preempt(PreemptModel::None).seconds(300.0);
    check.strategy(Strategy::Exhaustive).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init)
}

#[track_caller]
fn holds(name: &str, init: fn()) {
    let report = run(name, init);
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

#[track_caller]
fn finds(name: &str, code: &str, words: &str, init: fn()) {
    let report = run(name, init);
    assert_eq!(report.finding(), Some(code), "{report}");
    assert!(report.to_string().contains(words), "{report}");
}

fn beside(section: fn()) {
    kthread_run_on_cpu(section, 1, "other");
}

fn on_line(cpu: u32, handler: fn()) {
    irq_set_affinity(4, 1 << cpu).unwrap();
    let handler = move |_| {
        handler();
        IrqReturn::Handled
    };
    request_irq(4, IrqFlags::NONE, "line", handler).unwrap();
}

fn whole([one, other]: [u64; 2]) {
    assert_eq!(one, other, "a torn value");
}

fn add_one() {
    let mut pair = PAIR.write();
    *pair = pair.map(|n| n + 1);
}

#[test]
fn a_reader_gets_whole_values() {
    holds("a reader", || {
        beside(add_one);
        whole(PAIR.read());
    });
}

#[test]
fn a_reader_that_tries_gets_whole_values() {
    holds("a reader that tries", || {
        beside(add_one);
        if let Some(pair) = PAIR.try_read() {
            whole(pair);
        }
    });
}

#[test]
fn writers_exclude_each_other() {
    holds("two writers", || {
        beside(add_one);
        add_one();
        ringzero::on_exit(|| assert_eq!(PAIR.read(), [2, 2]));
    });
}

#[test]
fn readers_with_the_lock_keep_writers_out() {
    holds("readers with the lock", || {
        beside(add_one);
        whole(PAIR.read_excl());
    });
}

#[test]
fn an_interrupt_reads_what_is_written_with_interrupts_off() {
    holds("an interrupt reads", || {
        on_line(0, || whole(IRQ_PAIR.read()));
        *IRQ_PAIR.write() = [1; 2];
    });
    holds("an interrupt reads beside", || {
        on_line(1, || whole(IRQ_PAIR.read()));
        *IRQ_PAIR.write() = [1; 2];
    });
}

#[test]
fn an_interrupt_that_reads_over_a_writer_is_found() {
    finds("over a writer", "irq-deadlock", "being written by", || {
        on_line(0, || whole(PAIR.read()));
        *PAIR.write() = [1; 2];
    });
}

#[test]
fn an_nmi_reads_a_latch_over_its_writer() {
    holds("a latch", || {
        request_nmi(4, IrqFlags::NONE, "nmi", |_| {
            whole(TWICE.read());
            READ.inc();
            IrqReturn::Handled
        })
        .unwrap();
        TWICE.write(|pair| *pair = [1; 2]);
    });
    holds("a latch on two CPUs", || {
        beside(|| TWICE.write(|pair| *pair = [1; 2]));
        whole(TWICE.read());
    });
}

fn write_halves() {
    HALVES[0].write_once(1);
    HALVES[1].write_once(1);
}

fn compare_halves() -> bool {
    HALVES[0].read_once() == HALVES[1].read_once()
}

#[test]
fn a_counter_tells_readers_to_read_again() {
    holds("a counter", || {
        beside(|| {
            preempt_disable();
            SEQ.write_begin();
            write_halves();
            SEQ.write_end();
            preempt_enable();
        });
        loop {
            let start = SEQ.read_begin();
            let same = compare_halves();
            if !SEQ.read_retry(start) {
                assert!(same);
                break;
            }
        }
    });
}

#[test]
fn a_section_that_does_not_wait_fails_beside_a_writer() {
    holds("raw begin", || {
        beside(|| {
            WRITERS.lock();
            SEQ.write_begin();
            write_halves();
            SEQ.write_end();
            WRITERS.unlock();
        });
        let start = SEQ.raw_begin();
        let same = compare_halves();
        assert!(SEQ.read_retry(start) || same);
    });
}

#[test]
fn the_second_try_takes_the_lock() {
    holds("begin or lock", || {
        beside(|| {
            LOCK.write_lock();
            write_halves();
            LOCK.write_unlock();
        });
        let mut sequence = 0;
        loop {
            LOCK.read_begin_or_lock(&mut sequence);
            let same = compare_halves();
            if !LOCK.need_retry(sequence) {
                assert!(same);
                break;
            }
            sequence = 1;
        }
        LOCK.done_retry(sequence);
    });
}

#[test]
fn invalidating_fails_the_sections_under_way() {
    holds("invalidate", || {
        beside(|| {
            HALVES[0].write_once(1);
            SEQ.write_invalidate();
            HALVES[1].write_once(1);
        });
        let start = SEQ.read_begin();
        let (one, other) = (HALVES[1].read_once(), HALVES[0].read_once());
        assert!(SEQ.read_retry(start) || (one, other) != (1, 0), "the later write without the earlier one");
    });
}

/// The same without the look at the end: the checks above are worth something.
#[test]
fn a_torn_read_is_possible() {
    finds("torn", "panic", "torn", || {
        beside(|| {
            preempt_disable();
            SEQ.write_begin();
            write_halves();
            SEQ.write_end();
            preempt_enable();
        });
        let _ = SEQ.read_begin();
        assert!(compare_halves(), "torn");
    });
}

#[test]
fn misuses_are_found() {
    finds("preemptible", "warn", "with preemption on", || SEQ.write_begin());
    finds("two writers", "warn", "do not exclude each other", || {
        let write = || {
            preempt_disable();
            SEQ.write_begin();
            SEQ.write_end();
            preempt_enable();
        };
        beside(write);
        write();
    });
    finds("not begun", "unlock-by-other", "nobody writes it", || SEQ.write_end());
    finds("itself", "self-deadlock", "which it is writing itself", || {
        LOCK.write_lock();
        let _ = LOCK.read_begin();
    });
    finds("left open", "unbalanced-context", "ends while it holds seq", || SEQ.raw_write_begin());
}

/// On three CPUs there are too many ways for all of them.
#[track_caller]
fn is_not_found(name: &str, init: fn()) {
    for strategy in [Strategy::Exhaustive, Strategy::Sample] {
        let check = Check::new().named(name).cpus(3).fine(true).preempt(PreemptModel::None).executions(20_000);
        let report = check.strategy(strategy).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init);
        assert_ne!(report.verdict(), Verdict::Violated, "{strategy:?}: {report}");
    }
}

#[test]
fn three_cpus_at_a_seqlock() {
    is_not_found("three", || {
        kthread_run_on_cpu(add_one, 1, "writer");
        kthread_run_on_cpu(|| whole(PAIR.read()), 2, "reader");
        add_one();
    });
}

#[test]
fn three_cpus_at_a_counter() {
    is_not_found("three at a counter", || {
        let write = || {
            WRITERS.lock();
            SEQ.write_begin();
            write_halves();
            SEQ.write_end();
            WRITERS.unlock();
        };
        kthread_run_on_cpu(write, 1, "writer");
        kthread_run_on_cpu(write, 2, "other writer");
        let start = SEQ.read_begin();
        let same = compare_halves();
        assert!(SEQ.read_retry(start) || same);
    });
}

#[test]
fn three_cpus_at_a_latch() {
    is_not_found("three at a latch", || {
        let write = || TWICE.write(|pair| *pair = pair.map(|n| n + 1));
        kthread_run_on_cpu(write, 1, "writer");
        kthread_run_on_cpu(|| whole(TWICE.read()), 2, "reader");
        write();
    });
}
