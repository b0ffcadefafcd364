//! Real-time priorities: who has the CPU.

use crate::reach;
use ringzero::atomic::{Atomic, cpu_relax};
use ringzero::context::{cond_resched, preempt_disable, preempt_enable};
use ringzero::kthread::{kthread_create_on_cpu, kthread_run_on_cpu};
use ringzero::sched::{
    SCHED_FIFO, SCHED_NORMAL, SCHED_RR, Task, current, sched_setscheduler, wake_up_process, yield_now,
};

ringzero::global! {
    static RAN: Atomic = Atomic::new(0);
    static ORDER: Atomic = Atomic::new(0);
}

/// A real-time task of CPU 1 that is not woken yet.
fn task(policy: u32, priority: u32, f: impl FnOnce() + Send + 'static) -> &'static Task {
    let task = kthread_create_on_cpu(f, 1, "task");
    assert_eq!(sched_setscheduler(task, policy, priority), 0);
    task
}

fn on_cpu_1(f: impl FnOnce() + Send + 'static) {
    kthread_run_on_cpu(f, 1, "waker");
}

fn become_fifo(priority: u32) {
    assert_eq!(sched_setscheduler(current(), SCHED_FIFO, priority), 0);
}

/// Whether a task is switched away wherever preemption is on.
fn anywhere() -> bool {
    ringzero::machine::machine().is_some_and(|m| m.preempt_model() == ringzero::PreemptModel::Full)
}

/// Notes that the n-th task has run.
fn note(n: i32) {
    ORDER.set(ORDER.read() * 10 + n);
}

pub fn a_better_task_comes_at_once() {
    on_cpu_1(|| {
        let better = task(SCHED_FIFO, 1, || RAN.inc());
        wake_up_process(better);
        if !anywhere() {
            assert_eq!(RAN.read(), 0, "nobody is switched away here");
            cond_resched();
        }
        assert_eq!(RAN.read(), 1);
        reach("came at once");
    });
}

pub fn it_waits_until_preemption_is_on() {
    on_cpu_1(|| {
        let better = task(SCHED_FIFO, 1, || RAN.inc());
        preempt_disable();
        wake_up_process(better);
        assert_eq!(RAN.read(), 0);
        preempt_enable();
        cond_resched();
        assert_eq!(RAN.read(), 1);
        reach("came when preemption was on");
    });
}

pub fn the_best_is_first() {
    on_cpu_1(|| {
        let tasks = [1, 3, 2].map(|n: u32| task(SCHED_FIFO, n, move || note(n.cast_signed())));
        preempt_disable();
        for task in tasks {
            wake_up_process(task);
        }
        preempt_enable();
        cond_resched();
        assert_eq!(ORDER.read(), 321);
        reach("the best was first");
    });
}

pub fn an_equal_one_waits_for_a_yield() {
    on_cpu_1(|| {
        become_fifo(7);
        let equal = task(SCHED_FIFO, 7, || RAN.inc());
        wake_up_process(equal);
        cond_resched();
        assert_eq!(RAN.read(), 0);
        yield_now();
        assert_eq!(RAN.read(), 1);
        reach("an equal one came");
    });
}

pub fn a_worse_one_waits_for_a_sleep() {
    on_cpu_1(|| {
        become_fifo(7);
        let worse = task(SCHED_FIFO, 6, || RAN.inc());
        let ordinary = kthread_create_on_cpu(|| RAN.inc(), 1, "ordinary");
        wake_up_process(worse);
        wake_up_process(ordinary);
        cond_resched();
        yield_now();
        assert_eq!(RAN.read(), 0);
        reach("worse ones waited");
    });
}

pub fn who_becomes_worse_goes() {
    on_cpu_1(|| {
        become_fifo(7);
        let other = task(SCHED_FIFO, 6, || RAN.inc());
        wake_up_process(other);
        assert_eq!(sched_setscheduler(current(), SCHED_NORMAL, 0), 0);
        cond_resched();
        assert_eq!(RAN.read(), 1);
        reach("the other one was better");
    });
}

pub fn who_becomes_better_comes() {
    on_cpu_1(|| {
        let other = kthread_create_on_cpu(|| RAN.inc(), 1, "other");
        preempt_disable();
        wake_up_process(other);
        assert_eq!(sched_setscheduler(other, SCHED_FIFO, 1), 0);
        assert_eq!(RAN.read(), 0);
        preempt_enable();
        cond_resched();
        assert_eq!(RAN.read(), 1);
        reach("it became better");
    });
}

pub fn who_was_preempted_is_first_of_its_equals() {
    on_cpu_1(|| {
        become_fifo(7);
        wake_up_process(task(SCHED_FIFO, 7, || note(2)));
        wake_up_process(task(SCHED_FIFO, 8, || note(1)));
        cond_resched();
        assert_eq!(ORDER.read(), 1, "the better one, and not the equal one");
        reach("first again");
    });
}

pub fn equals_take_turns_if_they_shall() {
    on_cpu_1(|| {
        assert_eq!(sched_setscheduler(current(), SCHED_RR, 7), 0);
        wake_up_process(task(SCHED_RR, 7, || RAN.inc()));
        while RAN.read() == 0 {
            cpu_relax();
            cond_resched();
        }
        reach("took turns");
    });
}
