//! The tick, and the softirq that expires timers.

use crate::base::{NEVER, TimerBase};
use crate::jiffies::advance;
use crate::node::{Bucket, IRQSAFE, Node, PENDING, conflicts};
use crate::timer::Timer;
use ringzero_context::{self as context, at};
use ringzero_machine::{Count, Machine, Mode, Op, Place, Step, cpu, machine, model, notify, step};
use ringzero_softirq::{self as softirq, TIMER_SOFTIRQ};

/// Prepares the kernel instance for timers. Called once, at boot.
pub fn init() {
    crate::node::init();
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
    announce(m, base);
    while let Some(Expired { node, place, irqsafe }) = expire_next(m, base, here) {
        cpu().count(Count::Timers);
        // Crate invariant 7; the word is written by nobody, so only a free conflicts with this read.
        let at = Timer::function_address(node.timer());
        step(&Step::new(Op::ReadOnce, Mode::Read, at, 0, place).named(Some("timer.function"), Some(place)));
        // SAFETY: the pointer was made of a reference, and the machine has just said that the memory is alive.
        let timer: &'static Timer = unsafe { &*node.timer() };
        timer.callback().call(timer, place);
        // The timer may be gone: nothing of it is touched any more (crate invariant 4).
        let word = core::ptr::from_ref(&base.running).addr();
        let done = Step::new(Op::TimerDone, Mode::Write, word, 4, place);
        step(&done.also(conflicts(), true).ordered(true, true).named(Some("running timer"), Some(place)));
        finish(base, node);
        notify(word);
        if irqsafe {
            at::local_irq_enable();
        }
    }
}

/// A timer whose time has come.
struct Expired {
    node: &'static Node,
    place: Place,
    irqsafe: bool,
}

/// Announces that the first due timer expires. Which one that is, is decided when the step's turn has come; the one
/// that is first now only lends its name.
fn announce(m: &dyn Machine, base: &TimerBase) {
    let likely = model().and_then(|_| base.first_due(m));
    let class = likely.map(|n| n.class.get());
    let place = class.unwrap_or(Place::caller());
    let s = Step::new(Op::TimerExpire, Mode::Write, core::ptr::from_ref(&base.running).addr(), 4, place);
    step(&s.also(conflicts(), true).ordered(true, true).named(Some("running timer"), class));
}

/// Takes the next due timer from its base and marks it as running, or programs the clock events and ends. Part of the
/// step before, as is switching interrupts off for it (crate invariant 10).
fn expire_next(m: &dyn Machine, base: &'static TimerBase, here: u32) -> Option<Expired> {
    let _in = base.hold();
    let next = base.first_due(m);
    base.raise_floor();
    let Some(node) = next else {
        base.served(m, here);
        return None;
    };
    base.remove(node);
    node.fired.set(node.fired.get().saturating_add(1));
    if m.alive(node.timer().addr()) {
        // SAFETY: the pointer was made of a reference, and the memory is alive.
        unsafe { (*node.timer()).expired() };
    }
    base.set_running(node, true);
    let (place, irqsafe) = (node.class.get(), node.is(IRQSAFE));
    if irqsafe {
        at::local_irq_disable_with_step(place);
    }
    Some(Expired { node, place, irqsafe })
}

/// The callback has returned. Part of the step before.
fn finish(base: &TimerBase, node: &'static Node) {
    let held = Bucket::hold(node.timer());
    let in_base = base.hold();
    base.set_running(node, false);
    let idle = !node.is(PENDING);
    drop(in_base);
    held.settle(node, idle);
}
