//! The lock of a bucket.

use crate::word::Word;
use core::sync::atomic::Ordering::Relaxed;
use ringzero_machine::{
    Cond, IrqState, Machine, Mode, Op, Place, Step, StepLock, WaitKind, cpu, gate, model, step, wait,
};

/// A lock for a few instructions: a [`StepLock`] of the machine of threads. What is done within it are steps of their own
/// here, since others look at the same words without it; so on the model, where a `StepLock` is nothing, it is a spinlock
/// with interrupts off.
#[derive(Debug)]
pub(crate) struct Latch {
    lock: StepLock,
    /// Whether it is held, on the model.
    held: Word,
}

impl Latch {
    pub const fn new() -> Self {
        Self { lock: StepLock::new(), held: Word::new(0) }
    }

    /// Calls `f` while nobody else is within, and nothing is delivered on this CPU.
    #[inline]
    pub fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        if let Some(m) = model() {
            return self.within_steps(m, f);
        }
        let _in = self.lock.lock();
        f()
    }

    #[cold]
    fn within_steps<R>(&self, m: &dyn Machine, f: impl FnOnce() -> R) -> R {
        let (place, addr, irq) = (Place::here(), self.held.addr(), &cpu().irq);
        let before = irq.get();
        if !before.masked {
            gate(Op::LocalIrqDisable, place);
            irq.set(IrqState { masked: true, ..before });
        }
        let lock = Step::new(Op::SpinLock, Mode::Rmw, addr, 4, place).ordered(true, false);
        wait(&lock, Cond::on(self.held.raw(), |held, _| held == 0, 0), WaitKind::Spin);
        self.held.raw().store(1, Relaxed);
        m.lock_owner(addr, true, place);
        let result = f();
        step(&Step::new(Op::SpinUnlock, Mode::Write, addr, 4, place).ordered(false, true));
        self.held.raw().store(0, Relaxed);
        m.lock_owner(addr, false, place);
        irq.set(before);
        result
    }
}
