//! Programs whose classes are counted by hand: the table of "Counts to check".
//!
//! `x`, `y`, `z` are words with marked accesses, `l`, `a`, `b` spinlocks. `T` is a task on CPU 0, `S` one on CPU 1
//! (or the second one on CPU 0), `H` a handler on CPU 0. Each line may arrive once.
//!
//! | name | CPU 0 | CPU 1 | complete | deadlocked |
//! |---|---|---|---|---|
//! | irq-independent | T: w x, w x, w x. H: w y | | 2 | 0 |
//! | irq-conflict | T: w x, w x, w x. H: w x | | 5 | 0 |
//! | irq-masked | T: off, w x, w x, on, w x. H: w x | | 4 | 0 |
//! | irq-masked-independent | T: off, w x, on, w y, off, w x, on. H: w z | | 2 | 0 |
//! | irq-atomic-over-task | T: w x, w y. H: w x, w y | | 4 | 0 |
//! | same-on-two-cpus | T: w x, w y | S: w x, w y | 4 | 0 |
//! | two-irqs-one-cpu | T: w x. H1: w x. H2: w x | | 11 | 0 |
//! | other-cpu-path | T: w y. H: w x | S: r y, w x | 6 | 0 |
//! | irq-lock-safe | T: off, lock l, w x, unlock l, on. H: lock l, w x, unlock l | | 3 | 0 |
//! | irq-lock-shared | T: lock l, w x, unlock l. H: lock l, w x, unlock l | | 3 | 2 |
//! | three-on-a-lock | T: lock l, unlock l. H1 and H2: the same | | 11 | 4 |
//! | abba | T: lock a, lock b, unlock b, unlock a | S: lock b, lock a, unlock a, unlock b | 2 | 1 |
//! | preempt-two-tasks | T: w x, w y. S: w x, w y | | 4 | 0 |
//! | no-preempt-two-tasks | the same, without preemption | | 2 | 0 |

use crate::entry::Expect::{self, Holds, Violated};
use crate::entry::{Entry, Group, untuned};
use ringzero::PreemptModel;
use ringzero::atomic::Marked;
use ringzero::context::{local_irq_disable, local_irq_enable};
use ringzero::irq::{IRQF_NO_AUTOEN, IrqReturn, enable_irq, irq_set_affinity, request_irq};
use ringzero::program::Settings;
use ringzero::sched::{TaskOptions, spawn};
use ringzero::sync::RawSpinLock;

type Word = Marked<u32>;

ringzero::global! {
    static X: Word = Marked::new(0);
    static Y: Word = Marked::new(0);
    static Z: Word = Marked::new(0);
    static L: RawSpinLock = RawSpinLock::new().named("l");
    static A: RawSpinLock = RawSpinLock::new().named("a");
    static B: RawSpinLock = RawSpinLock::new().named("b");
}

/// `w`
#[track_caller]
fn w(word: &Word) {
    word.write_once(1);
}

/// `off`
fn off() {
    local_irq_disable();
}

/// `on`
fn on() {
    local_irq_enable();
}

/// Task T.
fn t(body: fn()) {
    task("T", 0, body);
}

/// Task S, on CPU `cpu`.
fn s(cpu: u32, body: fn()) {
    task("S", cpu, body);
}

/// A plain task, so that it takes the steps of `body` and no others (a kthread looks first whether it was stopped).
fn task(name: &'static str, cpu: u32, body: fn()) {
    spawn(TaskOptions { allowed: 1 << cpu, ..TaskOptions::new(name) }, body);
}

/// Handler H, or H1 and H2, on CPU 0. All of them are in place before the first one may come.
fn h(bodies: &[fn()]) {
    let lines = || (4..).zip(bodies.iter().copied());
    for (irq, body) in lines() {
        irq_set_affinity(irq, 1 << 0).expect("the line and the CPU exist");
        let handler = move |_| {
            body();
            IrqReturn::Handled
        };
        request_irq(irq, IRQF_NO_AUTOEN, "H", handler).expect("nobody else has the line");
    }
    off();
    lines().for_each(|(irq, _)| enable_irq(irq));
    on();
}

