//! Softirqs: where and when they run.

use crate::reach;
use ringzero::atomic::Atomic;
use ringzero::context::{in_serving_softirq, irqs_disabled, local_bh_disable, local_bh_enable};
use ringzero::irq::{IrqFlags, IrqReturn, irq_set_affinity, request_irq, set_arrivals};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::smp::smp_processor_id;
use ringzero::softirq::{
    BLOCK_SOFTIRQ, HI_SOFTIRQ, NET_RX_SOFTIRQ, NET_TX_SOFTIRQ, local_softirq_pending, open_softirq, raise_softirq,
    raise_softirq_irqoff,
};

ringzero::global! {
    static RAN: Atomic = Atomic::new(0);
}

fn count(_: u32) {
    assert!(in_serving_softirq() && !irqs_disabled());
    RAN.inc();
}

pub fn bh_enable_runs_what_was_raised() {
    open_softirq(NET_RX_SOFTIRQ, count);
    local_bh_disable();
    raise_softirq(NET_RX_SOFTIRQ);
    raise_softirq(NET_RX_SOFTIRQ);
    assert_eq!(local_softirq_pending(), 1 << NET_RX_SOFTIRQ);
    assert_eq!(RAN.read(), 0);
    local_bh_enable();
    assert_eq!(RAN.read(), 1, "raised twice, run once");
    reach("bh enabled");
}

pub fn the_last_bh_enable_counts() {
    open_softirq(NET_RX_SOFTIRQ, count);
    local_bh_disable();
    local_bh_disable();
    raise_softirq(NET_RX_SOFTIRQ);
    local_bh_enable();
    assert_eq!(RAN.read(), 0);
    local_bh_enable();
    assert_eq!(RAN.read(), 1);
    reach("last enable");
}

pub fn a_raised_softirq_runs_after_all() {
    open_softirq(NET_RX_SOFTIRQ, count);
    raise_softirq(NET_RX_SOFTIRQ);
    ringzero::on_exit(|| {
        assert_eq!(RAN.read(), 1);
        reach("ksoftirqd");
    });
}

pub fn a_softirq_of_a_hardirq_runs_at_its_end() {
    open_softirq(NET_RX_SOFTIRQ, |_| {
        assert_eq!(RAN.read(), 1, "not before the handler's end");
        RAN.inc();
        reach("irq exit");
    });
    irq_set_affinity(4, 1).expect("there is a CPU 0");
    set_arrivals(4, 1);
    let handler = |_| {
        raise_softirq_irqoff(NET_RX_SOFTIRQ);
        RAN.inc();
        IrqReturn::Handled
    };
    request_irq(4, IrqFlags::NONE, "net", handler).expect("the line is free");
    let ran = RAN.read();
    assert!(ran == 0 || ran == 2, "this task runs between a handler and its softirq");
}

pub fn the_lowest_vector_is_first() {
    let note = |vector| {
        let before = RAN.read();
        RAN.set(before * 10 + vector as i32 + 1);
    };
    for vector in [BLOCK_SOFTIRQ, HI_SOFTIRQ, NET_TX_SOFTIRQ] {
        open_softirq(vector, note);
    }
    local_bh_disable();
    raise_softirq(BLOCK_SOFTIRQ);
    raise_softirq(NET_TX_SOFTIRQ);
    raise_softirq(HI_SOFTIRQ);
    local_bh_enable();
    assert_eq!(RAN.read(), 135);
    reach("in order");
}

pub fn a_softirq_runs_where_it_was_raised() {
    open_softirq(NET_RX_SOFTIRQ, |_| {
        let place = if smp_processor_id() == 0 { "softirq cpu 0" } else { "softirq cpu 1" };
        reach(place);
        RAN.add(1 << smp_processor_id());
    });
    let raise = || {
        local_bh_disable();
        raise_softirq(NET_RX_SOFTIRQ);
        local_bh_enable();
    };
    raise();
    kthread_run_on_cpu(raise, 1, "other");
    ringzero::on_exit(|| assert_eq!(RAN.read(), 0b11));
}
