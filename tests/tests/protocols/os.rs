//! The operating system, as far as the protocols need it, on the model.

use ringzero_machine::{Cond, Mode, Op, Place, Step, WaitKind, gate, machine, relax, step, wait};
use ringzero_protocol::{Os, Word};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

ringzero::global! {
    /// Who sleeps in the kernel, one bit each.
    static ASLEEP: Word = Word::new(0);
    /// The words that they sleep on. Part of the steps on `ASLEEP`.
    static ON: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];
    /// How often anybody was told to sleep, and how often somebody was to be woken. For tests; no part of a step.
    pub static SLEEPS: AtomicUsize = AtomicUsize::new(0);
    pub static WAKES: AtomicUsize = AtomicUsize::new(0);
}

/// The kernel as thread `0` to `3` sees it. Interrupt handlers only wake.
#[derive(Clone, Copy)]
pub struct Thread(pub usize);

impl Os for Thread {
    /// That the word has the value and that the thread sleeps is one step: the kernel does it under its own lock, which
    /// whoever wakes takes as well.
    fn futex_wait(&self, word: &Word, value: u32, _: Option<u64>) {
        let bit = 1 << self.0;
        let queue = Step::new(Op::WaitqueueAdd, Mode::Rmw, ASLEEP.addr(), 4, Place::here());
        SLEEPS.fetch_add(1, Relaxed);
        step(&queue.also(word.addr(), false));
        if word.raw().load(Relaxed) != value {
            return;
        }
        ASLEEP.raw().fetch_or(bit, Relaxed);
        ON[self.0].store(word.addr(), Relaxed);
        // A signal, the deadline, or nothing at all: a bounded number of times.
        let early = Step::new(Op::WaitqueueRemove, Mode::Rmw, ASLEEP.addr(), 4, Place::here());
        if machine().expect("on the model").choose(&early, 2) == 1 {
            ASLEEP.raw().fetch_and(!bit, Relaxed);
            return;
        }
        let awake = Step::new(Op::Schedule, Mode::Read, ASLEEP.addr(), 4, Place::here());
        wait(&awake, Cond::on(ASLEEP.raw(), |asleep, bit| asleep & bit == 0, u64::from(bit)), WaitKind::Sleep);
    }

    fn futex_wake(&self, word: &Word, n: u32) {
        WAKES.fetch_add(1, Relaxed);
        step(&Step::new(Op::WakeUp, Mode::Rmw, ASLEEP.addr(), 4, Place::here()));
        let asleep = ASLEEP.raw().load(Relaxed);
        let here = |i: &usize| asleep & 1 << i != 0 && ON[*i].load(Relaxed) == word.addr();
        let woken: u32 = (0..ON.len()).filter(here).take(n as usize).map(|i| 1 << i).sum();
        ASLEEP.raw().fetch_and(!woken, Relaxed);
    }

    /// Nothing to order on a machine that is sequentially consistent. Others may come in between.
    fn heavy_fence(&self) {
        gate(Op::CondResched, Place::here());
    }

    fn pause(&self, _: u32) {
        relax(Place::here());
    }
}
