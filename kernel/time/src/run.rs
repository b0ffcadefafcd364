//! The tick, and the softirq that expires timers.

use crate::base::{NEVER, Node, TimerBase, conflicts};
use crate::jiffies::advance;
use crate::timer::Timer;
use core::ptr;
use core::sync::atomic::Ordering;
use ringzero_context::{self as context, at};
use ringzero_machine::{Machine, Mode, Op, Place, Step, cpu, machine, step};
use ringzero_softirq::{self as softirq, TIMER_SOFTIRQ};

/// Prepares the kernel instance for timers. Called once, at boot.
pub fn init() {
    softirq::open_softirq(TIMER_SOFTIRQ, run_timers);
}

/// The clock interrupt of CPU `cpu`: advances jiffies and raises the timer softirq.
pub(crate) fn tick_entry(cpu: u32) {
    tick(cpu, false);
}

/// The clock interrupt that ends a sleep whatever its timer's bound (crate invariant 8).
pub(crate) fn forced_entry(cpu: u32) {
    tick(cpu, true);
}

fn tick(cpu: u32, forced: bool) {
    context::irq_enter();
    let base = TimerBase::of(cpu);
    // Not programmed again before the softirq is done (crate invariant 5).
    let due = machine().map_or(NEVER, |m| base.take_tick(m, cpu, forced));
    if due != NEVER {
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
    while let Some(node) = expire_next(m, base, here) {
        let (place, irqsafe) = (node.class.get(), node.irqsafe.get());
        if irqsafe {
            at::local_irq_disable_with_step(place);
        }
        // Crate invariant 7; the word is written by nobody, so only a free conflicts with this read.
        let at = Timer::function_address(node.timer());
        step(&Step::new(Op::ReadOnce, Mode::Read, at, 0, place).named(Some("timer.function"), Some(place)));
        // SAFETY: the pointer was made of a reference, and the machine has just said that the memory is alive.
        let timer: &'static Timer = unsafe { &*node.timer() };
        timer.callback().call(timer, place);
        // The timer may be gone: nothing of it is touched any more (crate invariant 4).
        let done = Step::new(Op::TimerDone, Mode::Write, ptr::from_ref(&base.running).addr(), 4, place);
        step(&done.also(conflicts(), true).ordered(true, true).named(Some("running timer"), Some(place)));
        base.running.store(0, Ordering::Release);
        if irqsafe {
            at::local_irq_enable();
        }
    }
}

/// Announces that the first due timer expires. Which one that is, is decided when the step's turn has come; the one
/// that is first now only lends its name.
fn announce(base: &TimerBase, op: Op, likely: Option<&'static Node>) {
    let class = likely.map(|n| n.class.get());
    let place = class.unwrap_or(Place::caller());
    let s = Step::new(op, Mode::Write, ptr::from_ref(&base.running).addr(), 4, place);
    step(&s.also(conflicts(), true).ordered(true, true).named(Some("running timer"), class));
}

/// Takes the next due timer from its base and marks it as running, or programs the clock events and ends. Part of the
/// step before.
fn expire_next(m: &dyn Machine, base: &'static TimerBase, here: u32) -> Option<&'static Node> {
    let next = base.first(m.limits().expiries, true);
    base.floor.set(base.clk.get().wrapping_add(1));
    match next {
        Some(node) => {
            base.remove(node);
            node.pending.set(false);
            node.fired.set(node.fired.get() + 1);
            if m.alive(node.timer().addr()) {
                // SAFETY: the pointer was made of a reference, and the memory is alive.
                unsafe { (*node.timer()).expired() };
            }
            base.running.store(node.tag(), Ordering::Relaxed);
        }
        None => base.served(m, here),
    }
    next
}
