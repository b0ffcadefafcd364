//! Locks with an owner beside their word: the local lock, the big kernel lock, the owner lock; each atomic instruction a step.
//! What the sections touch is unmarked, so that a missing order is a data race.

use ringzero::atomic::PlainCell;
use ringzero::irq::{IrqFlags, IrqReturn, disable_irq, irq_set_affinity, request_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::legacy::{kernel_locked, lock_kernel, unlock_kernel};
use ringzero::local_lock::LocalLock;
use ringzero::owner_lock::{Entered, OwnerLock};
use ringzero::sched::schedule_timeout_uninterruptible;
use ringzero::{Check, PreemptModel, Report, Strategy, Verdict, define_per_cpu};

define_per_cpu! {
    static BATCH: LocalLock<u32> = LocalLock::new(0).named("batch");
}

ringzero::global! {
    static TABLE: PlainCell<u32> = PlainCell::new(0);
    static CAME: PlainCell<u32> = PlainCell::new(0);
    static OWNED: OwnerLock<u32> = OwnerLock::with_backlog(0, 0, |data, notes| *data += notes).named("owned");
}

fn run(name: &str, cpus: usize, preempt: PreemptModel, strategy: Strategy, init: fn()) -> Report {
    let check = Check::new().named(name).cpus(cpus).fine(true).preempt(preempt);
    let check = if cpus > 2 { check.executions(20_000) } else { check.executions(500_000) };
    check.strategy(strategy).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init)
}

/// Searches to the end.
#[track_caller]
fn holds(name: &str, init: fn()) {
    let report = run(name, 2, PreemptModel::None, Strategy::Exhaustive, init);
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
}

/// On three CPUs there are too many ways for all of them: those with few switches at places of no need, and samples.
#[track_caller]
fn is_not_found(name: &str, init: fn()) {
    for strategy in [Strategy::Exhaustive, Strategy::Sample] {
        let report = run(name, 3, PreemptModel::None, strategy, init);
        assert_ne!(report.verdict(), Verdict::Violated, "{strategy:?}: {report}");
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

fn fill() {
    *LocalLock::lock(&BATCH) += 1;
}

fn fill_with_interrupts_off() {
    *LocalLock::lock_irqsave(&BATCH) += 1;
}

/// Each CPU has its own, so nobody waits; a preempted task would be seen by the next one.
#[test]
fn tasks_of_two_cpus_take_their_own() {
    for preempt in [PreemptModel::None, PreemptModel::Full] {
        let report = run("local", 2, preempt, Strategy::Exhaustive, || {
            kthread_run_on_cpu(fill, 1, "one");
            kthread_run_on_cpu(fill, 0, "two");
            fill();
        });
        assert_eq!(report.verdict(), Verdict::Holds, "{report}");
    }
}

#[test]
fn an_interrupt_takes_its_cpus_own() {
    holds("local, an interrupt", || {
        on_line(1, fill);
        kthread_run_on_cpu(fill_with_interrupts_off, 1, "one");
        fill_with_interrupts_off();
    });
}

#[test]
fn an_interrupt_over_a_holder_is_found() {
    let report = run("local, over a holder", 2, PreemptModel::None, Strategy::Exhaustive, || {
        on_line(0, fill);
        fill();
    });
    assert_eq!(report.finding(), Some("irq-deadlock"), "{report}");
}

#[test]
fn tasks_of_three_cpus_take_their_own() {
    is_not_found("local, three", || {
        on_line(2, fill);
        kthread_run_on_cpu(fill, 1, "one");
        kthread_run_on_cpu(fill_with_interrupts_off, 2, "two");
        fill();
    });
}

fn big() {
    lock_kernel();
    TABLE.set(TABLE.get() + 1);
    unlock_kernel();
}

/// Others may hold it during the sleep, and what is done before and after is alone each.
fn big_with_a_sleep() {
    lock_kernel();
    lock_kernel();
    TABLE.set(TABLE.get() + 1);
    schedule_timeout_uninterruptible(1);
    assert!(kernel_locked());
    TABLE.set(TABLE.get() + 1);
    unlock_kernel();
    unlock_kernel();
}

#[test]
fn two_take_the_big_lock() {
    holds("big", || {
        kthread_run_on_cpu(big, 1, "one");
        big();
        ringzero::on_exit(|| assert_eq!(TABLE.get(), 2));
    });
}

#[test]
fn one_sleeps_with_the_big_lock() {
    holds("big, asleep", || {
        kthread_run_on_cpu(big, 1, "one");
        big_with_a_sleep();
        ringzero::on_exit(|| assert_eq!(TABLE.get(), 3));
    });
}

#[test]
fn three_take_the_big_lock() {
    is_not_found("big, three", || {
        kthread_run_on_cpu(big, 1, "one");
        kthread_run_on_cpu(big_with_a_sleep, 2, "two");
        big();
    });
}

fn own() {
    *OWNED.lock() += 10;
}

fn note() {
    CAME.set(CAME.get() + 1);
    match OWNED.enter() {
        Entered::Free(mut data) => *data += 1,
        Entered::Owned(mut notes) => *notes += 1,
    }
}

#[test]
fn three_own_in_turn() {
    is_not_found("owners, three", || {
        kthread_run_on_cpu(own, 1, "one");
        kthread_run_on_cpu(own, 2, "two");
        own();
        ringzero::on_exit(|| assert_eq!(*OWNED.lock(), 30));
    });
}

#[test]
fn nothing_that_an_interrupt_leaves_with_three_owners_is_lost() {
    is_not_found("owners, three and an interrupt", || {
        on_line(2, note);
        kthread_run_on_cpu(own, 1, "one");
        kthread_run_on_cpu(own, 2, "two");
        own();
        ringzero::on_exit(|| {
            disable_irq(4);
            assert_eq!(*OWNED.lock(), 30 + CAME.get());
        });
    });
}
