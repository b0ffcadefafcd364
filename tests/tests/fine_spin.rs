//! The spinlock's own algorithm, each of its atomic instructions a step: one is inside at a time, everybody gets in, also
//! beside and under interrupts. What the sections touch is unmarked, so that a missing order is a data race.

use ringzero::atomic::{Atomic, PlainCell};
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, request_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::softirq::{open_softirq, raise_softirq};
use ringzero::sync::{LgLock, RawSpinLock, SpinLock};
use ringzero::{Check, PreemptModel, Report, Strategy, Verdict};

ringzero::global! {
    static LOCK: RawSpinLock = RawSpinLock::new().named("lock");
    static TABLE: PlainCell<u32> = PlainCell::new(0);
    static INSIDE: Atomic = Atomic::new(0);
    static COUNT: SpinLock<u32> = SpinLock::new(0).named("count");
    static FILES: LgLock<u32> = LgLock::new(0).named("files");
}

fn inside() {
    assert_eq!(INSIDE.inc_return(), 1, "two are inside");
    TABLE.set(TABLE.get() + 1);
    INSIDE.dec();
}

fn plain() {
    LOCK.lock();
    inside();
    LOCK.unlock();
}

fn bh() {
    LOCK.lock_bh();
    inside();
    LOCK.unlock_bh();
}

fn irqsave() {
    let flags = LOCK.lock_irqsave();
    inside();
    LOCK.unlock_irqrestore(flags);
}

fn tries() {
    if LOCK.trylock() {
        inside();
        LOCK.unlock();
    }
}

fn waits_until_it_is_free() {
    LOCK.unlock_wait();
}

fn run(
    name: &str,
    cpus: usize,
    executions: u64,
    strategy: Strategy,
    init: impl Fn() + Send + Sync + 'static,
) -> Report {
    let check = Check::new().named(name).cpus(cpus).fine(true).preempt(PreemptModel::None).executions(executions);
    check.strategy(strategy).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init)
}

/// Searches to the end.
#[track_caller]
fn holds(name: &str, init: fn()) {
    let report = run(name, 2, 500_000, Strategy::Exhaustive, init);
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
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
    two_lock: plain, plain;
    one_locks_with_interrupts_off: plain, irqsave;
    one_locks_with_bottom_halves_off: bh, plain;
    one_tries: plain, tries;
    two_try: tries, tries;
    one_waits_until_it_is_free: waits_until_it_is_free, plain;
}

/// Twice each: whoever was kept out before comes in.
#[test]
fn both_lock_twice() {
    holds("both twice", || {
        let twice = || {
            plain();
            plain();
        };
        kthread_run_on_cpu(twice, 1, "one");
        twice();
        ringzero::on_exit(|| assert_eq!(TABLE.get(), 4));
    });
}

fn on_line(cpu: u32, handler: fn()) {
    irq_set_affinity(4, 1 << cpu).unwrap();
    let handler = move |_| {
        handler();
        IrqReturn::Handled
    };
    request_irq(4, IrqFlags::NONE, "line", handler).unwrap();
}

#[test]
fn an_interrupt_beside_two_tasks() {
    holds("an interrupt beside", || {
        on_line(1, plain);
        kthread_run_on_cpu(irqsave, 1, "one");
        plain();
    });
}

#[test]
fn an_interrupt_tries() {
    holds("an interrupt tries", || {
        on_line(0, tries);
        kthread_run_on_cpu(plain, 1, "one");
        plain();
    });
}

#[test]
fn a_softirq_beside_two_tasks() {
    holds("a softirq beside", || {
        open_softirq(ringzero::softirq::NET_RX_SOFTIRQ, |_| plain());
        on_line(1, || raise_softirq(ringzero::softirq::NET_RX_SOFTIRQ));
        kthread_run_on_cpu(bh, 1, "one");
        bh();
    });
}

/// The checks above are worth something.
#[test]
fn an_interrupt_that_locks_over_a_holder_is_found() {
    let report = run("over a holder", 2, 500_000, Strategy::Exhaustive, || {
        on_line(0, plain);
        plain();
    });
    assert_eq!(report.finding(), Some("irq-deadlock"), "{report}");
}

/// On three CPUs there are too many ways for all of them: those with few switches at places of no need, and samples.
macro_rules! threes {
    ($($name:ident: $on_0:ident, $on_1:ident, $on_2:ident;)*) => {$(
        #[test]
        fn $name() {
            for strategy in [Strategy::Exhaustive, Strategy::Sample] {
                let report = run(stringify!($name), 3, 20_000, strategy, || {
                    kthread_run_on_cpu($on_1, 1, "one");
                    kthread_run_on_cpu($on_2, 2, "two");
                    $on_0();
                });
                assert_ne!(report.verdict(), Verdict::Violated, "{strategy:?}: {report}");
            }
        }
    )*};
}
threes! {
    three_lock: plain, plain, plain;
    two_lock_and_one_tries: plain, tries, plain;
    three_of_all_kinds: irqsave, plain, bh;
    two_lock_and_one_waits_until_it_is_free: plain, waits_until_it_is_free, plain;
}

fn add_one() {
    *COUNT.lock() += 1;
}

/// Three with an interrupt.
#[test]
fn three_and_an_interrupt() {
    let report = run("three and an interrupt", 3, 20_000, Strategy::Sample, || {
        on_line(2, || *COUNT.lock() += 10);
        kthread_run_on_cpu(add_one, 1, "one");
        kthread_run_on_cpu(|| *COUNT.lock_irqsave() += 1, 2, "two");
        add_one();
    });
    assert_ne!(report.verdict(), Verdict::Violated, "{report}");
}

/// The local side of a local-global lock with interrupts off, whose line uses it, too.
#[test]
fn an_interrupt_uses_its_cpus_lock() {
    holds("an interrupt and a local-global lock", || {
        on_line(1, || *FILES.local_lock() += 1);
        kthread_run_on_cpu(
            || {
                ringzero::context::local_irq_disable();
                *FILES.local_lock() += 1;
                ringzero::context::local_irq_enable();
            },
            1,
            "local",
        );
        *FILES.local_lock() += 1;
    });
}
