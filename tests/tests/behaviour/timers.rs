//! Timers.

use crate::reach;
use ringzero::atomic::Atomic;
use ringzero::context::{in_hardirq, in_serving_softirq, irqs_disabled, local_irq_disable, local_irq_enable};
use ringzero::smp::smp_processor_id;
use ringzero::timer::{
    Timer, add_timer, add_timer_on, del_timer, del_timer_sync, jiffies, mod_timer, mod_timer_pending, time_after_eq,
    timer_pending, try_to_del_timer_sync,
};

ringzero::global! {
    static RAN: Atomic = Atomic::new(0);
    static COUNTS: Timer = Timer::new(count);
    static REARMS: Timer = Timer::new(rearm);
    static ELSEWHERE: Timer = Timer::new(elsewhere);
    static OLD: Timer = Timer::with_data(old, 42);
}

fn count(timer: &'static Timer) {
    assert!(in_serving_softirq() && !in_hardirq() && !irqs_disabled());
    assert!(time_after_eq(jiffies(), timer.expires()), "too early");
    assert!(!timer_pending(timer));
    RAN.inc();
    reach("expired");
}

fn rearm(timer: &'static Timer) {
    if RAN.inc_return() < 2 {
        assert!(!mod_timer(timer, jiffies() + 1));
        assert!(timer_pending(timer));
    }
}

fn elsewhere(_: &'static Timer) {
    assert_eq!(smp_processor_id(), 1);
    reach("timer on cpu 1");
}

fn old(data: usize) {
    assert_eq!(data, 42);
    reach("data");
}

/// With interrupts off on its CPU a timer does not expire.
pub fn arming_and_deleting() {
    local_irq_disable();
    let now = jiffies();
    assert!(!timer_pending(&COUNTS) && !del_timer(&COUNTS) && !mod_timer_pending(&COUNTS, now + 1));
    COUNTS.set_expires(now + 1);
    add_timer(&COUNTS);
    assert!(timer_pending(&COUNTS));
    assert!(mod_timer(&COUNTS, now + 5) && mod_timer_pending(&COUNTS, now + 6));
    assert_eq!(COUNTS.expires(), now + 6);
    assert!(del_timer(&COUNTS) && !timer_pending(&COUNTS) && !del_timer(&COUNTS));
    assert!(!mod_timer(&COUNTS, now + 1));
    assert_eq!(try_to_del_timer_sync(&COUNTS), 1);
    assert_eq!(try_to_del_timer_sync(&COUNTS), 0);
    local_irq_enable();
    assert_eq!(RAN.read(), 0);
    reach("armed and deleted");
}

pub fn a_timer_expires_in_a_softirq() {
    mod_timer(&COUNTS, jiffies() + 1);
    ringzero::on_exit(|| {
        del_timer_sync(&COUNTS);
        assert!(!timer_pending(&COUNTS) && RAN.read() <= 1);
    });
}

pub fn a_timer_knows_its_data() {
    mod_timer(&OLD, jiffies() + 1);
}

pub fn a_timer_rearms_itself() {
    mod_timer(&REARMS, jiffies() + 1);
    ringzero::on_exit(|| {
        del_timer_sync(&REARMS);
        if RAN.read() == 2 {
            reach("twice");
        }
    });
}

pub fn a_pending_timer_is_modified() {
    local_irq_disable();
    let now = jiffies();
    assert!(!mod_timer(&COUNTS, now + 1));
    assert!(mod_timer(&COUNTS, now + 3));
    local_irq_enable();
    ringzero::on_exit(move || {
        if RAN.read() == 1 {
            assert!(time_after_eq(jiffies(), now + 3));
            reach("modified");
        }
        assert!(RAN.read() <= 1, "armed twice, expires once");
    });
}

pub fn a_deleted_timer_does_not_run() {
    mod_timer(&COUNTS, jiffies() + 1);
    if del_timer_sync(&COUNTS) != 0 {
        assert_eq!(RAN.read(), 0);
        reach("deleted in time");
    } else {
        assert_eq!(RAN.read(), 1, "del_timer_sync() has waited for it");
        reach("too late");
    }
    assert!(!timer_pending(&COUNTS));
}

pub fn adding_on_another_cpu() {
    ELSEWHERE.set_expires(jiffies() + 1);
    add_timer_on(&ELSEWHERE, 1);
    ringzero::on_exit(|| {
        del_timer_sync(&ELSEWHERE);
    });
}
