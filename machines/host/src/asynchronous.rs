//! Interrupts by a signal: what the CPUs have to do with it.

use crate::cpu::{HostCpu, of_block, this};
use crate::signal::{Hooks, Tick, install, stack_need};
use ringzero_machine::{ATTENTION_RESCHED, Cpu};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

/// What a handler has to find on the stack of what it interrupts, in bytes, beside what the trampoline saves.
const ROOM: usize = 32 << 10;

/// The CPU is to be told by signals from now on, and to have a tick. It does so itself, when it next has nothing to run.
pub(crate) fn want(cpu: &'static HostCpu, tick: Duration) {
    let period = u64::try_from(tick.as_nanos()).unwrap_or(u64::MAX);
    if cpu.wants_tick.swap(period, Release) != period {
        cpu.idle.kick(&crate::os::Threads);
    }
}

/// Does what was [`want`]ed. On the CPU's own thread.
pub(crate) fn enter_if_wanted(cpu: &'static HostCpu) {
    let period = cpu.wants_tick.load(Acquire);
    if period == cpu.has_tick.get() {
        return;
    }
    let hooks = Hooks { may_deliver, deliver, on_tick };
    let mut tick = cpu.tick.borrow_mut();
    let entered = tick.is_some() || install(hooks).and_then(|()| cpu.signals.enter(&cpu.block)).is_ok();
    assert!(entered, "no real-time signal is free for interrupts");
    let tick = tick.get_or_insert_with(|| Tick::new(&cpu.signals).expect("a timer for the tick"));
    tick.start(period);
    cpu.has_tick.set(period);
    cpu.by_signal.store(true, Relaxed);
}

/// Interrupts what runs on the CPU.
pub(crate) fn kick(cpu: &HostCpu) {
    cpu.signals.kick();
}

/// The CPU's thread ends.
pub(crate) fn leave(cpu: &'static HostCpu) {
    cpu.by_signal.store(false, Relaxed);
    if cpu.tick.borrow_mut().take().is_some() {
        cpu.signals.leave();
    }
}

/// In the signal handler: whether there is room on the interrupted stack, which has to be the running task's.
fn may_deliver(cpu: &Cpu, sp: usize) -> bool {
    let (limit, base) = of_block(cpu).task().map_or((0, 0), |t| t.stack.get());
    sp < base && sp.saturating_sub(limit) > ROOM + stack_need()
}

/// In the place of an interrupted instruction.
extern "C" fn deliver() {
    let block = &this().block;
    let before = (block.preempt_count.get(), block.irq.get(), block.irq_nesting.get(), block.caller.get());
    if catch_unwind(AssertUnwindSafe(crate::run::attend)).is_err() {
        // The handler's part of the block is gone with its stack frames.
        block.within.set(0);
        block.preempt_count.set(before.0);
        block.irq_nesting.set(before.2);
        block.caller.set(before.3);
        block.irq.set(before.1);
        crate::boot::handler_panicked();
    }
}

/// In the signal handler: time for another task, if there is one.
fn on_tick(cpu: &Cpu, _: u32) {
    let cpu = of_block(cpu);
    if !cpu.first.get().is_null() || !cpu.inbox.is_empty() {
        cpu.block.attention.fetch_or(ATTENTION_RESCHED, Relaxed);
    }
}
