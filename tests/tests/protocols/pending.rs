//! An interrupt that is posted is delivered, once, and never while the CPU's mask is closed.

use crate::{broken, holds, interrupt, on_cpu, signal};
use ringzero::irq::raise;
use ringzero_machine::ATTENTION_IRQ;
use ringzero_protocol::{Pending, Word, Word64};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// A [`Pending`] or one of its broken twins.
trait Posts: Sync + 'static {
    fn post(&self, bits: u64, attention: &AtomicU32);
    fn take(&self, attention: &AtomicU32) -> u64;
}

impl Posts for Pending {
    fn post(&self, bits: u64, attention: &AtomicU32) {
        Pending::post(self, bits, attention);
    }
    fn take(&self, attention: &AtomicU32) -> u64 {
        Pending::take(self, attention)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// Says so before the bits are there.
    SaysFirst,
    /// Takes the bits before it takes back that they are there.
    ClearsLate,
    /// Takes the bits by a read and a write.
    TakesInTwo,
}

struct Flawed {
    flaw: Flaw,
    bits: Word64,
}

impl Posts for Flawed {
    fn post(&self, bits: u64, attention: &AtomicU32) {
        let say = || Word::of(attention).or(ATTENTION_IRQ, Release);
        if self.flaw == Flaw::SaysFirst {
            say();
        }
        self.bits.or(bits, Release);
        if self.flaw != Flaw::SaysFirst {
            say();
        }
    }
    fn take(&self, attention: &AtomicU32) -> u64 {
        let clear = || Word::of(attention).and(!ATTENTION_IRQ, AcqRel);
        if self.flaw != Flaw::ClearsLate {
            clear();
        }
        let bits = if self.flaw == Flaw::TakesInTwo { self.bits.load(Acquire) } else { self.bits.swap(0, AcqRel) };
        match self.flaw {
            Flaw::TakesInTwo => self.bits.store(0, Release),
            Flaw::ClearsLate => drop(clear()),
            Flaw::SaysFirst => {}
        }
        bits
    }
}

const fn flawed(flaw: Flaw) -> Flawed {
    Flawed { flaw, bits: Word64::new(0) }
}

ringzero::global! {
    static PENDING: Pending = Pending::new();
    static SAYS_FIRST: Flawed = flawed(Flaw::SaysFirst);
    static CLEARS_LATE: Flawed = flawed(Flaw::ClearsLate);
    static TAKES_IN_TWO: Flawed = flawed(Flaw::TakesInTwo);
    /// CPU 0: its attention, its mask, whether it is where no interrupt may come, and what was delivered.
    static ATTENTION: AtomicU32 = AtomicU32::new(0);
    static MASKED: Word = Word::new(0);
    static CRITICAL: Word = Word::new(0);
    static DELIVERED: Word64 = Word64::new(0);
}

fn attention() -> bool {
    Word::of(&ATTENTION).load(Relaxed) & ATTENTION_IRQ != 0
}

/// Delivers what is pending; the mask is open before and after.
fn attend(pending: &impl Posts) {
    loop {
        MASKED.store(1, Relaxed);
        let bits = pending.take(&ATTENTION);
        assert_eq!(CRITICAL.load(Relaxed), 0, "interrupted while the mask is closed");
        assert_eq!(DELIVERED.or(bits, Relaxed) & bits, 0, "delivered twice");
        MASKED.store(0, Relaxed);
        if !attention() {
            return;
        }
    }
}

/// A section of CPU 0 in which no interrupt may come.
fn critical_section(pending: &impl Posts) {
    MASKED.store(1, Relaxed);
    CRITICAL.store(1, Relaxed);
    CRITICAL.store(0, Relaxed);
    MASKED.store(0, Relaxed);
    if attention() {
        attend(pending);
    }
}

/// The signal handler of CPU 0: delivers if it may.
fn arrive(pending: &impl Posts) {
    if MASKED.load(Relaxed) == 0 {
        attend(pending);
    }
}

fn delivered(bits: u64) {
    ringzero::on_exit(move || assert_eq!(DELIVERED.load(Relaxed), bits, "an interrupt is lost"));
}

/// A signal handler posts on its own CPU, in and around a section with the mask closed.
fn from_a_handler(pending: &'static impl Posts) {
    on_cpu(0, || {
        interrupt(0, || {
            pending.post(1, &ATTENTION);
            arrive(pending);
        });
        critical_section(pending);
    });
    delivered(1);
}

/// CPU 1 posts two, and sends a signal after each.
fn from_afar(pending: &'static impl Posts) {
    let irq = signal(0, || arrive(pending));
    on_cpu(0, || critical_section(pending));
    on_cpu(1, move || {
        for bits in [1, 2] {
            pending.post(bits, &ATTENTION);
            raise(irq);
        }
    });
    delivered(3);
}

/// Both.
fn from_both(pending: &'static impl Posts) {
    let irq = signal(0, || {
        // The timer's own interrupt comes along with the first signal.
        if DELIVERED.load(Relaxed) & 2 == 0 {
            pending.post(2, &ATTENTION);
        }
        arrive(pending);
    });
    on_cpu(0, || critical_section(pending));
    on_cpu(1, move || {
        pending.post(1, &ATTENTION);
        raise(irq);
    });
    delivered(3);
}

#[test]
fn what_a_handler_posts_is_delivered() {
    holds(|| from_a_handler(&*PENDING));
}

#[test]
fn what_another_cpu_posts_is_delivered() {
    holds(|| from_afar(&*PENDING));
}

#[test]
fn what_both_post_is_delivered() {
    holds(|| from_both(&*PENDING));
}

#[test]
fn what_is_said_too_early_or_taken_back_too_late_is_lost() {
    broken("panic", || from_afar(&*CLEARS_LATE));
    broken("panic", || from_afar(&*TAKES_IN_TWO));
}

#[test]
fn attention_comes_after_the_bits() {
    broken("panic", || polled(&*SAYS_FIRST));
}

#[test]
fn who_opens_the_mask_looks_afterwards() {
    broken("panic", || {
        let irq = signal(0, || arrive(&*PENDING));
        on_cpu(0, || {
            MASKED.store(1, Relaxed);
            let wanted = attention();
            MASKED.store(0, Relaxed);
            if wanted {
                attend(&*PENDING);
            }
        });
        on_cpu(1, move || {
            PENDING.post(1, &ATTENTION);
            raise(irq);
        });
        delivered(1);
    });
}

#[test]
fn a_closed_mask_keeps_them_out() {
    broken("panic", || {
        on_cpu(0, || {
            interrupt(0, || {
                PENDING.post(1, &ATTENTION);
                attend(&*PENDING);
            });
            critical_section(&*PENDING);
        });
    });
}

/// Nobody sends a signal: CPU 0 looks at its attention when it opens its mask, and sleeps until there is some.
fn polled(pending: &'static impl Posts) {
    use ringzero_machine::{Cond, Mode, Op, Place, Step, WaitKind, wait};
    on_cpu(0, || {
        while DELIVERED.load(Relaxed) != 3 {
            let at = Word::of(&ATTENTION).addr();
            let some = Step::new(Op::Schedule, Mode::Read, at, 4, Place::here());
            wait(&some, Cond::on(&ATTENTION, |attention, _| attention != 0, 0), WaitKind::Sleep);
            attend(pending);
        }
    });
    on_cpu(1, || [1, 2].into_iter().for_each(|bits| pending.post(bits, &ATTENTION)));
    delivered(3);
}

#[test]
fn who_looks_at_its_attention_alone_gets_all() {
    holds(|| polled(&*PENDING));
}
