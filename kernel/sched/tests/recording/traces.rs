//! What the primitives announce: the steps, their order, and that nothing else is one. On a recording machine.

use crate::recorder::boot;
use ringzero_atomic::{Atomic, PlainCell, smp_mb};
use ringzero_context::{
    LocalInterruptDisabled, cond_resched, irq_enter, local_bh_disable, local_bh_enable, local_irq_restore,
    local_irq_save, might_sleep, preempt_disable, preempt_enable,
};
use ringzero_machine::PreemptModel;
use ringzero_sched::{WaitQueueHead, wake_up};
use ringzero_softirq::{HI_SOFTIRQ, irq_exit, open_softirq, raise_softirq};
use ringzero_spinning::{RawSpinLock, SpinLock, SpinLockIrq};

#[test]
fn atomics_are_one_step_and_barriers_none() {
    let machine = boot();
    let (a, p) = (Atomic::new(1), PlainCell::new(0));
    a.inc();
    smp_mb();
    a.cmpxchg(7, 8);
    p.update(|v| v + a.read());
    assert_eq!(machine.log(), ["atomic_rmw rw", "cmpxchg rw", "plain read r", "atomic_read r", "plain write w"]);
}

#[test]
fn only_windows_that_close_are_gates() {
    let machine = boot();
    preempt_disable();
    preempt_disable();
    preempt_enable();
    local_bh_disable();
    local_bh_disable();
    let flags = local_irq_save();
    drop(LocalInterruptDisabled::new());
    preempt_disable();
    preempt_enable();
    local_irq_restore(flags);
    local_bh_enable();
    local_bh_enable();
    preempt_enable();
    assert_eq!(
        machine.log(),
        ["preempt_disable gate", "local_bh_disable r", "local_irq_disable gate", "(off)", "(on)", "softirq r"]
    );
    let flags = local_irq_save();
    machine.log();
    preempt_disable();
    assert_eq!(machine.log(), [""; 0]);
    local_bh_disable();
    assert_eq!(machine.log(), ["local_bh_disable r"]);
    let _ = flags;
}

#[test]
fn a_coarse_lock_is_a_gate_and_one_step() {
    let machine = boot();
    let lock = SpinLock::new(0);
    drop(lock.lock());
    assert_eq!(machine.log(), ["preempt_disable gate", "spin_lock rw", "spin_unlock w"]);
    drop(lock.lock_bh());
    assert_eq!(machine.log(), ["local_bh_disable r", "spin_lock rw", "spin_unlock w", "softirq r"]);
    drop(lock.lock_irqsave());
    assert_eq!(machine.log(), ["local_irq_disable gate", "(off)", "spin_lock rw", "spin_unlock w", "(on)"]);
    let outer = SpinLockIrq::new(());
    let held = outer.lock();
    machine.log();
    assert!(lock.try_lock().is_some() && !lock.is_locked());
    assert_eq!(machine.log(), ["spin_trylock rw", "spin_unlock w", "spin_is_locked r"]);
    drop(held);
}

#[test]
fn a_fine_lock_announces_its_own_atomics() {
    let machine = boot();
    machine.set_fine(true);
    let lock: &'static RawSpinLock = Box::leak(Box::new(RawSpinLock::new()));
    lock.lock();
    let context = ringzero_machine::cpu();
    machine.meanwhile(move || {
        // The holder is the context beneath: it has one preemption disable less.
        lock.unlock();
        context.preempt_count.set(context.preempt_count.get() + 1);
    });
    machine.log();
    lock.lock();
    assert_eq!(machine.log(), ["cmpxchg rw", "atomic_read r*", "atomic_set w", "cmpxchg rw"]);
}

#[test]
fn softirqs_mask_interrupts_around_the_look_at_what_is_pending() {
    let machine = boot();
    open_softirq(HI_SOFTIRQ, |_| smp_mb());
    local_bh_disable();
    raise_softirq(HI_SOFTIRQ);
    machine.log();
    local_bh_enable();
    let round = ["softirq rw", "(on)", "local_irq_disable gate", "(off)", "softirq r"];
    let mut expected = vec!["softirq r", "local_irq_disable gate", "(off)"];
    expected.extend(round);
    expected.push("(on)");
    assert_eq!(machine.log(), expected);
    let flags = local_irq_save();
    irq_enter();
    machine.log();
    raise_softirq(HI_SOFTIRQ);
    irq_exit();
    let mut expected = vec!["softirq rw"];
    expected.extend(round);
    assert_eq!(machine.log(), expected);
    irq_enter();
    irq_exit();
    assert_eq!(machine.log(), ["softirq r"]);
    local_irq_restore(flags);
}

#[test]
fn a_wake_up_of_an_empty_queue_is_one_step() {
    let machine = boot();
    wake_up(&WaitQueueHead::new());
    assert_eq!(machine.log(), ["local_irq_disable gate", "(off)", "wake_up rw", "(on)"]);
}

#[test]
fn might_sleep_is_a_place_for_others_under_the_voluntary_model() {
    let machine = boot();
    let mut logs = Vec::new();
    for model in [PreemptModel::Full, PreemptModel::Voluntary, PreemptModel::None] {
        machine.set_model(model);
        might_sleep();
        cond_resched();
        logs.push(machine.log().len());
    }
    assert_eq!(logs, [0, 2, 1]);
}
