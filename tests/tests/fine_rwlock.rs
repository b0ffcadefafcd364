//! The reader-writer spinlock's own algorithm, each of its atomic instructions a step: writers alone, readers together,
//! everybody gets through. What the sections touch is unmarked, so that a missing order is a data race.

use ringzero::atomic::PlainCell;
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, request_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::sync::RawRwLock;
use ringzero::{Check, PreemptModel, Strategy, Verdict};

ringzero::global! {
    static LOCK: RawRwLock = RawRwLock::new().named("table");
    static TABLE: PlainCell<u32> = PlainCell::new(0);
}

fn write() {
    LOCK.write_lock();
    TABLE.set(TABLE.get() + 1);
    LOCK.write_unlock();
}

fn read() {
    LOCK.read_lock();
    assert!(TABLE.get() < 3);
    LOCK.read_unlock();
}

fn try_read() {
    if LOCK.read_trylock() {
        assert!(TABLE.get() < 3);
        LOCK.read_unlock();
    }
}

fn try_write() {
    if LOCK.write_trylock() {
        TABLE.set(TABLE.get() + 1);
        LOCK.write_unlock();
    }
}

fn on_line(cpu: u32, handler: fn()) {
    irq_set_affinity(4, 1 << cpu).unwrap();
    let handler = move |_| {
        handler();
        IrqReturn::Handled
    };
    request_irq(4, IrqFlags::NONE, "line", handler).unwrap();
}

/// Searches to the end.
#[track_caller]
fn holds(name: &str, init: fn()) -> u64 {
    let check = Check::new().named(name).fine(true).preempt(PreemptModel::None).seconds(300.0);
    let report = check.strategy(Strategy::Exhaustive).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init);
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
    report.executions()
}

macro_rules! pairs {
    ($($name:ident: $on_0:ident, $on_1:ident;)*) => {$(
        #[test]
        fn $name() {
            holds(stringify!($name), || {
                kthread_run_on_cpu($on_1, 1, "one");
                $on_0();
            });
        }
    )*};
}
pairs! {
    two_writers: write, write;
    a_writer_and_a_reader: write, read;
    two_readers: read, read;
    two_that_try: try_write, try_read;
    two_writers_that_try: try_write, try_write;
    one_tries_to_read: try_read, write;
    one_tries_to_write: try_write, read;
}

#[test]
fn both_write_then_read() {
    holds("both write then read", || {
        let section = || {
            write();
            read();
        };
        kthread_run_on_cpu(section, 1, "one");
        section();
    });
}

#[test]
fn an_interrupt_reads_over_a_reader_while_a_writer_waits() {
    holds("an interrupt over a reader", || {
        on_line(0, read);
        kthread_run_on_cpu(write, 1, "writer");
        read();
    });
}

#[test]
fn an_interrupt_reads_beside_a_writer_with_interrupts_off() {
    holds("an interrupt beside writers", || {
        on_line(1, read);
        kthread_run_on_cpu(
            || {
                let flags = LOCK.write_lock_irqsave();
                TABLE.set(TABLE.get() + 1);
                LOCK.write_unlock_irqrestore(flags);
            },
            1,
            "writer",
        );
        write();
    });
}

#[test]
fn an_interrupt_writes() {
    holds("an interrupt writes", || {
        on_line(1, write);
        let flags = LOCK.read_lock_irqsave();
        assert!(TABLE.get() < 3);
        LOCK.read_unlock_irqrestore(flags);
    });
}

/// On three CPUs there are too many ways for all of them: those with few switches at places of no need, and samples.
fn three_cpus(name: &str, sections: [fn(); 3]) {
    let init = move || {
        for (cpu, section) in (1..).zip(&sections[1..]) {
            kthread_run_on_cpu(*section, cpu, "other");
        }
        sections[0]();
    };
    for strategy in [Strategy::Exhaustive, Strategy::Sample] {
        let check = Check::new().named(name).cpus(3).fine(true).preempt(PreemptModel::None).executions(20_000);
        let report = check.strategy(strategy).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init);
        assert_ne!(report.verdict(), Verdict::Violated, "{strategy:?}: {report}");
    }
}

#[test]
fn two_readers_and_a_writer() {
    three_cpus("two readers and a writer", [read, write, read]);
}

#[test]
fn two_writers_and_a_reader() {
    three_cpus("two writers and a reader", [write, read, write]);
}

#[test]
fn a_reader_who_tries_beside_two_writers() {
    three_cpus("a reader who tries", [write, try_read, write]);
}

/// The reader that reads again is found whatever the granularity.
#[test]
fn reading_again_behind_a_writer_is_found() {
    for fine in [false, true] {
        let report = Check::new().named("reads again").fine(fine).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(|| {
            kthread_run_on_cpu(write, 1, "writer");
            LOCK.read_lock();
            read();
            LOCK.read_unlock();
        });
        let code = if fine { "deadlock" } else { "self-deadlock" };
        assert_eq!(report.finding(), Some(code), "{report}");
        let text = report.to_string();
        assert!(fine || text.contains("which it holds itself"), "{text}");
        assert!(fine || text.contains("new readers wait behind that"), "{text}");
    }
}