const fn entry(name: &'static str, about: &'static str, expect: Expect, init: fn()) -> Entry {
    Entry { name, about, group: Group::Count, init, expect, source: file!(), tune: untuned }
}

fn no_preemption(settings: &mut Settings) {
    settings.machine.preempt = PreemptModel::None;
}

pub(crate) const ENTRIES: &[Entry] = &[
    entry("irq-independent", "a handler that touches nothing of the task's: 2 classes", Holds, irq_independent),
    entry("irq-conflict", "a handler that writes what the task writes: 5 classes", Holds, irq_conflict),
    entry("irq-masked", "the same with interrupts off for two of the writes: 4 classes", Holds, irq_masked),
    entry(
        "irq-masked-independent",
        "a handler that touches nothing, with interrupts off and on: 2 classes",
        Holds,
        irq_masked_independent,
    ),
    entry("irq-atomic-over-task", "a handler's two writes are one to the task: 4 classes", Holds, irq_atomic_over_task),
    entry("same-on-two-cpus", "the same two writes on two CPUs: 4 classes", Holds, same_on_two_cpus),
    entry("two-irqs-one-cpu", "two handlers and a task write one word: 11 classes", Holds, two_irqs_one_cpu),
    entry("other-cpu-path", "a handler that the task meets through another CPU: 6 classes", Holds, other_cpu_path),
    entry("irq-lock-safe", "a lock shared with a handler, interrupts off: 3 classes", Holds, irq_lock_safe),
    entry(
        "irq-lock-shared",
        "a lock shared with a handler, interrupts on: 3 classes and 2 deadlocks",
        Violated("irq-deadlock"),
        irq_lock_shared,
    ),
    entry(
        "three-on-a-lock",
        "a task and two handlers on one lock: 11 classes and 4 deadlocks",
        Violated("irq-deadlock"),
        three_on_a_lock,
    ),
    entry("abba", "two locks in two orders on two CPUs: 2 classes and 1 deadlock", Violated("deadlock"), abba),
    entry("preempt-two-tasks", "the same two writes by two tasks of one CPU: 4 classes", Holds, two_tasks),
    Entry {
        tune: no_preemption,
        ..entry("no-preempt-two-tasks", "the same without preemption: 2 classes", Holds, two_tasks)
    },
];

fn irq_independent() {
    h(&[|| w(&Y)]);
    t(|| {
        w(&X);
        w(&X);
        w(&X);
    });
}

fn irq_conflict() {
    h(&[|| w(&X)]);
    t(|| {
        w(&X);
        w(&X);
        w(&X);
    });
}

fn irq_masked() {
    h(&[|| w(&X)]);
    t(|| {
        off();
        w(&X);
        w(&X);
        on();
        w(&X);
    });
}

fn irq_masked_independent() {
    h(&[|| w(&Z)]);
    t(|| {
        off();
        w(&X);
        on();
        w(&Y);
        off();
        w(&X);
        on();
    });
}

fn irq_atomic_over_task() {
    h(&[write_both]);
    t(write_both);
}

fn same_on_two_cpus() {
    t(write_both);
    s(1, write_both);
}

fn two_tasks() {
    t(write_both);
    s(0, write_both);
}

fn write_both() {
    w(&X);
    w(&Y);
}

fn two_irqs_one_cpu() {
    h(&[|| w(&X), || w(&X)]);
    t(|| w(&X));
}

fn other_cpu_path() {
    h(&[|| w(&X)]);
    t(|| w(&Y));
    s(1, || {
        Y.read_once();
        w(&X);
    });
}

fn write_locked() {
    L.lock();
    w(&X);
    L.unlock();
}

fn irq_lock_safe() {
    h(&[write_locked]);
    t(|| {
        off();
        write_locked();
        on();
    });
}

fn irq_lock_shared() {
    h(&[write_locked]);
    t(write_locked);
}

fn lock_and_unlock() {
    L.lock();
    L.unlock();
}

fn three_on_a_lock() {
    h(&[lock_and_unlock, lock_and_unlock]);
    t(lock_and_unlock);
}

fn abba() {
    t(|| {
        A.lock();
        B.lock();
        B.unlock();
        A.unlock();
    });
    s(1, || {
        B.lock();
        A.lock();
        A.unlock();
        B.unlock();
    });
}
