//! Steps that are more than one instruction.

use crate::contract::{Cond, Step, WaitKind};
use crate::cpu::{attend, cpu, host, model};
use core::marker::PhantomData;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    compiler_fence,
};

/// What makes several accesses one step on a machine of threads.
///
/// On the model a step is indivisible by itself, and this is nothing. Elsewhere it is a lock: its holder is not interrupted
/// on its CPU, and no task is switched there. It is held for a few dozen instructions; whoever holds it announces nothing,
/// waits for nothing and calls nothing that may (it may [`notify`](crate::notify), and take another one, in the order that
/// the crate's theory gives).
#[repr(transparent)]
#[derive(Debug)]
pub struct StepLock(AtomicU32);

impl StepLock {
    /// A free one. All zeroes is a free one.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Its address, as an object for steps.
    #[must_use]
    pub fn address(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Announces `step`; what is done while the result lives is that step.
    #[inline]
    pub fn enter(&self, step: &Step) -> Within<'_> {
        crate::step(step);
        self.lock()
    }

    /// Announces `step` and performs it.
    #[inline]
    pub fn within<R>(&self, step: &Step, perform: impl FnOnce() -> R) -> R {
        let _in = self.enter(step);
        perform()
    }

    /// What is done while the result lives is a part of the step that was announced last.
    #[inline]
    pub fn lock(&self) -> Within<'_> {
        if model().is_some() {
            return Within { lock: None, here: PhantomData };
        }
        let cpu = cpu();
        cpu.within.set(cpu.within.get() + 1);
        // A signal of this thread sees it before anything that comes after.
        compiler_fence(SeqCst);
        if self.0.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            self.taken();
        }
        Within { lock: Some(self), here: PhantomData }
    }

    #[cold]
    fn taken(&self) {
        let mut round = 0;
        while self.0.load(Relaxed) != 0 || self.0.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            match host() {
                Some(m) => m.step_lock_taken(round),
                None => core::hint::spin_loop(),
            }
            round += 1;
        }
    }
}

impl Default for StepLock {
    fn default() -> Self {
        Self::new()
    }
}

/// While it lives, its [`StepLock`] is held.
#[derive(Debug)]
#[must_use = "the step ends when this is dropped"]
pub struct Within<'a> {
    lock: Option<&'a StepLock>,
    /// Neither `Send` nor `Sync`: it belongs to a CPU.
    here: PhantomData<*mut ()>,
}

impl Drop for Within<'_> {
    #[inline]
    fn drop(&mut self) {
        let Some(lock) = self.lock else { return };
        lock.0.store(0, Release);
        let cpu = cpu();
        compiler_fence(SeqCst);
        cpu.within.set(cpu.within.get() - 1);
        // What a signal found closed is looked for after it was opened.
        compiler_fence(SeqCst);
        if cpu.within.get() == 0 && cpu.attention.load(Relaxed) != 0 {
            attend();
        }
    }
}

/// Announces `step`, waits until `cond` holds, and performs the step while it does. `perform` may run more than once
/// only while a panic unwinds.
///
/// `lock` is what everybody holds who changes the condition's word, other than by making it true.
#[inline]
pub fn wait_within<R>(lock: &StepLock, step: &Step, cond: Cond, kind: WaitKind, perform: impl FnOnce() -> R) -> R {
    if let Some(m) = model() {
        m.wait(step, cond, kind);
        return perform();
    }
    loop {
        {
            let _in = lock.lock();
            if cond.holds() {
                return perform();
            }
        }
        crate::wait(step, cond, kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, Op, Place};

    #[test]
    fn it_is_held_within_a_step_only() {
        let (lock, word) = (StepLock::new(), AtomicU32::new(1));
        let step = Step::new(Op::AtomicRmw, Mode::Rmw, lock.address(), 4, Place::here());
        let held = || (lock.0.load(Relaxed), cpu().within.get());
        assert_eq!((lock.within(&step, held), held()), ((1, 1), (0, 0)));
        let cond = Cond::on(&word, |now, _| now == 1, 0);
        assert_eq!(wait_within(&lock, &step, cond, WaitKind::Sleep, held), (1, 1));
    }

    #[test]
    #[should_panic(expected = "would wait for ever")]
    fn nobody_makes_it_true_without_a_machine() {
        let (lock, word) = (StepLock::new(), AtomicU32::new(0));
        let step = Step::new(Op::AtomicRmw, Mode::Rmw, lock.address(), 4, Place::here());
        wait_within(&lock, &step, Cond::on(&word, |now, _| now == 1, 0), WaitKind::Spin, || ());
    }
}
