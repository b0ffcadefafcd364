//! What a booted CPU does: deliver, run tasks, sleep.

use crate::cpu::{CLOCK, Counts, HostCpu, IPIS, LINES, booted, count, this};
use crate::os::{Threads, now_ns, processors};
use crate::realtime;
use ringzero_machine::{ATTENTION_IRQ, ATTENTION_RESCHED, IrqState};
use std::sync::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
};

/// Looks of a CPU that has nothing to do, before it sleeps: some microseconds, as sleeping and being woken takes.
const LINGERS: u32 = 512;

/// A CPU's life on its own thread. It returns when the machine is shut down.
pub(crate) fn run(cpu: &'static HostCpu) {
    cpu.block.within.set(1);
    while !crate::boot::is_over() {
        take_over(cpu);
        crate::asynchronous::enter_if_wanted(cpu);
        if cpu.pending.any() {
            // In the idle task, so to speak: nothing is masked.
            cpu.block.within.set(0);
            attend();
            cpu.block.within.set(1);
        }
        if cpu.block.attention.load(Relaxed) & ATTENTION_RESCHED != 0 {
            // Here it is another task's turn.
            cpu.block.attention.fetch_and(!ATTENTION_RESCHED, AcqRel);
        }
        if let Some(task) = if realtime::wanted() { cpu.pop_best() } else { cpu.pop() } {
            task.run(cpu);
            continue;
        }
        if linger(cpu) {
            continue;
        }
        cpu.idle.begin();
        let wanted = cpu.wants_tick.load(Relaxed) != cpu.has_tick.get();
        if cpu.inbox.is_empty() && !cpu.pending.any() && !crate::boot::is_over() && !wanted {
            cpu.resting.store(true, SeqCst);
            cpu.idle.sleep(&Threads, None);
            cpu.resting.store(false, SeqCst);
        } else {
            cpu.idle.end();
        }
    }
}

/// Looks for something to do for a while, if each CPU has a processor of its own; whether there is.
fn linger(cpu: &HostCpu) -> bool {
    let looks = if booted() <= processors() { LINGERS } else { 0 };
    (0..looks).any(|_| {
        std::hint::spin_loop();
        !cpu.inbox.is_empty() || cpu.pending.any()
    })
}

/// Takes over the tasks that others made runnable.
#[inline(always)]
pub(crate) fn take_over(cpu: &'static HostCpu) {
    if !cpu.inbox.is_empty() {
        take_over_all(cpu);
    }
}

#[inline(never)]
fn take_over_all(cpu: &'static HostCpu) {
    for task in cpu.inbox.take_all() {
        // SAFETY: tasks are never freed.
        cpu.append(unsafe { task.as_ref() });
    }
}

/// Interrupts what runs on `cpu`, if it wants to be told by a signal.
pub(crate) fn interrupt(cpu: &HostCpu) {
    if cpu.by_signal.load(Relaxed) {
        crate::asynchronous::kick(cpu);
    }
}

/// The machine's `attend`: delivers what may be delivered on this CPU now, and switches to another task if one wants to
/// run and this one may be preempted.
pub(crate) fn attend() {
    let cpu = this();
    let block = &cpu.block;
    if block.within.get() != 0 {
        return;
    }
    while block.attention.load(Acquire) & ATTENTION_IRQ != 0 && !block.irq.get().masked {
        deliver(cpu);
    }
    crate::lines::attend_nmis(cpu);
    if block.attention.load(Relaxed) & ATTENTION_RESCHED != 0 && may_switch(cpu) {
        block.attention.fetch_and(!ATTENTION_RESCHED, AcqRel);
        if give_up_if_allowed(cpu) {
            count(&cpu.counts.preempted);
        }
    }
}

/// Whether the running context is a task that may be switched away.
fn may_switch(cpu: &HostCpu) -> bool {
    let block = &cpu.block;
    block.preempt_count.get() == 0
        && !block.irq.get().masked
        && block.irq_nesting.get() == 0
        && block.within.get() == 0
        && cpu.booted
        && !cpu.running.get().is_null()
        && !std::thread::panicking()
}

