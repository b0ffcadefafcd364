//! Waiting: sleeping until a condition holds, and spinning.

use crate::cpu::{HostCpu, this};
use crate::os::Threads;
use ringzero_machine::{ATTENTION_IRQ, Cond, WaitKind, attend};
use ringzero_protocol::{Lot, Waiter};
use std::pin::pin;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;

/// Who sleeps, by the address that he waits on.
pub(crate) static LOT: Lot<256> = Lot::new();

/// A waiter is a task, or a CPU that sleeps in the middle of a spin: then the pointer has this bit set.
const SPINNER: usize = 1;

/// Rounds of a spin before the thread gives the processor to another one.
const SPINS: u32 = 100;

/// The machine's `wait`: returns when `cond` has held.
pub(crate) fn wait(cond: &Cond, kind: WaitKind) {
    match kind {
        WaitKind::Sleep => sleep(cond),
        WaitKind::Spin => spin(cond),
    }
}

fn sleep(cond: &Cond) {
    let cpu = this();
    let Some(task) = cpu.task() else { panic!("a wait that sleeps, on cpu{} where no task runs", cpu.id()) };
    let block = &cpu.block;
    assert!(
        block.irq_nesting.get() == 0 && block.within.get() == 0,
        "a wait that sleeps, in an interrupt or within a step"
    );
    while !cond.holds() {
        let waiter = pin!(Waiter::new());
        // From here until it is off the CPU it is not preempted: a waker takes it for asleep as soon as it is on the list.
        let within = &cpu.block.within;
        within.set(within.get() + 1);
        // SAFETY: it is taken off below, before it goes; the condition's word lives while somebody waits on it.
        if !unsafe { LOT.enqueue(&Threads, waiter.as_ref(), cond, ptr::from_ref(task).cast()) } {
            within.set(within.get() - 1);
            return crate::host::look_up();
        }
        // A coroutine comes back with the count at 0.
        task.suspend(cpu);
        if !LOT.dequeue(waiter.as_ref()) && !cond.holds() {
            // It was chosen, but somebody else was faster: another one may wait for what this one cannot take, such as the
            // end of its time.
            notify(cond.addr);
        }
    }
}

fn spin(cond: &Cond) {
    let mut round = 0;
    while !cond.holds() {
        round += 1;
        if round > SPINS && !cond.sleepers.is_null() && !std::thread::panicking() {
            sleep_spinning(this(), cond);
        } else {
            relax_round(round);
        }
    }
}

/// One failed round of a wait that keeps the CPU. What may be delivered is delivered; where preemption is on, other tasks
/// of this CPU run; and the thread lets others of the process run when it takes long.
pub(crate) fn relax_round(round: u32) {
    let cpu = this();
    std::hint::spin_loop();
    if cpu.block.attention.load(Relaxed) != 0 {
        attend();
    }
    if round.is_multiple_of(SPINS) {
        if !crate::run::give_up_if_allowed(cpu) {
            std::thread::yield_now();
        }
    } else {
        // Longer and longer, so that the word's cache line stays with its owner.
        for _ in 0..(round % SPINS).min(32) {
            std::hint::spin_loop();
        }
    }
}

/// The CPU's thread sleeps until a lock's word has changed, or an interrupt comes. Whatever runs here keeps the CPU.
fn sleep_spinning(cpu: &'static HostCpu, cond: &Cond) {
    let waiter = pin!(Waiter::new());
    // First: who takes it off the list from now on ends this sleep, even before it has begun.
    cpu.idle.begin();
    let who = ptr::from_ref(cpu).map_addr(|a| a | SPINNER).cast();
    // SAFETY: it is taken off below, before it goes; the lock lives while somebody waits for it.
    if !unsafe { LOT.enqueue(&Threads, waiter.as_ref(), cond, who) } {
        return cpu.idle.end();
    }
    if !cpu.block.irq.get().masked && cpu.block.attention.load(Relaxed) & ATTENTION_IRQ != 0 {
        cpu.idle.end();
    } else {
        cpu.idle.sleep(&Threads, None);
    }
    if !LOT.dequeue(waiter.as_ref()) {
        // It was chosen; if it does not get the lock, its next release wakes the next one.
        return;
    }
    if cpu.block.attention.load(Relaxed) != 0 {
        attend();
    }
}

/// The machine's `notify`: wakes those whose condition on `addr` holds now.
pub(crate) fn notify(addr: usize) {
    LOT.wake(addr, |who| {
        let at = who.addr();
        if at & SPINNER != 0 {
            // SAFETY: made of a CPU's address above; CPUs are never freed.
            let cpu: &HostCpu = unsafe { &*who.map_addr(|a| a & !SPINNER).cast() };
            cpu.idle.kick(&Threads);
        } else {
            // SAFETY: made of a task; tasks are never freed.
            unsafe { &*who.cast::<crate::task::HostTask>() }.wake();
        }
    });
    if crate::realtime::wanted() {
        crate::host::look_up();
    }
}
