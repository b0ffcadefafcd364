//! Raising and processing, outside a machine. One test, since the vectors and hooks are the instance's.

use ringzero_context::{
    in_interrupt, in_serving_softirq, irq_enter, irqs_disabled, local_bh_disable, local_bh_enable, local_irq_disable,
    local_irq_enable, preempt_count,
};
use ringzero_softirq::{
    HI_SOFTIRQ, HOOKS, MAX_SOFTIRQ_RESTART, NET_RX_SOFTIRQ, RCU_SOFTIRQ, TASKLET_SOFTIRQ, TIMER_SOFTIRQ, do_softirq,
    init, irq_exit, local_softirq_pending, open_softirq, raise_softirq, raise_softirq_irqoff,
};
use std::cell::{Cell, RefCell};
use std::panic::catch_unwind;

thread_local! {
    static RAN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    static WOKEN: Cell<u32> = const { Cell::new(0) };
}

fn note(nr: u32) {
    assert!(in_serving_softirq() && in_interrupt() && !irqs_disabled());
    RAN.with_borrow_mut(|ran| ran.push(nr));
}

fn again(nr: u32) {
    note(nr);
    raise_softirq(nr);
}

fn leaves_bh_disabled(_: u32) {
    local_bh_disable();
}

fn ran() -> Vec<u32> {
    RAN.take()
}

fn deferred_to_the_end_of_the_interrupt() {
    irq_enter();
    local_irq_disable();
    raise_softirq_irqoff(NET_RX_SOFTIRQ);
    raise_softirq_irqoff(HI_SOFTIRQ);
    do_softirq();
    assert_eq!((ran(), WOKEN.get()), (vec![], 0));
    irq_exit();
    assert!(irqs_disabled() && preempt_count() == 0);
    local_irq_enable();
    assert_eq!(ran(), [HI_SOFTIRQ, NET_RX_SOFTIRQ]);
}

fn deferred_to_the_enabling_of_bottom_halves() {
    local_bh_disable();
    local_bh_disable();
    raise_softirq(HI_SOFTIRQ);
    local_bh_enable();
    assert_eq!((ran(), WOKEN.get()), (vec![], 0));
    local_bh_enable();
    assert_eq!((ran(), preempt_count()), (vec![HI_SOFTIRQ], 0));
}

fn left_to_ksoftirqd() {
    raise_softirq(HI_SOFTIRQ);
    assert_eq!((ran(), WOKEN.take()), (vec![], 1));
    do_softirq();
    assert_eq!(ran(), [HI_SOFTIRQ]);
    local_bh_disable();
    raise_softirq(TASKLET_SOFTIRQ);
    local_bh_enable();
    assert_eq!(ran().len(), 1 + MAX_SOFTIRQ_RESTART as usize);
    assert_eq!((WOKEN.take(), local_softirq_pending()), (1, 1 << TASKLET_SOFTIRQ));
}

#[test]
fn softirqs_run_where_they_should() {
    init();
    HOOKS.wake_ksoftirqd.set(Some(|_, _| WOKEN.set(WOKEN.get() + 1)));
    for nr in [HI_SOFTIRQ, NET_RX_SOFTIRQ] {
        open_softirq(nr, note);
    }
    open_softirq(TASKLET_SOFTIRQ, again);
    open_softirq(TIMER_SOFTIRQ, leaves_bh_disabled);
    deferred_to_the_end_of_the_interrupt();
    deferred_to_the_enabling_of_bottom_halves();
    left_to_ksoftirqd();
    let unbalanced = catch_unwind(|| {
        local_bh_disable();
        raise_softirq(RCU_SOFTIRQ);
        raise_softirq(TIMER_SOFTIRQ);
        local_bh_enable();
    });
    let message = *unbalanced.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("unbalanced-context: the handler of softirq TIMER was entered with"), "{message}");
}
