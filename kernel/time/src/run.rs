//! The tick, and the softirq that expires timers.

use crate::base::{TimerBase, conflicts};
use crate::jiffies::advance;
use crate::timer::{Callback, Timer};
use core::ptr;
use core::sync::atomic::Ordering;
use ringzero_context::{self as context, Balance};
use ringzero_machine::{Machine, Mode, Op, Place, Step, cpu, machine, step};
use ringzero_softirq::{self as softirq, TIMER_SOFTIRQ};

/// Prepares the kernel instance for timers. Called once, at boot.
pub fn init() {
    softirq::open_softirq(TIMER_SOFTIRQ, run_timers);
}

/// The clock interrupt of CPU `cpu`: advances jiffies and raises the timer softirq.
pub(crate) fn tick_entry(cpu: u32) {
    context::irq_enter();
    let base = TimerBase::of(cpu);
    // The machine has stopped the clock event; it is programmed again when the softirq is done (invariant 5).
    base.serving.set(true);
    let due = base.programmed.replace(u64::MAX);
    if due != u64::MAX {
        base.clk.set(advance(due, Place::caller()));
    }
    softirq::raise_softirq_irqoff(TIMER_SOFTIRQ);
    softirq::irq_exit();
}

/// The handler of the timer softirq: expires what is due on this CPU, first come first.
///
/// Context: softirq, interrupts on.
fn run_timers(_nr: u32) {
    let Some(m) = machine() else { return };
    let here = cpu().id.get();
    let base = TimerBase::of(here);
    announce(base, Op::TimerExpire, base.first(m.limits().expiries, true));
    while let Some(timer) = expire_next(m, base, here) {
        let place = timer.class();
        // Invariant 7; the word is written by nobody, so only a free conflicts with this read.
        let at = timer.function_address();
        step(&Step::new(Op::ReadOnce, Mode::Read, at, 0, place).named(Some("timer.function"), Some(place)));
        call(timer, timer.callback(), place);
        // The timer may be gone: nothing of it is touched any more (invariant 4).
        let done = Step::new(Op::TimerDone, Mode::Write, ptr::from_ref(&base.running).addr(), 4, place);
        step(&done.also(conflicts(), true).ordered(false, true).named(Some("running timer"), Some(place)));
        base.running.store(0, Ordering::Release);
    }
}

/// Announces that the first due timer expires. Which one that is, is decided when the step's turn has come; the one
/// that is first now only lends its name.
fn announce(base: &TimerBase, op: Op, likely: Option<&'static Timer>) {
    let class = likely.map(Timer::class);
    let place = class.unwrap_or(Place::caller());
    let s = Step::new(op, Mode::Write, ptr::from_ref(&base.running).addr(), 4, place);
    step(&s.also(conflicts(), true).ordered(true, false).named(Some("running timer"), class));
}

/// Takes the next due timer from its base and marks it as running, or programs the clock event and ends. Part of the
/// step before.
fn expire_next(m: &dyn Machine, base: &'static TimerBase, here: u32) -> Option<&'static Timer> {
    let next = base.first(m.limits().expiries, true);
    base.floor.set(base.clk.get().wrapping_add(1));
    match next {
        Some(timer) => {
            base.remove(timer);
            timer.expired();
            base.running.store(timer.tag(), Ordering::Relaxed);
        }
        None => {
            base.serving.set(false);
            base.program(m, here);
        }
    }
    next
}

/// Calls a timer's callback and checks that it leaves the context as it found it.
fn call(timer: &'static Timer, callback: Callback, place: Place) {
    let balance = Balance::enter();
    match callback {
        Callback::Timer(f) => f(timer),
        Callback::Data(f, data) => f(data),
    }
    balance.check(place, "timer callback");
}