/// Lets the other tasks of this CPU run if there are any and this one may be switched away; whether it did.
pub(crate) fn give_up_if_allowed(cpu: &'static HostCpu) -> bool {
    if !may_switch(cpu) || (cpu.first.get().is_null() && cpu.inbox.is_empty()) {
        return false;
    }
    if realtime::wanted() {
        return realtime::give_up_for_better(cpu);
    }
    give_up();
    true
}

/// The machine's `give_up`.
#[inline]
pub(crate) fn give_up() {
    let cpu = this();
    match cpu.task() {
        Some(task) if cpu.booted => {
            cpu.block.within.set(1);
            if cpu.first.get().is_null() {
                take_over(cpu);
                if cpu.first.get().is_null() && !cpu.pending.any() {
                    return cpu.block.within.set(0);
                }
            }
            task.go_last(cpu);
        }
        _ => std::thread::yield_now(),
    }
}

/// Delivers what is pending, with interrupts masked.
fn deliver(cpu: &'static HostCpu) {
    let block = &cpu.block;
    let _interrupt = Interrupt::enter(cpu);
    let bits = cpu.pending.take(&block.attention);
    if bits & CLOCK != 0 {
        clock(cpu, &cpu.counts);
    }
    let mut ipis = bits & IPIS;
    while ipis != 0 {
        let n = ipis.trailing_zeros() as usize;
        ipis &= ipis - 1;
        count(&cpu.counts.ipis);
        ipi_entry(n)(cpu.id());
    }
    if bits & LINES != 0 {
        crate::lines::deliver(cpu);
    }
    if bits & crate::cpu::RESCHED != 0 {
        block.attention.fetch_or(ATTENTION_RESCHED, AcqRel);
    }
}

/// An interrupt runs on a CPU, masked. When it ends, by a panic too, the block is as it was.
pub(crate) struct Interrupt {
    cpu: &'static HostCpu,
    irq: IrqState,
    preempt_count: u32,
    caller: usize,
}

impl Interrupt {
    /// Begins one on `cpu`, the caller's own.
    pub fn enter(cpu: &'static HostCpu) -> Self {
        let block = &cpu.block;
        let irq = block.irq.replace(IrqState { masked: true, depth: 0, saved: true });
        block.irq_nesting.set(block.irq_nesting.get() + 1);
        Self { cpu, irq, preempt_count: block.preempt_count.get(), caller: block.caller.replace(0) }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        let block = &self.cpu.block;
        block.caller.set(self.caller);
        block.preempt_count.set(self.preempt_count);
        block.irq_nesting.set(block.irq_nesting.get() - 1);
        block.irq.set(self.irq);
    }
}

/// The clock event has come: unless it was programmed anew meanwhile.
fn clock(cpu: &'static HostCpu, counts: &Counts) {
    let due = cpu.clock.load(SeqCst);
    if due > now_ns() || cpu.clock.compare_exchange(due, u64::MAX, SeqCst, SeqCst).is_err() {
        return;
    }
    count(&counts.clocks);
    let entry = cpu.clock_entry.load(SeqCst);
    // SAFETY: a clock event that is programmed has its entry.
    let entry = unsafe { std::mem::transmute::<usize, fn(u32)>(entry) };
    entry(cpu.id());
}

/// The functions that IPIs run: there are a few, each has a bit.
static ENTRIES: [AtomicUsize; IPIS.count_ones() as usize] = [const { AtomicUsize::new(0) }; IPIS.count_ones() as usize];

fn ipi_entry(n: usize) -> fn(u32) {
    // SAFETY: a bit is posted only after its entry was stored.
    unsafe { std::mem::transmute::<usize, fn(u32)>(ENTRIES[n].load(Acquire)) }
}

/// The bit of the IPI that runs `entry`.
pub(crate) fn ipi_bit(entry: fn(u32)) -> u64 {
    let entry = entry as usize;
    let known = ENTRIES.iter().position(|e| {
        let now = e.load(Acquire);
        now == entry
            || (now == 0 && e.compare_exchange(0, entry, AcqRel, Acquire).map_or_else(|now| now == entry, |_| true))
    });
    1 << known.expect("more kinds of IPIs than bits")
}
