//! Tasklets.

use crate::reach;
use ringzero::atomic::{Atomic, PlainCell};
use ringzero::context::{
    in_hardirq, in_serving_softirq, irqs_disabled, local_bh_disable, local_bh_enable, preempt_disable, preempt_enable,
};
use ringzero::irq::{IrqFlags, IrqReturn, request_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::slab::{GFP_KERNEL, KPtr, kmalloc_obj};
use ringzero::smp::smp_processor_id;
use ringzero::sync::SpinLock;
use ringzero::tasklet::{
    Tasklet, tasklet_disable, tasklet_disable_nosync, tasklet_enable, tasklet_hi_schedule, tasklet_kill,
    tasklet_schedule,
};

ringzero::global! {
    static RAN: Atomic = Atomic::new(0);
    static INSIDE: Atomic = Atomic::new(0);
    static PLAIN: PlainCell<u32> = PlainCell::new(0);
    static LOCK: SpinLock<u32> = SpinLock::new(0).named("lock");
    static COUNTS: Tasklet = Tasklet::new(count);
    static AGAIN: Tasklet = Tasklet::new(again);
    static OLD: Tasklet = Tasklet::with_data(old, 42);
    static HIGH: Tasklet = Tasklet::new(|_| assert_eq!(RAN.inc_return(), 1));
    static LOW: Tasklet = Tasklet::new(|_| assert_eq!(RAN.inc_return(), 2));
    static OFF: Tasklet = Tasklet::new(count).disabled();
    static ALONE: Tasklet = Tasklet::new(alone);
    static LOCKS: Tasklet = Tasklet::new(|_| *LOCK.lock() += 1);
    static KILLS: Tasklet = Tasklet::new(|t| tasklet_kill(t));
    static WAITS: Tasklet = Tasklet::new(|t| tasklet_disable(t));
}

fn count(_: &'static Tasklet) {
    assert!(in_serving_softirq() && !in_hardirq() && !irqs_disabled());
    RAN.inc();
}

fn again(tasklet: &'static Tasklet) {
    if RAN.inc_return() == 1 {
        tasklet_schedule(tasklet);
        tasklet_schedule(tasklet);
    }
}

fn old(data: usize) {
    assert_eq!(data, 42);
    reach("tasklet's data");
}

fn alone(_: &'static Tasklet) {
    assert_eq!(INSIDE.inc_return(), 1, "it runs on one CPU at a time");
    PLAIN.update(|n| n + 1);
    INSIDE.dec();
    if smp_processor_id() == 1 {
        reach("tasklet on cpu 1");
    }
}

pub fn it_runs_once_for_each_scheduling() {
    local_bh_disable();
    tasklet_schedule(&COUNTS);
    assert!(!COUNTS.schedule(), "it waits to run already");
    assert_eq!(RAN.read(), 0);
    local_bh_enable();
    assert_eq!(RAN.read(), 1);
    local_bh_disable();
    assert!(COUNTS.schedule());
    local_bh_enable();
    assert_eq!(RAN.read(), 2);
    reach("tasklet ran");
}

pub fn it_schedules_itself() {
    tasklet_schedule(&AGAIN);
    ringzero::on_exit(|| {
        tasklet_kill(&AGAIN);
        assert_eq!(RAN.read(), 2);
        reach("tasklet ran again");
    });
}

pub fn the_old_form_has_data() {
    tasklet_schedule(&OLD);
}

pub fn high_priority_ones_run_first() {
    local_bh_disable();
    tasklet_schedule(&LOW);
    tasklet_hi_schedule(&HIGH);
    local_bh_enable();
    assert_eq!(RAN.read(), 2);
    reach("high first");
}

pub fn an_interrupt_schedules_it() {
    request_irq(3, IrqFlags::NONE, "dev", |_| {
        tasklet_schedule(&COUNTS);
        IrqReturn::Handled
    })
    .expect("line 3 is free");
    ringzero::on_exit(|| {
        tasklet_kill(&COUNTS);
        if RAN.read() == 1 {
            reach("scheduled by an irq");
        }
    });
}

/// Scheduled on both CPUs: it may run twice, and not at once.
pub fn it_runs_on_one_cpu_at_a_time() {
    kthread_run_on_cpu(|| tasklet_schedule(&ALONE), 1, "other");
    tasklet_schedule(&ALONE);
    ringzero::on_exit(|| {
        tasklet_kill(&ALONE);
        let n = PLAIN.get();
        assert!(n == 1 || n == 2);
        reach(if n == 1 { "tasklet once" } else { "tasklet twice" });
    });
}

pub fn a_disabled_one_waits() {
    local_bh_disable();
    tasklet_schedule(&OFF);
    local_bh_enable();
    assert_eq!(RAN.read(), 0);
    tasklet_disable_nosync(&OFF);
    tasklet_enable(&OFF);
    assert_eq!(RAN.read(), 0);
    tasklet_enable(&OFF);
    ringzero::on_exit(|| {
        tasklet_kill(&OFF);
        assert_eq!(RAN.read(), 1);
        reach("tasklet enabled");
    });
}

/// It goes back to the CPU that scheduled it.
pub fn it_is_enabled_from_another_cpu() {
    kthread_run_on_cpu(
        || {
            local_bh_disable();
            tasklet_schedule(&OFF);
            local_bh_enable();
            INSIDE.set(1);
        },
        1,
        "other",
    );
    tasklet_enable(&OFF);
    ringzero::on_exit(|| {
        tasklet_kill(&OFF);
        assert!(RAN.read() == 1 && INSIDE.read() == 1);
        reach("enabled elsewhere");
    });
}

pub fn disabling_waits_for_it() {
    kthread_run_on_cpu(|| tasklet_schedule(&ALONE), 1, "other");
    preempt_disable();
    tasklet_disable(&ALONE);
    assert_eq!(INSIDE.read(), 0);
    PLAIN.update(|n| n + 10);
    tasklet_enable(&ALONE);
    preempt_enable();
    ringzero::on_exit(|| {
        tasklet_kill(&ALONE);
        assert_eq!(PLAIN.get(), 11);
        reach("disabled meanwhile");
    });
}

pub fn killing_waits_for_it() {
    kthread_run_on_cpu(
        || {
            tasklet_schedule(&ALONE);
            RAN.set(1);
        },
        1,
        "other",
    );
    if RAN.read() == 1 {
        tasklet_kill(&ALONE);
        assert!(INSIDE.read() == 0 && PLAIN.get() == 1);
        reach("killed");
    }
}

pub fn killed_in_a_softirq() {
    tasklet_schedule(&KILLS);
}

pub fn killed_while_disabled() {
    local_bh_disable();
    tasklet_schedule(&OFF);
    local_bh_enable();
    tasklet_kill(&OFF);
}

pub fn waiting_for_itself() {
    tasklet_schedule(&WAITS);
}

pub fn enabled_too_often() {
    tasklet_enable(&COUNTS);
}

/// The DMA driver's bug: the callback runs under the lock that it takes.
pub fn under_its_own_lock() {
    request_irq(3, IrqFlags::NONE, "dma", |_| {
        tasklet_schedule(&LOCKS);
        IrqReturn::Handled
    })
    .expect("line 3 is free");
    LOCK.lock().unlock();
}

pub fn freed_while_scheduled() {
    let object: KPtr<Tasklet> = kmalloc_obj(Tasklet::new(count), GFP_KERNEL).expect("GFP_KERNEL does not fail");
    tasklet_schedule(object.get());
    object.kfree();
}
