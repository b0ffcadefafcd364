//! Which context runs, and what it may do.

use crate::reach;
use ringzero::atomic::Atomic;
use ringzero::context::*;
use ringzero::irq::{IrqFlags as Flags, IrqReturn, irq_set_affinity, request_irq, request_nmi, set_arrivals};
use ringzero::softirq::{NET_RX_SOFTIRQ, open_softirq, raise_softirq};

ringzero::global! {
    static SEEN: Atomic = Atomic::new(0);
}

/// The predicates: task, interrupt, softirq, serving softirq, hardirq, irq, nmi, atomic.
fn asked() -> [bool; 8] {
    [in_task(), in_interrupt(), in_softirq(), in_serving_softirq(), in_hardirq(), in_irq(), in_nmi(), in_atomic()]
}

const TASK: [bool; 8] = [true, false, false, false, false, false, false, false];
const ATOMIC_TASK: [bool; 8] = [true, false, false, false, false, false, false, true];
const BH_OFF: [bool; 8] = [true, true, true, false, false, false, false, true];
const SOFTIRQ: [bool; 8] = [false, true, true, true, false, false, false, true];
const HARDIRQ: [bool; 8] = [false, true, false, false, true, true, false, true];
const HARDIRQ_UPON_SOFTIRQ: [bool; 8] = [false, true, true, true, true, true, false, true];
const NMI: [bool; 8] = [false, true, false, false, true, false, true, true];

fn on_cpu_0(irq: u32, handler: fn(u32) -> IrqReturn) {
    irq_set_affinity(irq, 1).expect("there is a CPU 0");
    set_arrivals(irq, 1);
    request_irq(irq, Flags::NONE, "device", handler).expect("the line is free");
}

pub fn a_task() {
    assert_eq!((asked(), preempt_count()), (TASK, 0));
    assert!(preemptible() && !irqs_disabled());
    local_irq_disable();
    assert_eq!(asked(), TASK);
    assert!(irqs_disabled() && !preemptible());
    local_irq_enable();
    local_bh_disable();
    assert_eq!((asked(), softirq_count()), (BH_OFF, SOFTIRQ_DISABLE_OFFSET));
    local_bh_enable();
    assert_eq!((asked(), preempt_count()), (TASK, 0));
    reach("task");
}

pub fn preemption_nests() {
    preempt_disable();
    preempt_disable();
    assert_eq!((asked(), preempt_count()), (ATOMIC_TASK, 2));
    preempt_enable();
    assert!(in_atomic() && !preemptible());
    local_bh_disable();
    assert_eq!(preempt_count(), 1 + SOFTIRQ_DISABLE_OFFSET);
    local_bh_enable();
    preempt_enable_no_resched();
    assert!(preemptible());
    reach("preemption nests");
}

pub fn a_hardirq() {
    on_cpu_0(4, |_| {
        assert_eq!(asked(), HARDIRQ);
        assert_eq!(hardirq_count(), HARDIRQ_OFFSET);
        assert!(irqs_disabled() && !preemptible());
        reach("hardirq");
        IrqReturn::Handled
    });
    assert_eq!(asked(), TASK);
}

pub fn an_nmi() {
    irq_set_affinity(2, 1).expect("there is a CPU 0");
    let watch = |_| {
        assert_eq!(asked(), NMI);
        reach(if SEEN.read() == 1 { "nmi with interrupts off" } else { "nmi" });
        IrqReturn::Handled
    };
    request_nmi(2, Flags::NONE, "watchdog", watch).expect("the line is free");
    local_irq_disable();
    SEEN.set(1);
    SEEN.set(2);
    local_irq_enable();
    assert_eq!(asked(), TASK);
}

pub fn a_hardirq_upon_a_softirq() {
    open_softirq(NET_RX_SOFTIRQ, |vector| {
        assert_eq!((asked(), vector), (SOFTIRQ, NET_RX_SOFTIRQ));
        assert!(!irqs_disabled());
        SEEN.set(1);
        SEEN.set(2);
        reach("softirq");
    });
    on_cpu_0(4, |_| {
        if in_serving_softirq() {
            assert_eq!(asked(), HARDIRQ_UPON_SOFTIRQ);
            reach("hardirq upon softirq");
        }
        SEEN.read();
        IrqReturn::Handled
    });
    local_bh_disable();
    raise_softirq(NET_RX_SOFTIRQ);
    local_bh_enable();
}

pub fn flags_are_restored() {
    let on = local_irq_save();
    assert!(!on.irqs_disabled() && irqs_disabled());
    let off = local_irq_save();
    assert!(off.irqs_disabled());
    local_irq_restore(off);
    assert!(irqs_disabled());
    local_irq_restore(on);
    assert!(!irqs_disabled() && !local_save_flags().irqs_disabled());
    hard_irq_disable();
    assert!(irqs_disabled());
    local_irq_enable();
    reach("flags restored");
}

pub fn counted_disables() {
    irq_disable_counted();
    irq_disable_counted();
    irq_enable_counted();
    assert!(irqs_disabled());
    irq_enable_counted();
    assert!(!irqs_disabled());
    local_irq_disable();
    irq_disable_counted();
    irq_enable_counted();
    assert!(irqs_disabled());
    local_irq_enable();
    reach("counted");
}

pub fn nothing_enters_with_interrupts_off() {
    on_cpu_0(4, |_| {
        SEEN.inc();
        IrqReturn::Handled
    });
    local_irq_disable();
    let first = SEEN.read();
    let second = SEEN.read();
    assert_eq!(first, second);
    local_irq_enable();
    reach(if first == 1 { "before" } else { "after" });
}

pub fn might_sleep_in_a_task() {
    might_sleep();
    might_sleep_if(true);
    cond_resched();
    preempt_disable();
    might_sleep_if(false);
    preempt_enable();
    reach("might sleep");
}
