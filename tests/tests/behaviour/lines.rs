//! Interrupt lines, and calls to other CPUs.

use crate::reach;
use ringzero::atomic::Atomic;
use ringzero::context::{in_hardirq, in_task, irqs_disabled, preempt_count};
use ringzero::irq::*;
use ringzero::smp::{smp_call_function_single, smp_processor_id};

const LINE: u32 = 9;

ringzero::global! {
    static RAN: Atomic = Atomic::new(0);
    static OTHER: Atomic = Atomic::new(0);
    static INSIDE: Atomic = Atomic::new(0);
}

fn count(_: u32) -> IrqReturn {
    RAN.inc();
    IrqReturn::Handled
}

fn request(handler: fn(u32) -> IrqReturn) {
    irq_set_affinity(LINE, 1).expect("there is a CPU 0");
    set_arrivals(LINE, 1);
    request_irq(LINE, IrqFlags::NONE, "device", handler).expect("the line is free");
}

pub fn a_line_is_requested_once() {
    set_software_only(LINE);
    assert_eq!(request_irq(LINE, IrqFlags::NONE, "one", count), Ok(()));
    assert_eq!(request_irq(LINE, IrqFlags::NONE, "two", count), Err(Errno::EBUSY));
    assert_eq!(request_irq(NR_IRQS, IrqFlags::NONE, "none", count), Err(Errno::EINVAL));
    assert_eq!(request_irq(3, IRQF_SHARED, "no id", count), Err(Errno::EINVAL));
    assert_eq!(free_irq(LINE, 0), Some("one"));
    assert_eq!(free_irq(LINE, 0), None);
    assert_eq!(request_irq(LINE, IrqFlags::NONE, "two", count), Ok(()));
    assert!(irq_set_affinity(LINE, 0).is_err());
    reach("busy");
}

pub fn a_handler_gets_its_line() {
    request(|irq| {
        assert_eq!((irq, smp_processor_id()), (LINE, 0));
        reach("line 9");
        IrqReturn::Handled
    });
}

pub fn a_disabled_line_stays_out() {
    request(count);
    disable_irq(LINE);
    let before = RAN.read();
    OTHER.set(1);
    assert_eq!(RAN.read(), before);
    enable_irq(LINE);
    reach("disabled");
}

pub fn disables_nest() {
    request(count);
    disable_irq(LINE);
    disable_irq_nosync(LINE);
    enable_irq(LINE);
    let before = RAN.read();
    OTHER.set(1);
    assert_eq!(RAN.read(), before, "disabled twice, enabled once");
    enable_irq(LINE);
    reach("nested");
}

pub fn what_comes_meanwhile_is_latched() {
    set_software_only(LINE);
    irq_set_affinity(LINE, 1).expect("there is a CPU 0");
    request_irq(LINE, IRQF_NO_AUTOEN, "device", count).expect("the line is free");
    raise(LINE);
    raise(LINE);
    assert_eq!(RAN.read(), 0, "the line was not enabled");
    enable_irq(LINE);
    ringzero::on_exit(|| {
        assert_eq!(RAN.read(), 1, "raised twice, latched once");
        reach("latched");
    });
}

pub fn handlers_share_a_line() {
    set_software_only(LINE);
    irq_set_affinity(LINE, 1).expect("there is a CPU 0");
    request_irq_dev(LINE, IRQF_SHARED, "one", 1, count).expect("the line is free");
    let other = |_| {
        OTHER.inc();
        IrqReturn::None
    };
    request_irq_dev(LINE, IRQF_SHARED, "two", 2, other).expect("they share");
    assert_eq!(request_irq_dev(LINE, IRQF_SHARED, "two", 2, other), Err(Errno::EBUSY));
    assert_eq!(request_irq(LINE, IrqFlags::NONE, "alone", other), Err(Errno::EBUSY));
    raise(LINE);
    ringzero::on_exit(|| {
        assert_eq!((RAN.read(), OTHER.read()), (1, 1));
        assert_eq!(free_irq(LINE, 2), Some("two"));
        assert_eq!(free_irq(LINE, 2), None);
        assert_eq!(free_irq(LINE, 1), Some("one"));
        reach("shared");
    });
}

pub fn synchronize_waits_for_the_handler() {
    irq_set_affinity(LINE, 2).expect("there is a CPU 1");
    set_arrivals(LINE, 1);
    let handler = |_| {
        INSIDE.set(1);
        INSIDE.set(0);
        IrqReturn::Handled
    };
    request_irq(LINE, IrqFlags::NONE, "device", handler).expect("the line is free");
    disable_irq_nosync(LINE);
    INSIDE.read();
    synchronize_irq(LINE);
    assert_eq!(INSIDE.read(), 0);
    enable_irq(LINE);
    synchronize_hardirq(LINE);
    reach("synchronized");
}

pub fn a_freed_line_is_silent() {
    irq_set_affinity(LINE, 2).expect("there is a CPU 1");
    set_arrivals(LINE, 1);
    request_irq(LINE, IrqFlags::NONE, "device", count).expect("the line is free");
    free_irq(LINE, 0);
    let ran = RAN.read();
    raise(LINE);
    OTHER.set(1);
    assert_eq!(RAN.read(), ran);
    reach("freed");
}

pub fn calls_to_other_cpus() {
    let call = || {
        assert!(in_hardirq() && irqs_disabled() && smp_processor_id() == 1);
        RAN.set(1);
        reach("called");
    };
    assert_eq!(smp_call_function_single(1, call, true), Ok(()));
    assert_eq!(RAN.read(), 1, "it has waited");
    assert_eq!(smp_call_function_single(7, || {}, true), Err(Errno::ENXIO));
    assert_eq!(preempt_count(), 0);
    reach("waited");
}

pub fn calls_without_wait() {
    assert_eq!(smp_call_function_single(1, || RAN.inc(), false), Ok(()));
    if RAN.read() == 0 {
        reach("not waited");
    }
    ringzero::on_exit(|| assert_eq!(RAN.read(), 1));
}

pub fn calls_to_the_own_cpu() {
    let call = || {
        assert!(irqs_disabled() && smp_processor_id() == 0);
        RAN.inc();
    };
    assert_eq!(smp_call_function_single(0, call, false), Ok(()));
    assert_eq!(RAN.read(), 1);
    assert!(in_task() && !irqs_disabled());
    reach("own cpu");
}
